"""One act of a visitor, and what it leaves behind.

:func:`decide` turns a :class:`Choice` (what the visitor pressed) into a :class:`Decision` (what their cookie will say), or
says why not with :class:`Refused`. Pure: the clock and the visitor id come from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from consentkit.core.parts import NECESSARY
from consentkit.core.policy import Policy
from consentkit.core.questions import RECIPIENTS_TOLD


class Act(StrEnum):
    """What a visitor may do."""

    ACCEPT = "accept"
    REJECT = "reject"
    SAVE = "save"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answers that hold until the next act.

    :param purposes: the answer for each purpose that was asked, by id.
    :param services: answers that differ from their purpose's, by the service's mark (:attr:`Policy.marks`).
    :param asked: all that was put to the visitor (:attr:`Questions.marks`).
    :param policy: version of the policy then, shortened to 16 hexadecimal digits.
    :param at: time, in whole seconds since 1970 UTC.
    :param visitor: visitor id; only ever beside a grant.
    :param signalled: whether an opt-out signal was on when the visitor chose: an explicit yes then stands.
    """

    purposes: Mapping[str, bool]
    services: Mapping[str, bool]
    asked: frozenset[str]
    policy: str
    at: int
    visitor: str | None = None
    signalled: bool = False

    @property
    def grants(self) -> bool:
        """Whether anything at all was granted."""
        return any(self.purposes.values()) or any(self.services.values())


