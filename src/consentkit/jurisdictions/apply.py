"""The terms that a policy is applied under in each jurisdiction that it names, and the strictest of them for all others."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import get_args

from consentkit.core.errors import PolicyError, Problem
from consentkit.core.jurisdiction import Category, Fact, Rule, Shown, strictest_of
from consentkit.core.parts import NECESSARY, Override, category_of
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime, strictest
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
        within = [
            terms
            for name, terms in self.rows.items()
            if self.atlas.lies_within(self.atlas.rows[name], row.code)
        ]
        return replace(_together(within) if within else self.strictest, code=code)


def applied(policy: Policy, known: Atlas, day: datetime.date, *, serving: bool = False) -> Applied | None:
    """The jurisdictions of a policy; ``None`` where it names none.

    :param day: today, by UTC.
    :param serving: a site is being served, and a law that begins today must not stop it: what it forbids is asked instead.
    :raises PolicyError: a code stands for no row, or assumed consent is asked for where a row does not know it.
    """
    problems = [*_unknown(policy, known)]
    if problems:
        raise PolicyError(problems)
    if not policy.jurisdictions:
        return None
    rules = {row.code: row.on(day) for row in known.among(policy.jurisdictions)}
    problems = [*_forbidden(policy, rules)]
    if problems and not serving:
        raise PolicyError(problems)
    terms = {code: _terms(code, rule, policy) for code, rule in rules.items()}
    lax = any(_open_unasked(policy, each) for each in terms.values())
    link = any(Shown.OPT_OUT_LINK in rule.shows for rule in rules.values())
    rows = {code: replace(each, lax_elsewhere=lax, link_somewhere=link) for code, each in terms.items()}
    return Applied(known, rows, _together([*rows.values()]))


def _together(rows: Sequence[Terms]) -> Terms:
    """What no one of some rows forbids: each category under its strictest regime, after what the site overrides.

    For a visitor who may be in any of them, and for pages that are the same for all: to take the strictest row whole would let
    run what another closes, where that row has an exemption or an override of its own. An exemption holds if each row that
    asks knows one, and the site overrides none of them, for a service that states the facts of all.
    """
    hardest = strictest_of(terms.rule for terms in rows)
    row = next(terms.row for terms in rows if terms.rule is hardest)
    regimes = {
        category: strictest(terms.overrides.get(category, terms.rule.regime(category)) for terms in rows)
        for category in get_args(Category)
    }
    rule = hardest.model_copy(
        update={
            **regimes,
            "exemptions": _common_exemptions(rows),
            "implied": _in_all(rows, lambda rule: rule.implied),
            "preticked": _in_all(rows, lambda rule: rule.preticked),
            "lifetime": min(terms.rule.lifetime for terms in rows),
            "ask_again": max(terms.rule.ask_again for terms in rows),
            "rests_through_changes": any(terms.rule.rests_through_changes for terms in rows),
        }
    )
    return replace(rows[0], code=None, rule=rule, row=row, overrides={})


def _common_exemptions(rows: Sequence[Terms]) -> dict[Category, tuple[Fact, ...]]:
    found: dict[Category, tuple[Fact, ...]] = {}
    for category in get_args(Category):
        asking = [terms for terms in rows if category in terms.overrides or terms.rule.regime(category).asked]
        if asking and all(
            category in terms.rule.exemptions and category not in terms.overrides for terms in asking
        ):
            found[category] = tuple(
                dict.fromkeys(fact for terms in asking for fact in terms.rule.exemptions[category])
            )
    return found


def _in_all(rows: Sequence[Terms], read: Callable[[Rule], tuple[Category, ...]]) -> tuple[Category, ...]:
    return tuple(
        category for category in get_args(Category) if all(category in read(terms.rule) for terms in rows)
    )


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
