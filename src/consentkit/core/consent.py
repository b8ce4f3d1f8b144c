"""The state that holds for one request, and the one function that finds it.

The rules, in their order:

1. A purpose that the policy does not know is never granted; ``necessary`` always is.
2. Where a browser withholds our cookie (a cross-site POST, a frame on another site), *unknown is not undecided*: an
   opted-out visitor would look new, so every purpose that is asked is closed, whatever its regime.
3. A purpose without an answer follows its regime: closed under ``opt-in``, open under ``opt-out`` and ``notice``.
4. An answer counts for what was asked: a service that came later, or another company that receives its data, is not covered
   by an older yes.
5. An answer counts for the policy's lifetime, a refusal as long as a grant, and longer where a jurisdiction says how long it
   rests. A grant from further in the future than clocks may differ does not count; a refusal from there does.
6. What is new since an answer stays shut until it is answered, whatever its regime.
7. An opt-out signal closes what it is about, unless the visitor said yes in its presence. It never opens anything, and where
   nothing needs a yes, nobody is asked in answer to it (11 CCR 7025(f)(3), checked 2026-11).
8. After a refusal nobody is asked again before the jurisdiction's interval; where its law says so, not even about what is new.
9. A service that is exempt by what it states runs unasked; where its law wants an objection, a no closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from consentkit.core.decision import Decision
from consentkit.core.jurisdiction import Binding
from consentkit.core.parts import NECESSARY
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime, strictest

CLOCK_SKEW = 300
"""Seconds by which two servers' clocks may differ before a grant from the future is not trusted."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What a request says besides our cookie.

    :param gpc: ``Sec-GPC: 1`` was sent (Global Privacy Control, section 3; checked 2026-11).
    :param withheld: the browser may have held our cookie back, so that its absence means nothing.
    :param jurisdiction: code of the jurisdiction, where it is known.
    :param dnt: ``DNT: 1`` was sent.
    """

    gpc: bool = False
    withheld: bool = False
    jurisdiction: str | None = None
    dnt: bool = False


class Source(StrEnum):
    """Where a consent comes from."""

    DECISION = "decision"
    """The visitor's own act."""
    REGIME = "regime"
    """No act yet: what the regime says."""
    UNKNOWN = "unknown"
    """The browser may have withheld our cookie: closed."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The consent that holds for a request. Immutable.

    :param granted: ids of the purposes that are open.
    :param services: whether each service of the policy may run, by id.
    :param allowed: ids of all purposes and services that may run now.
    :param regimes: the regime of each purpose.
    :param decided: whether the visitor has answered all that the policy asks.
    :param ask: whether the notice should be shown.
    :param outcome: ``undecided``, ``accepted``, ``refused`` or ``custom``: for people and tests, it opens nothing.
    :param source: where it comes from.
    :param jurisdiction: code of the jurisdiction, where it is known.
    :param gpc: whether an opt-out signal was applied.
    :param signal: which one, ``gpc`` or ``dnt``; ``None`` for none.
    :param conflict: whether the signal overrules a yes that the visitor gave without it.
    :param new: ids of what the visitor has not answered, beside what they have.
    :param decision: the visitor's last act, where there is one that still counts.
    :param unknown: told when somebody asks about a name that the policy does not know.
    """

    granted: frozenset[str]
    services: Mapping[str, bool]
    allowed: frozenset[str]
    regimes: Mapping[str, Regime]
    decided: bool
    ask: bool
    outcome: str
    source: Source
    jurisdiction: str | None = None
    gpc: bool = False
    signal: Literal["gpc", "dnt"] | None = None
    conflict: bool = False
    new: frozenset[str] = frozenset()
    decision: Decision | None = None
    unknown: Callable[[str], None] | None = field(default=None, compare=False, repr=False)

    @property
    def regime(self) -> Regime:
        """The strictest of its purposes' regimes."""
        return strictest(self.regimes.values())

    def regime_of(self, purpose: str) -> Regime:
        """The regime of one purpose; ``opt-in`` for a name that the policy does not know."""
        return self.regimes.get(purpose, Regime.OPT_IN)

    def knows(self, name: str) -> bool:
        """Whether a name is a purpose or a service of the policy."""
        return name in self.regimes or name in self.services

    def allows(self, name: str) -> bool:
        """Whether a purpose or a service may run now. ``False`` for an unknown name, which is reported."""
        if self.unknown is not None and not self.knows(name):
            self.unknown(name)
        return name in self.allowed


def resolve(policy: Policy, signals: Signals, decision: Decision | None, now: int) -> Consent:
    """The consent that holds, by the rules at the head of this module.

    :param now: seconds since 1970 UTC.
    """
    rests = _rests(policy, decision, now)
    decision = _still_counts(policy, decision, now)
    unknown = decision is None and signals.withheld
    signal = _applied(policy, signals)
    granted = frozenset(
        purpose
        for purpose, regime in policy.regimes.items()
        if purpose == NECESSARY
        or (_purpose_open(policy, signal, decision, purpose) and not (unknown and regime.asked))
    )
    services = {
        name: _exempt_open(policy, signal, decision, granted, name, unknown=unknown)
        if name in policy.exempted
        else _service_open(policy, signal, decision, granted, name)
        for name in policy.services
    }
    decided = decision is not None and not policy.questions.unanswered(decision.asked)
    quiet = unknown or rests or (signal is not None and policy.strictest_regime is not Regime.OPT_IN)
    return Consent(
        granted=granted,
        services=MappingProxyType(services),
        allowed=granted.union(name for name, runs in services.items() if runs),
        regimes=policy.regimes,
        decided=decided,
        ask=not decided and not quiet and policy.strictest_regime.asked,
        outcome=_outcome(policy, decision) if decided else "undecided",
        source=Source.UNKNOWN if unknown else Source.DECISION if decision else Source.REGIME,
        jurisdiction=signals.jurisdiction,
        gpc=signal is not None,
        signal=signal,
        conflict=signal is not None and _overruled(policy, decision),
        new=_new(policy, decision),
        decision=decision,
    )


