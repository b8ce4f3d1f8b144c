"""A visitor in Chromium who writes down what a page asks for.

What is written down is what the browser would send: a request that a Content-Security-Policy stopped is none. Two things stay
unseen: the connections that ``preconnect`` and ``dns-prefetch`` open, and what a third party's own script would ask for, where
it is refused.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Route,
    WebError,
    WebSocket,
    async_playwright,
)
from playwright.async_api import TimeoutError as TooLate

from consentkit.core.errors import ConsentkitError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = 0.7
"""Seconds without a request after which a page is taken to be done."""
LONGEST = 8.0
"""Seconds that a page which never rests is watched."""
LOADING = 20.0
"""Seconds for a page to load; one that has not then is judged by what it did."""
WIDTH, HEIGHT = 1280, 2000
_EXPECTED = ("Failed to load resource", "WebSocket connection")
"""How Chromium begins to say that a request failed: here each one to others does."""
_STOPPED = "Content Security Policy"


class NoBrowserError(ConsentkitError):
    """There is no Chromium, or it does not start."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a page.

    :param address: where to.
    :param kind: what for, as Chromium calls it: ``script``, ``image``, ``document``, …
    """

    address: str
    kind: str


@dataclass(slots=True)
class Seen:
    """What a page did in a stretch of time.

    :param asked: its requests, in order.
    :param errors: errors of scripts that nobody caught, and what was written to the console as an error.
    """

    asked: list[Asked] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@asynccontextmanager
async def chromium(*, alone: bool) -> AsyncIterator[Browser]:
    """A Chromium of its own.

    :param alone: no host name but this machine's resolves, so that nothing leaves it.
    :raises NoBrowserError: there is none on the path, and Playwright has none; or it does not start.
    """
    arguments = ["--disable-background-networking", "--no-first-run"]
    if alone:
        arguments.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses to start a sandbox as root
    found = next(filter(None, map(shutil.which, NAMES)), None)
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=found, args=arguments)
        except Error as error:
            raise NoBrowserError(f"no Chromium: {error.message.partition(chr(10))[0]}") from None
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    """One visitor with cookies of their own.

    :param context: where they look at pages.
    :param page: the page they look at.
    """

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self._context = context
        self._page = page
        self._seen = Seen()
        self._under_way: set[Request] = set()
        self._stirred = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def of(cls, browser: Browser, own: str, *, refuse: bool) -> AsyncIterator[Visitor]:
        """A visitor who has not been here before.

        :param own: the origin that is visited.
        :param refuse: fail each request to another.
        """
        context = await browser.new_context(
            service_workers="block", viewport={"width": WIDTH, "height": HEIGHT}
        )
        try:
            visitor = cls(context, await context.new_page())
            await visitor._watch(own, refuse=refuse)
            yield visitor
        finally:
            await context.close()

    async def _watch(self, own: str, *, refuse: bool) -> None:
        async def pass_or_fail(route: Route) -> None:
            address = route.request.url
            self._seen.asked.append(Asked(address, route.request.resource_type))
            away = refuse and not f"{address}/".startswith(f"{own}/")
            with suppress(Error):  # the page may be gone meanwhile
                await (route.abort() if away else route.continue_())

        def opened(socket: WebSocket) -> None:
            self._seen.asked.append(Asked(socket.url, "websocket"))

        def thrown(error: WebError) -> None:
            self._seen.errors.append(str(error.error))

        def written(message: ConsoleMessage) -> None:
            text = message.text
            if message.type == "error" and not text.startswith(_EXPECTED) and _STOPPED not in text:
                self._seen.errors.append(text)

        await self._context.route(lambda _: True, pass_or_fail)
        self._page.on("websocket", opened)
        self._context.on("weberror", thrown)
        self._context.on("console", written)
        self._context.on("request", self._begun)
        self._context.on("requestfinished", self._ended)
        self._context.on("requestfailed", self._ended)

    def _begun(self, request: Request) -> None:
        self._under_way.add(request)
        self._stirred.set()

    def _ended(self, request: Request) -> None:
        self._under_way.discard(request)
        self._stirred.set()

    async def open(self, address: str) -> None:
        """Go to a page, and wait until it rests."""
        with suppress(TooLate):
            await self._page.goto(address, wait_until="load", timeout=LOADING * 1000)
        await self.rest()

    async def rest(self) -> None:
        """Wait until no request is under way, and none has begun for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST):
                while await self._stirs() or self._under_way:
                    pass

    async def _stirs(self) -> bool:
        """Whether a request begins or ends before the page has been quiet for a while."""
        self._stirred.clear()
        try:
            await asyncio.wait_for(self._stirred.wait(), QUIET)
        except TimeoutError:
            return False
        return True

    async def sees(self, selector: str) -> bool:
        """Whether the page holds an element, in whatever shadow root."""
        return await self._page.locator(selector).count() > 0

    async def press(self, selector: str) -> None:
        """Press a button, whatever lies over it, and wait until the page rests."""
        await self._page.locator(selector).first.evaluate("button => button.click()")
        await self.rest()

    def seen(self) -> Seen:
        """What was seen since the last time."""
        seen, self._seen = self._seen, Seen()
        return seen
