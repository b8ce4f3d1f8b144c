"""A server of the site in processes of its own, its clients, and the judge of what they were told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consentkit.audit.reader import Reader
from consentkit.audit.verifying import verify_log
from consentkit.web.viewword import new_word

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NOBODY = "0" * 64


@dataclass
class Told:
    """What a client was told of one choice.

    :param status: ``0`` where the connection ended without an answer.
    """

    status: int
    event: str | None
    cookies: list[bytes]
    error: str = ""


@dataclass
class Site:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]
    notice: str = ""
    told: list[Told] = field(default_factory=list)

    async def ready(self) -> None:
        """Wait until it serves, and learn the notice."""
        async with asyncio.timeout(60):
            while not self.notice:
                assert self.process.poll() is None, "the server ended before it served"
                status, _, body = await self.send(b"POST", {"action": "accept", "notice": NOBODY})
                if status == 409:
                    self.notice = json.loads(body)["notice"]
                await asyncio.sleep(0.05)

    async def choose(self, action: str = "accept", view: str = "") -> Told:
        """Make one choice, from a page view of its own."""
        status, cookies, body = await self.send(
            b"POST", {"action": action, "notice": self.notice, "view": view or new_word()}
        )
        answer = json.loads(body) if body.startswith(b"{") else {}
        told = Told(status, answer.get("event"), cookies, answer.get("error", ""))
        self.told.append(told)
        return told

    async def send(
        self, method: bytes, said: dict[str, str] | None = None, path: bytes = b"/_consent/"
    ) -> tuple[int, list[bytes], bytes]:
        """One request on a connection of its own, so that each may meet another worker."""
        body = json.dumps(said).encode() if said else b""
        head = (
            b"%s %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nsec-fetch-site: same-origin\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n"
        )
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return 0, [], b""
        try:
            writer.write(head % (method, path, len(body)) + body)
            answer = await reader.read()
        except OSError:
            answer = b""
        finally:
            writer.close()
        lines, _, rest = answer.partition(b"\r\n\r\n")
        status, *fields = lines.split(b"\r\n")
        cookies = [each[12:] for each in fields if each.lower().startswith(b"set-cookie: ")]
        return (int(status.split()[1]) if status else 0), cookies, rest

    def workers(self) -> list[int]:
        """Process ids of uvicorn's workers: the children that run its spawned main function."""
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text().rpartition(")")[2].split()[1])
                command = (status.parent / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == self.process.pid and b"spawn_main" in command:
                found.append(int(status.parent.name))
        return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(
    url: str, folder: Path, *, workers: int = 1, before: tuple[str, ...] = (), timeout: float = 1.0
) -> Iterator[Site]:
    """uvicorn with the site, which ends with the block.

    :param before: the words of a command that runs it.
    :param timeout: of its log, in seconds.
    """
    port = free_port()
    path = os.pathsep.join([str(HERE), str(ROOT), *filter(None, sys.path)])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "CONSENTKIT_AUDIT": url,
        "LOG_TIMEOUT": str(timeout),
        "PYTHONWARNINGS": "ignore",
    }
    options = ["--port", str(port), "--no-access-log", "--timeout-graceful-shutdown", "5"]
    command = [
        *before,
        sys.executable,
        "-m",
        "uvicorn",
        "fault_site:app",
        *options,
        "--workers",
        str(workers),
    ]
    with (folder / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield Site(port, process)
    finally:
        # To all of the group: what traces the server keeps the signal to itself.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


async def load(site: Site, visitors: int, until: asyncio.Event) -> None:
    """Choices, one after the other for each visitor: one in four refuses."""

    async def visitor(number: int) -> None:
        while not until.is_set():
            told = await site.choose("reject" if number % 4 == 0 else "accept")
            if told.status == 0:
                await asyncio.sleep(0.02)

    await asyncio.gather(*(visitor(number) for number in range(visitors)))


def judge(url: str, told: list[Told]) -> None:
    """Each choice that was acknowledged is in the log once; no gap; the log verifies; who got a 503 got no grant's cookie."""
    acknowledged = [one.event for one in told if one.status == 200 and one.event]
    stored = [row.id for row in Reader(url).events()]
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored), "an acknowledged choice is lost"
    assert len(acknowledged) == len(set(acknowledged))
    _, size, report = verify_log(url, None)
    assert report.sound, report.first
    assert size == report.events == len(stored)
    assert all(b"consentkit=" not in cookie for one in told if one.status == 503 for cookie in one.cookies)


def events_of(url: str) -> list[dict[str, Any]]:
    """What the log says, in order."""
    return [json.loads(row.canonical) for row in Reader(url).events()]
