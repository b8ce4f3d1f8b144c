"""Who is at the other end, as a real server tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from consentkit.web import where

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\ncf-ipcountry: FR\r\nx-forwarded-for: 203.0.113.7\r\nconnection: close\r\n\r\n"


def site(resolver: where.Where) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = str(resolver(scope)).encode()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})

    return app


@asynccontextmanager
async def served(resolver: where.Where, **more: Any) -> AsyncIterator[uvicorn.Server]:
    config = uvicorn.Config(site(resolver), port=0, lifespan="off", log_config=None, **more)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        await running


async def asked(server: uvicorn.Server) -> str:
    (listener,) = server.servers[0].sockets
    name = listener.getsockname()
    connect = asyncio.open_unix_connection(name) if isinstance(name, str) else asyncio.open_connection(*name)
    reader, writer = await connect
    writer.write(REQUEST)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.partition(b"\r\n\r\n")[2].decode()


@pytest.mark.parametrize(
    ("trusted", "proxy_headers", "code"),
    [
        (["127.0.0.1"], False, "FR"),
        (["198.51.100.9"], False, "None"),
        (["127.0.0.1"], True, "None"),
        (where.EVERY_PEER, True, "FR"),
    ],
    ids=["the proxy", "a stranger", "the server put the visitor in its place", "whoever connects"],
)
async def test_a_field_is_believed_from_the_peer_that_the_server_tells(trusted, proxy_headers, code):
    async with served(where.cloudflare(trusted), host="127.0.0.1", proxy_headers=proxy_headers) as server:
        assert await asked(server) == code


@pytest.mark.parametrize(
    ("trusted", "code"), [(["unix"], "FR"), (where.EVERY_PEER, "FR"), (["127.0.0.1"], "None")]
)
async def test_behind_a_unix_socket_a_field_is_believed_where_the_socket_is_named(
    tmp_path: Path, trusted, code
):
    async with served(where.cloudflare(trusted), uds=str(tmp_path / "s")) as server:
        assert await asked(server) == code
