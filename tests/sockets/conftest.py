"""One small site on uvicorn, hypercorn and granian, each in a process of its own that ends with the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import h11
import pytest

HERE = Path(__file__).parent
COMMANDS = {
    "uvicorn": [
        ["uvicorn", "--port", "{port}", "--http", "h11", "--lifespan", "on", "--no-access-log"],
        ["--root-path"],
    ],
    "hypercorn": [["hypercorn", "--bind", "127.0.0.1:{port}"], ["--root-path"]],
    "granian": [
        ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}", "--no-ws"],
        ["--url-path-prefix"],
    ],
}


class Server:
    """A running server, and one raw connection for each request."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.port = port

    def ask(
        self, path: str, *, method: str = "GET", headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> tuple[h11.Response, bytes]:
        """One request by h11, which raises where the framing of the answer is not HTTP's."""
        client = h11.Connection(h11.CLIENT)
        fields = [("Host", f"localhost:{self.port}"), ("Connection", "close"), *headers]
        if body:
            fields.append(("Content-Length", str(len(body))))
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as wire:
            for event in (
                h11.Request(method=method, target=path, headers=fields),
                *([h11.Data(data=body)] if body else []),
                h11.EndOfMessage(),
            ):
                wire.sendall(client.send(event) or b"")
            return _answer(client, wire)


def _answer(client: h11.Connection, wire: socket.socket) -> tuple[h11.Response, bytes]:
    response, chunks = None, []
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            client.receive_data(wire.recv(65536))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            chunks.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            assert response is not None
            return response, b"".join(chunks)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended before it served"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not listen")


def _running(name: str, folder: Path, root: str = "") -> Iterator[Server]:
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    port = _free_port()
    (command, root_option) = COMMANDS[name]
    arguments = [part.format(port=port) for part in command] + ([*root_option, root] if root else [])
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), *sys.path])
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments, "raw_site:app"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(port, process)
        yield Server(name, port)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


@pytest.fixture(scope="session", params=list(COMMANDS))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _running(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session", params=list(COMMANDS))
def rooted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same behind a proxy that serves it under ``/site``."""
    yield from _running(request.param, tmp_path_factory.mktemp(request.param), "/site")
