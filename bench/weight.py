"""What a first view grows by, in bytes on the wire."""

from __future__ import annotations

import brotli

from bench.asgi import POLICY, page
from bench.figure import Figure
from consentkit.core.consent import Signals, resolve
from consentkit.web import client
from consentkit.web.notice import NoticeBook, View

WHOLE = 5.0
"""KB, at most: JavaScript, style and markup together."""
CODE = 4.0
"""KB, at most: JavaScript and style."""


def wire(body: bytes) -> float:
    """KB of a body as a server sends it to today's browsers."""
    return len(brotli.compress(body, quality=11)) / 1024


def figures() -> list[Figure]:
    """The rows about weight: a page with the notice and our first script in it, inline style, and our module beside it."""
    bare = page(1, 0)
    book = NoticeBook(POLICY)
    view = View(next="/", inline=True, view="V" * 16, hint="__Host-consentkit-hint", script=True)
    consent = resolve(POLICY, Signals(), None, 0)
    notice, head = book.body(consent, view), book.head(consent, view)
    script = wire(client.first().body)
    style = wire(client.sheet("control", "banner", POLICY.layout).body)
    grown = wire(bare.replace(b"<body>", b"<body>" + notice).replace(b"<head>", b"<head>" + head)) - wire(
        bare
    )
    first = wire(client.head("check").body)
    return [
        Figure("first view grows by, brotli / limit", grown + script, WHOLE, "KB", 1.0, "at most"),
        Figure("JavaScript and style, brotli / limit", script + first + style, CODE, "KB", 1.0, "at most"),
    ]
