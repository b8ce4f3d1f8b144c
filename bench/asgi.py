"""What a request costs through the middleware, beside what other middlewares cost."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.sessions import SessionMiddleware

from bench.figure import Figure, alternating
from consentkit import AuditLog, ConsentMiddleware, Policy
from consentkit.testing import decision_cookie

KEY = secrets.token_urlsafe(48)
REQUESTS = 100
ROUNDS = 60
CATEGORIES = ("analytics", "marketing")
SITE = {
    "site": {"name": "Bench", "address": "http://localhost"},
    "controller": {"name": "Bench Ltd", "contact": "bench@localhost.example"},
}
POLICY = Policy.model_validate(
    {
        **SITE,
        "services": {
            "counter": {"vendor": "Counter", "purposes": ["analytics"], "hosts": ["counter.example"]},
            "player": {"vendor": "Player", "purposes": ["marketing"], "hosts": ["player.example"]},
        },
    }
)
BROWSER = [
    (b"host", b"localhost"),
    (b"connection", b"keep-alive"),
    (
        b"user-agent",
        b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    ),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"sec-fetch-site", b"same-origin"),
    (b"sec-fetch-mode", b"navigate"),
    (b"sec-fetch-dest", b"document"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"accept-language", b"en-GB,en;q=0.9,fr;q=0.8"),
]

App = Callable[..., Any]


def page(number: int, tags: int) -> bytes:
    """A page of 10 KB that differs from every other, with some tags to judge."""
    title = f"Page {number}"
    head = f'<!doctype html>\n<html lang="en">\n<head>\n<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n'.encode()
    word = secrets.token_hex(8).encode()
    pieces = [
        b'<p class="text">Some words of an article, <a href="/a">a link</a> and <em>more</em> %s.</p>\n'
        % word
    ] * 200
    step = max(1, 100 // max(tags, 1))
    for place in range(tags):
        kind = CATEGORIES[place % 2].encode()
        pieces[place * step] += b'<script data-category="%s" src="https://third.example/s%d.js"></script>' % (
            kind,
            place,
        )
    return (head + b"".join(pieces))[: 10 * 1024] + b"</body></html>"


def answering(bodies: Sequence[bytes], content_type: bytes) -> App:
    """An app that answers with one body after the other."""
    at = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal at
        at = (at + 1) % len(bodies)
        body = bodies[at]
        headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Any) -> None:
    return


def requests(app: App, cookie: bytes | None) -> Callable[[], None]:
    """A function that sends a number of requests through an app."""
    headers = [*BROWSER, (b"cookie", cookie)] if cookie else BROWSER

    async def run() -> None:
        for _ in range(REQUESTS):
            scope = {
                "type": "http",
                "method": "GET",
                "scheme": "http",
                "path": "/",
                "raw_path": b"/",
                "root_path": "",
                "query_string": b"",
                "headers": headers,
                "client": ("127.0.0.1", 4000),
                "server": ("127.0.0.1", 80),
            }
            await app(scope, _receive, _send)

    loop = asyncio.new_event_loop()
    return lambda: loop.run_until_complete(run())


class _Nothing(BaseHTTPMiddleware):
    async def dispatch(self, request: Any, call_next: Any) -> Any:
        return await call_next(request)


def consented(app: App, log: AuditLog) -> App:
    """An app behind the middleware."""
    return ConsentMiddleware(app, policy=POLICY, secret_key=KEY, audit=log, https=False)


def _added(
    bodies: Sequence[bytes], kind: bytes, peer: Callable[[App], App], cookie: bytes | None
) -> tuple[float, float]:
    """Microseconds a request that we and a peer add to an app."""
    with tempfile.TemporaryDirectory() as folder:
        log = AuditLog(f"sqlite:///{folder}/bench.db")
        runs = [
            requests(answering(bodies, kind), cookie),
            requests(consented(answering(bodies, kind), log), cookie),
            requests(peer(answering(bodies, kind)), cookie),
        ]
        for run in runs:
            run()
        bare, ours, others = alternating(*runs, rounds=ROUNDS, clock=process_time)
        log.drain()
    return (ours - bare) / REQUESTS * 1e6, (others - bare) / REQUESTS * 1e6


def _cookie(*granted: str) -> bytes:
    name, value = decision_cookie(POLICY, KEY, granted=granted)
    return f"{name}={value}".encode()


def figures() -> list[Figure]:
    """The rows about requests."""
    plain = [page(number, 0) for number in range(64)]
    article = [page(number, 20) for number in range(64)]
    data = [b'{"items":[%d,2,3]}' % number for number in range(64)]
    html = b"text/html; charset=utf-8"
    refused, granted = _cookie(), _cookie("functional", "analytics", "marketing")
    rows: list[Figure] = []
    for name, bodies, cookie, reach in (
        ("10 KB HTML page, nothing to judge", plain, refused, 0.20),
        ("10 KB article, 20 tags, after a refusal", article, refused, 0.50),
        ("10 KB article, 20 tags, after a grant", article, granted, 0.40),
    ):
        ours, peer = _added(bodies, html, _Nothing, cookie)
        rows.append(Figure(f"{name} / no-op BaseHTTPMiddleware", ours, peer, "µs", reach, "at most"))
    ours, peer = _added(data, b"application/json", lambda app: SessionMiddleware(app, KEY), None)
    rows.append(Figure("JSON response / SessionMiddleware", ours, peer, "µs", 0.6, "at most"))
    ours, peer = _added(data, b"application/json", lambda app: SessionMiddleware(app, KEY), refused)
    rows.append(
        Figure("JSON response, with our cookie / SessionMiddleware", ours, peer, "µs", 0.6, "at most")
    )
    return rows
