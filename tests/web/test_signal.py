"""What scripts tell of the browser's signal: it closes what the field would, whoever tells it, and opens nothing."""

from __future__ import annotations

import itertools
import json
import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from tests.asgi import GATED, HOLD, KEY, POLICY, get, post, serving

from consentkit.core.consent import Signals, resolve
from consentkit.core.jurisdiction import Fact
from consentkit.core.policy import Policy
from consentkit.core.terms import Terms
from consentkit.jurisdictions import atlas
from consentkit.testing import decision_cookie
from consentkit.web.notice import NoticeBook, View
from consentkit.web.signal import signal_name, signals_told, standing, to_hear, to_say, would_close

ADVERT = b'<script src="https://player.example/p.js" data-category="marketing"></script>'
PAGE = b"<!doctype html><html lang=en><head>" + GATED + ADVERT + b"</head><body></body></html>"
FIELD = (b"sec-gpc", b"1")
TOLD = b"consentkit-signal=globalPrivacyControl"
QUERY = "?signal=globalPrivacyControl"
WAYS = [ways for size in range(4) for ways in itertools.combinations(["field", "cookie", "query"], size)]


@pytest.fixture
def site(wrap):
    def made(row: str, **more: Any):
        policy = Policy.model_validate({**POLICY, "jurisdictions": ["EU", "US-CA", "US-UT"], **more})
        return wrap(serving(PAGE), policy=policy, jurisdiction=row)

    return made


def before(app, act: str | None, *, signalled: bool = False) -> bytes:
    """The cookie of a visitor who has chosen, or nothing."""
    if act is None:
        return b""
    granted = {"accept": ("analytics", "marketing"), "reject": (), "save": ("analytics",)}[act]
    name, value = decision_cookie(app.policy, KEY, granted=granted)
    return f"{name}={value}".encode()


def fields(kept: bytes, ways: tuple[str, ...]) -> list[tuple[bytes, bytes]]:
    cookies = b"; ".join(filter(None, [kept, TOLD if "cookie" in ways else b""]))
    return [*([(b"cookie", cookies)] if cookies else []), *([FIELD] if "field" in ways else [])]


async def state(app, kept: bytes = b"", ways: tuple[str, ...] = ()) -> dict[str, Any]:
    path = "/_consent/state" + (QUERY if "query" in ways else "")
    return json.loads((await get(app, path, fields(kept, ways))).body)


@pytest.mark.parametrize("act", [None, "accept", "reject", "save"])
@pytest.mark.parametrize("row", ["EU", "US-CA", "US-UT"])
@pytest.mark.parametrize("gpc", ["everywhere", "where-bound"])
async def test_whichever_way_it_comes_it_closes_the_same_and_opens_nothing(
    site, row: str, gpc: str, act: str | None
) -> None:
    app = site(row, gpc=gpc)
    kept = before(app, act)

    plain = await state(app, kept)
    heard = [await state(app, kept, ways) for ways in WAYS if ways]

    assert all(each == heard[0] for each in heard)
    assert set(heard[0]["granted"]) <= set(plain["granted"])
    counts = gpc == "everywhere" or row != "US-UT"
    assert ("marketing" in heard[0]["granted"]) is (not counts and "marketing" in plain["granted"])
    assert heard[0].get("signal") == (("conflict" if act == "accept" else "honored") if counts else None)
    assert "signal" not in plain


@pytest.mark.parametrize("row", ["EU", "US-CA"])
@pytest.mark.parametrize("ways", [ways for ways in WAYS if ways and "query" not in ways], ids="+".join)
async def test_a_yes_in_its_presence_stands_and_is_recorded_with_it(site, logged, row: str, ways) -> None:
    app = site(row)
    notice = (await state(app, b"", ways))["notice"]

    same = (b"sec-fetch-site", b"same-origin")
    reply = await post(app, {"action": "accept", "notice": notice}, [same, *fields(b"", ways)])

    kept = reply.every(b"set-cookie")[0].partition(b";")[0]
    found = await state(app, kept, ways)
    assert "marketing" in found["granted"]
    assert found["signal"] == "outweighed"
    assert logged()[-1]["signal"] == "gpc"


async def test_a_page_made_in_the_presence_of_the_cookie_is_the_one_of_the_field(site) -> None:
    app = site("US-CA")

    by_field, by_cookie = await get(app, "/", [FIELD]), await get(app, "/", [(b"cookie", TOLD)])

    assert without_words(by_field.body) == without_words(by_cookie.body)
    assert by_field.one(b"etag") == by_cookie.one(b"etag")
    assert b'data-ck-src="https://player.example/p.js"' in by_cookie.body
    assert b'<script src="https://counter.example/c.js"' in by_cookie.body


