"""An example's app, fresh for each test, and a visitor who can choose."""

import runpy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.testclient import TestClient

EXAMPLES = Path(__file__).parents[2] / "examples"

Visit = Callable[[str], TestClient]


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """Starts an example by the name of its folder, as a newcomer would by its comment, and gives a new visitor."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSENTKIT_SECRET_KEY", "nzN2-9vXhC3J0pQ7dRkW5tYsLmB8aFgE1uIoKxTqVwc")
    monkeypatch.setenv("CONSENTKIT_AUDIT", f"sqlite:///{tmp_path / 'consent.db'}")
    with ExitStack() as running:

        def start(name: str) -> TestClient:
            app = runpy.run_path(str(EXAMPLES / name / "app.py"))["app"]
            return running.enter_context(TestClient(app, base_url="http://127.0.0.1:8000"))

        yield start


def choose(visitor: TestClient, action: str, **fields: str) -> None:
    """Decide on the preferences page, as its form would without JavaScript."""
    page = LexborHTMLParser(visitor.get("/_consent/").text)
    notice = page.css_first("input[name=notice]")
    assert notice is not None
    form = {"action": action, "notice": notice.attributes["value"], **fields}
    answer = visitor.post(
        "/_consent/", data=form, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=False
    )
    assert answer.status_code == 303, answer.text


@pytest.fixture(name="choose")
def choose_fixture() -> Callable[..., None]:
    return choose
