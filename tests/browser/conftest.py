"""A Chromium, and small sites for it to visit.

A :class:`Site` serves pages written in a test, the notice put into them, and keeps the contract of the decision endpoint
with the real policy, resolver and pages. A second host name plays the third party and remembers who called.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.decision import Act, Choice, Decision, Outcome, decide
from consentkit.core.policy import Policy
from consentkit.web.answer import Answer, Receive, Scope, Send
from consentkit.web.notice import NoticeBook, View
from consentkit.web.pages import Pages, as_json

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
CHROMIUM = "/usr/bin/chromium"
PREFIX = "/_consent"
STRICT = (
    "default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'nonce-{nonce}'; img-src *; "
    "frame-src *; require-trusted-types-for 'script'; base-uri 'none'; object-src 'none'"
)
POLICY: dict[str, Any] = {
    "regime": "opt-in",
    "privacy_url": "/privacy",
    "imprint_url": "/imprint",
    "site": {"name": "The Wrenmouth Lantern", "address": "http://127.0.0.1"},
    "controller": {"name": "Lantern Press, Wrenmouth", "contact": "privacy@lantern.example"},
    "services": {
        "stats": {
            "title": "Reader statistics",
            "vendor": "Third Party Ltd",
            "purposes": ["analytics"],
            "privacy_url": "https://third.example/privacy",
            "cookies": [{"name": "_tp", "lifetime": "13mo"}, {"pattern": "^_tp_[a-z]+$"}],
        },
        "films": {"title": "Films", "vendor": "Film House", "purposes": ["marketing"]},
    },
}

PageSource = Callable[[Consent], str]


HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test in a browser that fails is tried once more: of a page there is always a moment before the next one."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=[".*"]))


@dataclass
class Site:
    """A site to visit.

    :param pages: page by path: HTML with ``{notice}``, ``{nonce}`` and ``{third}`` in it, or a function of the consent.
    :param csp: value of every page's CSP, ``{nonce}`` in it; empty for none.
    :param view: what the notice is told about every page.
    :param language: the pages' own language; ``None``: the browser's.
    :param delay: seconds for which our script is held back.
    :param fail: status with which the endpoint answers every act; 0 for the truth.
    :param slow: seconds for which the answer to an act is held back, by action.
    """

    policy: Policy = field(default_factory=lambda: Policy.model_validate(POLICY))
    pages: dict[str, str | PageSource] = field(default_factory=dict)
    csp: str = ""
    view: View = field(default_factory=View)
    delay: float = 0
    prefix: str = PREFIX
    language: str | None = None
    fail: int = 0
    slow: dict[str, float] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    acts: list[dict[str, Any]] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    set_cookies: list[str] = field(default_factory=list)
    decisions: dict[str, Decision] = field(default_factory=dict)
    port: int = 0

    def __post_init__(self) -> None:
        self.book = NoticeBook(self.policy)
        self.visitor = Pages(self.policy, self.book)

    def use(self, **changes: Any) -> None:
        """Another policy: the sample one with these keys."""
        self.policy = Policy.model_validate({**POLICY, **changes})
        self.__post_init__()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def third(self) -> str:
        return f"http://localhost:{self.port}"

    def page(self, path: str, html: str | PageSource) -> str:
        """Puts a page at a path; its address."""
        self.pages[path] = html
        return self.origin + path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"]
        self.requests.append(f"{scope['method']} {path}")
        if headers["host"].startswith("localhost"):
            self.hits.append(path + ("?" + scope["query_string"].decode() if scope["query_string"] else ""))
            answer = third_party(path)
        elif path.startswith(PREFIX):
            if self.delay and "/first." in path:
                await asyncio.sleep(self.delay)
            answer = await self._ours(scope, headers, receive)
        else:
            answer = self._theirs(scope, headers)
        await answer.send(scope, send)

    def consent(self, headers: dict[str, str]) -> Consent:
        cookie = headers.get("cookie", "")
        found = next(
            (v for n, _, v in (c.strip().partition("=") for c in cookie.split(";")) if n == "ck"), ""
        )
        return resolve(
            self.policy, Signals(gpc="sec-gpc" in headers), self.decisions.get(found), int(time.time())
        )

    def _view(self, scope: Scope, headers: dict[str, str], following: str) -> View:
        language = self.book.language(None, headers.get("accept-language"))
        query = dict(pair.split("=") for pair in scope["query_string"].decode().split("&") if "=" in pair)
        return replace(
            self.view,
            prefix=self.prefix,
            next=following,
            view=secrets.token_hex(8),
            language=query.get("lang", language),
        )

    def _theirs(self, scope: Scope, headers: dict[str, str]) -> Answer:
        source = self.pages.get(scope["path"])
        if source is None:
            return Answer(404)
        consent = self.consent(headers)
        following = scope["path"] + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        nonce = secrets.token_hex(8) if self.csp else None
        inline = not self.csp or "style-src 'nonce" in self.csp
        language = self.book.language(self.language, headers.get("accept-language"))
        view = replace(self._view(scope, headers, following), nonce=nonce, inline=inline, language=language)
        html = source if isinstance(source, str) else source(consent)
        html = html.replace("{third}", self.third).replace("{nonce}", nonce or "")
        body = html.encode().replace(b"{notice}", self.book.body(consent, view))
        own = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        if self.csp:
            own.append((b"content-security-policy", self.csp.replace("{nonce}", nonce or "").encode()))
        kind = "text/javascript" if scope["path"].endswith(".js") else "text/html; charset=utf-8"
        return Answer(200, body, kind, ((b"cache-control", b"private, no-cache"), *own))

    async def _ours(self, scope: Scope, headers: dict[str, str], receive: Receive) -> Answer:
        path = scope["path"].removeprefix(PREFIX).strip("/")
        consent = self.consent(headers)
        view = self._view(scope, headers, _query(scope).get("next", ""))
        if scope["method"] == "POST":
            return await self._act(headers, receive, view)
        if path == "":
            return self.visitor.preferences(consent, view)
        if path == "declaration":
            return self.visitor.declaration(view)
        if path == "state":
            return self.visitor.state(consent, self.book.notice(view.language))
        return self.visitor.static(path.removeprefix("static/")) or Answer(404)

    async def _act(self, headers: dict[str, str], receive: Receive, view: View) -> Answer:
        body = (await _body(receive)).decode()
        by_json = headers["content-type"].startswith("application/json")
        sent = json.loads(body) if by_json else _form(body)
        if self.fail:
            return as_json(self.fail, {"error": "no"}) if by_json else self.visitor.problem(self.fail, view)
        choice = Choice(
            Act(sent["action"]),
            frozenset(sent.get("purpose", ())),
            {name.lstrip("-"): not name.startswith("-") for name in sent.get("service", ()) if name},
        )
        outcome = decide(self.policy, choice, now=int(time.time()), visitor="v")
        assert isinstance(outcome, Outcome)
        self.acts.append(sent)
        await asyncio.sleep(self.slow.get(sent["action"], 0))
        key = secrets.token_hex(8)
        self.decisions[key] = outcome.decision
        cookie = f"ck={key}; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax"
        self.set_cookies.append(cookie)
        extra = (
            (b"set-cookie", cookie.encode()),
            (b"clear-site-data", b'"prefetchCache", "prerenderCache"'),
        )
        consent = self.consent({"cookie": f"ck={key}"})
        if by_json:
            notice = self.book.notice(view.language)
            return as_json(200, {"event": key, "state": self.visitor.state_of(consent, notice)}, extra)
        return Answer(303, headers=((b"location", sent.get("next", "/").encode()), *extra))


def third_party(path: str) -> Answer:
    """What the third party serves: a script that tells of itself, a frame, a pixel."""
    if path.endswith(".js"):
        script = (
            b"(window.ran = window.ran || []).push(document.currentScript ? "
            b"document.currentScript.dataset.name || document.currentScript.src : 'module');"
        )
        cors = ((b"access-control-allow-origin", b"*"),)
        return Answer(200, script, "text/javascript", cors)
    if path.endswith(".gif"):
        return Answer(200, b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "image/gif")
    return Answer(200, b"<!doctype html><p>third", "text/html")


async def _body(receive: Receive) -> bytes:
    found = b""
    while True:
        message = await receive()
        found += message.get("body", b"")
        if not message.get("more_body"):
            return found


def _query(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode()))


def _form(body: str) -> dict[str, Any]:
    found: dict[str, Any] = {"purpose": [], "service": []}
    for name, value in parse_qsl(body):
        if name in ("purpose", "service"):
            found[name].append(value)
        else:
            found[name] = value
    return found


async def until(page: Page, expression: str, seconds: float = 5) -> Any:
    """Waits until an expression is true in the page, across reloads and whatever the page's CSP says of eval."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = await page.evaluate(expression)
        except Error:
            found = None
        if found:
            return found
        assert time.monotonic() < end, f"never true: {expression}"
        await asyncio.sleep(0.02)


class _Front:
    """The one server of the test run; each test puts its own site behind it."""

    site: Site | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.site is not None
        await self.site(scope, receive, send)


@pytest.fixture(scope="session")
def front() -> Iterator[tuple[_Front, int]]:
    found = _Front()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        found, lifespan="off", log_level="error", access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield found, listener.getsockname()[1]
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def site(front: tuple[_Front, int]) -> Site:
    """A site of this test's own."""
    found, port = front
    found.site = Site(port=port)
    return found.site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One Chromium for the run, its bfcache on as people have it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox"],
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A visitor: a fresh profile."""
    found = await chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    yield found
    await found.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(context: BrowserContext) -> AsyncIterator[Page]:
    """A tab of theirs; an uncaught error in it fails the test."""
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(5000)
    yield page
    assert errors == []
