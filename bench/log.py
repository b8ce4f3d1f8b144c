"""Durable decisions on SQLite: ``AuditLog.record`` beside a loop that commits each decision by itself.

The peer is the standard library's ``sqlite3`` with the same pragmas, writing the same rows of the same events into the
same tables, one ``BEGIN IMMEDIATE … COMMIT`` each: what a site gets that writes its consent log without a queue.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure
from consentkit.audit.batch import seal
from consentkit.audit.event import Event, now, uuid7
from consentkit.audit.log import AuditLog
from consentkit.audit.upgrade import upgrade

TARGETS = {256: 18.0, 16: 5.0, 1: 0.5}
ROUNDS = 5
PURPOSES = ("functional", "analytics", "marketing")


def event(number: int) -> Event:
    """One of many visitors: some refuse, and no two bodies are alike."""
    refuses = number % 5 == 0
    return Event(
        id=uuid7(),
        time=now(),
        site="news.example",
        act="reject" if refuses else "accept",
        policy="a" * 64,
        notice="b" * 64,
        how="banner",
        visitor=None if refuses else f"visitor-{number:016d}",
        granted=() if refuses else PURPOSES,
        denied=PURPOSES if refuses else (),
        regimes=tuple((purpose, "opt-in") for purpose in PURPOSES),
        jurisdiction="FR",
        language="fr",
        decided_after_ms=number % 9000,
    )


def single_commits(path: Path, events: list[Event]) -> float:
    """Events a second, each in a transaction of its own."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("INSERT OR IGNORE INTO log_head (log_id, size) VALUES ('peer', 0)")
    started = time.perf_counter()
    for one in events:
        row = seal(one, None, os.urandom(32))
        connection.execute("BEGIN IMMEDIATE")
        take = "UPDATE log_head SET size = size + 1 WHERE log_id = 'peer' RETURNING size"
        seq = connection.execute(take).fetchone()[0]
        connection.execute(
            "INSERT INTO events VALUES ('peer', ?, ?, ?, ?, ?, ?, ?, NULL)",
            (seq, row.id, row.time, row.act, row.site, row.canonical, row.leaf),
        )
        if row.salt is not None:
            connection.execute("INSERT INTO personal VALUES ('peer', ?, ?, ?)", (seq, row.salt, row.visitor))
        connection.execute("COMMIT")
    elapsed = time.perf_counter() - started
    connection.close()
    return len(events) / elapsed


async def in_flight(log: AuditLog, events: list[Event], together: int) -> float:
    """Events a second, ``together`` of them waiting at any time."""
    source: Iterator[Event] = iter(events)

    async def visitor() -> None:
        for one in source:
            await log.record(one)

    started = time.perf_counter()
    await asyncio.gather(*(visitor() for _ in range(together)))
    return len(events) / (time.perf_counter() - started)


async def measure(folder: Path) -> dict[int, list[tuple[float, float]]]:
    """(ours, peer) of each round; the two alternate, so that a busy machine slows both."""
    url = f"sqlite:///{folder / 'ours.db'}"
    upgrade(url)
    upgrade(f"sqlite:///{folder / 'peer.db'}")
    log = AuditLog(url)
    await in_flight(log, [event(number) for number in range(4096)], 256)
    found: dict[int, list[tuple[float, float]]] = {together: [] for together in TARGETS}
    for round_ in range(ROUNDS):
        for together in TARGETS:
            first = round_ * 100_000
            peer = single_commits(folder / "peer.db", [event(first + number) for number in range(1000)])
            size = max(800, together * 80)
            ours = await in_flight(log, [event(first + number) for number in range(size)], together)
            found[together].append((ours, peer))
    await log.close()
    return found


def figures() -> list[Figure]:
    """The rows about the log: events a second, medians of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder)))
    lines = []
    for together, rounds in found.items():
        ours, peer = (statistics.median(side) for side in zip(*rounds, strict=True))
        name = f"AuditLog.record on SQLite, {together} in flight / single commits"
        lines.append(Figure(name, ours, peer, "1/s", TARGETS[together], "at least"))
    return lines
