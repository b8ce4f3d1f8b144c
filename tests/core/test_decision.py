"""A choice about one service alone is added to what was said before."""

from __future__ import annotations

from typing import Any

import pytest

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.decision import Act, Choice, Decision, Outcome, closing_part, decide, opens
from consentkit.core.policy import Policy

NOW = 1_764_000_000
POLICY = Policy.model_validate(
    {
        "site": {"name": "S", "address": "https://s.example"},
        "controller": {"name": "S", "contact": "s@s.example"},
        "services": {
            "films": {"vendor": "Films Ltd", "purposes": ["marketing"]},
            "maps": {"vendor": "Maps Ltd", "purposes": ["functional"]},
        },
    }
)
FILMS = Choice(Act.SAVE, services={"films": True}, only=True)


def outcome(choice: Choice, before: Decision | None = None, *, now: int = NOW, **said: Any) -> Outcome:
    found = decide(POLICY, choice, now=now, visitor="v" * 22, before=before, **said)
    assert isinstance(found, Outcome)
    return found


def consent(decision: Decision | None, **signals: bool) -> Consent:
    return resolve(POLICY, Signals(**signals), decision, NOW)


def test_one_service_alone_opens_and_the_visitor_is_still_asked_for_the_rest() -> None:
    chosen = outcome(FILMS)

    now = consent(chosen.decision)
    assert now.services == {"films": True, "maps": False}
    assert now.granted == {"necessary"}
    assert now.ask
    assert not now.decided
    assert now.outcome == "undecided"


@pytest.mark.parametrize("act", [Act.ACCEPT, Act.REJECT], ids=["accepted", "refused"])
def test_what_was_said_before_stands(act: Act) -> None:
    before = outcome(Choice(act)).decision

    after = outcome(FILMS, before)

    now = consent(after.decision)
    assert now.services["maps"] is (act is Act.ACCEPT)
    assert now.services["films"]
    assert now.decided
    assert now.granted == consent(before).granted


def test_answers_given_before_live_no_longer_for_it() -> None:
    before = outcome(Choice(Act.REJECT)).decision

    after = outcome(FILMS, before, now=NOW + 1000)

    assert after.decision.at == NOW


def test_it_is_a_grant_and_bears_an_id() -> None:
    before = outcome(Choice(Act.REJECT)).decision

    after = outcome(FILMS, before)

    assert opens(POLICY, after, before)
    assert after.decision.visitor == "v" * 22
    assert after.services_granted == ("films",)
    assert after.act is Act.SAVE


def test_without_a_record_nothing_of_it_takes_effect() -> None:
    before = outcome(Choice(Act.REJECT)).decision

    assert closing_part(POLICY, outcome(FILMS, before), before) is None


def test_a_service_refused_alone_before_is_opened_by_it() -> None:
    before = outcome(Choice(Act.SAVE, frozenset({"marketing"}), {"films": False})).decision

    assert not consent(before).services["films"]
    assert consent(outcome(FILMS, before).decision).services["films"]


def test_a_yes_under_a_signal_counts_as_said_under_it() -> None:
    under, before = outcome(FILMS, signalled=True), outcome(FILMS)

    assert consent(under.decision, gpc=True).services["films"]
    assert not consent(before.decision, gpc=True).services["films"]


def test_what_a_signal_closed_stays_closed_when_one_service_is_allowed_under_it() -> None:
    before = outcome(Choice(Act.ACCEPT)).decision
    assert "marketing" not in consent(before, gpc=True).granted

    after = outcome(FILMS, before, signalled=True)

    now = consent(after.decision, gpc=True)
    assert now.services["films"]
    assert "marketing" not in now.granted
    assert "analytics" in now.granted
