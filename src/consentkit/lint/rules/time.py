"""Rules on how long an answer lives. The product keeps to them by itself: each is tried on the very code that decides."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.core.consent import Signals, resolve
from consentkit.core.duration import DAY
from consentkit.core.policy import USUAL_LIFETIME
from consentkit.lint.rule import Found, Severity, rule
from consentkit.lint.site import NOON, Site


@rule(
    "R24",
    "life-too-long",
    does="Looks for a `lifetime` longer than the jurisdiction lets a choice live.",
    why="An old yes is a guess.",
    example='lifetime = "300d" with jurisdictions = ["FR"]',
    sources=(
        "CNIL 2020-092 §§38-39",
        "DPC, guidance of 2020",
        "AEPD, guide on cookies, July 2023",
        "The row elsewhere",
    ),
    severity=Severity.WARNING,
    instead=dict.fromkeys(("FR", "IE", "ES"), Severity.ERROR),
    kept="A longer lifetime is cut to what the jurisdiction allows, so what is told is a warning: the policy says something "
    "that does not hold. Would a choice truly live longer, it would weigh as the sources say.",
)
def life_too_long(site: Site) -> Iterator[Found]:
    stated = site.policy.lifetime or 0
    for house in site.houses:
        terms = house.policy.terms
        if terms is None:
            continue
        longest = terms.rule.lifetime
        if house.policy.grant_lifetime > longest:
            yield Found(
                ("lifetime",), _days(house.policy.grant_lifetime), f"at most {_days(longest)}", house.codes
            )
        elif stated > longest:
            expected = f"at most {_days(longest)}, to which it is cut"
            yield Found(("lifetime",), _days(stated), expected, house.codes, Severity.WARNING)


@rule(
    "R26",
    "asks-too-soon",
    does="Looks for a refusal after which the visitor is asked again before the jurisdiction's interval, or, where the policy "
    "names none, before six months.",
    why="Who is asked until they say yes has not said it freely.",
    example='lifetime = "7d" without jurisdictions',
    sources=(
        "Garante 231/2021 §6.2",
        "EDPB Guidelines 03/2022 v2.0, Annex I: continuous prompting",
        "Cal. Civ. Code 1798.135 (12 months)",
    ),
    kept="Where jurisdictions are named a refusal rests for as long as each asks; it is tried.",
)
def asks_too_soon(site: Site) -> Iterator[Found]:
    for house in site.houses:
        terms = house.policy.terms
        interval = terms.rule.ask_again if terms else USUAL_LIFETIME
        later = resolve(house.policy, Signals(), house.refused, NOON + interval - 1)
        if later.ask:
            found = _days(house.policy.cookie_lifetime)
            weight = None if terms else Severity.WARNING
            yield Found(("lifetime",), found, f"{_days(interval)} or more", house.codes, weight)


@rule(
    "R27",
    "refusal-forgotten",
    does="Tries whether a refusal is forgotten before a grant given at the same time would be.",
    why="Else a no is worth less than a yes.",
    example="No policy brings it about.",
    sources=("CNIL 2020-092 §39",),
    kept="A refusal's cookie lives at least as long as a grant counts; it is tried.",
)
def refusal_forgotten(site: Site) -> Iterator[Found]:
    for house in site.houses:
        last = NOON + house.policy.grant_lifetime - 1
        if house.asks and resolve(house.policy, Signals(), house.refused, last).ask:
            yield Found(("lifetime",), "a refusal that is forgotten first", "both kept alike", house.codes)


def _days(seconds: int) -> str:
    return f"{seconds / DAY:g} days"
