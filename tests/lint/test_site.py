"""What of a site is drawn and looked at, so that the whole world in each of our languages is no task for a day."""

from __future__ import annotations

import datetime
from collections import Counter

from tests.texts import NEWS

from consentkit.core.regime import Regime
from consentkit.jurisdictions import atlas
from consentkit.lint.phrases import knows
from consentkit.lint.site import Site
from consentkit.policyfile import load_text
from consentkit.scan.render import tour_of
from consentkit.web.words import words_of

DAY = datetime.date(2026, 11, 25)
OURS = words_of(load_text(NEWS))
WORLD = f"jurisdictions = {[*atlas().rows]}\n{NEWS}"


def site(text: str) -> Site:
    return Site(load_text(text), DAY)


def test_own_languages_are_drawn_for_each_law_and_the_others_once_for_each_regime() -> None:
    judged = site(f'{WORLD}[texts.fr]\nclose = "Fermer"\n')
    houses, regimes = len(judged.houses), {house.policy.strictest_regime for house in judged.houses}

    drawn = Counter(layer.language for layer in judged.layers if layer.name == "first")

    assert regimes == {Regime.OPT_IN, Regime.OPT_OUT, Regime.NOTICE}
    assert {tag: drawn[tag] for tag in ("en", "fr")} == {"en": houses, "fr": houses}
    others = {tag for tag in OURS if knows(tag) or tag in judged.looked_at} - {"en", "fr"}
    assert {tag: times for tag, times in drawn.items() if times < houses} == dict.fromkeys(
        others, len(regimes)
    )


def test_a_browser_is_shown_the_sites_own_languages_and_the_wordiest_of_each_direction() -> None:
    def length(tag: str) -> int:
        return sum(map(len, OURS[tag].messages.values()))

    shown = site(f'language = "en"\n{NEWS}').looked_at

    left, right = (
        max((tag for tag, words in OURS.items() if words.direction == way), key=length)
        for way in ("ltr", "rtl")
    )
    assert set(shown) == {"en", left, right}


def test_every_jurisdiction_is_visited_under_some_that_looks_the_same() -> None:
    tour = tour_of(site(WORLD))

    assert sorted(code for house in tour.houses for code in house.codes) == sorted(atlas().rows)
    assert len(tour.houses) < 20
    assert len({layer.html for layer in tour.layers}) == len(tour.layers)
    assert f"{len(tour.houses)} visits, for {len(atlas().rows)} jurisdictions, in " in str(tour)
