"""The desk's page at ``/gate``."""

from __future__ import annotations

from starlette.responses import Response

from consentkit.desk.page import Visit
from consentkit.desk.route import Page


async def show(visit: Visit) -> Response:
    """The page."""
    return visit.page("gate.html")


PAGES = (Page("/gate", show, nav="gate"),)
