"""What a rule of the linter is: its words, its sources, how much it weighs where, and one pure function."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from consentkit.lint.site import Site

CHECKED = datetime.date(2026, 11, 25)
"""When the sources of our rules were read."""


class Severity(StrEnum):
    """How much a finding weighs, the heaviest first."""

    ERROR = "error"
    """A source says that it must not be so."""
    WARNING = "warning"
    """A source advises against it, or judges it case by case."""
    NOTE = "note"
    """Nothing is wrong; it is told so that nobody forgets it."""


WEIGHT = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Found:
    """One place where a rule does not hold.

    :param path: parts of the policy's key that it comes from.
    :param found: what stands there.
    :param expected: what would be right.
    :param codes: the jurisdictions in which it is so; none: wherever the policy is applied.
    :param severity: where it is not the rule's.
    """

    path: tuple[str | int, ...]
    found: str
    expected: str
    codes: tuple[str, ...] = ()
    severity: Severity | None = None


Find = Callable[[Site], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    :param id: such as ``R01``. It never changes its meaning.
    :param name: in words with hyphens.
    :param does: what it looks for.
    :param why: why that is bad.
    :param example: something that it finds.
    :param sources: acts, guidance and rulings, each with its article or paragraph.
    :param find: where a site does not hold to it.
    :param severity: what a finding weighs.
    :param instead: what it weighs in some jurisdictions; ``US-*`` stands for all of a country's parts.
    :param kept: how the product itself holds to it already, and what can break it all the same; empty for nothing.
    :param checked: when the sources were read.
    """

    id: str
    name: str
    does: str
    why: str
    example: str
    sources: tuple[str, ...]
    find: Find
    severity: Severity = Severity.ERROR
    instead: Mapping[str, Severity] = field(default_factory=dict)
    kept: str = ""
    checked: datetime.date = CHECKED

    def weight(self, found: Found) -> Severity:
        """How much a finding weighs: the most that it does in any of its jurisdictions."""
        if found.severity is not None:
            return found.severity
        weights = [self._in(code) for code in found.codes] or [self.severity]
        return min(weights, key=WEIGHT.__getitem__)

    def _in(self, code: str) -> Severity:
        country = f"{code.partition('-')[0]}-*"
        return self.instead.get(code, self.instead.get(country, self.severity))


def rule(
    id: str,  # noqa: A002 - the word that people use
    name: str,
    *,
    does: str,
    why: str,
    example: str,
    sources: Iterable[str],
    severity: Severity = Severity.ERROR,
    instead: Mapping[str, Severity] | None = None,
    kept: str = "",
) -> Callable[[Callable[[Site], Iterator[Found]]], Rule]:
    """Makes a :class:`Rule` of the function that finds."""

    def made(find: Callable[[Site], Iterator[Found]]) -> Rule:
        return Rule(id, name, does, why, example, tuple(sources), find, severity, instead or {}, kept)

    return made
