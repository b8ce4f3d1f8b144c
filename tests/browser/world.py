"""A site behind the real middleware, a third party beside it that remembers who called, and a cache between that may err."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext
from tests.asgi import KEY, POLICY

from consentkit.audit.log import AuditLog
from consentkit.core.policy import Policy
from consentkit.testing import decision_cookie
from consentkit.web.answer import Answer, Message, Receive, Scope, Send
from consentkit.web.middleware import ConsentMiddleware

THIRD = "tag.localhost"
SERVICES: dict[str, Any] = {
    "tag": {"vendor": "T", "purposes": ["marketing"], "hosts": [THIRD]},
}
TAGS = (
    '<link rel="preload" as="script" href="//tag.localhost:PORT/p.js"><link rel="preconnect" href="//tag.localhost:PORT">'
    '<script src="//tag.localhost:PORT/a.js"></script><script async src="//tag.localhost:PORT/b.js"></script>'
    '<script type="module" src="//tag.localhost:PORT/m.js"></script><link rel="stylesheet" href="//tag.localhost:PORT/s.css">'
)
BODY = '<img src="//tag.localhost:PORT/i.gif" alt=""><iframe src="//tag.localhost:PORT/f" title="f"></iframe>'
PAGE = (
    "<!doctype html><html lang=en><head>{tags}<title>x</title></head><body>{body}<p id=text>Hello</p>{own}"
    + ("<p>More of it.</p>" * 2000)
)


@dataclass
class World:
    """The whole small world. ``http://127.0.0.1`` is the site, every other host the third party.

    :param policy: what differs from the sample policy.
    :param keywords: of the middleware.
    :param headers: of every page.
    :param copies: the bytes that a cache kept, by path; while ``stale`` is above zero it serves them, and counts down.
    """

    port: int
    folder: Path
    policy: dict[str, Any] = field(default_factory=dict)
    keywords: dict[str, Any] = field(default_factory=dict)
    tags: str = TAGS
    body: str = BODY
    own: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    scripts: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    copies: dict[str, list[Message]] = field(default_factory=dict)
    stale: int = 0
    pause: float = 0
    app: ConsentMiddleware | None = None

    def open(self) -> str:
        """Starts the site; the address of its first page."""
        self.built = Policy.model_validate(
            {**POLICY, "services": SERVICES, **self.policy, "site": {"name": "P", "address": self.origin}}
        )
        self.app = ConsentMiddleware(
            self._page,
            policy=self.built,
            secret_key=KEY,
            audit=AuditLog(f"sqlite:///{self.folder / 'c.db'}", log_id=self.origin, timeout=20.0),
            grants_per_second=None,
            **self.keywords,
        )
        return f"{self.origin}/"

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def choose(self, context: BrowserContext, *granted: str) -> None:
        """The visitor has chosen, on another day: the hint comes with the next page."""
        await context.clear_cookies()
        name, value = decision_cookie(self.built, KEY, granted=granted)
        await context.add_cookies([{"name": name, "value": value, "url": self.origin}])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"])[b"host"].decode().partition(":")[0]
        path = scope["path"]
        if host != "127.0.0.1":
            self.calls.append(path)
            kind = (
                "text/css" if path.endswith(".css") else "text/javascript" if ".js" in path else "text/html"
            )
            body = self.scripts.get(path, "window.ran = (window.ran || 0) + 1")
            cors = ((b"access-control-allow-origin", b"*"),)
            await Answer(200, body.encode() if kind == "text/javascript" else b"", kind, cors).send(
                scope, send
            )
            return
        assert self.app is not None
        if path == "/favicon.ico":
            await Answer(404).send(scope, send)
            return
        ours = path.startswith("/_consent") or path in self.scripts
        if not ours and self.stale > 0 and path in self.copies:
            self.stale -= 1
            self.asked.append(f"copy {path}")
            await self._copy(path, send)
            return
        if not ours:
            self.asked.append(path)
            self.copies[path] = []
            await self.app(scope, receive, self._keeping(path, send))
            return
        await self.app(scope, receive, send)

    def _keeping(self, path: str, send: Send) -> Send:
        async def both(message: Message) -> None:
            self.copies[path].append(dict(message))
            await send(message)

        return both

    async def _copy(self, path: str, send: Send) -> None:
        """What was kept, as a cache sends it: no cookies; in two pieces where there is a pause."""
        start, *rest = self.copies[path]
        fields = [(name, value) for name, value in start["headers"] if name != b"set-cookie"]
        body = b"".join(message.get("body", b"") for message in rest)
        await send({**start, "headers": fields})
        cut = body.index(b"</script>") + 9 if self.pause else len(body)
        await send({"type": "http.response.body", "body": body[:cut], "more_body": bool(self.pause)})
        if self.pause:
            await asyncio.sleep(self.pause)
            await send({"type": "http.response.body", "body": body[cut:]})

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        script = self.scripts.get(scope["path"])
        if script is not None:
            await Answer(200, script.encode(), "text/javascript").send(scope, send)
            return
        html = PAGE.replace("{tags}", self.tags).replace("{body}", self.body).replace("{own}", self.own)
        html = html.replace("PORT", str(self.port))
        await Answer(200, html.encode(), "text/html; charset=utf-8", self.headers).send(scope, send)
