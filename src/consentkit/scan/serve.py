"""A folder of pages on this machine's own sockets, as it is and through the middleware."""

from __future__ import annotations

import asyncio
import mimetypes
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import uvicorn

from consentkit.audit.log import AuditLog
from consentkit.web.answer import Answer, App, Header, Receive, Scope, Send

PAGES = (".html", ".htm", ".xhtml")
CLOSING = 10
"""Seconds for connections and the log to end."""


class Folder:
    """An app that serves the files of a folder, and nothing outside of it.

    :param root: the folder.
    :param headers: further header fields of each file.
    """

    def __init__(self, root: Path, headers: tuple[Header, ...] = ()) -> None:
        self._root = root.resolve()
        self._headers = headers

    def pages(self) -> list[str]:
        """The paths of its pages, in order."""
        found = (file for file in self._root.rglob("*") if file.suffix.lower() in PAGES and file.is_file())
        return sorted("/" + quote(file.relative_to(self._root).as_posix()) for file in found)

    def file(self, path: str) -> Path | None:
        """The file at a path, which is written without escapes; ``None`` where there is none."""
        try:
            file = (self._root / path.lstrip("/")).resolve()
            if file.is_dir():
                file /= "index.html"
            return file if file.is_relative_to(self._root) and file.is_file() else None
        except (OSError, ValueError):
            return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        file = self.file(scope["path"])
        if file is None:
            await Answer(404).send(scope, send)
            return
        body = await asyncio.to_thread(file.read_bytes)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        await Answer(200, body, kind, self._headers).send(scope, send)


@contextmanager
def serving(apps: Sequence[App], log: AuditLog | None = None) -> Iterator[list[str]]:
    """Serve each app on a port of its own, until the block ends.

    :param log: closed at the end.
    :return: the origin of each.
    """
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in apps]
    ports = [each.getsockname()[1] for each in sockets]
    by_port = dict(zip(ports, apps, strict=True))

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        await by_port[scope["server"][1]](scope, receive, send)

    config = uvicorn.Config(door, lifespan="off", log_level="critical", access_log=False)
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)

    async def serve() -> None:
        await server.serve(sockets)
        if log is not None:
            await log.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="consentkit-scan", daemon=True)
    thread.start()
    try:
        yield [f"http://127.0.0.1:{port}" for port in ports]
    finally:
        server.should_exit = True
        thread.join(CLOSING)
        for each in sockets:
            each.close()
