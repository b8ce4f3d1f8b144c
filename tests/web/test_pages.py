"""The visitor's pages and our files, as answers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import brotli
import pytest

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.decision import Act, Choice, Outcome, decide
from consentkit.core.policy import Policy
from consentkit.web import client
from consentkit.web.answer import Answer
from consentkit.web.notice import NoticeBook, View
from consentkit.web.pages import Pages, readable

POLICY = Policy.model_validate(
    {
        "site": {"name": "The Lantern", "address": "https://lantern.example"},
        "controller": {"name": "Lantern Press", "contact": "privacy@lantern.example"},
        "privacy_url": "/privacy",
        "imprint_url": "/imprint",
        "services": {
            "stats": {
                "title": "Statistics tool",
                "vendor": "Counting Ltd",
                "purposes": ["analytics"],
                "privacy_url": "https://count.example/privacy",
                "cookies": [{"name": "_c", "lifetime": "13mo"}, {"pattern": "^_c_[A-Z]+$"}],
            },
            "films": {"vendor": "Film House", "purposes": ["marketing"], "sells": True},
            "session": {"vendor": "Lantern Press", "purposes": ["necessary"]},
        },
    }
)
BOOK = NoticeBook(POLICY)
PAGES = Pages(POLICY, BOOK)
VIEW = View(next="/p", view="v1")


def after(act: Act | None = None, **choice: Any) -> Consent:
    if act is None:
        return resolve(POLICY, Signals(), None, 0)
    outcome = decide(POLICY, Choice(act, **choice), now=0, visitor="v")
    assert isinstance(outcome, Outcome)
    return resolve(POLICY, Signals(), outcome.decision, 1)


def preferences(consent: Consent | None = None, **view: Any) -> str:
    return PAGES.preferences(consent or after(), replace(VIEW, **view)).body.decode("ascii")


def header(answer: Answer, name: str) -> str:
    return {key.decode(): value.decode() for key, value in answer.headers}[name]


def ticked(html: str) -> list[str]:
    return re.findall(r'name="purpose" value="([a-z]+)"[^>]* checked', html)


def test_nothing_is_ticked_before_a_choice_under_opt_in() -> None:
    html = preferences()

    assert ticked(html) == []
    assert re.findall(r'name="purpose" value="([a-z]+)"', html) == ["functional", "analytics", "marketing"]
    assert "You have not chosen yet." in html


def test_what_is_ticked_is_what_holds() -> None:
    consent = after(Act.SAVE, purposes=frozenset({"analytics"}), services={"films": True, "stats": False})

    html = preferences(consent)

    assert ticked(html) == ["analytics"]
    assert re.findall(r'<option value="(-?[a-z]+)" selected', html) == ["-stats", "films"]
    assert "Your own choice is in force." in html


def test_every_act_has_its_button_and_the_form_its_fields() -> None:
    html = preferences()

    assert re.findall(r'<button name="action" value="([a-z]+)"', html) == [
        "save",
        "reject",
        "accept",
        "withdraw",
    ]
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"', html))
    assert hidden == {"how": "page", "notice": BOOK.notice("en").hash, "view": "v1", "next": "/p"}


def test_each_service_says_who_what_for_and_for_how_long() -> None:
    for html in (preferences(), PAGES.declaration(VIEW).body.decode()):
        for text in (
            "Statistics tool",
            "Counting Ltd",
            'href="https://count.example/privacy"',
            '<code dir="ltr">_c</code> &#183; 13 months',
            '<code dir="ltr">_c_*</code> &#183; until the browser closes',
            "sale or sharing",
            "one cookie of this site&#39;s own, for 6 months",
        ):
            assert text in html
    assert 'value="session"' not in preferences()


@pytest.mark.parametrize(
    ("language", "label"),
    [("en", "Also received by"), ("fr", "Également transmis à"), ("ar", "يتلقاها أيضًا")],
)
def test_who_else_receives_the_data_is_told_where_somebody_does(language: str, label: str) -> None:
    companies = ["Panel House", "Smith & Sons"]
    stats = {**POLICY.services["stats"].model_dump(mode="json"), "recipients": companies}
    policy = Policy.model_validate(
        {**POLICY.model_dump(mode="json"), "services": {"stats": stats, "films": POLICY.services["films"]}}
    )
    pages, view = Pages(policy, NoticeBook(policy)), replace(VIEW, language=language)

    both = [pages.preferences(resolve(policy, Signals(), None, 0), view), pages.declaration(view)]

    for answer in both:
        html = unescape(answer.body.decode("ascii"))
        assert html.count(f"<dt>{label}</dt>") == 1
        assert [company for company in companies if f"<dd><bdi>{company}</bdi></dd>" not in html] == []


def test_the_page_links_to_what_explains_it_and_to_the_other_languages() -> None:
    html = preferences(language="fr", next="/p?a=1&b=2")

    for address in (
        "/privacy",
        "/imprint",
        "/_consent/declaration?lang=fr&amp;next=/p%3Fa%3D1%26b%3D2",
        "/p?a=1&amp;b=2",
        "?lang=ar&amp;next=/p%3Fa%3D1%26b%3D2",
    ):
        assert f'href="{address}"' in html
    assert '<html lang="fr" dir="ltr">' in html
    assert '<html lang="ar" dir="rtl">' in preferences(language="ar")


def test_a_broken_connection_and_a_status_are_said() -> None:
    broken = preferences(broken=True)
    assert "Your choice cannot be kept" in broken
    assert 'name="action"' not in broken
    assert broken.count(" disabled>") == broken.count("<select") + broken.count('type="checkbox"')
    assert "Your choice is saved." in PAGES.preferences(after(), VIEW, "saved").body.decode()


@pytest.mark.parametrize(
    "answer",
    [PAGES.preferences(after(), VIEW), PAGES.declaration(VIEW), PAGES.problem(503, VIEW, 2)],
    ids=["preferences", "declaration", "problem"],
)
def test_every_page_has_a_policy_of_its_own_and_stays_out_of_caches_and_search(answer: Answer) -> None:
    csp = header(answer, "content-security-policy")

    assert csp.startswith("default-src 'none'; ")
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(csp.split("; "))
    assert "unsafe" not in csp
    assert header(answer, "cache-control") == "no-store"
    assert header(answer, "x-robots-tag") == "noindex"
    assert header(answer, "referrer-policy") == "same-origin"
    assert not re.search(rb"<script|<style|\sstyle=|\son[a-z]+=", answer.body)


@pytest.mark.parametrize("status", [400, 403, 409, 415, 429, 503])
def test_a_problem_says_what_happened_and_what_to_do(status: int) -> None:
    answer = PAGES.problem(status, VIEW, retry_after=7)

    assert answer.status == status
    assert b"Nothing was" in answer.body
    assert b'href="/_consent/?lang=en&amp;next=/p"' in answer.body
    assert header(answer, "retry-after") == "7"


def test_where_no_choice_can_be_kept_the_problem_says_so_and_asks_for_no_second_try() -> None:
    answer = PAGES.problem(503, replace(VIEW, broken=True), retry_after=7)

    assert b"Choices cannot be kept on this connection." in answer.body
    assert b"try again" not in answer.body
    assert "retry-after" not in [name.decode() for name, _ in answer.headers]
    assert b"Choices cannot" not in PAGES.problem(415, replace(VIEW, broken=True)).body


def test_the_state_is_told_as_json() -> None:
    consent = after(Act.ACCEPT)

    answer = PAGES.state(consent, BOOK.notice("en"))

    assert answer.content_type == "application/json"
    assert header(answer, "cache-control") == "no-store"
    assert json.loads(answer.body) == {
        "decided": True,
        "outcome": "accepted",
        "granted": ["analytics", "functional", "marketing", "necessary"],
        "services": {"films": True, "session": True, "stats": True},
        "regimes": {
            "necessary": "exempt",
            "functional": "opt-in",
            "analytics": "opt-in",
            "marketing": "opt-in",
        },
        "jurisdiction": None,
        "notice": BOOK.notice("en").hash,
        "policy": POLICY.version,
        "storage": [],
    }


def test_health_is_for_probes() -> None:
    assert PAGES.health({"ok": True}).status == 200
    assert PAGES.health({"ok": False}).status == 503


def test_our_files_never_change_under_their_name() -> None:
    asset = client.first()
    answer = PAGES.static(asset.name)

    assert answer is not None
    assert hashlib.sha256(answer.body).hexdigest()[:8] in asset.name
    assert asset.integrity == "sha256-" + base64.b64encode(hashlib.sha256(answer.body).digest()).decode()
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert header(answer, "cache-control") == "public, max-age=31536000, immutable"
    assert PAGES.static("first.js") is None
    assert PAGES.static("../first.js") is None


@pytest.mark.parametrize(
    ("accepts", "encoding", "decode"),
    [("gzip, deflate, br", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress)],
)
def test_our_files_go_out_compressed(accepts: str, encoding: str, decode: Any) -> None:
    plain = PAGES.static(client.first().name)
    answer = PAGES.static(client.first().name, accepts)

    assert answer is not None
    assert plain is not None
    assert header(answer, "content-encoding") == encoding
    assert decode(answer.body) == plain.body


def test_every_file_that_a_page_names_is_served() -> None:
    for view in (VIEW, replace(VIEW, inline=True), replace(VIEW, rule="inline"), replace(VIEW, rule="never")):
        html = BOOK.body(after(), view).decode() + preferences() + client.first().body.decode()
        names = re.findall(r"static/([\w.]+)", html) + re.findall(r'"\./([\w.]+)"', html)
        assert len(names) >= 3
        for name in names:
            assert PAGES.static(name) is not None, name


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("^_ga_[A-Z0-9]+$", "_ga_*"), (r"^x(a|b)\.c$", "x*.c"), ("^_hj.*$", "_hj*"), (r"^id-\d+$", "id-*")],
)
def test_a_cookie_s_pattern_is_shown_as_people_write_it(pattern: str, text: str) -> None:
    assert readable(pattern) == text
