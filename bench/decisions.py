"""Whole decisions: a POST through the middleware, 256 of them in flight, beside single commits of the same log."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.asgi import BROWSER, KEY, POLICY, answering
from bench.figure import Figure
from bench.log import event, single_commits
from consentkit import AuditLog, ConsentMiddleware
from consentkit.audit.upgrade import upgrade
from consentkit.web.notice import NoticeBook
from consentkit.web.viewword import new_word

TOGETHER = 256
DECISIONS = 8_000
ROUNDS = 5
HEADERS = [*BROWSER, (b"content-type", b"application/json"), (b"origin", b"http://localhost")]


async def decide(app: Any, number: int, notice: str) -> None:
    """One visitor presses Accept."""
    sent = {
        "action": "accept",
        "notice": notice,
        "how": "banner",
        "view": new_word(),
        "shown_ms": number % 9000,
    }
    body = json.dumps(sent).encode()
    answered: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/_consent/",
        "root_path": "",
        "query_string": b"",
        "headers": HEADERS,
        "client": ("127.0.0.1", 4000),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    if answered != [200]:
        raise RuntimeError(f"a decision was answered {answered}")


async def rate(app: Any, first: int, notice: str) -> float:
    """Decisions a second with many in flight."""
    numbers = iter(range(first, first + DECISIONS))

    async def visitors() -> None:
        for number in numbers:
            await decide(app, number, notice)

    started = perf_counter()
    await asyncio.gather(*(visitors() for _ in range(TOGETHER)))
    return DECISIONS / (perf_counter() - started)


async def measure(folder: Path) -> tuple[float, float]:
    """Ours and the peer's decisions a second: medians of rounds that take turns."""
    log = AuditLog(f"sqlite:///{folder / 'ours.db'}")
    await log.start()
    upgrade(f"sqlite:///{folder / 'peer.db'}")
    app = ConsentMiddleware(
        answering([b""], b"text/plain"),
        policy=POLICY,
        secret_key=KEY,
        audit=log,
        https=False,
        grants_per_second=None,
    )
    notice = NoticeBook(POLICY).notice("en").hash
    rounds = []
    for number in range(ROUNDS):
        events = [event(number * 1000 + each) for each in range(1000)]
        rounds.append(
            (await rate(app, number * DECISIONS, notice), single_commits(folder / "peer.db", events))
        )
    await log.close()
    return median(ours for ours, _ in rounds), median(peer for _, peer in rounds)


def figures() -> list[Figure]:
    """The row about whole decisions."""
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = asyncio.run(measure(Path(folder)))
    return [Figure("whole POST, 256 in flight / single commits", ours, peer, "1/s", 4.0, "at least")]
