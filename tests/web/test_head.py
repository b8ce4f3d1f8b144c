"""The first script of a page: which parts it is made of, and what it is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from tests.asgi import HEAD, HOLD, HTML, PAGE, POLICY, get, serving
from tests.fixtures import Wrap

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.policy import Policy
from consentkit.web.client import head as head_script
from consentkit.web.consentmode import types_of
from consentkit.web.notice import NoticeBook, View

STUBBED = {
    "first": {"vendor": "A", "purposes": ["analytics"], "stubs": ["gtag()", "a[]"]},
    "second": {"vendor": "B", "purposes": ["marketing"], "stubs": ["gtag()", "b.c()"]},
}
VIEW = View(hint="consentkit-hint", script=True)
LISTENS = {
    "hear": ["globalPrivacyControl"],
    "mark": "consentkit-signal",
    "keep": "path=/;max-age=86400;samesite=lax",
}


def policy_of(**keys: Any) -> Policy:
    return Policy.model_validate({**POLICY, **keys})


def consent_of(policy: Policy, *allowed: str) -> Consent:
    found = resolve(policy, Signals(), None, 0)
    names = found.allowed.union(allowed)
    return Consent(
        found.granted,
        found.services,
        names,
        found.regimes,
        found.decided,
        found.ask,
        found.outcome,
        found.source,
    )


def told(html: bytes) -> dict[str, Any]:
    match = re.search(rb"data-ck-head='([^']*)'", html)
    assert match is not None
    found: dict[str, Any] = json.loads(unescape(match[1].decode()))
    return found


def test_a_page_knows_the_hint_that_it_was_made_for() -> None:
    policy = policy_of()

    html = NoticeBook(policy).head(consent_of(policy), VIEW)

    assert told(html) == {"cookie": "consentkit-hint", "hint": "", **LISTENS}
    assert head_script("check").body in html


@pytest.mark.parametrize(
    ("allowed", "held"), [((), False), (("analytics",), True), (("counter",), True)], ids=str
)
def test_only_a_page_that_opens_something_keeps_the_browser_from_looking_ahead(
    allowed: tuple[str, ...], held: bool
) -> None:
    policy = policy_of()

    html = NoticeBook(policy).head(consent_of(policy, *allowed), VIEW)

    assert html.startswith(HOLD) is held
    assert told(html).get("open", False) is held


@pytest.mark.parametrize("place", ["start", "end"])
def test_where_the_notice_stands_at_the_end_the_script_leaves_the_head(place: str) -> None:
    policy = policy_of(place=place)

    html = NoticeBook(policy).head(consent_of(policy), VIEW)

    parts = ("check", "aside") if place == "end" else ("check",)
    assert head_script(*parts).body in html


@pytest.mark.parametrize(
    ("allowed", "stubs"),
    [
        ((), {"first": ["gtag()", "a[]"], "second": ["gtag()", "b.c()"]}),
        (("first",), {"second": ["b.c()"]}),
        (("first", "second"), None),
    ],
    ids=str,
)
def test_calls_are_stubbed_of_what_may_not_run_unless_something_that_may_brings_them(
    allowed: tuple[str, ...], stubs: dict[str, list[str]] | None
) -> None:
    policy = policy_of(services=STUBBED)

    assert told(NoticeBook(policy).head(consent_of(policy, *allowed), VIEW)).get("stubs") == stubs


def test_under_the_advanced_mode_a_service_that_reads_it_has_no_stub() -> None:
    services = {"first": {**STUBBED["first"], "consent_mode": True}}
    policy = policy_of(services=services, consent_mode="advanced")

    assert "stubs" not in told(NoticeBook(policy).head(consent_of(policy), VIEW))


def test_a_policy_that_asks_nothing_has_no_first_script() -> None:
    policy = policy_of(purposes={"necessary": {}}, services={})

    assert NoticeBook(policy).head(consent_of(policy), VIEW) == b""


@pytest.mark.parametrize(
    ("fields", "inline"),
    [
        (HTML, True),
        ([(b"content-type", b"text/html")], False),
        ([*HTML, (b"content-security-policy", b"script-src 'self'")], False),
        ([*HTML, (b"content-security-policy", b"script-src 'nonce-abc'")], True),
        ([*HTML, (b"content-security-policy", b"script-src 'sha256-abc'; style-src 'unsafe-inline'")], False),
        ([*HTML, (b"content-security-policy", b"style-src 'self'")], True),
    ],
    ids=["free", "a charset that the page itself tells", "files only", "a nonce", "hashes", "styles only"],
)
async def test_it_stands_in_the_page_where_an_inline_script_runs_and_else_comes_as_a_file(
    wrap: Wrap, fields: list[tuple[bytes, bytes]], inline: bool
) -> None:
    app = wrap(serving(PAGE, headers=fields))

    body = (await get(app)).body

    name = re.search(rb'/_consent/static/(head\.[0-9a-f]{8}\.js)" integrity="sha256-', body)
    assert (name is None) is inline
    assert body.index(HEAD) == body.index(b"<head>") + len(b"<head>")
    if name is not None:
        assert (await get(app, f"/_consent/static/{name[1].decode()}")).status == 200


@pytest.mark.parametrize(
    ("headers", "there"),
    [
        ([(b"hx-request", b"true")], False),
        ([(b"sec-fetch-dest", b"iframe")], True),
        ([(b"sec-fetch-dest", b"empty")], True),
    ],
    ids=["a fragment", "a frame", "a fetch"],
)
async def test_every_document_has_it_and_a_fragment_has_not(
    wrap: Wrap,
    decided: Callable[..., tuple[bytes, bytes]],
    headers: list[tuple[bytes, bytes]],
    there: bool,
) -> None:
    reply = await get(wrap(serving(PAGE)), headers=[decided("analytics"), *headers])

    assert (HEAD in reply.body) is there


async def test_where_all_runs_under_observation_nothing_is_stood_in_for(wrap: Wrap) -> None:
    assert HEAD not in (await get(wrap(serving(PAGE), policy=policy_of(services=STUBBED), observe=True))).body


async def test_a_page_born_of_a_post_is_never_loaded_again(wrap: Wrap) -> None:
    assert told((await get(wrap(serving(PAGE)), method="POST")).body)["posted"] is True


READER = {"vendor": "G", "consent_mode": True, "kind": "analytics"}


@pytest.mark.parametrize(
    ("keys", "analytics"),
    [
        ({"services": {"ga": {**READER, "purposes": ["analytics"]}}}, ["analytics", "ga"]),
        (
            {"purposes": {"numbers": {}}, "services": {"ga": {**READER, "purposes": ["numbers"]}}},
            ["ga"],
        ),
        (
            {
                "purposes": {"numbers": {}},
                "services": {"ads": {**READER, "kind": "advertising", "purposes": ["numbers"]}},
            },
            ["!"],
        ),
    ],
    ids=["by purpose", "by kind", "for nobody"],
)
def test_a_type_of_googles_opens_with_all_that_it_stands_for(
    keys: dict[str, Any], analytics: list[str]
) -> None:
    found = {types: names for names, types in types_of(policy_of(**keys))}

    assert found[("analytics_storage",)] == analytics


@pytest.mark.parametrize(
    "keys",
    [{}, {"services": {"ga": {**READER, "purposes": ["analytics"]}}, "consent_mode": "off"}],
    ids=["nobody reads it", "off"],
)
def test_without_a_reader_nothing_is_told(keys: dict[str, Any]) -> None:
    assert types_of(policy_of(**keys)) == []
