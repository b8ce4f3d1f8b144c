"""The export of a large log to CSV beside the standard library's ``csv`` over one flat table that holds the same cells.

The peer is what a site gets that keeps one row with fifteen columns for each decision: one query, one ``csv.writer``.
"""

from __future__ import annotations

import csv
import sqlite3
import tempfile
import tracemalloc
from itertools import islice
from pathlib import Path

from bench.figure import Figure, alternating
from consentkit.audit.export import COLUMNS, as_csv
from consentkit.audit.finding import StoredEvent
from consentkit.audit.sample import append_sample
from consentkit.audit.wholereader import WholeReader

EVENTS = 1_000_000
REACH = 1.5
ROUNDS = 3
AT_ONCE = 500
"""Lines written together, as ``consentkit audit export`` does."""


def ours(url: str, path: Path) -> None:
    """What the command does, but for its options."""
    reader = WholeReader(url)
    lines = as_csv(map(StoredEvent._make, reader.rows(1, reader.size())))
    with path.open("wb") as out:
        while part := "".join(islice(lines, AT_ONCE)):
            out.write(part.encode())


def peer(database: Path, path: Path) -> None:
    """The same cells out of a flat table."""
    connection = sqlite3.connect(database)
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows(connection.execute("SELECT * FROM flat ORDER BY seq"))
    connection.close()


def flatten(source: Path, database: Path) -> None:
    """Fill the peer's table out of our export."""
    connection = sqlite3.connect(database)
    connection.execute(f"CREATE TABLE flat (seq INTEGER PRIMARY KEY, {', '.join(COLUMNS[1:])})")
    with source.open(newline="", encoding="utf-8") as lines:
        rows = islice(csv.reader(lines), 1, None)
        connection.executemany(f"INSERT INTO flat VALUES ({', '.join('?' * len(COLUMNS))})", rows)
    connection.commit()
    connection.close()


def peak(url: str, path: Path) -> int:
    """Bytes that an export holds at most, by the allocator's count."""
    tracemalloc.start()
    ours(url, path)
    _, found = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return found


def figures(events: int = EVENTS) -> list[Figure]:
    """Seconds for a whole export; and its memory, for a tenth and for all of the events."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large, small = (f"sqlite:///{folder / each}.db" for each in ("large", "small"))
        append_sample(large, "", events, 365)
        append_sample(small, "", events // 10, 365)
        ours(large, folder / "export.csv")
        flatten(folder / "export.csv", folder / "flat.db")
        mine, theirs = alternating(
            lambda: ours(large, folder / "export.csv"),
            lambda: peer(folder / "flat.db", folder / "flat.csv"),
            rounds=ROUNDS,
        )
        memory = [peak(url, folder / "export.csv") / 1e6 for url in (large, small)]
    return [
        Figure(
            f"export {events:,} events to CSV / csv over a flat table", mine, theirs, "s", REACH, "at most"
        ),
        Figure(f"memory of an export, {events:,} / {events // 10:,} events", *memory, "MB", 1.2, "at most"),
    ]


if __name__ == "__main__":
    for figure in figures():
        print(f"{figure.name}: {figure.ours:.2f} / {figure.peer:.2f} {figure.unit} = {figure.ratio:.2f}")
