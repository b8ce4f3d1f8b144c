"""Every row, territory and odd code end to end: a known regime for each purpose, a notice, and nothing run that it closes."""

import json

import pytest
from tests.asgi import OURS, POLICY, get, serving

from consentkit.core.policy import BROWSER_CAP, Policy
from consentkit.core.regime import Regime
from consentkit.jurisdictions import atlas
from consentkit.jurisdictions.apply import applied
from consentkit.web.laws import today

WORLD = Policy.model_validate({**POLICY, "jurisdictions": ["world"]})
SCRIPTS = {name: f"https://{name}.example/x.js" for name in POLICY["services"]}
PAGE = "<!doctype html><html><head>{}</head><body><p>Hello</p></body></html>".format(
    "".join(f'<script src="{address}"></script>' for address in SCRIPTS.values())
).encode()
CODES = [*atlas().rows, *atlas().territories, "US-ZZ", "CA-ON", "XX", "ZZ", "T1", "nowhere", ""]


@pytest.fixture
def app(wrap):
    return wrap(
        serving(PAGE), policy=WORLD, jurisdiction=lambda scope: dict(scope["headers"])[b"x-at"].decode()
    )


def test_there_is_a_row_for_each_place_that_the_table_names() -> None:
    assert len(atlas().rows) > 80
    assert {"EU", "FR", "DE", "GB", "CH", "US", "US-CA", "CA-QC", "BR", "JP", "MA", "world"} <= set(
        atlas().rows
    )


@pytest.mark.parametrize("code", CODES)
async def test_a_visitor_from_there_is_asked_and_nothing_closed_runs(app, code: str) -> None:
    at = [(b"x-at", code.encode())]

    page = (await get(app, headers=at)).body.decode()
    state = json.loads((await get(app, "/_consent/state", headers=at)).body)

    regimes = {purpose: Regime(regime) for purpose, regime in state["regimes"].items()}
    assert regimes.keys() == {"necessary", "functional", "analytics", "marketing"}
    assert OURS.decode() in page
    assert 'id="consentkit-banner"' in page
    for name, address in SCRIPTS.items():
        [purpose] = POLICY["services"][name]["purposes"]
        assert (f'<script src="{address}"' in page) is regimes[purpose].open_by_default


@pytest.mark.parametrize("code", [*atlas().rows, "XX"])
async def test_a_signal_closes_what_is_sold_there_and_grants_nothing(app, code: str) -> None:
    at = [(b"x-at", code.encode())]

    plain = json.loads((await get(app, "/_consent/state", headers=at)).body)
    signalled = json.loads((await get(app, "/_consent/state", headers=[*at, (b"sec-gpc", b"1")])).body)

    assert "marketing" not in signalled["granted"]
    assert set(signalled["granted"]) <= set(plain["granted"])


@pytest.mark.parametrize(
    "code", [row for row in atlas().rows if atlas().rows[row].within == "US" or row == "FR"]
)
def test_a_choice_lives_no_longer_and_rests_no_shorter_than_its_row_says(code: str) -> None:
    found = applied(WORLD, atlas(), today())
    assert found is not None
    policy = WORLD.under(found.terms(code))
    rule = atlas().rows[code].on(today())

    assert policy.grant_lifetime <= rule.lifetime
    assert policy.cookie_lifetime >= min(rule.ask_again, BROWSER_CAP)
