"""A page made for another choice, out of whatever cache: nothing of it runs, and it is replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from .conftest import until
from .world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ALWAYS = 99
GATED = "document.querySelectorAll('[data-ck]').length"
WORKER = """
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (event.request.mode !== "navigate") return;
  event.respondWith(caches.match(event.request.url).then((kept) => kept ?? fetch(event.request).then((fresh) =>
    caches.open("v").then((cache) => cache.put(event.request.url, fresh.clone())).then(() => fresh))));
});
"""


@pytest_asyncio.fixture(loop_scope="session")
async def world(front: Any, tmp_path: Path) -> AsyncIterator[World]:
    found, port = front
    before = found.site
    found.site = World(port, tmp_path)
    yield found.site
    await found.site.app.audit.close()
    found.site = before


async def visited_open(world: World, context: BrowserContext, tab: Page) -> str:
    """A visitor who granted all has seen the page, and a cache kept it; its address."""
    address = world.open()
    await world.choose(context, "marketing")
    await tab.goto(address)
    await until(tab, "window.ran >= 2")
    await tab.wait_for_load_state("load")
    assert {"/a.js", "/b.js", "/i.gif", "/f", "/p.js"} <= set(world.calls)
    await tab.goto("about:blank")
    world.calls.clear()
    world.asked.clear()
    return address


@pytest.mark.parametrize("pause", [0, 0.1], ids=["whole", "streamed"])
@pytest.mark.parametrize("attempt", range(3))
async def test_a_page_of_a_time_before_a_refusal_is_replaced_before_anything_of_it_is_fetched(
    world: World, context: BrowserContext, tab: Page, pause: float, attempt: int
) -> None:
    address = await visited_open(world, context, tab)
    await refuse(world, context, tab)
    world.stale, world.pause = 1, pause

    await tab.goto(address)

    await until(tab, f"window.consentkit?.state.outcome === 'refused' && {GATED} > 5")
    assert world.calls == []
    assert world.asked == ["copy /", "/"]


@pytest.mark.parametrize("pause", [0, 0.1], ids=["whole", "streamed"])
async def test_a_cache_that_knows_one_copy_only_shows_it_closed_and_does_not_turn_in_circles(
    world: World, context: BrowserContext, tab: Page, pause: float
) -> None:
    address = await visited_open(world, context, tab)
    await refuse(world, context, tab)
    world.stale, world.pause = ALWAYS, pause

    await tab.goto(address)

    await until(tab, "window.consentkit?.state.outcome === 'refused'")
    await tab.wait_for_timeout(300)
    assert await tab.inner_text("#text") == "Hello"
    assert world.asked == ["copy /", "copy /"]
    assert world.calls == []
    assert await tab.evaluate("consentkit.allows('marketing')") is False


async def test_another_visitors_page_is_not_shown(world: World, context: BrowserContext, tab: Page) -> None:
    address = await visited_open(world, context, tab)
    await context.clear_cookies()
    world.stale = 1

    await tab.goto(address)

    await until(tab, f"window.consentkit?.state.outcome === 'undecided' && {GATED} > 5")
    assert world.calls == []
    assert await tab.evaluate("consentkit.allows('marketing')") is False


async def test_a_service_worker_that_kept_the_page_leaks_nothing(
    world: World, context: BrowserContext, tab: Page
) -> None:
    world.scripts["/sw.js"] = WORKER
    world.own = "<script>navigator.serviceWorker.register('/sw.js')</script>"
    address = world.open()
    await world.choose(context, "marketing")
    await tab.goto(address)
    await until(tab, "!!navigator.serviceWorker.controller")
    await tab.goto(address)
    await until(tab, "window.ran >= 2")
    await refuse(world, context, tab)
    await tab.goto("about:blank")
    world.calls.clear()
    world.asked.clear()

    await tab.goto(address)

    await until(tab, "window.consentkit?.state.outcome === 'refused'")
    await tab.wait_for_timeout(300)
    assert world.asked == []
    assert world.calls == []


async def test_a_page_put_away_before_a_withdrawal_is_replaced_when_it_comes_back(
    world: World, context: BrowserContext, tab: Page
) -> None:
    address = await visited_open(world, context, tab)
    world.own = (
        "<script data-category=marketing>setInterval(() => fetch('//tag.localhost:PORT/beat'), 10)</script>"
    )
    await tab.goto(address)
    await tab.goto(f"{world.origin}/next")
    await until(tab, "window.consentkit?.state.decided")
    await tab.evaluate("void consentkit.withdraw()")
    await until(tab, "window.consentkit?.state.outcome === 'refused'")
    world.calls.clear()

    # Not go_back: it fails where the page that comes back is replaced at once.
    await tab.evaluate("void setTimeout(() => history.back())")

    await until(tab, f"window.consentkit?.state.outcome === 'refused' && {GATED} > 5")
    assert world.calls == []


async def test_a_closed_page_of_a_time_before_a_grant_is_replaced(
    world: World, context: BrowserContext, tab: Page
) -> None:
    address = world.open()
    await tab.goto(address)
    await until(tab, "window.consentkit")
    await world.choose(context, "marketing")
    await tab.goto(f"{world.origin}/hinted")
    world.calls.clear()
    world.stale = 1

    await tab.goto(address)

    await until(tab, "window.ran >= 2")
    assert await tab.evaluate(GATED) == 0


async def test_a_page_that_holds_is_not_asked_for_twice(
    world: World, context: BrowserContext, tab: Page
) -> None:
    address = world.open()
    await tab.goto(address)
    await tab.locator("#consentkit-accept").click()
    await until(tab, "window.consentkit?.state.decided && window.ran >= 2")
    await tab.goto(f"{address}?again")
    await until(tab, "window.ran >= 2")
    await tab.wait_for_timeout(300)

    assert world.asked == ["/", "/"]


async def refuse(world: World, context: BrowserContext, tab: Page) -> None:
    """The visitor refuses on another page; his cookies are the server's own."""
    await tab.goto(f"{world.origin}/elsewhere")
    await until(tab, "window.consentkit?.ready")
    await tab.evaluate("void consentkit.reject()")
    await until(tab, "window.consentkit?.state.outcome === 'refused' && document.readyState === 'complete'")
    await tab.wait_for_timeout(100)
    await tab.goto("about:blank")
    world.calls.clear()
    world.asked.clear()


@pytest.mark.parametrize("kind", ["prefetch", "prerender"])
async def test_a_page_fetched_ahead_of_a_refusal_runs_nothing(
    world: World, context: BrowserContext, tab: Page, kind: str
) -> None:
    rules = f'{{"{kind}": [{{"urls": ["/next"], "eagerness": "immediate"}}]}}'
    world.own = f'<a href="/next" id="on">on</a><script type="speculationrules">{rules}</script>'
    address = await visited_open(world, context, tab)
    await tab.goto(address)
    for _ in range(150):
        if "/next" in world.asked:
            break
        await tab.wait_for_timeout(20)
    assert "/next" in world.asked
    other = await context.new_page()
    await refuse(world, context, other)
    await until(tab, "window.consentkit?.state.outcome === 'refused' && document.readyState === 'complete'")
    world.calls.clear()

    await tab.locator("#on").click()

    await tab.wait_for_url("**/next")
    await until(tab, f"window.consentkit?.state.outcome === 'refused' && {GATED} > 5")
    assert world.calls == []
