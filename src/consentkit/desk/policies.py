"""The desk's page at ``/policy``."""

from __future__ import annotations

from starlette.responses import Response

from consentkit.desk.page import Visit
from consentkit.desk.route import Page


async def show(visit: Visit) -> Response:
    """The page."""
    return visit.page("policies.html")


PAGES = (Page("/policy", show, nav="policy"),)
