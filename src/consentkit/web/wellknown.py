"""``/.well-known/gpc.json``: the site says that it abides by Global Privacy Control.

It speaks of the site and never of a visitor, so it is the same for all and may be kept by any cache. The app's own answer comes
first: ours stands in for its 404. Source: Global Privacy Control, "GPC Support Resource" (Editor's Draft of 2026-04-03, checked
2026-11).
"""

from __future__ import annotations

import datetime
import json

from consentkit.web.answer import Answer, Message, Scope, Send

PATH = "/.well-known/gpc.json"
"""Relative to the origin, wherever below it an app is mounted (RFC 8615 section 3)."""
KEPT = 3600
"""Seconds for which a cache may keep it."""


def gpc(last_update: datetime.date) -> bytes:
    """The statement.

    :param last_update: when the statement was made, as a later change of the standard changes nothing about its meaning.
    """
    return json.dumps({"gpc": True, "lastUpdate": last_update.isoformat()}).encode()


def answer(last_update: datetime.date) -> Answer:
    """The statement as a response."""
    kept = (b"cache-control", b"public, max-age=%d" % KEPT)
    return Answer(200, gpc(last_update), "application/json", (kept,))


def asked_for(scope: Scope) -> bool:
    """Whether a request is for the statement: an app that is mounted below the origin's root is never asked."""
    return scope["path"] == PATH and not scope.get("root_path") and scope["method"] in ("GET", "HEAD")


def in_place_of_404(ours: Answer, scope: Scope, send: Send) -> Send:
    """A ``send`` for the app, by which each answer of its own reaches the client, and ours does where it says 404."""
    missing = False

    async def sent(message: Message) -> None:
        nonlocal missing
        if message["type"] == "http.response.start" and message["status"] == 404:
            missing = True
            await ours.send(scope, send)
        elif not missing:
            await send(message)

    return sent