@dataclass(frozen=True, slots=True)
class Choice:
    """What a visitor pressed.

    :param act: which of the four acts.
    :param purposes: purposes ticked (with ``save``).
    :param services: services granted (``True``) or denied (``False``) one by one (with ``save``).
    :param only: nothing but ``services`` is answered (with ``save``): what was said before stands, and what was not asked
        stays open to be asked.
    """

    act: Act
    purposes: frozenset[str] = frozenset()
    services: Mapping[str, bool] = field(default_factory=dict)
    only: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A choice that cannot be one: nothing changes.

    :param reason: one short sentence, without anything the visitor sent but names of our own kind.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a valid choice leads to.

    :param decision: what the cookie will say.
    :param act: the act as the log names it: a ``save`` that closes everything after a grant is still a ``save``.
    :param granted: purposes open from now on by the visitor's answer.
    :param denied: purposes closed from now on.
    :param services_granted: services open although a purpose of theirs is closed.
    :param services_denied: services closed although their purposes are open.
    :param only: the choice was about these services alone.
    """

    decision: Decision
    act: Act
    granted: tuple[str, ...]
    denied: tuple[str, ...]
    services_granted: tuple[str, ...]
    services_denied: tuple[str, ...]
    only: bool = False


def decide(
    policy: Policy,
    choice: Choice,
    *,
    now: int,
    visitor: str | None,
    signalled: bool = False,
    asked: frozenset[str] | None = None,
    before: Decision | None = None,
) -> Outcome | Refused:
    """What a visitor's choice leads to.

    :param now: seconds since 1970 UTC.
    :param visitor: the id to give to a grant; never kept with a decision that grants nothing.
    :param asked: what the notice put to the visitor; ``None`` for all of today's policy. What an older
        notice did not ask is not answered by its yes.
    :param before: the decision that held until now; a choice about some services alone is added to it.
    :returns: the outcome, or why the choice names something the policy does not know.
    """
    unknown = _first_unknown(policy, choice)
    if unknown is not None:
        return Refused(unknown)
    if choice.only:
        return _added(policy, choice, before, now=now, visitor=visitor, signalled=signalled)
    asked = policy.questions.marks if asked is None else policy.questions.marks & asked
    answers = {
        purpose: _answer(choice, purpose)
        for purpose in policy.askable
        if policy.fingerprints[purpose] in asked
    }
    exceptions = _exceptions(policy, choice, answers)
    grants = any(answers.values()) or any(exceptions.values())
    return Outcome(
        decision=Decision(
            purposes=answers,
            services={policy.marks[name]: value for name, value in exceptions.items()},
            asked=asked,
            policy=policy.version[:16],
            at=now,
            visitor=visitor if grants else None,
            signalled=signalled,
        ),
        act=choice.act,
        granted=tuple(name for name, yes in answers.items() if yes),
        denied=tuple(name for name, yes in answers.items() if not yes),
        services_granted=tuple(sorted(name for name, yes in exceptions.items() if yes)),
        services_denied=tuple(sorted(name for name, yes in exceptions.items() if not yes)),
    )


def _added(
    policy: Policy, choice: Choice, before: Decision | None, *, now: int, visitor: str | None, signalled: bool
) -> Outcome:
    """The decision before, with the answers about some services put in. It lives no longer than it would have."""
    if before and signalled and not before.signalled:
        before = _without_sales(policy, before)
    answers = dict(before.purposes) if before else {}
    said = dict(before.services) if before else {}
    said |= {policy.marks[name]: value for name, value in choice.services.items()}
    asked = (before.asked if before else frozenset({RECIPIENTS_TOLD})).union(
        *({policy.fingerprints[name], *policy.questions.recipients[name]} for name in choice.services)
    )
    decision = Decision(
        purposes=answers,
        services=said,
        asked=asked,
        policy=policy.version[:16],
        at=before.at if before else now,
        visitor=visitor if any(answers.values()) or any(said.values()) else None,
        signalled=signalled or bool(before and before.signalled),
    )
    named = {name: said[mark] for name, mark in policy.marks.items() if mark in said}
    return Outcome(
        decision=decision,
        act=choice.act,
        granted=tuple(name for name, yes in answers.items() if yes),
        denied=tuple(name for name, yes in answers.items() if not yes),
        services_granted=tuple(sorted(name for name, yes in named.items() if yes)),
        services_denied=tuple(sorted(name for name, yes in named.items() if not yes)),
        only=True,
    )


def _without_sales(policy: Policy, before: Decision) -> Decision:
    """A decision without each yes that a signal overrules: said before the signal, it must not count as said under it."""
    sold = {
        policy.marks[name]
        for name, service in policy.services.items()
        if not policy.selling.isdisjoint(service.purposes)
    }
    overruled = {name for name, yes in before.purposes.items() if yes and name in policy.selling}
    return replace(
        before,
        purposes={name: yes for name, yes in before.purposes.items() if name not in overruled},
        services={mark: yes for mark, yes in before.services.items() if not (yes and mark in sold)},
        asked=before.asked - {policy.fingerprints[name] for name in overruled},
    )


def _first_unknown(policy: Policy, choice: Choice) -> str | None:
    for purpose in sorted(choice.purposes):
        if purpose != NECESSARY and purpose not in policy.askable:
            return "a purpose that this site does not have"
    for service in sorted(choice.services):
        if service not in policy.fingerprints:
            return "a service that this site does not have"
    return None


def _answer(choice: Choice, purpose: str) -> bool:
    if choice.act is Act.ACCEPT:
        return True
    return choice.act is Act.SAVE and purpose in choice.purposes


def _exceptions(policy: Policy, choice: Choice, answers: Mapping[str, bool]) -> dict[str, bool]:
    """Only answers that differ from what the purposes already say: a cookie has no room for the rest."""
    if choice.act is not Act.SAVE:
        return {}
    found = {}
    for name, value in choice.services.items():
        by_purpose = all(answers.get(purpose, True) for purpose in policy.services[name].purposes)
        if value != by_purpose:
            found[name] = value
    return found


def opens(policy: Policy, outcome: Outcome, before: Decision | None) -> bool:
    """Whether a choice opens anything that the decision before it had not opened: then it is a grant, and wants a record.

    :param before: the decision that held until now.
    """
    new = outcome.decision
    if new.signalled and new.grants and not (before and before.signalled):
        return True  # a yes in the presence of a signal outweighs the signal
    return not _opened(policy, new) <= (_opened(policy, before) if before else frozenset())


def _opened(policy: Policy, decision: Decision) -> frozenset[str]:
    """Every purpose and service that a decision's own answers open."""
    purposes = {
        name
        for name, yes in decision.purposes.items()
        if yes and policy.questions.covered(decision.asked, name)
    }
    services = {
        name
        for name in policy.services
        if policy.questions.covered(decision.asked, name)
        and decision.services.get(
            policy.marks[name],
            all(each in purposes or each not in policy.askable for each in policy.services[name].purposes),
        )
    }
    return frozenset(purposes | services)


def closing_part(policy: Policy, outcome: Outcome, before: Decision | None) -> Outcome | None:
    """What of a choice may take effect without a record: all that it closes, and nothing that it opens.

    :param before: the decision that held until now, each yes of which was recorded when it was given.
    :returns: an outcome whose every yes stood before, or ``None`` where the choice closes nothing.
    """
    kept = before.purposes if before else {}
    new = outcome.decision
    if outcome.only or not (outcome.denied or outcome.services_denied):
        return None
    purposes = {name: yes for name, yes in new.purposes.items() if not yes or kept.get(name, False)}
    marks = {policy.marks[name]: False for name in outcome.services_denied}
    answered = {policy.fingerprints[name] for name in purposes}
    grants = any(purposes.values())
    return Outcome(
        decision=Decision(
            purposes=purposes,
            services=marks,
            asked=frozenset(answered & (before.asked if before else frozenset())) if grants else frozenset(),
            policy=new.policy,
            at=new.at,
            visitor=before.visitor if before and grants else None,
            signalled=before.signalled if before and grants else False,
        ),
        act=outcome.act,
        granted=tuple(name for name, yes in purposes.items() if yes),
        denied=outcome.denied,
        services_granted=(),
        services_denied=outcome.services_denied,
    )
