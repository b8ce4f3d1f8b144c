"""The desk's page at ``/evidence``."""

from __future__ import annotations

from starlette.responses import Response

from consentkit.desk.access import Role
from consentkit.desk.page import Visit
from consentkit.desk.route import Page


async def show(visit: Visit) -> Response:
    """The page."""
    return visit.page("evidence.html")


PAGES = (Page("/evidence", show, role=Role.OFFICER, nav="evidence"),)
