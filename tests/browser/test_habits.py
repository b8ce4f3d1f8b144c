"""What people do, each as they do it, against the real middleware in Chromium.

| habit | here | and in depth |
|---|---|---|
| first visit | `test_a_first_visit_…` | `test_client_journey`, `test_law_shown` |
| return | `test_a_return_…` | `test_client_journey` |
| change of mind | `test_a_change_of_mind_…` | `test_client_choice`, `test_csp_by_consent` |
| shared link | `test_a_link_shared_…` | `test_first_script` (pages for all) |
| Back | `test_back_…` | `test_client_choice`, `test_stale_page` |
| two tabs | `test_two_tabs_…` | `test_client_choice` |
| cookies blocked | `test_with_cookies_blocked_…` | `test_signal` |
| storage blocked | `test_with_storage_blocked_…` | `test_notice_hostile`, `test_client_clear` |
| JavaScript off | `test_without_javascript_…` | `test_notice_pages`, `test_placeholders` |
| script late | `test_before_a_late_script_…` | `test_notice_hostile` |
| slow network | `test_while_the_page_is_still_coming_…` | `test_stale_page` |
| private window | `test_a_private_window_…` | |
| zoomed | `test_zoomed_…` | `test_notice_hostile`, `test_notice_look` |
| keyboard only | `test_by_keyboard_alone_…` | `test_client_choice`, `test_placeholders` |
| phone in landscape | `test_on_a_phone_in_landscape_…` | `test_notice_look` |
| another browser | | `test_other_engines` |
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route

from consentkit.audit.reader import Reader
from consentkit.web.answer import Message, Receive, Scope, Send

from .conftest import until
from .world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ROOT = "document.getElementById('consentkit').shadowRoot"
READY = "!!window.consentkit?.ready?.then"
REFUSED = "window.consentkit?.state?.outcome === 'refused'"
FOCUS = "document.activeElement?.shadowRoot?.activeElement?.id"
TAGS = '<link rel=icon href="data:,"><script src="//tag.localhost:PORT/a.js"></script>'
BODY = '<img src="//tag.localhost:PORT/i.gif" alt="">'


@dataclass
class Site(World):
    """A site whose pages may come slowly, before visitors who may keep no cookies.

    :param forgets: what a browser that blocks cookies does is done here: none is sent and none is kept.
    :param slow: the second half of each page waits until ``goes_on``.
    """

    forgets: bool = False
    slow: bool = False
    goes_on: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.forgets:
            scope["headers"] = [each for each in scope["headers"] if each[0] != b"cookie"]
            send = _without_cookies(send)
        await super().__call__(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.slow:
            await super()._page(scope, receive, send)
            return

        async def in_halves(message: Message) -> None:
            body = message.get("body", b"")
            middle = len(body) // 2
            if not middle:
                await send(message)
                return
            await send({**message, "body": body[:middle], "more_body": True})
            await asyncio.to_thread(self.goes_on.wait, 20)
            late = b'<script src="//tag.localhost:%d/late.js"></script>' % self.port
            await send({**message, "body": body[middle:] + late})

        start = {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/html; charset=utf-8")],
        }
        await send(start)
        await super()._page(scope, receive, _only_bodies(in_halves))

    async def laid_out(self, layout: str) -> None:
        """Begins anew, in another layout."""
        assert self.app is not None
        await self.app.audit.close()
        self.policy = {"layout": layout}
        self.open()
        await self.app.audit.start()

    def acts(self) -> list[str]:
        assert self.app is not None
        return [json.loads(row.canonical)["act"] for row in Reader(self.app.audit.url).events()]


def _without_cookies(send: Send) -> Send:
    async def without(message: Message) -> None:
        if "headers" in message:
            kept = [each for each in message["headers"] if each[0] != b"set-cookie"]
            message = {**message, "headers": kept}
        await send(message)

    return without


def _only_bodies(send: Send) -> Send:
    async def bodies(message: Message) -> None:
        if message["type"] == "http.response.body":
            await send(message)

    return bodies


@pytest_asyncio.fixture(loop_scope="session")
async def site(front: Any, tmp_path: Path) -> AsyncIterator[Site]:
    found, port = front
    before = found.site
    found.site = Site(port, tmp_path, tags=TAGS, body=BODY)
    found.site.open()
    await found.site.app.audit.start()
    yield found.site
    found.site.goes_on.set()
    await found.site.app.audit.close()
    found.site = before


async def visit(tab: Page, site: Site, path: str = "/") -> None:
    await tab.goto(site.origin + path)
    await until(tab, READY)


async def press(tab: Page, name: str) -> None:
    await tab.locator(f"#consentkit-{name}").click()


async def refused(tab: Page) -> None:
    await until(tab, REFUSED)


async def runs(tab: Page) -> None:
    await until(tab, "window.ran === 1")


async def test_a_first_visit_is_asked_and_sends_nothing_to_anybody(site: Site, tab: Page) -> None:
    await visit(tab, site)

    assert await tab.locator("#consentkit-banner").is_visible()
    assert await tab.inner_text("#text") == "Hello"
    assert site.calls == []
    assert site.acts() == []
    assert await tab.context.cookies() == []


async def test_a_return_is_not_asked_and_gets_what_was_granted(
    site: Site, context: BrowserContext, tab: Page
) -> None:
    await visit(tab, site)
    await press(tab, "accept")
    await runs(tab)
    await tab.close()

    again = await context.new_page()
    await visit(again, site, "/next")

    await runs(again)
    assert await again.locator("#consentkit-banner").count() == 0
    assert site.acts() == ["accept"]


async def test_a_change_of_mind_takes_one_press_more_and_ends_what_ran(site: Site, tab: Page) -> None:
    await visit(tab, site)
    await press(tab, "accept")
    await runs(tab)
    site.calls.clear()

    await press(tab, "preferences")
    await tab.locator("dialog button[value=withdraw]").click()

    await until(tab, f"{REFUSED} && !window.ran")
    assert site.calls == []
    await visit(tab, site, "/next")
    assert site.calls == []
    assert site.acts() == ["accept", "withdraw"]


async def test_a_link_shared_by_one_who_granted_asks_the_one_who_follows_it(
    site: Site, chromium: Browser, tab: Page
) -> None:
    await visit(tab, site, "/story?from=friend")
    await press(tab, "accept")
    await runs(tab)
    link = tab.url
    site.calls.clear()

    other = await chromium.new_context()
    friend = await other.new_page()
    await friend.goto(link)
    await until(friend, READY)

    assert await friend.locator("#consentkit-banner").is_visible()
    await friend.goto(f"{site.origin}/_consent/?next=/story")
    assert await friend.locator("input[name=purpose]:checked").count() == 0
    assert site.calls == []
    await other.close()


async def test_back_leads_to_a_page_that_knows_the_choice(site: Site, tab: Page) -> None:
    await visit(tab, site)
    await visit(tab, site, "/next")
    await press(tab, "reject")
    await refused(tab)

    await tab.evaluate("void setTimeout(() => history.back())")

    await until(tab, f"location.pathname === '/' && {REFUSED} && !{ROOT}.getElementById('consentkit-banner')")
    assert site.calls == []


async def test_two_tabs_are_answered_by_one_press(site: Site, context: BrowserContext, tab: Page) -> None:
    other = await context.new_page()
    await visit(tab, site)
    await visit(other, site, "/next")

    await press(tab, "accept")

    await runs(tab)
    await runs(other)
    assert await other.locator("#consentkit-banner").count() == 0
    assert site.acts() == ["accept"]


@pytest.mark.parametrize("name", ["reject", "accept"])
async def test_with_cookies_blocked_a_press_holds_on_its_page_and_the_next_one_asks(
    site: Site, context: BrowserContext, tab: Page, name: str
) -> None:
    site.forgets = True
    await context.add_init_script(
        "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set() {}})"
    )
    await visit(tab, site)

    await press(tab, name)
    await until(tab, "consentkit.state.decided")
    if name == "accept":
        await runs(tab)
    site.calls.clear()
    await visit(tab, site, "/next")

    assert await tab.locator("#consentkit-banner").is_visible()
    assert site.calls == []


async def test_with_storage_blocked_a_press_is_obeyed_here_and_on_the_next_page(
    site: Site, context: BrowserContext, tab: Page
) -> None:
    await context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'BroadcastChannel', 'caches'])"
        "Object.defineProperty(window, name, {get() { throw new DOMException('blocked', 'SecurityError') }})"
    )
    await visit(tab, site)
    await press(tab, "accept")
    await runs(tab)

    await tab.evaluate("void consentkit.withdraw()")

    await until(tab, f"{REFUSED} && !window.ran")
    site.calls.clear()
    await visit(tab, site, "/next")
    assert site.calls == []


@pytest.mark.parametrize("name", ["reject", "accept"])
async def test_without_javascript_a_press_is_obeyed_by_the_page_that_comes_back(
    site: Site, chromium: Browser, name: str
) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    tab = await context.new_page()
    await tab.goto(f"{site.origin}/story?page=2")
    assert site.calls == []

    await press(tab, name)
    await tab.wait_for_url("**/story?page=2")
    await tab.locator("#consentkit-banner").wait_for(state="detached")

    assert ("/i.gif" in site.calls) is (name == "accept")
    await tab.locator("#consentkit-preferences").click()
    assert await tab.locator("input[value=marketing]").is_checked() is (name == "accept")
    assert site.acts() == [name]
    await context.close()


@pytest.mark.parametrize("name", ["reject", "accept"])
async def test_before_a_late_script_a_press_counts_once(site: Site, tab: Page, name: str) -> None:
    comes = asyncio.Event()

    async def late(route: Route) -> None:
        await comes.wait()
        await route.abort()

    await tab.route("**/static/first.*", late)
    await tab.goto(site.origin + "/", wait_until="commit")

    await press(tab, name)
    await tab.locator("#consentkit-banner").wait_for(state="detached")

    comes.set()
    assert site.acts() == [name]


async def test_while_the_page_is_still_coming_a_press_holds_for_what_comes(site: Site, tab: Page) -> None:
    site.slow = True
    await tab.goto(site.origin + "/", wait_until="commit")
    await until(tab, READY)
    assert await tab.evaluate("document.readyState") == "loading"

    await press(tab, "reject")
    await refused(tab)
    site.goes_on.set()

    await until(tab, "document.readyState === 'complete' && document.querySelector('[data-ck-src*=late]')")
    assert site.calls == []
    assert await tab.locator("#consentkit-banner").count() == 0


async def test_a_private_window_knows_nothing_of_the_usual_one_and_leaves_nothing(
    site: Site, chromium: Browser, tab: Page
) -> None:
    await visit(tab, site)
    await press(tab, "accept")
    await runs(tab)
    site.calls.clear()

    for _ in range(2):
        window = await chromium.new_context()
        private = await window.new_page()
        await visit(private, site)
        assert await private.locator("#consentkit-banner").is_visible()
        await press(private, "reject")
        await refused(private)
        await window.close()

    assert site.calls == []
    await visit(tab, site)
    await runs(tab)


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
async def test_zoomed_to_the_most_both_answers_can_be_reached(
    site: Site, chromium: Browser, layout: str
) -> None:
    """1280 by 1024 at 400 %: WCAG 1.4.10."""
    await site.laid_out(layout)
    context = await chromium.new_context(viewport={"width": 320, "height": 256}, device_scale_factor=4)
    tab = await context.new_page()
    await visit(tab, site)

    for name in ("accept", "more", "reject"):
        await tab.locator(f"#consentkit-{name}").scroll_into_view_if_needed()
        assert await tab.locator(f"#consentkit-{name}").is_visible()
    await press(tab, "reject")

    await refused(tab)
    assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await context.close()


async def test_by_keyboard_alone_one_refuses_and_later_thinks_again(site: Site, tab: Page) -> None:
    await visit(tab, site)

    for _ in range(12):
        await tab.keyboard.press("Tab")
        if await tab.evaluate(FOCUS) == "consentkit-reject":
            break
    await tab.keyboard.press("Enter")
    await refused(tab)
    assert await tab.evaluate(FOCUS) == "consentkit-preferences"
    await tab.keyboard.press("Enter")
    await until(tab, f"{ROOT}.querySelector('dialog')?.open")
    await tab.keyboard.press("Escape")

    await until(tab, f"!{ROOT}.querySelector('dialog')")
    assert await tab.evaluate(FOCUS) == "consentkit-preferences"
    assert site.acts() == ["reject"]
    assert site.calls == []


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
async def test_on_a_phone_in_landscape_a_tap_answers(site: Site, chromium: Browser, layout: str) -> None:
    await site.laid_out(layout)
    context = await chromium.new_context(
        viewport={"width": 667, "height": 375}, device_scale_factor=2, is_mobile=True, has_touch=True
    )
    tab = await context.new_page()
    await visit(tab, site)

    for name in ("accept", "reject"):
        box = await tab.locator(f"#consentkit-{name}").bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24
    await tab.locator("#consentkit-accept").tap()

    await runs(tab)
    assert site.acts() == ["accept"]
    await context.close()
