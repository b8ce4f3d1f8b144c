"""A log of a million events: checked beside a bare hash loop, and its trend beside a GROUP BY over the events."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.figure import Figure, alternating
from consentkit.audit.reader import Reader
from consentkit.audit.sample import append_sample
from consentkit.audit.stats import FIRST, LAST, by_day, summed
from consentkit.audit.verifying import verify_log

EVENTS = 1_000_000
DAYS = 30
ROUNDS = 3
PROCESSES = os.cpu_count() or 1


def bare(path: Path) -> None:
    """Hash every row, and nothing else."""
    connection = sqlite3.connect(path)
    for (canonical,) in connection.execute("SELECT canonical FROM events ORDER BY seq"):
        sha256(b"\0" + canonical).digest()
    connection.close()


def check(url: str, *, rows: bool) -> None:
    """What ``consentkit audit verify`` does, with or without ``--quick``."""
    _, size, report = verify_log(url, None, processes=PROCESSES, rows=rows)
    if not (report.sound and size == report.events == EVENTS):
        raise RuntimeError(f"not sound: {report.first}")


def group_by(path: Path) -> None:
    """Acts by day, out of the events."""
    connection = sqlite3.connect(path)
    query = "SELECT time / 86400000000, act, count(*) FROM events GROUP BY 1, 2"
    connection.execute(query).fetchall()
    connection.close()


def trend(url: str) -> None:
    """Acts by day of a time zone, out of the roll-ups, as ``consentkit audit stats`` sums them."""
    lines = summed(Reader(url).rollups(FIRST, LAST, "act"), by_day(ZoneInfo("Europe/Paris")))
    if sum(line.tally.n for line in lines) != EVENTS:
        raise RuntimeError("the roll-ups do not add up")


def figures() -> list[Figure]:
    """The rows about evidence: seconds, medians of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "consent.db"
        url = f"sqlite:///{path}"
        append_sample(url, "", EVENTS, DAYS)
        quick, full, loop = alternating(
            lambda: check(url, rows=False),
            lambda: check(url, rows=True),
            lambda: bare(path),
            rounds=ROUNDS,
        )
        ours, grouped = alternating(lambda: trend(url), lambda: group_by(path), rounds=ROUNDS)
    together = f"{PROCESSES} processes"
    return [
        Figure("verify 10⁶ events, hashes and root / bare hash loop", quick, loop, "s", 1.8, "at most"),
        Figure(f"verify 10⁶ events, every row, {together} / bare hash loop", full, loop, "s", 3.2, "at most"),
        Figure("trend over 10⁶ events / GROUP BY over the events", ours, grouped, "s", 0.1, "at most"),
    ]
