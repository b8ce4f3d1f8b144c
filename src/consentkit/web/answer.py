"""A whole response as a value, so that what answers a request needs no ``await``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Header = tuple[bytes, bytes]
Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of our own.

    :param status: HTTP status.
    :param body: the whole body.
    :param content_type: value of ``Content-Type``; empty for none.
    :param headers: further header fields, in order, names in lower case.
    """

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[Header, ...] = field(default=())

    async def send(self, scope: Scope, send: Send) -> None:
        """Send it; a HEAD request gets the same header fields and no body."""
        headers = [(b"content-length", str(len(self.body)).encode())]
        if self.content_type:
            headers.append((b"content-type", self.content_type.encode("latin-1")))
        headers += [(b"x-content-type-options", b"nosniff"), *self.headers]
        body = b"" if scope.get("method") == "HEAD" else self.body
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
