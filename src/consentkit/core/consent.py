"""The state that holds for one request, and the one function that finds it.

The rules, in their order:

1. A purpose that the policy does not know is never granted; ``necessary`` always is.
2. Where a browser withholds our cookie (a cross-site POST, a frame on another site), *unknown is not undecided*: an
   opted-out visitor would look new, so every purpose that is asked is closed, whatever its regime.
3. A purpose without an answer follows its regime: closed under ``opt-in``, open under ``opt-out`` and ``notice``.
4. An answer counts for what was asked: a service that came later is not covered by an older yes.
5. An answer counts for the policy's lifetime, a refusal as long as a grant. A grant from further in the future than clocks may
   differ does not count; a refusal from there does.
6. An opt-out signal closes what it is about, unless the visitor said yes in its presence. It never opens anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from consentkit.core.decision import Decision
from consentkit.core.policy import NECESSARY, Policy
from consentkit.core.regime import Regime, strictest

CLOCK_SKEW = 300
"""Seconds by which two servers' clocks may differ before a grant from the future is not trusted."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What a request says besides our cookie.

    :param gpc: ``Sec-GPC: 1`` was sent (Global Privacy Control, section 3; checked 2026-11).
    :param withheld: the browser may have held our cookie back, so that its absence means nothing.
    :param jurisdiction: code of the jurisdiction, where it is known.
    """

    gpc: bool = False
    withheld: bool = False
    jurisdiction: str | None = None


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
    decision = _still_counts(policy, decision, now)
    unknown = decision is None and signals.withheld
    granted = frozenset(
        purpose
        for purpose, regime in policy.regimes.items()
        if purpose == NECESSARY
        or (_purpose_open(policy, signals, decision, purpose) and not (unknown and regime.asked))
    )
    services = {name: _service_open(policy, signals, decision, granted, name) for name in policy.services}
    decided = decision is not None and decision.asked.issuperset(policy.fingerprints.values())
    return Consent(
        granted=granted,
        services=MappingProxyType(services),
        allowed=granted.union(name for name, runs in services.items() if runs),
        regimes=policy.regimes,
        decided=decided,
        ask=not decided and not unknown and policy.strictest_regime.asked,
        outcome=_outcome(policy, decision) if decided else "undecided",
        source=Source.UNKNOWN if unknown else Source.DECISION if decision else Source.REGIME,
        jurisdiction=signals.jurisdiction,
        gpc=signals.gpc,
        decision=decision,
    )


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


def _signal_closes(policy: Policy, signals: Signals, decision: Decision | None, purpose: str) -> bool:
    said_yes = decision is not None and decision.signalled and decision.purposes.get(purpose, False)
    return signals.gpc and purpose in policy.selling and not said_yes


def _purpose_open(policy: Policy, signals: Signals, decision: Decision | None, purpose: str) -> bool:
    if _signal_closes(policy, signals, decision, purpose):
        return False
    answer = decision.purposes.get(purpose) if decision else None
    if answer is None or (answer and policy.fingerprints.get(purpose) not in _asked(decision)):
        return policy.regimes[purpose].open_by_default
    return answer


def _service_open(
    policy: Policy, signals: Signals, decision: Decision | None, granted: frozenset[str], name: str
) -> bool:
    service = policy.services[name]
    by_purpose = all(purpose in granted for purpose in service.purposes)
    mark = policy.fingerprints.get(name)
    if decision is None or mark is None:
        return by_purpose
    exception = decision.services.get(policy.marks[name])
    if exception is False:
        return False
    if mark not in decision.asked:
        return by_purpose and all(policy.regimes[purpose].open_by_default for purpose in service.purposes)
    if exception is True:
        closed = any(_signal_closes(policy, signals, decision, purpose) for purpose in service.purposes)
        return decision.signalled or not closed
    return by_purpose


def _asked(decision: Decision | None) -> frozenset[str]:
    return decision.asked if decision else frozenset()
