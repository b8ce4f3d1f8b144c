"""The desk's page at ``/integrity``."""

from __future__ import annotations

from starlette.responses import Response

from consentkit.desk.page import Visit
from consentkit.desk.route import Page


async def show(visit: Visit) -> Response:
    """The page."""
    return visit.page("integrity.html")


PAGES = (Page("/integrity", show, nav="integrity"),)
