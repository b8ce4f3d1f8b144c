"""What holds for a request: a table of every combination, and properties over all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.consent import CLOCK_SKEW, Consent, Signals, Source, resolve
from consentkit.core.decision import Act, Choice, Decision, Outcome, decide
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime

NOW = 1_800_000_000
ASKED = ("functional", "analytics", "marketing")
REGIMES = ("opt-in", "opt-out", "notice", "exempt")
EXEMPT = {name: {"regime": "exempt"} for name in ("functional", "analytics", "marketing")}


def under(make_policy: Callable[..., Policy], regime: str) -> Policy:
    return make_policy(purposes=EXEMPT) if regime == "exempt" else make_policy(regime=regime)


def chose(policy: Policy, choice: Choice, *, at: int = NOW, signalled: bool = False) -> Decision:
    outcome = decide(policy, choice, now=at, visitor="v" * 22, signalled=signalled)
    assert isinstance(outcome, Outcome)
    return outcome.decision


def answered(policy: Policy, answer: str, *, signalled: bool = False) -> Decision | None:
    choices = {
        "accept": Choice(Act.ACCEPT),
        "reject": Choice(Act.REJECT),
        "withdraw": Choice(Act.WITHDRAW),
        "save": Choice(Act.SAVE, frozenset({"analytics"})),
    }
    return None if answer == "nothing" else chose(policy, choices[answer], signalled=signalled)


def expected(regime: str, answer: str, *, gpc: bool, withheld: bool, signalled: bool) -> set[str]:
    """The rules written a second time, by enumeration rather than by the code's own conditions."""
    if answer == "nothing":
        open_now = set() if withheld or regime == "opt-in" else set(ASKED)
    elif answer == "accept":
        open_now = set(ASKED)
    elif answer == "save":
        open_now = {"analytics"}
    else:
        open_now = set()
    if gpc and not (answer == "accept" and signalled):
        open_now -= {"marketing"}
    return {"necessary", *open_now}


@pytest.mark.parametrize("signalled", [False, True], ids=["", "said-under-the-signal"])
@pytest.mark.parametrize("withheld", [False, True], ids=["", "cookie-withheld"])
@pytest.mark.parametrize("gpc", [False, True], ids=["", "gpc"])
@pytest.mark.parametrize("answer", ["nothing", "accept", "reject", "save", "withdraw"])
@pytest.mark.parametrize("regime", ["opt-in", "opt-out", "notice"])
def test_every_combination_grants_exactly_what_the_rules_say(
    make_policy: Callable[..., Policy], regime: str, answer: str, gpc: bool, withheld: bool, signalled: bool
) -> None:
    policy = under(make_policy, regime)
    decision = answered(policy, answer, signalled=signalled)

    consent = resolve(policy, Signals(gpc=gpc, withheld=withheld), decision, NOW + 60)

    assert consent.granted == expected(regime, answer, gpc=gpc, withheld=withheld, signalled=signalled)
    assert consent.decided == (answer != "nothing")
    assert consent.ask == (answer == "nothing" and not withheld and not (gpc and regime != "opt-in"))
    assert consent.regime is Regime(regime)


def test_an_exempt_purpose_is_open_and_not_asked(make_policy: Callable[..., Policy]) -> None:
    policy = make_policy(purposes={"analytics": {"regime": "exempt"}, "marketing": {}})

    consent = resolve(policy, Signals(), None, NOW)

    assert consent.granted == {"necessary", "analytics"}
    assert "analytics" not in policy.askable
    assert consent.regime_of("analytics") is Regime.EXEMPT


def test_an_exempt_purpose_stays_open_where_our_cookie_may_be_withheld(
    make_policy: Callable[..., Policy],
) -> None:
    policy = under(make_policy, "exempt")

    assert resolve(policy, Signals(withheld=True), None, NOW).granted == {"necessary", *ASKED}


def test_a_policy_that_asks_nothing_shows_no_notice(make_policy: Callable[..., Policy]) -> None:
    policy = under(make_policy, "exempt")

    assert not resolve(policy, Signals(), None, NOW).ask


def test_a_service_runs_when_all_of_its_purposes_are_granted(policy: Policy) -> None:
    consent = resolve(policy, Signals(), answered(policy, "save"), NOW)

    assert dict(consent.services) == {"counter": True, "player": False, "both": False}
    assert consent.allows("counter")
    assert not consent.allows("both")


def test_an_exception_outweighs_the_purpose_both_ways(policy: Policy) -> None:
    choice = Choice(Act.SAVE, frozenset({"analytics"}), {"counter": False, "player": True})

    consent = resolve(policy, Signals(), chose(policy, choice), NOW)

    assert dict(consent.services) == {"counter": False, "player": True, "both": False}


