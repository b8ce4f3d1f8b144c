"""How long a stream's first chunk is held, and whether the number of services costs anything."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time
from typing import Any

from bench.asgi import BROWSER, SITE, consented, page
from bench.figure import Figure, alternating
from consentkit import AuditLog, Policy
from consentkit.catalogue.index import Index
from consentkit.catalogue.load import catalogue
from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import Placement
from consentkit.web.gate.loaders import Loaders
from consentkit.web.gate.markup import known_names
from consentkit.web.gate.rules import Facts, PageRules

CHUNK = 16 * 1024
LIMIT = 300.0
"""Microseconds for the first chunk of a stream."""
STREAMS = 300
ARTICLES = 64


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

    log = AuditLog(f"sqlite:///{folder}/s.db")
    guarded = consented(app, log)
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
    await log.close()
    return median(taken) * 1e6


def gating(number: int, *, memo: bool) -> Callable[[], None]:
    """A function that gates articles under a policy of so many services, besides those that the catalogue knows.

    Not through the middleware: an answer for each of 1,500 services has no room in a cookie, and such a policy is refused.

    :param memo: whether tags are known from one page to the next.
    """
    services = {
        f"s{at}": {"vendor": f"Vendor {at}", "purposes": ["analytics"], "hosts": [f"s{at}.example"]}
        for at in range(number)
    }
    policy = Policy.model_validate({**SITE, "services": services})
    index = Index(policy, catalogue())
    rules = PageRules(Facts(index, Loaders(index), known_names(policy)), frozenset({"necessary"}))
    rules.memo = rules.memo if memo else None
    marks = re.compile(rb' data-category="[a-z]+"')
    pages = [
        marks.sub(b"", page(at, 20)).replace(b"//third.", b"//s%d." % (at % number)) for at in range(ARTICLES)
    ]

    def run() -> None:
        for body in pages:
            Rewriter(rules, Placement(body=b"<span></span>")).whole(body)

    return run


def services(*, memo: bool) -> tuple[float, float]:
    """Microseconds an article, under many services and under few."""
    runs = [gating(number, memo=memo) for number in (1500, 10)]
    for run in runs:
        run()
    many, few = alternating(*runs, rounds=61, clock=process_time)
    return many / ARTICLES * 1e6, few / ARTICLES * 1e6


def figures() -> list[Figure]:
    """The rows about streams and about the number of services."""
    with tempfile.TemporaryDirectory() as folder:
        held = asyncio.run(first_chunk(folder))
    return [
        Figure("first chunk of a stream, 16 KB / limit", held, LIMIT, "µs", 1.0, "at most"),
        Figure("article, 20 addresses, 1,500 services / 10", *services(memo=True), "µs", 1.05, "at most"),
        Figure(
            "article, 20 addresses judged anew, 1,500 services / 10",
            *services(memo=False),
            "µs",
            1.05,
            "at most",
        ),
    ]
