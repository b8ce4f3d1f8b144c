"""Every place that has a row, through the middleware: what runs unasked, and what the visitor is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import pytest
from tests.asgi import GATED, POLICY, get, serving

from consentkit.core.jurisdiction import Category, strictest_of
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.jurisdictions import atlas
from consentkit.jurisdictions.apply import applied
from consentkit.web import laws

PAGE = b"<!doctype html><html><head>" + GATED + b"</head><body><p>Hello</p></body></html>"
EVERYWHERE = Policy.model_validate({**POLICY, "jurisdictions": ["world"]})
PLACES = [*atlas().rows, *atlas().territories, "US-ZZ", "CA-ON", "QQ", "not a place", ""]
CATEGORIES: tuple[Category, ...] = ("functional", "analytics", "marketing")


class Asked(NamedTuple):
    """What a visitor meets before any choice."""

    regimes: Mapping[str, Regime]
    notice: bool
    counted: bool


@pytest.fixture
def site(wrap):
    """An app whose visitors say in a header of the test's own where they are."""
    return wrap(
        serving(PAGE),
        policy=EVERYWHERE,
        jurisdiction=lambda scope: dict(scope["headers"])[b"x-place"].decode(),
    )


async def test_each_place_has_the_regimes_of_its_row_and_a_notice(site) -> None:
    found = {code: await _asked(site, code) for code in PLACES}

    assert found == {code: _by_law(code) for code in PLACES}


async def _asked(site, code: str) -> Asked:
    headers = [(b"x-place", code.encode())]
    page = await get(site, headers=headers)
    regimes = json.loads((await get(site, "/_consent/state", headers=headers)).body)["regimes"]
    return Asked(
        {name: Regime(regimes[name]) for name in CATEGORIES},
        b'id="consentkit-banner"' in page.body,
        b'<script src="https://counter.example/c.js"' in page.body,
    )


def _by_law(code: str) -> Asked:
    row = atlas().row(code)
    if row is None:
        rule = atlas().rows["world"].on(laws.today())
    elif row.code == code:
        # Whoever is in Canada somewhere may be in Quebec.
        rule = strictest_of(each.on(laws.today()) for each in atlas().among([code]))
    else:
        rule = row.on(laws.today())
    return Asked({name: rule.regime(name) for name in CATEGORIES}, True, rule.analytics.open_by_default)


@pytest.mark.parametrize(
    ("day", "regime"), [(date(2027, 5, 12), "notice"), (date(2027, 5, 13), "opt-in")], ids=str
)
async def test_a_new_law_holds_from_its_day_without_a_restart(
    site, monkeypatch: pytest.MonkeyPatch, day: date, regime: str
) -> None:
    headers = [(b"x-place", b"IN")]
    await get(site, headers=headers)
    monkeypatch.setattr(laws, "today", lambda: day)

    state = json.loads((await get(site, "/_consent/state", headers=headers)).body)

    assert state["regimes"]["marketing"] == regime


def test_a_part_without_a_row_is_asked_as_its_country_and_an_unknown_part_as_the_strictest() -> None:
    known = applied(EVERYWHERE, atlas(), date(2026, 11, 25))
    assert known is not None

    found = {code: known.terms(code).row for code in ("CA-ON", "CA", "CA-QC", "US-ZZ", "RE")}

    assert found == {"CA-ON": "CA", "CA": "CA-QC", "CA-QC": "CA-QC", "US-ZZ": "US", "RE": "FR"}
