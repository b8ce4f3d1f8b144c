"""How long a stream's first chunk is held, and whether the number of services costs anything."""

from __future__ import annotations

import asyncio
import tempfile
from statistics import median
from time import perf_counter
from typing import Any

from bench.asgi import BROWSER, KEY, POLICY, answering, page, requests
from bench.figure import Figure, alternating
from consentkit import ConsentMiddleware, Policy
from consentkit.core.policy import Service

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


def with_services(number: int) -> Policy:
    """The bench's policy with many services; beyond the cookie's size, so not validated as a whole."""
    services = {
        f"s{at}": Service(vendor=f"Vendor {at}", purposes=("analytics",), hosts=(f"h{at}.example",))
        for at in range(number)
    }
    return Policy.model_construct(**{**dict(POLICY), "services": services})


def figures() -> list[Figure]:
    """The rows about streams and about the number of services."""
    with tempfile.TemporaryDirectory() as folder:
        held = asyncio.run(first_chunk(folder))
        pages = [page(number, 20) for number in range(64)]
        runs = [
            requests(
                ConsentMiddleware(
                    answering(pages, b"text/html"),
                    policy=with_services(number),
                    secret_key=KEY,
                    audit=f"sqlite:///{folder}/{number}.db",
                    https=False,
                ),
                None,
            )
            for number in (10, 1500)
        ]
        for run in runs:
            run()
        few, many = alternating(*runs)
    return [
        Figure("first chunk of a stream, 16 KB / limit", held, LIMIT, "µs", 1.0, "at most"),
        Figure("an article under 1,500 services / under 10", many, few, "s", 1.05, "at most"),
    ]
