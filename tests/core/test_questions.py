"""What a policy asks, and when an answer to what it asked before is one to what it asks today."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.cookie import LIMIT, largest, unsigned
from consentkit.core.decision import Act, Choice, Decision, Outcome, decide, opens
from consentkit.core.policy import Policy
from consentkit.core.questions import RECIPIENTS_TOLD, questions

NOW = 1_800_000_000
Make = Callable[..., Policy]


def with_recipients(make_policy: Make, *companies: str, **more: object) -> Policy:
    """The policy of three services, the data of one of which goes to others too."""
    services = {name: service.model_dump() for name, service in make_policy().services.items()}
    return make_policy(
        **more, services={**services, "counter": {**services["counter"], "recipients": companies}}
    )


def accepted(policy: Policy) -> Decision:
    outcome = decide(policy, Choice(Act.ACCEPT), now=NOW, visitor="v" * 22)
    assert isinstance(outcome, Outcome)
    return outcome.decision


def consent(policy: Policy, decision: Decision) -> Consent:
    return resolve(policy, Signals(), decision, NOW)


@pytest.mark.parametrize("regime", ["opt-in", "opt-out", "notice"])
@pytest.mark.parametrize("before", [(), ("Panel House",)], ids=["the first one", "one more"])
def test_a_new_recipient_shuts_its_service_asks_again_and_is_told_as_new(
    make_policy: Make, regime: str, before: tuple[str, ...]
) -> None:
    old = with_recipients(make_policy, *before, regime=regime)
    new = with_recipients(make_policy, *before, "Other House", regime=regime)

    now = consent(new, accepted(old))

    assert now.ask
    assert now.new == {"counter"}
    assert now.services == {"counter": False, "player": True, "both": True}
    assert now.granted == {"necessary", "functional", "analytics", "marketing"}
    assert new.asked != old.asked


@pytest.mark.parametrize(
    "after",
    [("Panel House",), (), ("Other House", "Panel House"), ("PANEL  house", "Other House")],
    ids=["one less", "none left", "another order", "capitals and blanks"],
)
def test_a_recipient_less_another_order_or_spelling_asks_nobody_again(
    make_policy: Make, after: tuple[str, ...]
) -> None:
    old = with_recipients(make_policy, "Panel House", "Other House")

    now = consent(with_recipients(make_policy, *after), accepted(old))

    assert now.decided
    assert now.new == frozenset()
    assert now.services["counter"]


def test_who_receives_the_data_of_one_service_was_not_told_as_a_recipient_of_another(
    make_policy: Make,
) -> None:
    old = with_recipients(make_policy, "Panel House")
    services = {name: service.model_dump() for name, service in old.services.items()}
    new = make_policy(services={**services, "player": {**services["player"], "recipients": ["Panel House"]}})

    assert consent(new, accepted(old)).new == {"player"}


def test_a_yes_to_what_is_new_is_a_grant_and_opens_it(make_policy: Make) -> None:
    old, new = (with_recipients(make_policy, *each) for each in ((), ("Panel House",)))
    before = accepted(old)

    outcome = decide(new, Choice(Act.ACCEPT), now=NOW, visitor="v" * 22)

    assert isinstance(outcome, Outcome)
    assert opens(new, outcome, before)
    assert consent(new, outcome.decision).services["counter"]


def test_a_yes_under_an_older_notice_does_not_cover_a_recipient_that_it_did_not_name(
    make_policy: Make,
) -> None:
    old, new = (with_recipients(make_policy, *each) for each in ((), ("Panel House",)))

    outcome = decide(new, Choice(Act.ACCEPT), now=NOW, visitor="v" * 22, asked=old.questions.marks)

    assert isinstance(outcome, Outcome)
    assert consent(new, outcome.decision).new == {"counter"}


def test_a_yes_to_one_service_alone_covers_its_recipients(make_policy: Make) -> None:
    policy = with_recipients(make_policy, "Panel House")
    only = Choice(Act.SAVE, services={"counter": True}, only=True)

    outcome = decide(policy, only, now=NOW, visitor="v" * 22)

    assert isinstance(outcome, Outcome)
    more = with_recipients(make_policy, "Panel House", "Other House")
    assert consent(policy, outcome.decision).services["counter"]
    assert not consent(more, outcome.decision).services["counter"]


OLD_COOKIE = b"1~1800000000~0123456789abcdef~+analytics+functional+marketing~~{}~~vvvvvvvvvvvvvvvvvvvvvv"


def test_a_cookie_from_before_recipients_were_kept_asks_nobody_again(make_policy: Make) -> None:
    policy = with_recipients(make_policy, "Panel House")
    old = unsigned(OLD_COOKIE.replace(b"{}", "".join(policy.fingerprints.values()).encode()))
    assert old

    now = consent(policy, old)
    assert now.decided
    assert all(now.services.values())
    added = decide(
        policy, Choice(Act.SAVE, services={"counter": False}, only=True), now=NOW, visitor=None, before=old
    )
    assert isinstance(added, Outcome)
    assert consent(policy, added.decision).decided


def test_an_answer_to_nothing_answers_nothing(policy: Policy) -> None:
    assert policy.questions.unanswered(frozenset()) == set(policy.fingerprints)
    assert policy.questions.unanswered(policy.questions.marks) == frozenset()
    assert not policy.questions.covered(policy.questions.marks, "nobody")


def test_forty_services_with_a_recipient_each_fit_into_the_cookie(make_policy: Make) -> None:
    services = {
        f"s{number}": {"vendor": "V", "purposes": ["analytics"], "recipients": [f"R{number}"]}
        for number in range(40)
    }

    assert largest(make_policy(services=services)) <= LIMIT


companies = st.sets(st.sampled_from([f"Company {letter}" for letter in "ABCDEF"]))


@given(companies, companies)
def test_only_what_was_not_told_asks_again(policy: Policy, before: set[str], after: set[str]) -> None:
    old, new = (
        questions((), {"counter": policy.services["counter"].model_copy(update={"recipients": tuple(each)})})
        for each in (before, after)
    )

    assert new.unanswered(old.marks) == ({"counter"} if after - before else frozenset())
    assert new.unanswered(old.marks - {RECIPIENTS_TOLD}) == frozenset()
