"""What a notice is to a visitor in Chromium, which is opened once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consentkit.lint.judge import Finding
from consentkit.lint.painted import judge_painted
from consentkit.lint.site import House, Layer, Site
from consentkit.lint.walked import judge_walked
from consentkit.scan.browse import chromium
from consentkit.scan.render.paint import once, painted
from consentkit.scan.render.walk import alike, walked


@dataclass(frozen=True)
class Tour:
    """What of a site is looked at. What is drawn alike, or goes alike, is looked at once.

    :param site: which.
    :param layers: what is measured, in a wide and a narrow window.
    :param houses: where a visit is made.
    """

    site: Site
    layers: tuple[Layer, ...]
    houses: tuple[House, ...]

    @property
    def stops(self) -> int:
        """How many things there are to do."""
        return len(self.layers) + len(self.houses)

    def __str__(self) -> str:
        codes = sum(len(house.codes) for house in self.houses)
        where = f"for {codes} jurisdictions, " if codes > 1 else ""
        languages = len(self.houses[0].book.words)
        return (
            f"looked at in Chromium: {len(self.layers)} notices and preferences, all that differ, and {len(self.houses)} "
            f"visits, {where}in {', '.join(self.site.looked_at)} of {languages} languages: the site's own, and the wordiest "
            "of each direction"
        )


def tour_of(site: Site) -> Tour:
    """What has to be looked at."""
    shown = [layer for layer in site.layers if layer.language in site.looked_at]
    return Tour(site, tuple(once(shown)), tuple(alike(site)))


async def rendered(tour: Tour, done: Callable[[int], None] = lambda _: None) -> list[Finding]:
    """All that the rules find in a notice as it is painted and pressed.

    :param done: told after each stop how many are done.
    :raises NoBrowserError: there is no Chromium.
    :raises NoVisitError: a page could not be looked at to its end.
    """
    count = 0

    def one_more() -> None:
        nonlocal count
        count += 1
        done(count)

    async with chromium(alone=True) as browser:
        views = await painted(browser, tour.layers, one_more)
        walks = await walked(browser, tour.site, tour.houses, one_more)
    found = [*judge_painted(views), *judge_walked(walks)]
    return sorted(found, key=lambda each: each.rule.id)