@pytest.mark.parametrize(
    "told",
    [
        b"consentkit-signal=1",
        b"consentkit-signal=asked",
        b"consentkit-signal=",
        b"Consentkit-signal=globalPrivacyControl",
        b"x-consentkit-signal=globalPrivacyControl",
    ],
    ids=["another word", "asked", "nothing", "another case", "another name"],
)
async def test_any_other_cookie_says_nothing(site, told: bytes) -> None:
    app = site("US-CA")

    assert "signal" not in json.loads((await get(app, "/_consent/state", [(b"cookie", told)])).body)


async def test_among_several_cookies_of_the_name_one_that_says_it_closes(site) -> None:
    cookies = (b"cookie", b"consentkit-signal=x; " + TOLD)

    found = json.loads((await get(site("US-CA"), "/_consent/state", [cookies])).body)

    assert found["signal"] == "honored"


@pytest.mark.parametrize(
    ("row", "ways", "expected"),
    [
        ("US-CA", (), {"hear": ["globalPrivacyControl"], "sold": True}),
        ("EU", (), {"hear": ["globalPrivacyControl"]}),
        ("US-CA", ("field",), {}),
        ("US-CA", ("cookie",), {}),
    ],
    ids=["what is sold runs", "nothing runs", "heard by the field", "heard by the cookie"],
)
async def test_a_page_listens_for_what_its_server_has_not_heard(site, row, ways, expected) -> None:
    body = (await get(site(row), "/", fields(b"", ways))).body

    told = json.loads(unescape(re.search(rb"data-ck-head='([^']*)'", body)[1].decode()))

    assert {key: told[key] for key in ("hear", "sold") if key in told} == expected


@pytest.mark.parametrize(
    ("changes", "shared", "expected"),
    [
        ({}, False, ["globalPrivacyControl"]),
        ({"do_not_track": "refuse"}, False, ["globalPrivacyControl", "doNotTrack"]),
        ({"gpc": "where-bound"}, True, []),
        ({"gpc": "where-bound", "do_not_track": "refuse"}, False, ["doNotTrack"]),
        ({"purposes": {"analytics": {}}, "services": {}}, True, []),
    ],
    ids=["usual", "do not track", "nowhere bound", "do not track alone", "nothing sold"],
)
def test_only_what_counts_is_listened_for(changes: dict[str, Any], shared: bool, expected: list[str]) -> None:
    policy = Policy.model_validate({**POLICY, **changes})

    assert to_hear(policy, resolve(policy, Signals(), None, 0), shared=shared) == expected


def test_a_service_that_runs_by_itself_would_be_closed_too() -> None:
    policy = Policy.model_validate(POLICY)
    closed = resolve(policy, Signals(), None, 0)

    assert not would_close(policy, closed)
    object.__setattr__(closed, "services", {"player": True, "counter": True})
    assert would_close(policy, closed)


def test_a_page_whose_exempt_service_a_signal_closes_is_held_back_like_any_that_opens_something() -> None:
    """Nobody is asked about it, and its browser may say the signal to scripts alone."""
    service = {"vendor": "C", "purposes": ["analytics"], "sells": True}
    exempt = {**service, "facts": ["own-measurement"]}
    rule = atlas().rows["EU"].on(date(2026, 11, 25))
    rule = rule.model_copy(update={"exemptions": {"analytics": (Fact.OWN_MEASUREMENT,)}})
    policy = Policy.model_validate({**POLICY, "services": {"counter": exempt, "other": service}})
    policy = policy.under(Terms("EU", rule, "EU"))
    consent = resolve(policy, Signals(), None, 0)

    head = NoticeBook(policy).head(consent, View(hint="consentkit-hint", script=True))

    assert consent.allowed == {"necessary", "counter"}
    assert "counter" not in resolve(policy, Signals(gpc=True), None, 0).allowed
    assert head.startswith(HOLD)
    assert b'"sold":true' in head.replace(b"&#34;", b'"')


def test_the_cookie_is_named_beside_the_decisions_and_secure_where_that_is() -> None:
    assert signal_name(b"__Host-consentkit") == b"__Host-consentkit-signal"
    assert signal_name(None) == b""
    assert signals_told(b"", [TOLD]) == frozenset()
    assert to_say("__Host-consentkit-hint") == {
        "mark": "__Host-consentkit-signal",
        "keep": "path=/;max-age=86400;samesite=lax;secure",
    }


def test_where_nothing_is_sold_no_signal_stands() -> None:
    policy = Policy.model_validate({**POLICY, "purposes": {"analytics": {}}, "services": {}})

    assert standing(policy, resolve(policy, Signals(gpc=True), None, 0)) is None


def without_words(body: bytes) -> bytes:
    """A page without the word of its view."""
    return re.sub(rb'name="view" value="[^"]*"', b"", body)
