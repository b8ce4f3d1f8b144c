"""The officer's desk over a log of a million events: whole pages, through the app as a browser gets them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

from bench.asgi import POLICY
from bench.figure import Figure, alternating
from consentkit import ComplianceDesk
from consentkit.audit.sample import append_sample

EVENTS = 1_000_000
DAYS = 90
ROUNDS = 5
SINCE = datetime.now(UTC).date() - timedelta(days=DAYS - 1)
ASKED = {
    "overview, 30 days": "/",
    f"overview, {DAYS} days": f"/?from={SINCE}",
    "newest decisions": "/decisions",
    "decisions of one jurisdiction": "/decisions?jurisdiction=FR",
}


def opened(desk: ComplianceDesk, address: str) -> None:
    """Ask for a page. :raises RuntimeError: it is not there."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 4000),
        "server": ("127.0.0.1", 80),
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 200))

    asyncio.run(desk(scope, receive, send))
    if set(statuses) != {200}:
        raise RuntimeError(f"{address} was answered {statuses}")


def figures() -> list[Figure]:
    """The rows about the desk: seconds of processor time beside the most that a first view may take."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'consent.db'}"
        append_sample(url, POLICY.site.address, EVENTS, DAYS)
        desk = ComplianceDesk(POLICY, url, auth=lambda _: "officer")
        runs: list[Callable[[], None]] = [
            lambda address=address: opened(desk, address)  # type: ignore[misc]
            for address in ASKED.values()
        ]
        for run in runs:
            run()
        taken = alternating(*runs, rounds=ROUNDS, clock=process_time)
    return [
        Figure(f"desk over 10⁶ events, {name} / 0.3 s", seconds * 1000, 300, "ms", 1, "at most")
        for name, seconds in zip(ASKED, taken, strict=True)
    ]