def test_the_signal_closes_an_exception_too(policy: Policy) -> None:
    decision = chose(policy, Choice(Act.SAVE, frozenset(), {"player": True}))

    assert not resolve(policy, Signals(gpc=True), decision, NOW).services["player"]


def test_an_answer_ends_with_the_policys_lifetime(policy: Policy) -> None:
    decision = answered(policy, "accept")

    last = resolve(policy, Signals(), decision, NOW + policy.cookie_lifetime - 1)
    ended = resolve(policy, Signals(), decision, NOW + policy.cookie_lifetime)

    assert last.decided
    assert not ended.decided
    assert ended.granted == {"necessary"}


def test_a_refusal_lives_as_long_as_a_grant(make_policy: Callable[..., Policy]) -> None:
    policy = under(make_policy, "opt-out")
    decision = answered(policy, "reject")

    consent = resolve(policy, Signals(), decision, NOW + policy.cookie_lifetime - 1)

    assert consent.granted == {"necessary"}


def test_a_grant_from_the_future_is_not_trusted_but_clocks_may_differ(policy: Policy) -> None:
    near = chose(policy, Choice(Act.ACCEPT), at=NOW + CLOCK_SKEW)
    far = chose(policy, Choice(Act.ACCEPT), at=NOW + CLOCK_SKEW + 1)

    assert resolve(policy, Signals(), near, NOW).allows("analytics")
    assert resolve(policy, Signals(), far, NOW).granted == {"necessary"}
    assert resolve(policy, Signals(), far, NOW).ask


def test_a_refusal_from_the_future_holds(make_policy: Callable[..., Policy]) -> None:
    policy = under(make_policy, "notice")
    far = chose(policy, Choice(Act.REJECT), at=NOW + 10 * CLOCK_SKEW)

    consent = resolve(policy, Signals(), far, NOW)

    assert consent.granted == {"necessary"}
    assert not consent.ask


def test_the_noes_of_a_mixed_decision_from_the_future_hold(make_policy: Callable[..., Policy]) -> None:
    policy = under(make_policy, "notice")
    far = chose(policy, Choice(Act.SAVE, frozenset({"analytics"})), at=NOW + 10 * CLOCK_SKEW)

    assert resolve(policy, Signals(), far, NOW).granted == {"necessary"}


def test_a_new_vendor_asks_again_and_keeps_the_other_answers(make_policy: Callable[..., Policy]) -> None:
    old = make_policy()
    services = {name: value.model_dump() for name, value in old.services.items()}
    services["counter"]["vendor"] = "Another Inc"
    new = make_policy(services=services)

    consent = resolve(new, Signals(), answered(old, "accept"), NOW)

    assert consent.ask
    assert not consent.services["counter"]
    assert consent.services["player"]
    assert consent.granted == {"necessary", *ASKED}


def test_a_new_purpose_stays_shut_until_answered(make_policy: Callable[..., Policy]) -> None:
    old = make_policy()
    new = make_policy(purposes={name: {} for name in (*old.purposes, "research")})

    consent = resolve(new, Signals(), answered(old, "accept"), NOW)

    assert consent.ask
    assert "research" not in consent.granted
    assert "analytics" in consent.granted


def test_a_removed_service_asks_nobody_again(make_policy: Callable[..., Policy]) -> None:
    old = make_policy()
    new = make_policy(services={"counter": old.services["counter"].model_dump()})

    assert not resolve(new, Signals(), answered(old, "accept"), NOW).ask


def test_a_corrected_text_asks_nobody_again(make_policy: Callable[..., Policy]) -> None:
    old = make_policy()
    new = make_policy(
        privacy_url="/privacy", controller={"name": "Paper Limited", "contact": "x@paper.example"}
    )

    assert new.version != old.version
    assert not resolve(new, Signals(), answered(old, "accept"), NOW).ask


def test_a_no_to_a_service_outlives_a_change_of_its_vendor(make_policy: Callable[..., Policy]) -> None:
    old = make_policy(regime="notice")
    decision = chose(old, Choice(Act.SAVE, frozenset(ASKED), {"counter": False}))
    services = {name: value.model_dump() for name, value in old.services.items()}
    services["counter"]["vendor"] = "Another Inc"
    new = make_policy(regime="notice", services=services)

    assert not resolve(new, Signals(), decision, NOW).services["counter"]


