"""The notice as it was served, and what changed from one policy to another, out of the log alone."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from tests.asgi import POLICY
from tests.audit.commands import run, write
from tests.audit.conftest import build_event

from consentkit.audit.event import Document
from consentkit.audit.policydiff import changes
from consentkit.core.policy import Policy
from consentkit.web.notice import NoticeBook
from consentkit.web.served import draw

SITE = Policy.model_validate(POLICY)
LATER = Policy.model_validate(
    {
        **POLICY,
        "regime": "opt-out",
        "lifetime": "365d",
        "layout": "modal",
        "services": {
            "counter": {
                "vendor": "Counter Group",
                "purposes": ["analytics"],
                "hosts": ["counter.example", "c2.example"],
            },
            "maps": {
                "vendor": "Maps Inc",
                "purposes": ["functional"],
                "hosts": ["maps.example"],
                "sells": True,
            },
        },
    }
)
DAY = 86_400_000_000


def papers(*policies):
    for policy in policies:
        yield Document("policy", policy.version, policy.document)
        for language in ("en", "fr", "ar"):
            notice = NoticeBook(policy).notice(language)
            yield Document("notice", notice.hash, notice.document)


@pytest.fixture
def filled(sqlite_url):
    first, second = NoticeBook(SITE).notice("en"), NoticeBook(LATER).notice("en")
    write(
        sqlite_url,
        build_event(policy=SITE.version, notice=first.hash, time=1_000 * DAY),
        build_event(policy=SITE.version, notice=first.hash, time=1_010 * DAY),
        build_event(policy=LATER.version, notice=second.hash, time=1_011 * DAY),
        papers=list(papers(SITE, LATER)),
    )
    return sqlite_url


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize("policy", [SITE, LATER], ids=["first", "later"])
def test_a_notice_is_shown_with_its_words_buttons_and_their_order(filled, policy, language):
    notice = NoticeBook(policy).notice(language)
    banner = json.loads(notice.document)["banner"]

    done = run("audit", "notice", notice.hash, url=filled)
    page = run("audit", "notice", notice.hash[:12], "--html", url=filled)
    raw = run("audit", "notice", notice.hash, "--raw", url=filled)

    assert (done.code, page.code, raw.out.encode()) == (0, 0, notice.document)
    assert "  ".join(f"[{button['text']}]" for button in banner["buttons"]) in done.out
    assert f"layout {policy.layout}" in done.out
    places = [page.out.index(f">{button['text'].replace(chr(39), '&#39;')}<") for button in banner["buttons"]]
    assert places == sorted(places)
    assert "<script" not in page.out
    assert f'lang="{language}"' in page.out


def test_a_hostile_text_of_a_policy_is_text_in_the_page():
    document = json.loads(NoticeBook(SITE).notice("en").document)
    document["banner"]["text"] = "</template><script>alert(1)</script>"

    page = draw(json.dumps(document).encode(), "0" * 64)

    assert "<script" not in page
    assert "&lt;/template&gt;" in page


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("0" * 64, 1, "There is no notice"),
        ("zz", 2, "named by its hash"),
        ("", 2, "named by its hash"),
        ("a" * 65, 2, "named by its hash"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(filled, name, code, told):
    done = run("audit", "notice", name, url=filled)

    assert (done.code, done.out) == (code, "")
    assert told in done.err


def test_a_notice_that_somebody_changed_is_not_shown_as_the_one_served(filled, tmp_path):
    notice = NoticeBook(SITE).notice("en").hash
    with closing(sqlite3.connect(tmp_path / "consent.db", isolation_level=None)) as connection:
        connection.execute("UPDATE documents SET body = body || ' ' WHERE hash = ?", (notice,))

    done = run("audit", "notice", notice, "--html", url=filled)

    assert (done.code, done.out) == (1, "")
    assert "somebody changed it" in done.err


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"kind": "policy"}', b"\xff", b"[" * 100_000], ids=repr
)
@pytest.mark.parametrize("form", [(), ("--html",)], ids=["text", "html"])
def test_a_document_that_is_no_notice_is_a_line_and_no_traceback(sqlite_url, body, form):
    paper = Document.of("notice", body)
    write(sqlite_url, build_event(), papers=[paper])

    done = run("audit", "notice", paper.hash, *form, url=sqlite_url)

    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1


def test_policies_are_listed_with_their_first_and_last_use(filled):
    done = run("audit", "policy", "list", url=filled)

    assert [line.split() for line in done.out.splitlines()] == [
        [SITE.version[:16], "1972-09-27", "1972-10-07", "2"],
        [LATER.version[:16], "1972-10-08", "1972-10-08", "1"],
    ]


def test_the_difference_of_two_policies_is_told_in_words(filled):
    done = run("audit", "policy", "diff", SITE.version[:12], LATER.version, url=filled)

    assert done.code == 0
    lines = done.out.splitlines()
    assert (
        "service maps is new: vendor Maps Inc; purposes functional; hosts maps.example; kind other; sells yes"
        in lines
    )
    assert any(line.startswith("service player is gone: vendor Player SA") for line in lines)
    assert "service counter: vendor: was Counter Inc, is now Counter Group" in lines
    assert "service counter: hosts: added c2.example" in lines
    assert "regime: was not set, is now opt-out" in lines
    assert "lifetime: was not set, is now 365 days" in lines
    assert "layout: was bar, is now modal" in lines


def test_the_same_policy_differs_in_nothing(filled):
    done = run("audit", "policy", "diff", SITE.version, SITE.version, url=filled)

    assert (done.code, done.out) == (0, "The two are the same.\n")


@pytest.mark.parametrize("value", [None, 1, "x", [], ["a"], {"b": 1}, True], ids=repr)
@pytest.mark.parametrize("other", [None, 1, "x", [], ["a"], {"b": 1}, True], ids=repr)
@pytest.mark.parametrize("key", ["services", "purposes", "lifetime", "texts"])
def test_any_two_values_can_be_compared(key, value, other):
    found = list(changes({key: value}, {key: other}))

    assert all(isinstance(line, str) for line in found)
    assert not found or value != other


def test_another_order_of_purposes_is_a_change():
    first = {"purposes": {"a": {}, "b": {}}}

    assert list(changes(first, {"purposes": {"b": {}, "a": {}}})) == [
        "the purposes stand in another order: b, a"
    ]
