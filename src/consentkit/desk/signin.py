"""Signing in by a one-time link, and out again.

The link's page only shows a button: what looks at links before people do (mail scanners, previews, prefetch) uses none up.
"""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from consentkit.desk import client
from consentkit.desk.access import Role
from consentkit.desk.errors import NotFound, SignInNeeded
from consentkit.desk.page import HEADERS, Visit
from consentkit.desk.passes import Kind
from consentkit.desk.route import Page

PATH = "/sign-in"


async def show(visit: Visit) -> Response:
    """A button that uses the link."""
    return visit.page("sign-in.html", link=visit.query("link"))


async def use(visit: Visit) -> Response:
    """Use the link up, begin a session."""
    link = (await visit.form()).get("link")
    access = visit.desk.access
    opened = await asyncio.to_thread(access.passes.exchange, link) if isinstance(link, str) else None
    if opened is None:
        raise SignInNeeded("link-used")
    session, _ = opened
    return visit.moved("/", headers={"set-cookie": access.set_cookie(visit.request.scope, session)})


async def leave(visit: Visit) -> Response:
    """End the session."""
    access = visit.desk.access
    if visit.who.session:
        await asyncio.to_thread(access.passes.end, Kind.SESSION, visit.who.cookie)
    return visit.moved(PATH, headers={"set-cookie": access.set_cookie(visit.request.scope, "")})


async def static(visit: Visit) -> Response:
    """The style sheet."""
    sheet = client.sheet()
    if visit.part("name") != sheet.name:
        raise NotFound("not-found")
    headers = {**HEADERS, "cache-control": "public, max-age=31536000, immutable"}
    return Response(sheet.body, media_type=sheet.content_type, headers=headers)


PAGES = (
    Page(PATH, show, role=None),
    Page(PATH, use, role=None, method="POST"),
    Page("/sign-out", leave, role=Role.VIEWER, method="POST"),
    Page("/static/{name}", static, role=None),
)