def test_an_unknown_name_is_never_allowed_and_is_reported(policy: Policy) -> None:
    told: list[str] = []
    consent = replace(resolve(policy, Signals(), answered(policy, "accept"), NOW), unknown=told.append)

    assert not consent.allows("telepathy")
    assert consent.allows("analytics")
    assert told == ["telepathy"]
    assert consent.regime_of("telepathy") is Regime.OPT_IN


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("nothing", "undecided"),
        ("accept", "accepted"),
        ("reject", "refused"),
        ("withdraw", "refused"),
        ("save", "custom"),
    ],
)
def test_the_outcome_is_told_in_one_word(policy: Policy, answer: str, outcome: str) -> None:
    assert resolve(policy, Signals(), answered(policy, answer), NOW).outcome == outcome


def test_the_source_is_told(policy: Policy) -> None:
    assert resolve(policy, Signals(), None, NOW).source is Source.REGIME
    assert resolve(policy, Signals(withheld=True), None, NOW).source is Source.UNKNOWN
    assert resolve(policy, Signals(withheld=True), answered(policy, "accept"), NOW).source is Source.DECISION


marks = st.text("abcdefghijklmnopqrstuvwxyzABC-_0123456789", min_size=6, max_size=6)
names = st.sampled_from(["necessary", *ASKED, "unknown-purpose"])
signals = st.builds(
    Signals, gpc=st.booleans(), withheld=st.booleans(), jurisdiction=st.sampled_from([None, "FR", "XX"])
)


@st.composite
def decisions(draw: st.DrawFn, policy: Policy) -> Decision:
    """Decisions of any kind: ours, half ours, and not ours at all."""
    real = list(policy.fingerprints.values())
    return Decision(
        purposes=draw(st.dictionaries(names, st.booleans())),
        services=draw(
            st.dictionaries(st.sampled_from(list(policy.marks.values())) | marks, st.booleans(), max_size=5)
        ),
        asked=frozenset(draw(st.lists(st.sampled_from(real or ["NEqh7P"]) | marks, max_size=8))),
        policy=policy.version[:16],
        at=draw(st.integers(NOW - policy.cookie_lifetime - 5, NOW + 2 * CLOCK_SKEW)),
        visitor=None,
        signalled=draw(st.booleans()),
    )


def allowed(consent: Consent) -> set[str]:
    return set(consent.granted) | {name for name, runs in consent.services.items() if runs}


@given(data=st.data(), regime=st.sampled_from(REGIMES), signal=signals)
def test_nothing_that_the_policy_does_not_know_is_granted_and_necessary_always_is(
    make_policy: Callable[..., Policy], data: st.DataObject, regime: str, signal: Signals
) -> None:
    policy = under(make_policy, regime)
    decision = data.draw(st.none() | decisions(policy))

    consent = resolve(policy, signal, decision, NOW)

    assert "necessary" in consent.granted
    assert allowed(consent) <= {*policy.regimes, *policy.services}


@given(data=st.data(), regime=st.sampled_from(REGIMES), signal=signals)
def test_rejecting_more_never_grants_more(
    make_policy: Callable[..., Policy], data: st.DataObject, regime: str, signal: Signals
) -> None:
    policy = under(make_policy, regime)
    decision = data.draw(decisions(policy))
    name = data.draw(st.sampled_from(list(policy.askable) or ["analytics"]))
    service = data.draw(st.sampled_from(list(policy.services)))
    stricter = replace(
        decision,
        purposes={**decision.purposes, name: False},
        services={**decision.services, policy.marks[service]: False},
    )

    before, after = resolve(policy, signal, decision, NOW), resolve(policy, signal, stricter, NOW)

    assert allowed(after) <= allowed(before)


@given(data=st.data(), regime=st.sampled_from(REGIMES))
def test_a_signal_never_opens_anything(
    make_policy: Callable[..., Policy], data: st.DataObject, regime: str
) -> None:
    policy = under(make_policy, regime)
    decision = data.draw(st.none() | decisions(policy))

    without = resolve(policy, Signals(), decision, NOW)
    with_signal = resolve(policy, Signals(gpc=True), decision, NOW)
    withheld = resolve(policy, Signals(withheld=True), decision, NOW)

    assert allowed(with_signal) <= allowed(without)
    assert allowed(withheld) <= allowed(without)


@given(data=st.data())
def test_under_opt_in_only_a_yes_that_was_asked_for_opens(
    make_policy: Callable[..., Policy], data: st.DataObject
) -> None:
    policy = make_policy()
    decision = data.draw(st.none() | decisions(policy))

    consent = resolve(policy, Signals(), decision, NOW)

    for name in consent.granted - {"necessary"}:
        assert decision is not None
        assert decision.purposes[name]
        assert policy.fingerprints[name] in decision.asked
