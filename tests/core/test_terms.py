"""A policy under a jurisdiction's rule: what holds there, for how long, and what is asked again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from consentkit.core.consent import Signals, resolve
from consentkit.core.decision import Act, Choice, Decision, Outcome, decide
from consentkit.core.duration import DAY
from consentkit.core.jurisdiction import Rule
from consentkit.core.policy import Policy
from consentkit.core.terms import Terms

NOW = 1_800_000_000
SAVE = Choice(Act.SAVE, frozenset({"analytics"}))


def chose(policy: Policy, choice: Choice) -> Decision:
    outcome = decide(policy, choice, now=NOW, visitor="v" * 22)
    assert isinstance(outcome, Outcome)
    return outcome.decision


def rule_of(**more: Any) -> Rule:
    """An opt-in rule whose choices live six months and whose refusals rest twelve."""
    return Rule.model_validate(
        {
            "functional": "opt-in",
            "analytics": "opt-in",
            "marketing": "opt-in",
            "ask_again": "12mo",
            "lifetime": "6mo",
            "sources": [{"act": "An act"}],
            "checked": "2026-11-25",
            "confidence": "high",
            **more,
        }
    )


def there(policy: Policy, **more: Any) -> Policy:
    return policy.under(Terms("ZZ", rule_of(**more), "ZZ"))


def test_the_version_of_a_policy_is_the_same_under_every_law(policy: Policy) -> None:
    assert there(policy).version == policy.version


@pytest.mark.parametrize(("days", "granted"), [(179, {"necessary", "analytics"}), (181, {"necessary"})])
def test_a_grant_ends_with_the_jurisdictions_longest_life(
    policy: Policy, days: int, granted: set[str]
) -> None:
    bound = there(policy)

    consent = resolve(bound, Signals(), chose(bound, SAVE), NOW + days * DAY)

    assert consent.granted == granted


@pytest.mark.parametrize(("days", "asks"), [(1, False), (359, False), (361, True)])
def test_a_refusal_is_not_asked_again_before_the_interval(policy: Policy, days: int, asks: bool) -> None:
    bound = there(policy, lifetime="12mo")

    consent = resolve(bound, Signals(), chose(bound, Choice(Act.REJECT)), NOW + days * DAY)

    assert consent.ask is asks
    assert consent.granted == {"necessary"}


@pytest.mark.parametrize("through", [True, False])
def test_what_is_new_is_asked_unless_a_refusal_rests_through_changes(policy: Policy, through: bool) -> None:
    bound = there(policy, lifetime="12mo", rests_through_changes=through)
    decision = replace(chose(bound, Choice(Act.REJECT)), asked=frozenset())

    consent = resolve(bound, Signals(), decision, NOW + DAY)

    assert consent.ask is not through
    assert consent.granted == {"necessary"}
    assert consent.new == set(bound.fingerprints)


def test_what_is_new_stays_shut_under_opt_out_for_who_has_answered(policy: Policy) -> None:
    bound = there(policy, functional="opt-out", analytics="opt-out", marketing="opt-out")
    all_said = chose(bound, Choice(Act.ACCEPT))
    before = replace(
        all_said,
        purposes={"analytics": True},
        asked=frozenset({bound.fingerprints["analytics"]}),
    )

    consent = resolve(bound, Signals(), before, NOW + DAY)

    assert "marketing" not in consent.granted
    assert "marketing" in consent.new
    assert "analytics" in consent.granted


def test_a_signal_overrules_an_earlier_yes_and_says_so(policy: Policy) -> None:
    consent = resolve(policy, Signals(gpc=True), chose(policy, Choice(Act.ACCEPT)), NOW)

    assert consent.conflict
    assert "marketing" not in consent.granted


@pytest.mark.parametrize(("bound_by", "applied"), [("no", None), ("yes", "gpc"), ("permissive", "gpc")])
def test_a_site_may_honor_the_signal_only_where_it_binds(
    make_policy: Callable[..., Policy], bound_by: str, applied: str | None
) -> None:
    policy = there(make_policy(gpc="where-bound"), gpc=bound_by)

    assert resolve(policy, Signals(gpc=True), None, NOW).signal == applied


@pytest.mark.parametrize(("kept", "signal"), [("refuse", "dnt"), ("ignore", None)])
def test_do_not_track_is_a_refusal_where_the_site_says_so(
    make_policy: Callable[..., Policy], kept: str, signal: str | None
) -> None:
    policy = make_policy(do_not_track=kept)

    assert resolve(policy, Signals(dnt=True), None, NOW).signal == signal


OBJECTABLE = ("minor-impact", "objection")


@pytest.mark.parametrize(("wanted", "after_no"), [(("minor-impact",), True), (OBJECTABLE, False)])
def test_an_exempt_service_runs_unasked_and_stops_only_where_the_law_wants_an_objection(
    policy: Policy, wanted: tuple[str, ...], after_no: bool
) -> None:
    service = policy.services["counter"].model_copy(update={"facts": ("minor-impact",)})
    stating = policy.model_copy(update={"services": {**policy.services, "counter": service}})
    bound = there(stating, exemptions={"analytics": wanted})

    fresh = resolve(bound, Signals(), None, NOW)
    refused = resolve(bound, Signals(), chose(bound, Choice(Act.REJECT)), NOW)

    assert fresh.services["counter"]
    assert refused.services["counter"] is after_no


@pytest.mark.parametrize("purposes", [frozenset(), frozenset({"analytics"})], ids=["alone", "beside a yes"])
def test_an_objection_to_one_service_counts_whatever_is_said_of_its_purpose(
    policy: Policy, purposes: frozenset[str]
) -> None:
    service = policy.services["counter"].model_copy(update={"facts": ("minor-impact",)})
    stating = policy.model_copy(update={"services": {**policy.services, "counter": service}})
    bound = there(stating, exemptions={"analytics": OBJECTABLE})

    consent = resolve(bound, Signals(), chose(bound, Choice(Act.SAVE, purposes, {"counter": False})), NOW)

    assert not consent.services["counter"]
    assert consent.granted == {"necessary", *purposes}


def test_where_our_cookie_may_be_withheld_there_may_have_been_an_objection(policy: Policy) -> None:
    service = policy.services["counter"].model_copy(update={"facts": ("minor-impact",)})
    stating = policy.model_copy(update={"services": {**policy.services, "counter": service}})

    objectable = resolve(
        there(stating, exemptions={"analytics": OBJECTABLE}), Signals(withheld=True), None, NOW
    )
    exempt = resolve(
        there(stating, exemptions={"analytics": ("minor-impact",)}), Signals(withheld=True), None, NOW
    )

    assert not objectable.services["counter"]
    assert exempt.services["counter"]
