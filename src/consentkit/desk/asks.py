"""What a change of policy asks of visitors who had chosen before it, by the rules that each request follows. Pure.

By the law as it is on one day, for both policies: a change of law in between is no change of the site's.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple, TypeVar

from consentkit.core.errors import PolicyError
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.jurisdictions import atlas
from consentkit.jurisdictions.apply import Applied, applied

T = TypeVar("T", bound=Hashable)
Codes = tuple[str | None, ...]
"""Jurisdictions; ``None`` for a visitor from elsewhere, or from nobody knows where."""


class Again(NamedTuple):
    """What visitors are asked about although they had answered.

    :param names: ids of purposes and services.
    :param codes: where.
    """

    names: frozenset[str]
    codes: Codes


class Turned(NamedTuple):
    """A purpose that is under another regime, for whoever has not chosen.

    :param codes: where.
    """

    purpose: str
    before: Regime
    after: Regime
    codes: Codes


class Shorter(NamedTuple):
    """A yes ends sooner than it would have.

    :param before: seconds for which one held.
    :param after: seconds for which it holds now.
    :param codes: where.
    """

    before: int
    after: int
    codes: Codes


class Asks(NamedTuple):
    """What a change asks.

    :param codes: all jurisdictions that one of the two policies tells apart.
    :param rests: where somebody who refused is left alone all the same, until the refusal has run out.
    """

    codes: Codes
    again: tuple[Again, ...]
    turned: tuple[Turned, ...]
    shorter: tuple[Shorter, ...]
    rests: Codes

    @property
    def names(self) -> frozenset[str]:
        """Ids of all that is asked again somewhere."""
        return frozenset().union(*(each.names for each in self.again))

    def where(self, name: str) -> Codes:
        """Where a purpose or service is asked about again."""
        return tuple(code for each in self.again if name in each.names for code in each.codes)


def asks(before: Policy, after: Policy, day: datetime.date) -> Asks | None:
    """What the change from one policy to the next asks; ``None`` where one of them cannot be applied any more.

    :param day: whose law is meant.
    """
    try:
        laws = [applied(each, atlas(), day, serving=True) for each in (before, after)]
    except PolicyError:
        return None
    codes: Codes = (*dict.fromkeys(code for law in reversed(laws) if law for code in law.rows), None)
    pairs = {code: (_under(before, laws[0], code), _under(after, laws[1], code)) for code in codes}
    again = _alike(pairs, lambda old, new: [new.questions.unanswered(old.questions.marks)])
    return Asks(
        codes,
        tuple(Again(names, where) for names, where in again if names),
        tuple(Turned(*what, where) for what, where in _alike(pairs, _turned)),
        tuple(Shorter(*what, where) for what, where in _alike(pairs, _shorter)),
        tuple(code for names, where in again if names for code in where if _rests(pairs[code][1])),
    )


def _under(policy: Policy, law: Applied | None, code: str | None) -> Policy:
    return policy if law is None else policy.under(law.terms(code))


def _turned(before: Policy, after: Policy) -> list[tuple[str, Regime, Regime]]:
    return [
        (name, before.regimes[name], regime)
        for name, regime in after.regimes.items()
        if name in before.regimes and before.regimes[name] is not regime
    ]


def _shorter(before: Policy, after: Policy) -> list[tuple[int, int]]:
    old, new = before.grant_lifetime, after.grant_lifetime
    return [(old, new)] if new < old else []


def _rests(policy: Policy) -> bool:
    return policy.terms is not None and policy.terms.rule.rests_through_changes


def _alike(
    pairs: Mapping[str | None, tuple[Policy, Policy]], find: Callable[[Policy, Policy], list[T]]
) -> list[tuple[T, Codes]]:
    """Each thing that is found somewhere, with all places where it is."""
    found: dict[T, list[str | None]] = {}
    for code, (before, after) in pairs.items():
        for each in find(before, after):
            found.setdefault(each, []).append(code)
    return [(what, tuple(codes)) for what, codes in found.items()]
