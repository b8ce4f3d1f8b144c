"""Each visitor under their own law: where they are picks a row, and pages run and ask what that row says."""

import json
from datetime import date
from typing import Any

import pytest
from tests.asgi import GATED, POLICY, SAME, cookie_of, get, post, serving

from consentkit.core.errors import PolicyError
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.jurisdictions import atlas
from consentkit.jurisdictions.apply import applied

TODAY = date(2026, 11, 25)
PAGE = b"<!doctype html><html><head>" + GATED + b"</head><body><p>Hello</p></body></html>"


def policy_of(*codes: str, **more: Any) -> Policy:
    return Policy.model_validate({**POLICY, "jurisdictions": codes, **more})


async def state(app, headers=(), **more) -> dict[str, Any]:
    return json.loads((await get(app, "/_consent/state", headers=headers, **more)).body)


@pytest.fixture
def site(wrap):
    """An app whose visitors say in a header of the test's own where they are."""

    def made(*codes: str, **more: Any):
        return wrap(serving(PAGE), policy=policy_of(*codes, **more), jurisdiction=place)

    return made


def place(scope) -> str | None:
    found = dict(scope["headers"]).get(b"x-place")
    return found.decode() if found is not None else None


def at(code: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-place", code.encode())]


@pytest.mark.parametrize(
    ("code", "regime", "runs"),
    [
        ("FR", "opt-in", False),
        ("RE", "opt-in", False),
        ("US-CA", "opt-out", True),
        ("US", "opt-out", True),
        ("US-ZZ", "opt-out", True),
        ("XX", "opt-in", False),
        ("T1", "opt-in", False),
        ("../../etc", "opt-in", False),
        ("", "opt-in", False),
    ],
)
async def test_where_a_visitor_is_picks_what_runs_unasked(site, code: str, regime: str, runs: bool) -> None:
    app = site("EU", "US")

    page = await get(app, headers=at(code))

    assert (b'<script src="https://counter.example/c.js"' in page.body) is runs
    assert (await state(app, at(code)))["regimes"]["analytics"] == regime


async def test_nobody_knows_where_is_the_strictest_that_is_listed(site) -> None:
    assert (await state(site("US-CA", "FR")))["regimes"]["marketing"] == "opt-in"
    assert (await state(site("US-CA")))["regimes"]["marketing"] == "opt-out"


async def test_a_place_that_is_not_listed_is_asked_under_the_strictest(site) -> None:
    found = await state(site("US-CA", "FR"), at("JP"))

    assert (found["regimes"]["marketing"], found["jurisdiction"]) == ("opt-in", "JP")


async def test_language_decides_nothing(site) -> None:
    app = site("FR", "US-CA")

    found = await state(app, [*at("FR"), (b"accept-language", b"en-US")])

    assert found["regimes"]["marketing"] == "opt-in"


async def test_a_function_that_fails_is_the_strictest_and_nothing_of_it_is_logged(wrap, caplog) -> None:
    def broken(_: object) -> str:
        raise RuntimeError("198.51.100.7")

    app = wrap(serving(PAGE), policy=policy_of("US", "FR"), jurisdiction=broken)

    assert (await state(app))["regimes"]["marketing"] == "opt-in"
    assert "198.51.100.7" not in caplog.text


async def test_a_decision_goes_with_the_visitor_and_what_was_not_asked_is_asked(site) -> None:
    app = site("EU", "US")
    sent = {"action": "accept", "notice": (await state(app, at("US-CA")))["notice"]}
    kept = cookie_of(await post(app, sent, [SAME, *at("US-CA")]))

    home, away = await state(app, [*at("US-CA"), kept]), await state(app, [*at("FR"), kept])

    assert (home["decided"], away["decided"]) == (True, False)
    assert "marketing" in home["granted"]
    assert ("marketing" in away["granted"], "functional" in away["granted"]) == (True, False)


async def test_a_page_for_all_asks_everybody_the_strictest_and_each_answer_counts(wrap) -> None:
    app = wrap(serving(PAGE), policy=policy_of("EU", "US"), jurisdiction=place, delivery="shared")

    pages = [await get(app, headers=at(code)) for code in ("FR", "US-CA", "XX")]
    notice = (await state(app, at("XX")))["notice"]
    reply = await post(app, {"action": "accept", "notice": notice}, [SAME, *at("US-CA")])

    assert pages[0].body == pages[1].body == pages[2].body
    assert b'data-ck-src="https://counter.example/c.js"' in pages[0].body
    assert b'"ask":true' in pages[0].body
    assert reply.status == 303
    assert (await state(app, [*at("US-CA"), cookie_of(reply)]))["decided"]


async def test_validators_of_two_jurisdictions_differ(wrap) -> None:
    app = wrap(
        serving(PAGE, headers=[(b"content-type", b"text/html"), (b"etag", b'"1"')]),
        policy=policy_of("EU", "GB") if "GB" in atlas().rows else policy_of("EU", "US"),
        jurisdiction=place,
        delivery="private",
    )

    tags = {(await get(app, headers=at(code))).one(b"etag") for code in ("FR", "EU", "US-CA")}

    assert len(tags) == 3


@pytest.mark.parametrize("key", ["jurisdictions", "overrides"])
def test_a_code_that_nobody_knows_is_refused_with_the_nearest(key: str) -> None:
    stated: Any = ("FR", "US-CAA") if key == "jurisdictions" else {"US-CAA": {"reason": "none"}}
    policy = Policy.model_validate({**POLICY, key: stated})

    with pytest.raises(PolicyError, match="US-CAA") as caught:
        applied(policy, atlas(), TODAY)

    assert "US-CA" in str(caught.value)


def test_a_territory_is_told_by_the_code_whose_law_holds() -> None:
    with pytest.raises(PolicyError, match="FR"):
        applied(policy_of("RE"), atlas(), TODAY)


def test_assumed_consent_is_refused_where_the_row_does_not_know_it_with_its_source() -> None:
    with pytest.raises(PolicyError, match="FR does not know assumed consent") as caught:
        applied(policy_of("FR", regime="notice", reason="Legitimate interest"), atlas(), TODAY)

    assert "82" in str(caught.value)


async def test_assumed_consent_runs_where_it_may_and_asks_elsewhere_if_the_site_says_so(site) -> None:
    app = site("EU", "US", regime="notice", reason="Legitimate interest", forbidden_notice="opt-in")

    assert (await state(app, at("FR")))["regimes"]["marketing"] == "opt-in"
    assert (await state(app, at("US-CA")))["regimes"]["marketing"] == "notice"


@pytest.mark.parametrize("where", ["policy", "purpose"])
def test_a_regime_of_the_sites_own_beside_jurisdictions_wants_a_reason(where: str) -> None:
    more: Any = {"regime": "opt-out"} if where == "policy" else {"purposes": {"ads": {"regime": "opt-out"}}}

    with pytest.raises(ValueError, match="reason"):
        Policy.model_validate({**POLICY, "services": {}, "jurisdictions": ["FR"], **more})


async def test_an_override_holds_in_its_place_alone_and_is_told(site, caplog) -> None:
    app = site("EU", "world", overrides={"FR": {"analytics": "notice", "reason": "Assessed in 2026"}})

    assert (await state(app, at("FR")))["regimes"]["analytics"] == "notice"
    assert (await state(app, at("EU")))["regimes"]["analytics"] == "opt-in"
    assert "Assessed in 2026" in caplog.text


@pytest.mark.parametrize("facts", [True, False])
async def test_a_service_is_exempt_by_what_it_states(site, facts: bool) -> None:
    stated = ["own-measurement", "anonymous-output", "no-cross-site", "no-combining", "no-reuse"]
    counter = {**POLICY["services"]["counter"], "facts": stated if facts else stated[:-1]}
    app = site("FR", services={**POLICY["services"], "counter": counter})

    found = await state(app, at("FR"))
    page = await get(app, headers=at("FR"))

    assert found["services"]["counter"] is facts
    assert (b'<script src="https://counter.example/c.js"' in page.body) is facts


async def test_the_log_says_where_and_under_which_regimes(site, logged) -> None:
    app = site("EU", "US")
    sent = {"action": "reject", "notice": (await state(app, at("US-CA")))["notice"]}

    await post(app, sent, [SAME, *at("US-CA"), (b"sec-gpc", b"1")])

    [event] = logged()
    assert (event["jurisdiction"], event["regimes"]["marketing"], event["signal"]) == (
        "US-CA",
        "opt-out",
        "gpc",
    )


async def test_the_statement_on_the_signal_is_served_unless_the_app_does(wrap) -> None:
    missing = await get(wrap(serving(b"no", status=404)), "/.well-known/gpc.json")
    own = await get(wrap(serving(b"mine")), "/.well-known/gpc.json")

    assert json.loads(missing.body) == {"gpc": True, "lastUpdate": "2026-11-25"}
    assert missing.status == 200
    assert b"mine" in own.body


async def test_a_site_may_leave_the_statement_out(wrap) -> None:
    policy = Policy.model_validate({**POLICY, "gpc_since": None})

    assert (await get(wrap(serving(b"no", status=404), policy=policy), "/.well-known/gpc.json")).status == 404


# What no one of the rows forbids


async def test_an_exemption_of_one_row_opens_nothing_where_the_visitor_may_be_in_another(wrap) -> None:
    italian = [*atlas().rows["IT"].on(TODAY).exemptions["analytics"]]
    counter = {**POLICY["services"]["counter"], "facts": italian}
    policy = policy_of("FR", "IT", services={**POLICY["services"], "counter": counter})
    app = wrap(serving(PAGE), policy=policy, jurisdiction=place)
    shared = wrap(serving(PAGE), policy=policy, jurisdiction=place, delivery="shared")

    runs = {code: (await state(app, at(code)))["services"]["counter"] for code in ("IT", "FR", "XX", "EU")}

    assert runs == {"IT": True, "FR": False, "XX": False, "EU": False}
    assert b'data-ck-src="https://counter.example/c.js"' in (await get(shared, headers=at("IT"))).body


@pytest.mark.parametrize("code", [row for row in atlas().rows if atlas().rows[row].within == "EU"])
async def test_an_override_in_one_member_is_none_for_who_may_be_in_another(site, code: str) -> None:
    app = site("EU", overrides={code: {"analytics": "notice", "reason": "Assessed in 2026"}})

    assert (await state(app, at("XX")))["regimes"]["analytics"] == "opt-in"
    assert (await state(app, at("EU")))["regimes"]["analytics"] == "opt-in"
    assert (await state(app, at(code)))["regimes"]["analytics"] == "notice"


def test_each_purpose_is_under_the_strictest_of_all_rows_that_may_hold() -> None:
    found = applied(policy_of("CH", "JP", "KR"), atlas(), TODAY)
    assert found is not None
    rules = [atlas().rows[code].on(TODAY) for code in ("CH", "JP", "KR")]

    for category in ("functional", "analytics", "marketing"):
        regimes = {rule.regime(category) for rule in rules}
        assert found.strictest.rule.regime(category) == min(regimes, key=list(Regime).index)


async def test_a_law_that_begins_while_a_site_is_served_asks_and_stops_nothing(wrap, monkeypatch) -> None:
    policy = policy_of("IN", regime="notice", reason="Assessed in 2026")
    app = wrap(serving(PAGE), policy=policy, jurisdiction="IN")
    before = (await state(app))["regimes"]["marketing"]
    monkeypatch.setattr("consentkit.web.laws.today", lambda: date(2027, 5, 13))

    page = await get(app)

    assert (before, page.status) == ("notice", 200)
    assert (await state(app))["regimes"]["marketing"] == "opt-in"
    assert b'data-ck-src="https://counter.example/c.js"' in page.body


async def test_a_form_with_switches_on_beforehand_grants_nothing_where_none_may_be(site):
    app = site("FR", "US")
    there, here = [(await state(app, at(code)))["notice"] for code in ("US", "FR")]
    chosen = {"action": "save", "purpose": ["analytics", "marketing"]}

    kept = await post(app, {**chosen, "notice": there}, [SAME, *at("US")])
    moved = await post(app, {**chosen, "notice": there}, [SAME, *at("FR")])
    refused = await post(app, {"action": "reject", "notice": there}, [SAME, *at("FR")])
    other_way = await post(app, {**chosen, "notice": here}, [SAME, *at("US")])

    assert there != here
    assert (kept.status, moved.status, refused.status, other_way.status) == (303, 409, 303, 303)
    assert moved.every(b"set-cookie") == []
