"""The demo's desk: on, with a past that says that it is made up, and a link that signs in once."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from examples.newsroom import past
from examples.newsroom.demo import create_demo, prepare
from examples.newsroom.streams import Pace
from starlette.testclient import TestClient

from consentkit.audit.reader import Reader
from consentkit.audit.sample import SITE

HERE, THIRD = "http://127.0.0.1:8000", "http://third.localhost:8001"


def test_the_link_opens_a_desk_with_ninety_days_of_sample_decisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "EVENTS", 300)
    audit = f"sqlite:///{tmp_path / 'consent.db'}"

    link = urlsplit(prepare(HERE, THIRD, audit, past=True))
    with TestClient(create_demo(HERE, THIRD, audit, Pace()), base_url=HERE) as browser:
        shut = browser.get("/desk/decisions")
        browser.post(link.path, data={"link": parse_qs(link.query)["link"][0]})
        decisions = browser.get("/desk/decisions")
        paper = browser.get("/")

    assert shut.status_code == 401
    assert decisions.status_code == 200
    assert 'rel="next"' in decisions.text
    assert "consentkit-banner" in paper.text
    events = list(Reader(audit).events())
    assert len(events) > 100
    assert {row.site for row in events} == {SITE}
    assert len({document[1] for document in Reader(audit).documents() if document[0] == "policy"}) == 2


def test_a_log_that_was_given_gets_no_made_up_past(tmp_path: Path) -> None:
    audit = f"sqlite:///{tmp_path / 'consent.db'}"

    prepare(HERE, THIRD, audit, past=False)

    assert Reader(audit).size() == 0
