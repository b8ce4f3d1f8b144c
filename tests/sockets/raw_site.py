"""The site that the servers of these tests run: the answer is named by the path."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

from tests.asgi import HTML, KEY, PAGE, POLICY, serving

from consentkit.core.policy import Policy
from consentkit.web.middleware import ConsentMiddleware

LENGTH = (b"content-length", str(len(PAGE)).encode())
STILL_TO_COME = b"<p>to come</p>"


async def stream(scope: Any, receive: Any, send: Any) -> None:
    """A page whose end comes only when the client has gone."""
    await send({"type": "http.response.start", "status": 200, "headers": HTML})
    await send({"type": "http.response.body", "body": PAGE, "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


ANSWERS = {
    "whole": serving(PAGE, headers=[*HTML, LENGTH]),
    "cut": serving(PAGE[:30], PAGE[30:90], PAGE[90:], headers=[*HTML, LENGTH]),
    "packed": serving(gzip.compress(PAGE), headers=[*HTML, (b"content-encoding", b"gzip")]),
    "nothing": serving(b"", status=204, headers=HTML),
    "unchanged": serving(b"", status=304, headers=[*HTML, (b"etag", b'"a"')]),
    "cookies": serving(PAGE, headers=[*HTML, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]),
    "data": serving(b'{"a": 1}', headers=[(b"content-type", b"application/json"), (b"content-length", b"8")]),
    "stream": stream,
}


async def site(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    answer = ANSWERS[scope["path"].rpartition("/")[2]]
    if scope["method"] == "HEAD":
        start: list[Any] = []

        async def start_only(message: Any) -> None:
            start.append(message)

        await answer(scope, receive, start_only)
        await send(start[0])
        await send({"type": "http.response.body", "body": b""})
    else:
        await answer(scope, receive, send)


app = ConsentMiddleware(site, policy=Policy.model_validate(POLICY), secret_key=KEY)
