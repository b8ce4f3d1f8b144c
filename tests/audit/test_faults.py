"""What the log does when its store does not do its part. Each fault here is a real one."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from consentkit.audit.errors import LogOverloaded, LogUnavailable
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.spool import Spool
from consentkit.audit.upgrade import upgrade
from consentkit.audit.verify import verify

HERE = Path(__file__).parent


def report_of(url):
    reader = Reader(url)
    size = reader.size()
    return verify([*reader.events(1, size), *reader.beyond()], size, reader.documents())


def ids_of(url):
    return [row.id for row in Reader(url).events()]


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
"""


@contextmanager
def locked_by_another_process(path):
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "locked\n"
        yield
        process.communicate("go\n")


async def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.02)


async def test_a_locked_store_fails_a_grant_and_spools_a_refusal_which_comes_in_later_once(
    tmp_path, sqlite_url, make_event, make_refusal
):
    upgrade(sqlite_url)
    log = AuditLog(sqlite_url, timeout=0.4)
    await log.record(make_event())
    grant, refusal = make_event(), make_refusal()

    with locked_by_another_process(tmp_path / "consent.db"):
        granted, refused = await asyncio.gather(
            log.record(grant), log.record_refusal(refusal), return_exceptions=True
        )
        assert isinstance(granted, LogUnavailable)
        assert (refused.id, refused.seq) == (refusal.id, None)
        await until(lambda: log.health()["store"] == "failing")
        assert log.health()["spooled"] >= 1
    await until(lambda: log.health()["spooled"] == 0)
    await log.close()

    assert ids_of(sqlite_url).count(refusal.id) == 1
    assert grant.id not in ids_of(sqlite_url)
    assert report_of(sqlite_url).sound


async def test_a_store_that_is_locked_at_the_start_is_a_fault_in_words(tmp_path, sqlite_url, make_event):
    before = AuditLog(sqlite_url, timeout=10.0)
    await before.record(make_event())
    await before.close()
    log = AuditLog(sqlite_url, timeout=0.3)

    with locked_by_another_process(tmp_path / "consent.db"):
        with pytest.raises(LogUnavailable, match="SQLITE_BUSY"):
            await log.start()
        with pytest.raises(LogUnavailable):
            await log.record(make_event())
    await log.close()


async def test_what_lies_in_the_spool_of_an_earlier_process_is_written_after_the_start(
    tmp_path, sqlite_url, make_event, make_refusal
):
    refusal = make_refusal()
    upgrade(sqlite_url)
    first = AuditLog(sqlite_url, timeout=0.4)
    await first.record(make_event())
    with locked_by_another_process(tmp_path / "consent.db"):
        await first.record_refusal(refusal)
        await first.close()

    second = AuditLog(sqlite_url, timeout=10.0)
    await second.start()
    await until(lambda: second.health()["spooled"] == 0)
    await second.close()

    assert ids_of(sqlite_url)[1:] == [refusal.id]


async def test_a_folder_that_cannot_be_written_is_a_fault_at_the_start_and_after(
    tmp_path, make_event, caplog
):
    log = AuditLog(f"sqlite:///{tmp_path / 'missing' / 'consent.db'}", timeout=0.5)

    with pytest.raises(LogUnavailable):
        await log.start()
    with pytest.raises(LogUnavailable):
        await log.record(make_event())
    assert log.health()["store"] == "failing"
    await log.close()


async def test_a_refusal_that_can_be_neither_logged_nor_spooled_is_none_and_one_error_line(
    tmp_path, make_refusal, caplog
):
    log = AuditLog(f"sqlite:///{tmp_path / 'missing' / 'consent.db'}", timeout=0.5)

    assert await log.record_refusal(make_refusal()) is None

    assert log.health()["lost"] >= 1
    assert "neither logged nor spooled" in caplog.text
    await log.close()


READ_ONLY = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[2])
from conftest import build_event, build_refusal
from consentkit.audit.errors import LogUnavailable
from consentkit.audit.log import AuditLog
async def main():
    warm = AuditLog(sys.argv[3], timeout=10.0)  # who one becomes may not read Python itself: all of it is loaded before
    await warm.record(build_event())
    await warm.close()
    os.setuid(65534)
    log = AuditLog(sys.argv[1], timeout=0.5)
    try:
        await log.record(build_event())
    except LogUnavailable as error:
        print(error)
    print(await log.record_refusal(build_refusal()))
    await log.close()
asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root, to become another user")
async def test_a_read_only_file_fails_a_grant_and_says_so_of_a_refusal(make_event, sqlite_url):
    folder = Path(tempfile.mkdtemp())  # others cannot reach into tmp_path
    url = f"sqlite:///{folder / 'consent.db'}"
    log = AuditLog(url, timeout=10.0)
    await log.record(make_event())
    await log.close()
    (folder / "consent.db").chmod(0o444)
    folder.chmod(0o755)

    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, url, str(HERE), sqlite_url],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "the log" in done.stdout
    assert done.stdout.splitlines()[-1] == "None"
    assert "Traceback" not in done.stderr
    assert report_of(url).events == 1
    shutil.rmtree(folder)


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "consentkit", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a full disk needs the right to mount a small one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_fails_grants_loses_nothing_acknowledged_and_heals(
    small_disk, tmp_path, make_event, make_refusal
):
    url = f"sqlite:///{small_disk / 'consent.db'}"
    log = AuditLog(url, timeout=10.0, spool=tmp_path / "elsewhere.spool")
    acknowledged = []

    async def fill():
        while True:
            acknowledged.append((await log.record(make_event())).id)

    with pytest.raises(LogUnavailable):
        await fill()
    refusal = make_refusal()
    # What was too little for a grant may be enough for a refusal, which has fewer parts.
    while (spooled := await log.record_refusal(refusal)).seq is not None:
        acknowledged.append(refusal.id)
        refusal = make_refusal()

    assert spooled.id == refusal.id
    assert ids_of(url) == acknowledged
    assert report_of(url).sound
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    await until(lambda: log.health()["spooled"] == 0)
    await log.close()
    assert ids_of(url) == [*acknowledged, refusal.id]


async def test_a_damaged_file_is_a_fault_and_no_traceback(tmp_path, sqlite_url, make_event):
    (tmp_path / "consent.db").write_bytes(os.urandom(8192))
    log = AuditLog(sqlite_url, timeout=0.5)

    with pytest.raises(LogUnavailable, match="SQLITE_NOTADB"):
        await log.record(make_event())
    with pytest.raises(LogUnavailable, match="cannot be read"):
        Reader(sqlite_url)
    await log.close()


async def test_a_full_queue_refuses_a_grant_at_once_and_spools_a_refusal(
    tmp_path, sqlite_url, make_event, make_refusal
):
    upgrade(sqlite_url)
    log = AuditLog(sqlite_url, queue=4, timeout=0.5)
    await log.record(make_event())
    refusal = make_refusal()

    with locked_by_another_process(tmp_path / "consent.db"):
        first = asyncio.ensure_future(log.record(make_event()))
        await asyncio.sleep(0.1)  # the writer holds this one, and waits for the lock
        waiting = [asyncio.ensure_future(log.record(make_event())) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(LogOverloaded):
            await log.record(make_event())
        assert (await log.record_refusal(refusal)).seq is None
    outcomes = await asyncio.gather(first, *waiting, return_exceptions=True)
    await log.close()
    again = AuditLog(sqlite_url, timeout=10.0)
    await again.start()
    await until(lambda: again.health()["spooled"] == 0)
    await again.close()

    written = ids_of(sqlite_url)
    assert refusal.id in written
    assert {one.id for one in outcomes if not isinstance(one, BaseException)} <= set(written)
    assert report_of(sqlite_url).sound


async def test_a_grant_whose_caller_left_before_its_turn_is_not_written(tmp_path, sqlite_url, make_event):
    log = AuditLog(sqlite_url, timeout=8.0)
    await log.record(make_event())
    with locked_by_another_process(tmp_path / "consent.db"):
        first = asyncio.ensure_future(log.record(make_event()))
        await asyncio.sleep(0.2)  # the writer holds this one, and waits for the lock
        second = asyncio.ensure_future(log.record(make_event()))
        await until(lambda: log.health()["queue"] == 1)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)

    assert (await first).seq == 2
    assert (await log.record(make_event())).seq == 3
    await log.close()


async def test_closing_commits_all_that_waits(sqlite_url, make_event):
    log = AuditLog(sqlite_url, timeout=10.0)
    waiting = [asyncio.ensure_future(log.record(make_event())) for _ in range(500)]
    await until(lambda: log.health()["queue"] > 0)

    await log.close()

    assert len(ids_of(sqlite_url)) == 500
    recorded = await asyncio.gather(*waiting)
    assert sorted(one.seq for one in recorded) == list(range(1, 501))


async def test_a_cancelled_grant_leaves_the_log_sound_and_the_others_served(sqlite_url, make_event):
    log = AuditLog(sqlite_url, timeout=10.0)
    tasks = [asyncio.ensure_future(log.record(make_event())) for _ in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    await log.close()

    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes[::2])
    assert {outcome.id for outcome in outcomes[1::2]} <= set(ids_of(sqlite_url))
    assert report_of(sqlite_url).sound


