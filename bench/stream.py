"""How long a stream's first chunk is held, and whether the number of services costs anything."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from bench.asgi import BROWSER, KEY, POLICY, page
from bench.figure import Figure, alternating
from consentkit import ConsentMiddleware
from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import Placement
from consentkit.web.gate.markup import MarkupRules

CHUNK = 16 * 1024
LIMIT = 300.0
"""Microseconds for the first chunk of a stream."""
STREAMS = 300


async def first_chunk(folder: str) -> float:
    """Microseconds from the app's first chunk to ours, the median of many streams."""
    taken: list[float] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (page(len(taken), 20) * 2)[:CHUNK]
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
        )
        started = perf_counter()
        await send({"type": "http.response.body", "body": body, "more_body": True})
        taken.append(perf_counter() - started)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        return

    guarded = ConsentMiddleware(
        app, policy=POLICY, secret_key=KEY, audit=f"sqlite:///{folder}/s.db", https=False
    )
    for _ in range(STREAMS):
        scope = {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": "/",
            "root_path": "",
            "query_string": b"",
            "headers": BROWSER,
            "client": ("127.0.0.1", 4000),
        }
        await guarded(scope, receive, send)
    return median(taken) * 1e6


def gating(number: int) -> Callable[[], None]:
    """A function that gates articles under rules of many services.

    Not through the middleware: an answer for each of 1,500 services has no room in a cookie, and such a policy is refused.
    """
    names = frozenset(f"s{at}" for at in range(number)) | frozenset(POLICY.purposes)
    rules = MarkupRules(names, frozenset({"necessary"}))
    pages = [page(at, 20) for at in range(64)]

    def run() -> None:
        for body in pages * 6:
            Rewriter(rules, Placement(body=b"<span></span>")).whole(body)

    return run


def figures() -> list[Figure]:
    """The rows about streams and about the number of services."""
    with tempfile.TemporaryDirectory() as folder:
        held = asyncio.run(first_chunk(folder))
        runs = [gating(number) for number in (10, 1500)]
        for run in runs:
            run()
        few, many = alternating(*runs, rounds=31)
    return [
        Figure("first chunk of a stream, 16 KB / limit", held, LIMIT, "µs", 1.0, "at most"),
        Figure("an article under 1,500 services / under 10", many * 1e3, few * 1e3, "ms", 1.05, "at most"),
    ]
