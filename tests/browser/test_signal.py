"""An opt-out signal that a browser says to scripts, with its field or without: it closes, and opens nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from consentkit.audit.reader import Reader

from .conftest import until
from .world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SERVICES: dict[str, Any] = {
    "tag": {"vendor": "T", "purposes": ["marketing"], "hosts": ["tag.localhost"]},
    "count": {"vendor": "C", "purposes": ["analytics"], "hosts": ["count.localhost"]},
}
TAGS = '<script src="//tag.localhost:PORT/sold.js"></script><script src="//count.localhost:PORT/own.js"></script>'
SAYS = "Object.defineProperty(Navigator.prototype, '{}', {{get: () => !!localStorage.says && {}, configurable: true}})"
SHUT = "consentkit.state.granted.includes('marketing') === false"


@pytest_asyncio.fixture(loop_scope="session")
async def world(front: Any, tmp_path: Path, context: BrowserContext) -> AsyncIterator[World]:
    found, port = front
    before = found.site
    found.site = World(port, tmp_path, tags=TAGS, body="")
    await context.add_init_script(SAYS.format("globalPrivacyControl", "true"))
    yield found.site
    await found.site.app.audit.close()
    found.site = before


async def at(world: World, row: str, delivery: str, **policy: Any) -> str:
    """A site in Europe and California, its visitors in one of them; its address."""
    world.policy = {"jurisdictions": ["EU", "US-CA"], "services": SERVICES, **policy}
    world.keywords = {"jurisdiction": row, "delivery": delivery}
    address = world.open()
    assert world.app is not None
    await world.app.audit.start()
    return address


async def silent(tab: Page, world: World, address: str, act: str | None) -> None:
    """The visitor has been there without a signal, may have chosen, and all that runs then has come."""
    await tab.goto(address)
    await until(tab, "!!window.consentkit?.ready?.then")
    if act:
        await tab.evaluate(f"consentkit.{act}()")
        await until(tab, f"consentkit.state.outcome === '{act}ed'.replace('rejected', 'refused')")
    if act == "accept" or (act is None and world.keywords["jurisdiction"] != "EU"):
        await until(tab, "window.ran === 2")


async def speaks(tab: Page, world: World, how: str) -> None:
    """From the next day on the browser says the signal: to scripts by the property, in requests by the field, or both."""
    await tab.context.clear_cookies(name="consentkit-signal")
    await tab.evaluate("localStorage.says = " + ("''" if how == "field" else "1"))
    await tab.context.set_extra_http_headers({} if how == "property" else {"Sec-GPC": "1"})
    await tab.goto("about:blank")
    world.calls.clear()
    world.asked.clear()


async def shown(tab: Page, selector: str, there: bool) -> None:
    """Waits: the module that tells of a signal is loaded beside the first one."""
    await tab.locator(selector).wait_for(state="visible" if there else "hidden")


def events(world: World) -> list[dict[str, Any]]:
    assert world.app is not None
    return [json.loads(row.canonical) for row in Reader(world.app.audit.url).events()]


@pytest.mark.parametrize("act", [None, "accept", "reject"], ids=["no choice", "a yes before", "a no before"])
@pytest.mark.parametrize(
    ("row", "delivery", "how"),
    [
        ("US-CA", "private", "property"),
        ("US-CA", "shared", "property"),
        ("EU", "private", "property"),
        ("EU", "shared", "property"),
        ("US-CA", "shared", "both"),
        ("US-CA", "shared", "field"),
    ],
)
async def test_what_it_is_about_is_shut_until_a_yes_in_its_presence_and_that_is_recorded_with_it(
    world: World, tab: Page, row: str, delivery: str, how: str, act: str | None
) -> None:
    address = await at(world, row, delivery)
    await silent(tab, world, address, act)
    await speaks(tab, world, how)

    await tab.goto(address)

    others = act != "reject" and (act == "accept" or row == "US-CA")
    await until(
        tab, f"window.consentkit?.state.signal != null || !{json.dumps(delivery == 'shared' or others)}"
    )
    await until(tab, f"{SHUT} && consentkit.allows('count') === {json.dumps(others)}")
    if others:
        await until(tab, "window.ran === 1")
    assert world.calls == ["/own.js"] * others
    # A closed page that was made before anything was heard says so from the next one on.
    await tab.goto(address)
    await until(tab, f"{SHUT} && consentkit.state.signal != null")
    expected = "conflict" if act == "accept" else "honored"
    assert await tab.evaluate("consentkit.state.signal") == expected
    await shown(tab, ".signal", True)
    await shown(tab, ".signal a", act == "accept")
    assert "/sold.js" not in world.calls

    await tab.evaluate("void consentkit.accept()")
    await until(tab, "window.consentkit?.allows('tag') && consentkit.state.signal === 'outweighed'")
    await tab.goto(address)
    await until(tab, "window.ran === 2 && consentkit.state.signal === 'outweighed'")

    await shown(tab, ".signal", False)
    assert (events(world)[-1]["act"], events(world)[-1]["signal"]) == ("accept", "gpc")


@pytest.mark.parametrize("delivery", ["private", "shared"])
async def test_where_no_cookie_can_be_told_the_page_stays_shut_and_does_not_turn_in_circles(
    world: World, tab: Page, delivery: str
) -> None:
    address = await at(world, "US-CA", delivery)
    await silent(tab, world, address, None)
    await speaks(tab, world, "property")
    await tab.add_init_script(
        "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set() {}, configurable: true})"
    )

    await tab.goto(address)

    await until(tab, f"{SHUT} && document.readyState === 'complete' && consentkit.state.signal === 'honored'")
    await tab.evaluate("consentkit.ready")
    assert "/sold.js" not in world.calls
    assert world.asked == ["/"] * (2 if delivery == "private" else 1)


async def test_a_page_that_answered_a_form_is_shut_where_it_stands(world: World, tab: Page) -> None:
    world.own = "<form method=post id=own><button>on</button></form>"
    address = await at(world, "US-CA", "private")
    await silent(tab, world, address, None)
    await tab.evaluate("localStorage.says = 1")
    world.calls.clear()

    await tab.locator("#own button").click()

    await until(tab, f"{SHUT} && consentkit.state.signal === 'honored'")
    assert "/sold.js" not in world.calls
    assert world.asked == ["/", "/"]


@pytest.mark.parametrize(("row", "heard"), [("US-CA", True), ("US-UT", False)])
async def test_where_the_site_hears_it_by_row_a_page_for_all_follows_its_visitors(
    world: World, tab: Page, row: str, heard: bool
) -> None:
    address = await at(world, row, "shared", jurisdictions=["US-CA", "US-UT"], gpc="where-bound")
    await silent(tab, world, address, None)
    await speaks(tab, world, "property")

    await tab.goto(address)

    await until(tab, f"consentkit.allows('count') && consentkit.allows('tag') === {json.dumps(not heard)}")
    await shown(tab, ".signal", heard)
    await until(tab, f"window.ran === {1 if heard else 2}")
    assert ("/sold.js" in world.calls) is not heard


@pytest.mark.parametrize("policy", ["refuse", "ignore"])
async def test_do_not_track_is_heard_where_the_policy_says_so(world: World, tab: Page, policy: str) -> None:
    await tab.add_init_script(SAYS.format("doNotTrack", "'1'"))
    await tab.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: undefined})"
    )
    address = await at(world, "US-CA", "shared", do_not_track=policy)
    await silent(tab, world, address, "accept")
    await speaks(tab, world, "property")

    await tab.goto(address)

    heard = json.dumps(policy == "refuse")
    await until(tab, f"consentkit.allows('count') && {SHUT} === {heard}")
    await shown(tab, ".signal a", policy == "refuse")
    await tab.evaluate("void consentkit.reject()")
    await until(tab, "consentkit.state.outcome === 'refused'")
    assert events(world)[-1]["signal"] == ("dnt" if policy == "refuse" else None)


async def test_a_page_for_all_asks_once_a_day_for_one_who_chose_and_never_for_one_who_did_not(
    world: World, context: BrowserContext, tab: Page
) -> None:
    address = await at(world, "EU", "shared", jurisdictions=["EU"])
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url) if "/state" in request.url else None)
    await silent(tab, world, address, None)
    await tab.goto(address)
    await until(tab, "!!window.consentkit?.ready?.then")
    assert asked == []
    assert await context.cookies() == []

    await tab.evaluate("void consentkit.accept()")
    await until(tab, "window.ran === 2")
    for _ in range(3):
        await tab.goto(address)
        await until(tab, "window.ran === 2")

    assert len(asked) == 1
    kept = {each["name"]: each for each in await context.cookies()}
    assert kept["consentkit-signal"]["value"] == "asked"


async def test_a_choice_in_the_dialog_is_logged_under_the_words_of_the_dialog(
    world: World, tab: Page
) -> None:
    address = await at(world, "US-CA", "shared")
    await tab.goto(address)
    await until(tab, "!!window.consentkit?.ready?.then")
    banner = await tab.evaluate(
        "document.querySelector('#consentkit').shadowRoot.querySelector('form').elements.notice.value"
    )
    await tab.evaluate("consentkit.show()")
    dialog = tab.locator("dialog")
    named = await dialog.locator("[name=notice]").first.input_value()

    await dialog.locator("button[value=save]").click()

    await until(tab, "consentkit.state.decided")
    (event,) = events(world)
    assert banner != named
    assert (event["notice"], event["how"], event["jurisdiction"]) == (named, "page", "US-CA")