async def test_a_cancelled_refusal_is_written_all_the_same(sqlite_url, make_refusal):
    log = AuditLog(sqlite_url, timeout=10.0)
    refusal = make_refusal()
    task = asyncio.ensure_future(log.record_refusal(refusal))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await log.close()

    assert ids_of(sqlite_url) == [refusal.id]


def test_an_event_loop_closed_while_waiting_stops_nobody_else(sqlite_url, make_event):
    log = AuditLog(sqlite_url, timeout=10.0)

    async def leave():
        task = asyncio.ensure_future(log.record(make_event()))
        await asyncio.sleep(0)
        del task

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    for task in asyncio.all_tasks(loop):
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()

    async def stay():
        recorded = await log.record(make_event())
        await log.close()
        return recorded

    assert asyncio.run(stay()).fresh


def test_several_event_loops_in_threads_share_a_log(sqlite_url, make_event):
    log = AuditLog(sqlite_url, timeout=10.0)
    seqs = []

    async def some():
        seqs.extend([one.seq for one in await asyncio.gather(*(log.record(make_event()) for _ in range(40)))])

    threads = [threading.Thread(target=lambda: asyncio.run(some())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert log.drain()
    assert sorted(seqs) == list(range(1, 121))


AT_EXIT = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from conftest import build_event
from consentkit.audit.log import AuditLog
log = AuditLog(sys.argv[1], timeout=10.0)
async def main():
    for _ in range(200):
        asyncio.ensure_future(log.record_refusal(build_event()))
    await asyncio.sleep(0)
asyncio.run(main())
"""


def test_without_a_shutdown_the_log_drains_as_the_process_ends(sqlite_url):
    subprocess.run([sys.executable, "-c", AT_EXIT, sqlite_url, str(HERE)], check=True)

    report = report_of(sqlite_url)
    assert (report.sound, report.events) == (True, 200)


FORKER = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[2])
from conftest import build_event
from consentkit.audit.log import AuditLog
log = AuditLog(sys.argv[1], timeout=10.0)
async def some():
    ids = [one.id for one in await asyncio.gather(*(log.record(build_event()) for _ in range(25)))]
    os.write(1, (" ".join(ids) + "\\n").encode())
asyncio.run(some())
children = []
closed, close = os.pipe()
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        os.close(close)
        asyncio.run(some())
        os.read(closed, 1)  # until the parent has closed the log: SQLite tidies up behind whoever leaves last
        asyncio.run(some())
        os._exit(0 if log.drain() else 1)
    children.append(pid)
asyncio.run(some())
log.drain()
os.close(close)
sys.exit(any(os.waitpid(pid, 0)[1] for pid in children))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_log_used_before_a_fork_works_in_every_child_and_in_the_parent(sqlite_url):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKER, sqlite_url, str(HERE)],
        check=True,
        capture_output=True,
        text=True,
    )

    acknowledged = done.stdout.split()
    assert len(acknowledged) == 200
    assert sorted(ids_of(sqlite_url)) == sorted(acknowledged)
    salts = [row.salt for row in Reader(sqlite_url).events()]
    assert len(set(salts)) == 200
    assert report_of(sqlite_url).sound


WORKER = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from conftest import build_event
from consentkit.audit.log import AuditLog
log = AuditLog(sys.argv[1], timeout=5.0)
async def visitor():
    while True:
        recorded = await log.record(build_event())
        sys.stdout.write(recorded.id + "\\n")
        sys.stdout.flush()
async def main():
    await asyncio.gather(*(visitor() for _ in range(20)))
asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_nothing_acknowledged_is_lost_when_writers_are_killed(url, tmp_path):
    acknowledged = []
    for _ in range(3):
        outputs = [tmp_path / f"{number}.txt" for number in range(2)]
        workers = []
        for output in outputs:
            with output.open("w") as file:
                command = [sys.executable, "-c", WORKER, url, str(HERE)]
                workers.append(subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + 20
        while min(output.stat().st_size for output in outputs) < 4000 and time.monotonic() < deadline:
            time.sleep(0.02)
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        for output in outputs:
            acknowledged += [line for line in output.read_text().split("\n")[:-1] if line]

    stored = ids_of(url)
    assert len(acknowledged) > 300
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)
    assert report_of(url).sound


ONCE = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from conftest import build_event
from consentkit.audit.log import AuditLog
async def main():
    log = AuditLog(sys.argv[1], timeout=20.0)
    once = await asyncio.gather(*(log.record(build_event(), once=str(n).encode()) for n in range(40)))
    await asyncio.gather(*(log.record(build_event()) for _ in range(100)))
    await log.close()
    print(*[one.id for one in once])
asyncio.run(main())
"""


def test_processes_share_a_log_and_its_once_keys(url):
    workers = [
        subprocess.Popen([sys.executable, "-c", ONCE, url, str(HERE)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [worker.communicate()[0].split() for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert answers[0] == answers[1] == answers[2]
    report = report_of(url)
    assert (report.sound, report.events) == (True, 40 + 300)


def test_a_lost_connection_in_the_middle_of_the_load_loses_and_repeats_nothing(
    postgresql, postgresql_url, make_event
):
    acknowledged: list[str] = []

    async def load():
        log = AuditLog(postgresql_url, timeout=10.0)
        stop = False

        async def visitor():
            while not stop:
                acknowledged.append((await log.record(make_event())).id)

        visitors = [asyncio.ensure_future(visitor()) for _ in range(10)]
        with psycopg.connect(postgresql.get_uri(), autocommit=True) as admin:
            for _ in range(8):
                seen = len(acknowledged)
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'consentkit'"
                )
                await until(lambda: len(acknowledged) > seen + 20, 30.0)  # noqa: B023 - awaited in this round
        stop = True
        await asyncio.gather(*visitors)
        await log.close()

    asyncio.run(load())

    assert len(acknowledged) > 160
    assert sorted(ids_of(postgresql_url)) == sorted(acknowledged)
    assert report_of(postgresql_url).sound


async def test_a_postgresql_that_stands_still_is_a_fault_within_the_time_out(
    postgresql, postgresql_url, make_event, make_refusal
):
    log = AuditLog(postgresql_url, timeout=2)
    await log.record(make_event())
    refusal = make_refusal()
    with psycopg.connect(postgresql_url) as blocker:
        blocker.execute("LOCK TABLE log_head IN ACCESS EXCLUSIVE MODE")

        with pytest.raises(LogUnavailable):
            await log.record(make_event())
        assert (await log.record_refusal(refusal)).seq is None
    await until(lambda: log.health()["spooled"] == 0)
    await log.close()

    assert ids_of(postgresql_url)[1:] == [refusal.id]


async def test_a_postgresql_that_is_stopped_in_its_tracks_is_a_fault_within_the_time_out(
    postgresql, postgresql_url, make_event, make_refusal
):
    log = AuditLog(postgresql_url, timeout=0.5)
    await log.record(make_event())
    refusal = make_refusal()
    with psycopg.connect(postgresql_url) as admin:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'consentkit' AND datname = current_database()"
        [backend] = admin.execute(query).fetchone()
    os.kill(backend, signal.SIGSTOP)
    try:
        outcome, spooled = await asyncio.gather(
            log.record(make_event()), log.record_refusal(refusal), return_exceptions=True
        )
    finally:
        os.kill(backend, signal.SIGCONT)

    assert isinstance(outcome, LogUnavailable)
    assert spooled.seq is None
    await until(lambda: log.health()["spooled"] == 0)
    await log.close()
    assert ids_of(postgresql_url).count(refusal.id) == 1
    assert report_of(postgresql_url).sound


async def test_no_line_of_any_logger_tells_who_it_was_or_where_the_store_is(tmp_path, make_event, caplog):
    caplog.set_level("DEBUG")
    visitor = "visitor-who-must-not-be-named"
    log = AuditLog(
        "postgresql://someone:hunter2@/none?host=/nonexistent", timeout=0.3, spool=tmp_path / "x.spool"
    )

    with pytest.raises(LogUnavailable) as failed:
        await log.record(make_event(visitor=visitor))
    withdrawn = await log.record_refusal(make_event(act="withdraw", visitor=visitor))
    await log.close()

    assert withdrawn.seq is None
    told = caplog.text + str(failed.value) + json.dumps(log.health())
    assert "not written" in told
    for secret in (visitor, "hunter2", "someone", "/nonexistent"):
        assert secret not in told


async def test_a_constraint_that_fails_tells_no_value(url, make_event, caplog):
    caplog.set_level("INFO")
    log = AuditLog(url, timeout=10.0)
    event = make_event(visitor="visitor-who-must-not-be-named")
    await log.record(event, once=b"key-of-the-form")
    await log.record(make_event(id=event.id, time=event.time, visitor=event.visitor))
    await log.record(make_event(), once=b"key-of-the-form")
    await log.close()

    assert "must-not-be-named" not in caplog.text
    assert "key-of-the-form" not in caplog.text


def test_the_spool_of_a_log_has_a_name_of_its_own(sqlite_url):
    one, other = AuditLog(sqlite_url, log_id="a"), AuditLog(sqlite_url, log_id="b")

    assert isinstance(one._spool, Spool)
    assert one._spool._path != other._spool._path
    assert AuditLog(sqlite_url, timeout=10.0)._spool._path.name == "consent.db.spool"
