"""Pages that bend what our scripts stand on: names, prototypes, built-ins, frames, the address. Behind the real middleware."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from .conftest import until
from .test_notice_hostile import CLOBBER
from .world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TAGS = '<script src="//tag.localhost:PORT/a.js"></script>'
FREEZE = """<script>
for (const each of [Object, Array, Function, Promise, String, Set, Map, RegExp, EventTarget, Node, Element, Document,
    HTMLElement, HTMLFormElement, FormData, URL, Response, MutationObserver, CustomEvent]) Object.freeze(each.prototype);
Object.freeze(JSON); Object.freeze(Object); Object.freeze(Promise);
</script>"""
OLD_LIBRARY = """<script>
Array.prototype.toJSON = function () { return '[' + this.join() + ']' };
String.prototype.toJSON = function () { return '"' + this + '"' };
Array.prototype.each = Array.prototype.without = Array.prototype.first = function () {};
Object.prototype.extend = function () {};
</script>"""
POLLUTE = """<script>
Object.assign(Object.prototype, {granted: ['marketing'], services: {tag: true}, decided: true, hear: ['x'], sold: true,
    shared: '', posted: '', ckStale: '', signal: 'honored', mode: {}, stubs: {}});
</script>"""
WRAP = """<script>
const first = window.fetch; window.fetch = (...all) => first(...all);
window.Promise = class extends Promise {}; window.Set = class extends Set {};
const listen = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (...all) { return listen.apply(this, all) };
</script>"""
BENT = {"frozen": FREEZE, "an old library": OLD_LIBRARY, "wrapped": WRAP, "clobbered": CLOBBER}


@pytest_asyncio.fixture(loop_scope="session")
async def world(front: Any, tmp_path: Path) -> AsyncIterator[World]:
    found, port = front
    before = found.site
    found.site = World(port, tmp_path, tags=TAGS, body="")
    yield found.site
    await found.site.app.audit.close()
    found.site = before


async def opened(world: World, delivery: str, **policy: Any) -> str:
    world.keywords, world.policy = {"delivery": delivery}, policy
    address = world.open()
    assert world.app is not None
    await world.app.audit.start()
    return address


@pytest.mark.parametrize("delivery", ["private", "shared"])
@pytest.mark.parametrize("bent", BENT)
async def test_a_grant_a_page_later_and_a_withdrawal_hold_on_a_bent_page(
    world: World, tab: Page, bent: str, delivery: str
) -> None:
    world.body = BENT[bent]
    address = await opened(world, delivery)
    await tab.goto(address)
    await until(tab, "!!window.consentkit?.ready?.then")
    assert world.calls == []

    await tab.evaluate("void consentkit.save({purposes: ['marketing']})")
    await until(tab, "consentkit.allows('tag') && window.ran === 1")
    await tab.goto(address)
    await until(tab, "window.ran === 1 && consentkit.state.granted.join() === 'marketing,necessary'")
    await tab.evaluate("void consentkit.withdraw()")

    # On the page that takes its place: there the element waits again.
    gated = "Document.prototype.querySelectorAll.call(document, '[data-ck]').length === 1"
    await until(tab, f"window.consentkit?.state?.outcome === 'refused' && {gated}")
    world.calls.clear()
    await tab.goto(address)
    await until(tab, "window.consentkit?.state?.outcome === 'refused'")
    assert world.calls == []


@pytest.mark.parametrize("delivery", ["private", "shared"])
async def test_a_polluted_prototype_opens_nothing_whatever_it_holds(
    world: World, tab: Page, delivery: str
) -> None:
    world.body = POLLUTE
    await tab.goto(await opened(world, delivery))

    await until(tab, "!!window.consentkit?.ready?.then")

    await tab.evaluate("consentkit.ready")
    assert await tab.evaluate("[consentkit.allows('tag'), consentkit.allows('marketing')]") == [False, False]
    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.outcome === 'refused'")
    assert world.calls == []


@pytest.mark.parametrize("regime", ["opt-in", "opt-out"])
@pytest.mark.parametrize("delivery", ["private", "shared"])
async def test_in_a_sandboxed_frame_our_first_script_does_not_throw_and_nothing_opens(
    world: World, context: BrowserContext, tab: Page, delivery: str, regime: str
) -> None:
    await context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    address = await opened(world, delivery, regime=regime)
    world.scripts["/outer"] = ""
    await tab.goto(f"{world.origin}/outer")

    await tab.evaluate(
        "address => { const frame = document.createElement('iframe'); frame.sandbox = 'allow-scripts';"
        " frame.src = address; document.documentElement.append(frame); return new Promise(done => frame.onload = done) }",
        address,
    )

    frame = tab.frames[1]
    # A page made for its visitor has no notice inside another one; its first script is there.
    if delivery == "shared":
        await until(frame, "!!window.consentkit?.ready?.then")
        await frame.evaluate("consentkit.ready")
    assert await frame.evaluate("window.consentkit?.allows?.('tag') ?? false") is False
    assert world.calls == []


async def test_after_a_router_changed_the_address_the_way_back_leads_there(world: World, tab: Page) -> None:
    await tab.goto(await opened(world, "private"))
    await until(tab, "!!window.consentkit?.ready?.then")
    before = await tab.evaluate("consentkit.state")

    await tab.evaluate("history.pushState({}, '', '/article/7?from=list')")
    assert await tab.evaluate("consentkit.state") == before
    await tab.evaluate("consentkit.show()")

    action = "document.getElementById('consentkit').shadowRoot.querySelector('dialog form [name=next]').value"
    assert await tab.evaluate(action) == "/article/7?from=list"
    await tab.locator("dialog button[value=reject]").first.click()
    await until(tab, "consentkit.state.outcome === 'refused'")
    assert await tab.evaluate("location.pathname") == "/article/7"


async def test_a_listener_that_throws_is_told_of_and_keeps_nothing_from_being_done(
    world: World, context: BrowserContext
) -> None:
    tab = await context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    await tab.goto(await opened(world, "private"))
    await until(tab, "!!window.consentkit?.ready?.then")
    listener = "({decided}) => { if (decided) throw new Error('mine') }"
    await tab.evaluate(f"() => {{ consentkit.on('change', {listener}) }}")

    await tab.evaluate("void consentkit.accept()")
    await until(tab, "window.ran === 1")
    await tab.evaluate("void consentkit.withdraw()")
    await until(tab, "!window.ran && window.consentkit?.state?.outcome === 'refused'")

    assert "mine" in errors