def _applied(policy: Policy, signals: Signals) -> Literal["gpc", "dnt"] | None:
    """The opt-out signal that counts for this site and visitor."""
    terms = policy.terms
    if signals.gpc and (
        policy.gpc == "everywhere" or (terms is not None and terms.rule.gpc is not Binding.NO)
    ):
        return "gpc"
    if signals.dnt and policy.do_not_track == "refuse":
        return "dnt"
    return None


def _overruled(policy: Policy, decision: Decision | None) -> bool:
    """Whether a signal takes back a yes that was given without it."""
    if decision is None or decision.signalled:
        return False
    return any(decision.purposes.get(purpose, False) for purpose in policy.selling)


def _new(policy: Policy, decision: Decision | None) -> frozenset[str]:
    """What is asked now and was not when the visitor answered."""
    if decision is None or not decision.purposes:
        return frozenset()
    return policy.questions.unanswered(decision.asked)


def _rests(policy: Policy, decision: Decision | None, now: int) -> bool:
    """Whether a refusal still rests: it has not run out, and nothing new is to be asked or the law lets nothing be."""
    if decision is None or policy.terms is None or all(decision.purposes.values()):
        return False
    rule = policy.terms.rule
    if decision.at + min(rule.ask_again, policy.cookie_lifetime) <= now:
        return False
    return rule.rests_through_changes or not policy.questions.unanswered(decision.asked)


def _outcome(policy: Policy, decision: Decision | None) -> str:
    if decision is None:
        return "undecided"
    open_ones = sum(decision.purposes.get(name, False) for name in policy.askable)
    if open_ones == len(policy.askable) and not decision.services:
        return "accepted"
    return "refused" if open_ones == 0 and not decision.services else "custom"


def _still_counts(policy: Policy, decision: Decision | None, now: int) -> Decision | None:
    if decision is None:
        return None
    if decision.at + policy.cookie_lifetime <= now:
        return None
    if decision.at + policy.grant_lifetime <= now:
        return None if all(decision.purposes.values()) else _refusals_of(decision)
    if decision.at > now + CLOCK_SKEW and decision.grants:
        return _refusals_of(decision)
    return decision


def _refusals_of(decision: Decision) -> Decision:
    """The same decision with every yes turned into no: what may be kept of one that cannot be trusted."""
    return Decision(
        purposes=dict.fromkeys(decision.purposes, False),
        services={mark: False for mark, yes in decision.services.items() if not yes},
        asked=frozenset(),
        policy=decision.policy,
        at=decision.at,
    )


def _signal_closes(policy: Policy, signal: str | None, decision: Decision | None, purpose: str) -> bool:
    said_yes = decision is not None and decision.signalled and decision.purposes.get(purpose, False)
    return signal is not None and purpose in policy.selling and not said_yes


def _purpose_open(policy: Policy, signal: str | None, decision: Decision | None, purpose: str) -> bool:
    regime = policy.regimes[purpose]
    if not regime.asked:
        return True
    if _signal_closes(policy, signal, decision, purpose):
        return False
    answer = decision.purposes.get(purpose) if decision else None
    if answer is None or (answer and not (decision and policy.questions.covered(decision.asked, purpose))):
        return regime.open_by_default and not _answered(decision)
    return answer


def _answered(decision: Decision | None) -> bool:
    """Whether purposes were answered: then what was not among them is new. A choice about one service alone is none."""
    return decision is not None and bool(decision.purposes)


def _service_open(
    policy: Policy, signal: str | None, decision: Decision | None, granted: frozenset[str], name: str
) -> bool:
    service = policy.services[name]
    by_purpose = all(purpose in granted for purpose in service.purposes)
    if decision is None or name not in policy.fingerprints:
        return by_purpose
    exception = decision.services.get(policy.marks[name])
    if exception is False:
        return False
    if not policy.questions.covered(decision.asked, name):
        regimes_open = all(policy.regimes[purpose].open_by_default for purpose in service.purposes)
        return by_purpose and regimes_open and not _answered(decision)
    if exception is True:
        closed = any(_signal_closes(policy, signal, decision, purpose) for purpose in service.purposes)
        return decision.signalled or not closed
    return by_purpose


def _exempt_open(
    policy: Policy,
    signal: str | None,
    decision: Decision | None,
    granted: frozenset[str],
    name: str,
    *,
    unknown: bool,
) -> bool:
    """Whether a service runs that is exempt by what it states: where an objection stops it, not if there may have been one."""
    purposes, free = policy.services[name].purposes, policy.exempted[name] is Regime.EXEMPT
    if not free and decision is not None and decision.services.get(policy.marks[name]) is False:
        return False  # the objection is about this service, whatever was said of its purposes
    if granted.issuperset(purposes):
        return True
    if signal is not None and not policy.selling.isdisjoint(purposes):
        return False
    return free or not (unknown or _objected(policy, decision, name))


def _objected(policy: Policy, decision: Decision | None, name: str) -> bool:
    """Whether the visitor said no to a service that runs until then, by itself or by one of its purposes."""
    if decision is None:
        return False
    by_itself = decision.services.get(policy.marks[name])
    if by_itself is not None:
        return not by_itself
    return any(decision.purposes.get(purpose) is False for purpose in policy.services[name].purposes)
