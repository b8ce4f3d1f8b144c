"""Reports from the field on where a visitor is and what their browser signals: K60, K63, K64, line by line."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from tests.asgi import GATED, OURS, POLICY, SAME, cookie_of, get, post, serving

from consentkit import Policy
from consentkit.jurisdictions import atlas
from consentkit.web import where

CDN, STRANGER = ("198.51.100.9", 1), ("203.0.113.9", 1)
ADVERT = b'<script src="https://player.example/p.js" data-category="marketing"></script>'
SHUT = b'type="text/plain" data-ck='
ONE = (b"sec-gpc", b"1")


def page(language: str) -> bytes:
    return (
        b'<!doctype html><html lang="%s"><head>' % language.encode()
        + GATED
        + ADVERT
        + b"</head><body></body></html>"
    )


@pytest.fixture
def site(wrap):
    """An app whose visitors come through a CDN that says where they are."""

    def made(*codes: str, language: str = "en", **more: Any):
        policy = Policy.model_validate({**POLICY, "jurisdictions": codes, **more})
        place = where.cloudflare([CDN[0]])
        return wrap(serving(page(language)), policy=policy, jurisdiction=place, https=True)

    return made


def at(country: str, part: str = "") -> list[tuple[bytes, bytes]]:
    return [(b"cf-ipcountry", country.encode()), *([(b"cf-region-code", part.encode())] if part else [])]


async def state(app, fields=(), client=CDN) -> dict[str, Any]:
    return json.loads((await get(app, "/_consent/state", fields, client=client)).body)


@pytest.mark.parametrize("browser", ["en-US", "de-DE", "fr-CA", ""])
@pytest.mark.parametrize(
    ("language", "place", "regime"),
    [
        ("en", at("FR"), "opt-in"),
        ("de", at("US", "TX"), "opt-out"),
        ("fr", at("CA", "QC"), "opt-in"),
        ("en", [], "opt-in"),
    ],
    ids=["English in France", "German in Texas", "French in Quebec", "no location"],
)
async def test_k60_a_language_is_no_country(site, language, place, regime, browser) -> None:
    app = site("FR", "US-TX", "CA-QC", language=language)
    fields = [*place, (b"accept-language", browser.encode())]

    reply = await get(app, "/", fields, client=CDN)

    assert (await state(app, fields))["regimes"]["marketing"] == regime
    assert (SHUT in reply.body) is (regime == "opt-in")
    assert OURS in reply.body


SIGNALS = {
    "1": [ONE],
    "0": [(b"sec-gpc", b"0")],
    "true": [(b"sec-gpc", b"true")],
    "?1": [(b"sec-gpc", b"?1")],
    "1, 1": [(b"sec-gpc", b"1, 1")],
    "two lines": [ONE, ONE],
    "absent": [],
    "empty": [(b"sec-gpc", b"")],
    "one of two": [ONE, (b"sec-gpc", b"0")],
}
SENT = {"1", "1, 1", "two lines"}
"""In other letters the name comes over a socket: servers make it small, see ``test_conformance_on_servers.py``."""


@pytest.mark.parametrize("value", SIGNALS)
@pytest.mark.parametrize("country", ["FR", "US"])
async def test_k63_the_signal_is_a_one_and_never_grants(site, country: str, value: str) -> None:
    app = site("FR", "US-CA")
    place = at(country, "CA" if country == "US" else "")

    plain, found = await state(app, place), await state(app, [*place, *SIGNALS[value]])
    reply = await get(app, "/", [*place, *SIGNALS[value]], client=CDN)

    assert reply.status == 200
    assert set(found["granted"]) <= set(plain["granted"])
    assert ("marketing" in found["granted"]) is (country == "US" and value not in SENT)
    assert ("analytics" in found["granted"]) is (country == "US")
    assert (b'class="signal"' in reply.body) is (value in SENT)


@pytest.mark.parametrize("value", SIGNALS)
async def test_k63_under_opt_in_the_rest_is_asked_and_nothing_is_ticked(site, value: str) -> None:
    app, fields = site("FR"), [*at("FR"), *SIGNALS[value]]

    first = await get(app, "/", fields, client=CDN)
    second = await get(app, "/_consent/", fields, client=CDN)

    assert b'id="consentkit-banner"' in first.body
    assert b'name="purpose" value="analytics"' in second.body
    assert b" checked" not in second.body


async def test_k63_no_signal_later_does_not_undo_a_no(site) -> None:
    app, place = site("US-CA"), at("US", "CA")
    sent = {"action": "reject", "notice": (await state(app, place))["notice"]}
    kept = cookie_of(await post(app, sent, [SAME, *place, ONE], client=CDN))

    found = await state(app, [*place, kept, (b"sec-gpc", b"0")])

    assert {"analytics", "marketing"}.isdisjoint(found["granted"])


STRICTEST_LISTED = ["XX", "T1", "AP", "", "ZZ", "DEU"]


@pytest.mark.parametrize("country", STRICTEST_LISTED)
@pytest.mark.parametrize(
    ("codes", "regime"),
    [(("US-TX", "DE"), "opt-in"), (("US-TX", "US-CA"), "opt-out")],
    ids=["one asks first", "all begin open"],
)
async def test_k64_what_is_no_country_has_the_strictest_listed(
    site, country: str, codes, regime: str
) -> None:
    app = site(*codes)

    found, reply = await state(app, at(country)), await get(app, "/", at(country), client=CDN)

    assert found["regimes"]["marketing"] == regime
    assert b'id="consentkit-banner"' in reply.body


MEASURING = [*atlas().rows["FR"].on(date(2026, 11, 25)).exemptions["analytics"]]
"""What a service states that France and Spain exempt, and Germany does not."""
NOTICE = {"FR": {"analytics": "notice", "reason": "Assessed in 2026"}}
"""Of the members none knows assumed consent: a site may say otherwise for one of them."""


@pytest.mark.parametrize(
    ("codes", "overrides", "runs", "regime"),
    [
        (("US-TX", "DE", "FR"), {}, {"DE": False, "FR": True, "EU": False}, "opt-in"),
        (("FR", "US-TX", "DE"), {}, {"DE": False, "FR": True, "EU": False}, "opt-in"),
        (("US-TX", "FR", "ES"), {}, {"FR": True, "ES": True, "EU": True}, "exempt"),
        (("US-TX", "FR", "IT"), {}, {"FR": True, "IT": False, "EU": False}, "opt-in"),
        (("US-TX", "FR"), NOTICE, {"FR": True, "EU": True}, "notice"),
        (("US-TX", "FR", "DE"), NOTICE, {"FR": True, "DE": False, "EU": False}, "opt-in"),
    ],
    ids=[
        "one asks, one exempts",
        "in another order",
        "both exempt",
        "each exempts something else",
        "one alone, with assumed consent",
        "one assumes, one asks",
    ],
)
async def test_k64_eu_is_the_strictest_member_listed(site, codes, overrides, runs, regime) -> None:
    counter = {**POLICY["services"]["counter"], "facts": MEASURING}
    app = site(*codes, overrides=overrides, services={**POLICY["services"], "counter": counter})

    found = {code: await state(app, at(code)) for code in runs}

    assert {code: each["services"]["counter"] for code, each in found.items()} == runs
    assert found["EU"]["regimes"]["analytics"] == regime
    assert {each["regimes"]["marketing"] for each in found.values()} == {"opt-in"}


async def test_k64_a_small_letter_is_the_same_country(site) -> None:
    app = site("US-TX", "DE")

    assert (await state(app, at("de")))["jurisdiction"] == "DE"


async def test_k64_a_country_without_its_state_has_the_strictest_state_listed(site) -> None:
    app = site("DE", "US-UT", "US-CA", gpc="where-bound")

    found, utah = await state(app, [*at("US"), ONE]), await state(app, [*at("US", "UT"), ONE])

    assert found["regimes"]["marketing"] == "opt-out"
    # The signal binds in California alone.
    assert ("marketing" in found["granted"], "marketing" in utah["granted"]) == (False, True)


@pytest.mark.parametrize("country", ["US", "DE", *STRICTEST_LISTED, "EU", "de"])
async def test_k64_the_field_of_a_stranger_is_ignored(site, country: str) -> None:
    app = site("US-TX", "DE")

    forged, plain = await state(app, at(country), STRANGER), await state(app, (), STRANGER)

    assert forged == plain
    assert forged["regimes"]["marketing"] == "opt-in"
