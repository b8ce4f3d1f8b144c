"""What all rules find in a site, each thing once, with the jurisdictions and languages in which it is so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from consentkit.core.errors import Problem
from consentkit.lint.rule import Found, Rule, Severity
from consentkit.lint.rules import RULES
from consentkit.lint.site import Site

NAMED = 6
"""Jurisdictions that a line of text names; of more it tells the number."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found.

    :param rule: which.
    :param severity: how much it weighs, by the jurisdiction where it weighs most.
    :param problem: what, and where in the policy.
    :param codes: the jurisdictions in which it is so; none: wherever the policy is applied.
    """

    rule: Rule
    severity: Severity
    problem: Problem
    codes: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The jurisdictions in words; empty for none."""
        if len(self.codes) <= NAMED:
            return ", ".join(self.codes)
        return f"{', '.join(self.codes[:NAMED])} and {len(self.codes) - NAMED} more"


def judge(site: Site, rules: Iterable[Rule] = RULES) -> list[Finding]:
    """All that the rules find, in their order."""
    return [finding for rule in rules for finding in once(rule, rule.find(site))]


def once(rule: Rule, found: Iterable[Found]) -> Iterator[Finding]:
    """The same thing in several jurisdictions is one finding; it weighs what it does where it weighs most."""
    alike: dict[object, list[Found]] = {}
    for each in found:
        alike.setdefault((each.path, each.found, each.expected, each.severity), []).append(each)
    for same in alike.values():
        first = same[0]
        codes = tuple(dict.fromkeys(code for each in same for code in each.codes))
        whole = Found(first.path, first.found, first.expected, codes, first.severity)
        yield Finding(rule, rule.weight(whole), Problem.at(first.path, first.found, first.expected), codes)
