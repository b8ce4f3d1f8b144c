"""The terms that a policy is applied under in each jurisdiction that it names, and the strictest of them for all others."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from consentkit.core.errors import PolicyError, Problem
from consentkit.core.jurisdiction import Category, Rule, Shown, strictest_of
from consentkit.core.parts import NECESSARY, Override, category_of
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.core.terms import Terms
from consentkit.jurisdictions import Atlas


@dataclass(frozen=True)
class Applied:
    """The jurisdictions of one policy on one day.

    :param atlas: all that are known.
    :param rows: the terms of each row that the policy names, by its code.
    :param strictest: what holds where nobody knows the visitor's place, or the policy does not name it.
    """

    atlas: Atlas
    rows: Mapping[str, Terms]
    strictest: Terms

    def terms(self, code: str | None) -> Terms:
        """The terms for a visitor.

        :param code: such as ``FR``, ``RE`` or ``US-CA``; a group, ``EU`` or ``US``, is taken for the strictest in it that the
            policy names. What is none of these is unknown.
        """
        row = self.atlas.row(code) if code else None
        if code is None or row is None:
            return self.strictest
        if row.code != code and row.code in self.rows:
            # Ontario is not Quebec: a part that is known and has no row of its own is in none of its country's other parts.
            return replace(self.rows[row.code], code=code)
        within = {
            name: terms.rule
            for name, terms in self.rows.items()
            if self.atlas.lies_within(self.atlas.rows[name], row.code)
        }
        if not within:
            return replace(self.strictest, code=code)
        rule = strictest_of(within.values())
        found = next(name for name, each in within.items() if each is rule)
        return replace(self.rows[found], code=code)


def applied(policy: Policy, known: Atlas, day: datetime.date) -> Applied | None:
    """The jurisdictions of a policy; ``None`` where it names none.

    :param day: today, by UTC.
    :raises PolicyError: a code stands for no row, or assumed consent is asked for where a row does not know it.
    """
    problems = [*_unknown(policy, known)]
    if problems:
        raise PolicyError(problems)
    if not policy.jurisdictions:
        return None
    rules = {row.code: row.on(day) for row in known.among(policy.jurisdictions)}
    problems = [*_forbidden(policy, rules)]
    if problems:
        raise PolicyError(problems)
    terms = {code: _terms(code, rule, policy) for code, rule in rules.items()}
    lax = any(_open_unasked(policy, each) for each in terms.values())
    link = any(Shown.OPT_OUT_LINK in rule.shows for rule in rules.values())
    rows = {code: replace(each, lax_elsewhere=lax, link_somewhere=link) for code, each in terms.items()}
    hardest = strictest_of(rules.values())
    found = next(each for each in rows.values() if each.rule is hardest)
    return Applied(known, rows, replace(found, code=None))


def forbidden(policy: Policy, rules: Mapping[str, Rule]) -> Iterator[tuple[str, str, Rule]]:
    """Where assumed consent is asked for and not known: the purpose, the row's code and its rule."""
    for name, purpose in policy.purposes.items():
        if name == NECESSARY or (purpose.regime or policy.regime) is not Regime.NOTICE:
            continue
        category = category_of(name, purpose)
        for code, rule in rules.items():
            overridden = _of(policy.overrides.get(code)).get(category)
            if overridden is None and category not in rule.implied and rule.regime(category).asked:
                yield name, code, rule


def _forbidden(policy: Policy, rules: Mapping[str, Rule]) -> Iterator[Problem]:
    if policy.forbidden_notice == "opt-in":
        return
    for name, code, rule in forbidden(policy, rules):
        own = policy.purposes[name].regime is not None
        path = ("purposes", name, "regime") if own else ("regime",)
        expected = (
            f'another regime, or forbidden_notice = "opt-in": {code} does not know assumed consent for {name} '
            f"({rule.sources[0].act})"
        )
        yield Problem.at(path, '"notice"', expected)


def _unknown(policy: Policy, known: Atlas) -> Iterator[Problem]:
    stated: list[tuple[tuple[str | int, ...], str]] = [
        *((("jurisdictions", index), code) for index, code in enumerate(policy.jurisdictions)),
        *((("overrides", code), code) for code in policy.overrides),
    ]
    for path, code in stated:
        if code not in known.rows:
            near = next(iter(get_close_matches(code, known.rows, 1)), None)
            place = known.territories.get(code)
            expected = f"{place}, whose law holds there" if place else "the code of a row that is known"
            yield Problem.at(path, f'"{code}"', expected, place or near)


def _terms(code: str, rule: Rule, policy: Policy) -> Terms:
    return Terms(code, rule, code, _of(policy.overrides.get(code)))


def _of(override: Override | None) -> Mapping[Category, Regime]:
    if override is None:
        return {}
    stated: dict[Category, Regime | None] = {
        "functional": override.functional,
        "analytics": override.analytics,
        "marketing": override.marketing,
    }
    return {category: regime for category, regime in stated.items() if regime is not None}


def _open_unasked(policy: Policy, terms: Terms) -> bool:
    """Whether a purpose may be open there before any choice although it is asked about."""
    for name, purpose in policy.purposes.items():
        services = [service for service in policy.services.values() if name in service.purposes]
        regime = terms.regime(category_of(name, purpose), purpose.regime or policy.regime, services)
        if name != NECESSARY and regime is not Regime.OPT_IN:
            return True
    return False
