"""An example's app, fresh for each test, and a visitor who can choose."""

import runpy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

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


def choose(visitor: TestClient, action: str, purpose: str | None = None) -> None:
    """Decide on the preferences page: press a button of its form, with every field that a browser would send."""
    form = LexborHTMLParser(visitor.get("/_consent/").text).css_first("form[method=post]")
    assert form is not None
    fields = [(node.attributes["name"], node.attributes["value"]) for node in form.css("input[type=hidden]")]
    fields += [(node.attributes["name"], "") for node in form.css("select")]
    fields += [("purpose", purpose)] if purpose else []
    assert form.css_matches(f"button[name=action][value={action}]")
    body = urlencode([*fields, ("action", action)])
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    answer = visitor.post("/_consent/", content=body, headers=headers, follow_redirects=False)
    assert answer.status_code == 303, answer.text


@pytest.fixture(name="choose")
def choose_fixture() -> Callable[..., None]:
    return choose
