"""What a notice is to a visitor in Chromium, which is opened once."""

from __future__ import annotations

from consentkit.lint.judge import Finding
from consentkit.lint.painted import judge_painted
from consentkit.lint.site import Site
from consentkit.scan.browse import chromium
from consentkit.scan.render.paint import painted


async def rendered(site: Site) -> list[Finding]:
    """All that the rules find in a notice as it is painted.

    :raises NoBrowserError: there is no Chromium.
    """
    async with chromium(alone=True) as browser:
        return judge_painted(await painted(browser, site.layers))
