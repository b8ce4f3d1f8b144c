"""Drives an ASGI app by hand: no HTTP client, which would hide repeated header fields and the order of messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

Message = dict[str, Any]
App = Callable[..., Awaitable[None]]
Fields = Iterable[tuple[bytes, bytes]]

HTML = [(b"content-type", b"text/html; charset=utf-8")]
FORM = (b"content-type", b"application/x-www-form-urlencoded")
JSON = (b"content-type", b"application/json")
SAME = (b"sec-fetch-site", b"same-origin")
"""What a browser adds to a form of the page's own origin."""
KEY = "K7-wq2Lr9_vXe4Tz8bHn3Jm6Pd1Sf5Gy0"
"""A secret key as one is meant to be: 33 random characters."""
PATIENCE = 20
"""Seconds after which a connection that should have ended is a failed test."""
OURS = b'<span id="consentkit"'
"""How the notice's piece begins."""
HEAD = b"<script data-ck-head="
"""How our first script begins."""
STUB = b"<script data-ck-stub"
"""How a stub begins."""
HOLD = b'<meta http-equiv="Content-Security-Policy" content="">'
"""What may stand before it."""

POLICY: dict[str, Any] = {
    "site": {"name": "The Paper", "address": "https://paper.example"},
    "controller": {"name": "Paper Ltd", "contact": "privacy@paper.example"},
    "services": {
        "counter": {"vendor": "Counter Inc", "purposes": ["analytics"], "hosts": ["counter.example"]},
        "player": {"vendor": "Player SA", "purposes": ["marketing"], "hosts": ["player.example"]},
    },
    "pages": [{"match": "/legal/*", "notice": "never"}],
}
GATED = b'<script src="https://counter.example/c.js" data-category="analytics"></script>'
PAGE = b'<!doctype html><html lang="en"><head>' + GATED + b"</head><body><p>Hello</p></body></html>"


@dataclass
class Reply:
    """All that an app sent."""

    messages: list[Message] = field(default_factory=list)

    @property
    def starts(self) -> list[Message]:
        return [each for each in self.messages if each["type"] == "http.response.start"]

    @property
    def status(self) -> int:
        (start,) = self.starts
        return start["status"]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        (start,) = self.starts
        return [(bytes(name), bytes(value)) for name, value in start.get("headers", ())]

    @property
    def body(self) -> bytes:
        return b"".join(
            bytes(each.get("body", b"")) for each in self.messages if each["type"] == "http.response.body"
        )

    def every(self, name: bytes) -> list[bytes]:
        """The values of all fields of that lower-case name, in order."""
        return [value for found, value in self.headers if found.lower() == name]

    def one(self, name: bytes) -> bytes | None:
        """The value of the only field of that name."""
        values = self.every(name)
        assert len(values) <= 1, values
        return values[0] if values else None


def http(
    path: str = "/",
    *,
    method: str = "GET",
    headers: Fields = (),
    host: bytes = b"localhost",
    **more: Any,
) -> Message:
    """An http scope as a server makes it."""
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(b"host", host), *headers],
        "client": ("203.0.113.9", 50_000),
        "server": ("127.0.0.1", 80),
        **more,
    }


def body_of(body: bytes, *pieces: bytes) -> list[Message]:
    """The messages of a request's body."""
    parts = [body, *pieces]
    return [
        {"type": "http.request", "body": part, "more_body": index + 1 < len(parts)}
        for index, part in enumerate(parts)
    ]


async def drive(app: App, scope: Message, received: Iterable[Message] = ()) -> Reply:
    """Run one connection to its end and return what was sent. After the messages given, the client stays silent."""
    reply = Reply()
    async with asyncio.timeout(PATIENCE):
        await app(scope, receiver(received), recorder(reply))
    return reply


def receiver(messages: Iterable[Message] = ()) -> Callable[[], Awaitable[Message]]:
    """A ``receive`` that gives these messages and then waits for ever."""
    waiting = list(messages)
    if not waiting:
        waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        return await asyncio.Event().wait() or {}

    return receive


def recorder(reply: Reply) -> Callable[[Message], Awaitable[None]]:
    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        reply.messages.append(message)

    return send


async def get(app: App, path: str = "/", headers: Fields = (), **more: Any) -> Reply:
    return await drive(app, http(path, headers=headers, **more))


async def post(
    app: App,
    fields: Mapping[str, Any] | Sequence[tuple[str, str]] | bytes,
    headers: Fields = (SAME,),
    path: str = "/_consent",
    **more: Any,
) -> Reply:
    """Send a form to the decision endpoint, by default as a browser sends one of the page's own origin."""
    body = fields if isinstance(fields, bytes) else urlencode(fields, doseq=True).encode()
    scope = http(path, method="POST", headers=[FORM, *headers], **more)
    return await drive(app, scope, body_of(body))


def serving(*chunks: bytes, status: int = 200, headers: Any = None, **start: Any) -> App:
    """An app that answers everything with these chunks."""
    fields = HTML if headers is None else headers

    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": fields, **start})
        for index, chunk in enumerate(chunks or (b"",)):
            await send(
                {"type": "http.response.body", "body": chunk, "more_body": index + 1 < len(chunks or (b"",))}
            )

    return app


def cookie_of(reply: Reply) -> tuple[bytes, bytes]:
    """The ``Cookie`` field that a browser would send after this answer."""
    kept = [value.partition(b";")[0] for value in reply.every(b"set-cookie") if b"Max-Age=0" not in value]
    assert kept
    return (b"cookie", b"; ".join(kept))


def decision_of(reply: Reply) -> bytes:
    """The value of the decision cookie that an answer sets; the hint stands behind it."""
    own, _, _ = cookie_of(reply)[1].partition(b"; ")
    return own.partition(b"=")[2]


def without_head(body: bytes) -> bytes:
    """A page without its first script, which is ours."""
    start = body.find(HEAD)
    if start < 0:
        return body
    end = body.index(b"</script>", start) + len(b"</script>")
    return body[:start].removesuffix(HOLD) + body[end:]


def without_ours(body: bytes) -> bytes:
    """A gated page with our insertions taken out: our first script, the notice's piece, stubs, the prefix on names, the
    script's type and mark.
    """
    body = without_head(body)
    while (at := body.find(STUB)) >= 0:
        body = body[:at] + body[body.index(b"</script>", at) + len(b"</script>") :]
    start = body.find(OURS)
    if start >= 0:
        end = body.index(b"</template>", start)
        end = body.index(b"</span>", end) + len(b"</span>")
        body = body[:start] + body[end:]
    body = body.replace(b"data-ck-", b"")
    for mark in (b' type="text/plain" data-ck="', b' data-ck="'):
        while (at := body.find(mark)) >= 0:
            body = body[:at] + body[body.index(b'"', at + len(mark)) + 1 :]
    return body
