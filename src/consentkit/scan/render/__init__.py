"""What a notice is to a visitor in Chromium, which is opened once."""

from __future__ import annotations

from consentkit.lint.judge import Finding
from consentkit.lint.painted import judge_painted
from consentkit.lint.site import Site
from consentkit.lint.walked import judge_walked
from consentkit.scan.browse import chromium
from consentkit.scan.render.paint import painted
from consentkit.scan.render.walk import walked


async def rendered(site: Site) -> list[Finding]:
    """All that the rules find in a notice as it is painted and pressed.

    :raises NoBrowserError: there is no Chromium.
    :raises NoVisitError: a page could not be looked at to its end.
    """
    async with chromium(alone=True) as browser:
        views = await painted(browser, site.layers)
        found = [*judge_painted(views), *judge_walked(await walked(browser, site))]
    return sorted(found, key=lambda each: each.rule.id)
