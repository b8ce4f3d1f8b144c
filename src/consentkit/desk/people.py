"""The desk's page at ``/people``."""

from __future__ import annotations

from starlette.responses import Response

from consentkit.desk.access import Role
from consentkit.desk.page import Visit
from consentkit.desk.route import Page


async def show(visit: Visit) -> Response:
    """The page."""
    return visit.page("people.html")


PAGES = (Page("/people", show, role=Role.OFFICER, nav="people"),)
