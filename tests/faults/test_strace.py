"""The system calls themselves: that a sync lies between a grant and its answer, and what happens where a call fails."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.running import ROOT, events_of, running

from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.upgrade import upgrade
from consentkit.audit.verifying import verify_log
from consentkit.web.viewword import new_word


def _traces() -> bool:
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-f", "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _traces(), reason="needs strace, and the right to trace")


async def test_a_sync_of_the_store_lies_between_the_write_of_a_grant_and_its_answer(sqlite_url, tmp_path):
    upgrade(sqlite_url)
    trace = tmp_path / "trace"
    calls = "trace=pwrite64,fdatasync,fsync,sendto,write,writev,sendmsg"
    strace = ("strace", "-f", "-y", "-s", "20000", "-e", calls, "-o", str(trace))
    with running(sqlite_url, tmp_path, before=strace, timeout=60.0) as site:
        await site.ready()
        told = [await site.choose() for _ in range(3)]

    lines = trace.read_text(errors="replace").splitlines()
    for one in told:
        assert one.status == 200
        written, synced, answered = _order(lines, str(one.event))
        assert written < synced < answered


def _order(lines: list[str], event: str) -> tuple[int, int, int]:
    """Where the event was last written to the store, where a sync of the store ended after it, and where it was answered."""
    answered = next(
        at for at, line in enumerate(lines) if event in line and "pwrite64" not in line and "socket" in line
    )
    written = max(
        at
        for at, line in enumerate(lines[:answered])
        if event in line and re.search(r"pwrite64\(\d+<.*-wal>", line)
    )
    began: set[str] = set()
    for at, line in enumerate(lines[written:answered], written):
        thread = line.split(maxsplit=1)[0]
        if re.search(r"f(data)?sync\(\d+<.*-wal>", line):
            if "unfinished" not in line:
                return written, at, answered
            began.add(thread)
        elif "sync resumed" in line and thread in began and line.rstrip().endswith("= 0"):
            return written, at, answered
    return written, answered, answered


FAULTY = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from tests.audit.conftest import build_event, build_refusal
from consentkit.audit.errors import AuditError
from consentkit.audit.log import AuditLog
async def main():
    log = AuditLog(sys.argv[1], timeout=5.0)
    for number in range(4):
        event = build_event() if number % 2 else build_refusal()
        try:
            place = await (log.record(event) if number % 2 else log.record_refusal(event))
            print("told", event.id if place else "-", flush=True)
        except AuditError:
            print("not", event.id, flush=True)
        await asyncio.sleep(0.1)
    await log.close()
asyncio.run(main())
"""

STEPS = [("fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("fsync", "EIO")]


@pytest.mark.parametrize(("call", "error"), STEPS)
async def test_a_call_that_fails_at_any_step_loses_nothing_that_was_told(
    sqlite_url, tmp_path, rounds, call, error
):
    for step in rounds((1, 3), range(1, 25)):
        folder = tmp_path / f"{step}"
        folder.mkdir()
        url = f"sqlite:///{folder / 'consent.db'}"
        upgrade(url)
        inject = f"inject={call}:error={error}:when={step}"
        command = [
            "strace",
            "-f",
            "--seccomp-bpf",
            "-e",
            f"trace={call}",
            "-e",
            inject,
            "-o",
            str(folder / "trace"),
        ]
        done = subprocess.run(
            [*command, sys.executable, "-c", FAULTY, url, str(ROOT)],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
        assert "Traceback" not in done.stderr, done.stderr
        again = AuditLog(url, timeout=20.0)
        await again.start()
        await again.close()
        await _judge(url, done.stdout, folder)


async def _judge(url: str, said: str, folder: Path) -> None:
    lines = [line.split() for line in said.splitlines()]
    assert len(lines) == 4
    stored = [row.id for row in Reader(url).events()]
    told = {event for word, event in lines if word == "told"}
    refused = {event for word, event in lines if word == "not"}
    superseded = {event["statement"] for event in events_of(url) if event["act"] == "supersede"}
    assert told - {"-"} <= set(stored)
    assert len(stored) == len(set(stored))
    assert refused & set(stored) == superseded
    _, _, report = verify_log(url, None)
    assert report.sound, report.first


async def test_a_grant_whose_commit_came_after_its_503_is_superseded_and_a_retry_is_a_grant(
    sqlite_url, tmp_path
):
    upgrade(sqlite_url)
    view = new_word()
    slow_sync = "inject=fdatasync:delay_enter=2500000:when=2"
    strace = (
        "strace",
        "-f",
        "--seccomp-bpf",
        "-e",
        "trace=fdatasync",
        "-e",
        slow_sync,
        "-o",
        str(tmp_path / "trace"),
    )
    with running(sqlite_url, tmp_path, before=strace, timeout=1.0) as site:
        await site.ready()
        tries = [await site.choose("accept", view)]
        while tries[-1].status != 200:
            assert len(tries) < 20
            tries.append(await site.choose("accept", view))

    events = events_of(sqlite_url)
    superseded = {event["statement"] for event in events if event["act"] == "supersede"}
    accepted = {event["id"] for event in events if event["act"] == "accept"}
    assert 503 in {one.status for one in tries}
    assert superseded
    assert accepted - superseded == {tries[-1].event}
