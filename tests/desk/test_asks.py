"""What a change of policy asks of visitors: the same as the server will ask."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.asgi import POLICY

from consentkit.core.consent import Signals, resolve
from consentkit.core.decision import Act, Choice, Outcome, decide
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.desk.asks import Asks, asks
from consentkit.jurisdictions import atlas
from consentkit.jurisdictions.apply import applied

DAY = datetime.date(2026, 11, 25)
NOW = 1_800_000_000


def policy(**changes: Any) -> Policy:
    return Policy.model_validate({**POLICY, **changes})


def service(name: str, **changes: Any) -> dict[str, Any]:
    return {"services": {**POLICY["services"], name: {**POLICY["services"].get(name, {}), **changes}}}


def asked(before: Policy, after: Policy) -> Asks:
    found = asks(before, after, DAY)
    assert found is not None
    return found


VIDEO = {"vendor": "Video Ltd", "purposes": ["marketing"]}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        (service("video", **VIDEO), {"video"}),
        (service("counter", vendor="Counter Group"), {"counter"}),
        (service("counter", vendor="COUNTER  inc"), set()),
        (service("counter", purposes=["marketing"]), {"counter"}),
        (service("counter", recipients=["Broker SA"]), {"counter"}),
        (service("counter", title="Counting", hosts=["other.example"]), set()),
        ({"services": {"counter": POLICY["services"]["counter"]}}, set()),
        ({"purposes": {"analytics": {}, "marketing": {}, "research": {}, "functional": {}}}, {"research"}),
        ({"layout": "modal", "texts": {"en": {"accept": "Yes"}}}, set()),
        ({}, set()),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_what_is_new_to_visitors_is_asked_again_and_nothing_else(
    changes: dict[str, Any], names: set[str]
) -> None:
    assert asked(policy(), policy(**changes)).names == names


def test_it_may_be_asked_in_some_places_alone() -> None:
    places = {"jurisdictions": ["FR", "US-CA"]}
    before = policy(**places, overrides={"US-CA": {"marketing": "exempt", "reason": "No ads there."}})

    found = asked(before, policy(**places))

    assert found.codes == ("FR", "US-CA", None)
    assert found.where("marketing") == found.where("player") == ("US-CA",)
    assert [(each.purpose, each.before, each.after, each.codes) for each in found.turned] == [
        ("marketing", Regime.EXEMPT, Regime.OPT_OUT, ("US-CA",))
    ]


def test_a_refusal_rests_where_the_law_says_so() -> None:
    places = {"jurisdictions": ["FR", "US-CA"]}

    found = asked(policy(**places), policy(**places, **service("video", **VIDEO)))

    assert "US-CA" in found.rests
    assert "FR" not in found.rests


def test_a_shorter_life_ends_older_answers() -> None:
    (found,) = asked(policy(lifetime="180d"), policy(lifetime="30d")).shorter

    assert (found.before, found.after, found.codes) == (180 * 86_400, 30 * 86_400, (None,))


def test_a_longer_one_asks_nobody() -> None:
    assert asked(policy(lifetime="30d"), policy(lifetime="180d")).shorter == ()


def test_a_purpose_under_another_regime_is_told() -> None:
    (found, *_) = asked(
        policy(), policy(purposes={"analytics": {"regime": "opt-out"}, "marketing": {}})
    ).turned

    assert (found.purpose, found.before, found.after) == ("analytics", Regime.OPT_IN, Regime.OPT_OUT)


services = st.dictionaries(
    st.sampled_from(["counter", "player", "video"]),
    st.builds(
        lambda vendor, purposes, recipients: {
            "vendor": vendor,
            "purposes": sorted(purposes),
            "recipients": sorted(recipients),
        },
        st.sampled_from(["One Ltd", "one ltd", "Two Ltd"]),
        st.sets(st.sampled_from(["functional", "analytics", "marketing"]), min_size=1, max_size=2),
        st.sets(st.sampled_from(["Broker", "Agency"])),
    ),
)
policies = st.builds(
    lambda services, places: policy(services=services, jurisdictions=places),
    services,
    st.sampled_from([[], ["FR"], ["FR", "US-CA"], ["DE", "US-CA"]]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies, policies, st.sampled_from(["FR", "US-CA", None]))
def test_the_server_asks_the_same(before: Policy, after: Policy, code: str | None) -> None:
    """A visitor who accepted all under the earlier policy comes back under the later one."""
    laws = [applied(each, atlas(), DAY) for each in (before, after)]
    old, new = (
        each.under(law.terms(code)) if law else each for each, law in zip((before, after), laws, strict=True)
    )
    outcome = decide(old, Choice(Act.ACCEPT), now=NOW, visitor="somebody")
    assert isinstance(outcome, Outcome)

    found = asked(before, after)
    consent = resolve(new, Signals(), outcome.decision, NOW + 60)

    place = code if code in found.codes else None
    told = frozenset().union(*(each.names for each in found.again if place in each.codes))
    assert told == consent.new
    assert bool(told) == (not consent.decided)
