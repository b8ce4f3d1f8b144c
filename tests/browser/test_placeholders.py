"""Content that waits for permission says so in its own place, and comes when it is allowed: by keyboard, without JavaScript."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Frame, Page

from . import world as site
from .conftest import ARTEFACTS
from .world import THIRD, World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FILMS: dict[str, Any] = {
    "title": "Harbour Films",
    "vendor": "Film House Ltd",
    "purposes": ["marketing"],
    "kind": "video",
    "addresses": [f"{THIRD}/embed/"],
    "privacy_url": "https://film.example/privacy",
}
CHECK: dict[str, Any] = {
    "title": "Robot check",
    "vendor": "Checks Ltd",
    "purposes": ["functional"],
    "kind": "captcha",
    "addresses": [f"{THIRD}/check.js"],
    "widgets": ["robot-check"],
}
FRAME = (
    f'<iframe id="film" src="//{THIRD}:PORT/embed/1" width="320" height="200" sandbox="allow-scripts"'
    ' title="A film" data-poster="/poster.jpg"></iframe>'
)
HIDDEN = f'<iframe id="hidden" src="//{THIRD}:PORT/embed/2" width="0" height="0"></iframe>'
NOT_NAMED = '<iframe id="shut" src="https://www.youtube.com/embed/AAA" width="320" height="180"></iframe>'
PICTURE = (
    '<lite-youtube style="background-image:url(https://i.ytimg.com/vi/AAA/hq720.jpg)"></lite-youtube>'
    '<iframe srcdoc="<img src=https://i.ytimg.com/vi/AAA/hq720.jpg>" src="https://www.youtube.com/embed/AAA"></iframe>'
)
FORM = (
    '<form><div class="robot-check" data-sitekey="K"></div><button>Send</button></form>'
    f'<script src="//{THIRD}:PORT/check.js"></script>'
)
PLAYERS = {
    "film": f'<video src="//{THIRD}:PORT/embed/4" controls></video>',
    "film with sources": f'<video controls><source src="//{THIRD}:PORT/embed/4"><source src="//{THIRD}:PORT/embed/5"></video>',
    "sound": f'<audio src="//{THIRD}:PORT/embed/4" controls></audio>',
    "sound with a source": f'<audio controls><source src="//{THIRD}:PORT/embed/4"></audio>',
}
SHEET = "<style>video,audio{display:block;width:70%} video{aspect-ratio:16/9}</style>"


Open = Callable[..., Awaitable[BrowserContext]]


@pytest_asyncio.fixture(loop_scope="session")
async def world(front: Any, tmp_path: Path) -> AsyncIterator[World]:
    found, port = front
    before = found.site
    policy = {"services": {"films": FILMS, "check": CHECK}}
    found.site = World(port, tmp_path, policy=policy, tags="", body=FRAME)
    yield found.site
    await found.site.app.audit.close()
    found.site = before


@pytest_asyncio.fixture(loop_scope="session")
async def open_context(chromium: Browser) -> AsyncIterator[Open]:
    """Opens profiles of visitors, with what a test wants to be different."""
    opened: list[BrowserContext] = []

    async def make(**changes: Any) -> BrowserContext:
        settings = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **changes}
        opened.append(await chromium.new_context(**settings))
        return opened[-1]

    yield make
    for context in opened:
        await context.close()


async def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "never happened"
        await asyncio.sleep(0.02)


async def until_focused(frame: Frame, words: str) -> None:
    await frame.wait_for_function("words => document.activeElement?.textContent === words", arg=words)


async def inside(page: Page, selector: str) -> Frame:
    """The document that stands in a frame of the page."""
    element = await page.wait_for_selector(selector, state="attached")
    frame = await element.content_frame()
    assert frame is not None
    return frame


async def decided(context: BrowserContext) -> list[str]:
    return [cookie["name"] for cookie in await context.cookies()]


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "no javascript"])
async def test_a_gated_frame_says_what_it_is_and_whose_in_the_same_box(open_context, world, scripts):
    context = await open_context(java_script_enabled=scripts)
    page = await context.new_page()
    await page.goto(world.open())

    box = await page.locator("#film").bounding_box()
    told = await (await inside(page, "#film")).locator("main").inner_text()

    assert box is not None
    assert (box["width"], box["height"]) == (324, 204)
    assert "Harbour Films" in told
    assert "Film House Ltd" in told
    assert world.calls == []


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "no javascript"])
async def test_once_loads_this_frame_alone_and_stores_nothing(open_context, world, scripts):
    world.body = FRAME + FRAME.replace('id="film"', 'id="second"')
    context = await open_context(java_script_enabled=scripts)
    page = await context.new_page()
    await page.goto(world.open())

    await (await inside(page, "#film")).locator("button").first.press("Enter")

    await until(lambda: world.calls)
    assert world.calls == ["/embed/1"]
    assert "Harbour Films" in await (await inside(page, "#second")).locator("main").inner_text()
    assert await decided(context) == []


async def test_once_leaves_content_in_the_sandbox_that_the_page_wants(open_context, world):
    page = await (await open_context()).new_page()
    await page.goto(world.open())

    await (await inside(page, "#film")).locator("button").first.press("Enter")

    await until(lambda: any(THIRD in frame.url for frame in page.frames))
    (film,) = [frame for frame in page.frames if THIRD in frame.url]
    await film.wait_for_load_state()
    assert await film.evaluate("window.origin") == "null"
    box = await (await film.frame_element()).bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (320, 200)


async def test_once_without_a_sandbox_leads_the_very_frame_on(open_context, world):
    world.body = FRAME.replace(' sandbox="allow-scripts"', "")
    page = await (await open_context()).new_page()
    await page.goto(world.open())

    await (await inside(page, "#film")).locator("button").first.press("Enter")

    await until(lambda: world.calls)
    await until(lambda: any(THIRD in frame.url for frame in page.main_frame.child_frames))


async def test_a_placeholder_is_reached_and_pressed_by_the_keyboard_alone(open_context, world):
    world.body = "<a id=before href=#>Before</a>" + FRAME
    page = await (await open_context()).new_page()
    await page.goto(world.open())
    frame = await inside(page, "#film")
    await page.focus("#before")

    await page.keyboard.press("Tab")
    await until_focused(frame, "Load this once")
    await page.keyboard.press("Tab")
    await until_focused(frame, "Always allow this provider")
    await page.keyboard.press("Enter")

    await until(lambda: world.calls)
    assert set(world.calls) == {"/embed/1"}


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "no javascript"])
async def test_always_opens_this_service_and_the_rest_is_still_asked(open_context, world, scripts):
    world.body = FRAME + FORM
    context = await open_context(java_script_enabled=scripts)
    page = await context.new_page()
    world.headers = ((b"referrer-policy", b"no-referrer"),)
    await page.goto(f"{world.open()}films?a=1")

    await (await inside(page, "#film")).locator("button").last.press("Enter")

    await until(lambda: world.calls)
    await page.wait_for_load_state()
    assert set(world.calls) == {"/embed/1"}
    assert await page.locator("#consentkit-banner").is_visible()
    assert page.url == f"{world.origin}/films?a=1"


async def test_after_accept_the_frame_is_what_the_page_meant(open_context, world):
    page = await (await open_context()).new_page()
    await page.goto(world.open())
    before = await page.locator("#film").bounding_box()

    await page.locator("#consentkit-accept").click()

    await until(lambda: "/embed/1" in world.calls)
    film = page.locator("#film")
    assert await film.get_attribute("sandbox") == "allow-scripts"
    assert await film.get_attribute("srcdoc") is None
    assert await film.bounding_box() == before


@pytest.mark.parametrize("kind", ['type="text/html"', ""], ids=["with a type", "without"])
@pytest.mark.parametrize("tag", ["embed src", "object data"])
async def test_what_is_no_frame_has_one_of_its_size_until_it_may_run(open_context, world, tag, kind):
    name = tag.partition(" ")[0]
    world.body = f'<{tag}="//{THIRD}:PORT/embed/3" {kind} width="320" height="200"></{name}>'
    page = await (await open_context()).new_page()
    await page.goto(world.open())
    ours = page.locator("[data-ck-place]")
    box = await ours.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (324, 204)
    assert "Harbour Films" in await (await inside(page, "[data-ck-place]")).locator("main").inner_text()
    assert world.calls == []

    await page.locator("#consentkit-accept").click()

    await until(lambda: world.calls == ["/embed/3"])
    assert await ours.count() == 0


async def test_what_nobody_would_see_stays_empty(open_context, world):
    world.body = HIDDEN
    page = await (await open_context()).new_page()
    await page.goto(world.open())

    assert await page.locator("#hidden").get_attribute("srcdoc") is None
    assert world.calls == []


async def test_a_service_that_the_policy_does_not_name_offers_nothing(open_context, world):
    world.body = NOT_NAMED
    page = await (await open_context()).new_page()
    await page.goto(world.open())

    frame = await inside(page, "#shut")
    assert "YouTube" in await frame.locator("main").inner_text()
    assert await frame.locator("button").count() == 0


async def test_k14_nothing_of_the_vendors_is_fetched_for_a_placeholder(open_context, world):
    world.body = NOT_NAMED + PICTURE
    asked: list[str] = []
    context = await open_context()
    page = await context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(world.open())
    await page.wait_for_load_state("networkidle")

    assert [url for url in asked if "youtube" in url or "ytimg" in url] == []


async def test_a_poster_of_the_sites_own_is_shown(open_context, world):
    asked: list[str] = []
    page = await (await open_context()).new_page()
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(world.open())

    await until(lambda: f"{world.origin}/poster.jpg" in asked)
    assert world.calls == []


async def test_k09_a_denied_captcha_says_so_at_its_place_and_the_form_lives_when_it_is_allowed(
    open_context, world
):
    world.body = FORM
    page = await (await open_context()).new_page()
    await page.goto(world.open())
    frame = await inside(page, ".robot-check iframe")
    assert "This form cannot be sent" in await frame.locator("main").inner_text()

    await frame.locator("button").click()

    await until(lambda: world.calls == ["/check.js"])
    await page.wait_for_load_state()
    assert await page.locator(".robot-check iframe").count() == 0


async def test_a_captcha_accepted_in_place_leaves_no_frame_of_ours(open_context, world):
    world.body = FORM
    page = await (await open_context()).new_page()
    await page.goto(world.open())

    await page.locator("#consentkit-accept").click()

    await until(lambda: world.calls == ["/check.js"])
    assert await page.locator(".robot-check iframe").count() == 0


@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'self'; frame-src http://tag.localhost:*; form-action 'self'; require-trusted-types-for 'script'",
        "default-src 'none'; form-action 'self'; frame-src http://tag.localhost:*; style-src 'nonce-x'",
    ],
    ids=["own files, trusted types", "nearly nothing"],
)
@pytest.mark.parametrize("sandbox", [True, False], ids=["beside the page", "in its frame"])
async def test_under_a_strict_policy_a_placeholder_is_readable_and_its_buttons_work(
    open_context, world, policy, sandbox
):
    world.headers = ((b"content-security-policy", policy.encode()),)
    world.body = FRAME if sandbox else FRAME.replace(' sandbox="allow-scripts"', "")
    page = await (await open_context()).new_page()
    await page.goto(world.open())

    frame = await inside(page, "#film")
    assert "Film House Ltd" in await frame.locator("main").inner_text()
    await frame.locator("a.button").click()
    await until(lambda: "/embed/1" in world.calls)
    await until(lambda: len(page.context.pages) == (2 if sandbox else 1))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_placeholders_are_there_to_be_looked_at(open_context, world, width, scheme):
    plain = FRAME.replace(' data-poster="/poster.jpg"', "")
    world.body = "<h1>Films</h1>" + plain + NOT_NAMED + FORM + SHEET + PLAYERS["film"] + PLAYERS["sound"]
    context = await open_context(viewport={"width": width, "height": 1400}, color_scheme=scheme)
    page = await context.new_page()
    await page.goto(world.open())
    await inside(page, ".robot-check iframe")
    await page.wait_for_function("document.querySelector('audio').style.display === 'none'")

    ARTEFACTS.mkdir(exist_ok=True)
    await page.screenshot(path=ARTEFACTS / f"placeholders-{width}-{scheme}.png")

    assert world.calls == []


async def test_a_placeholder_stands_where_no_frame_may(open_context, world):
    world.headers = ((b"content-security-policy", b"default-src 'self'; frame-src 'none'"),)
    page = await (await open_context()).new_page()
    await page.goto(world.open())

    assert "Film House Ltd" in await (await inside(page, "#film")).locator("main").inner_text()


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_placeholder_speaks_the_pages_language(open_context, world, monkeypatch, width):
    monkeypatch.setattr(site, "PAGE", site.PAGE.replace("lang=en", "lang=ar dir=rtl"))
    world.body = FRAME.replace(' data-poster="/poster.jpg"', "") + NOT_NAMED + FORM
    context = await open_context(locale="en-GB", viewport={"width": width, "height": 1000})
    page = await context.new_page()
    await page.goto(world.open())

    html = (await inside(page, "#film")).locator("html")
    await page.screenshot(path=ARTEFACTS / f"placeholders-ar-{width}.png")
    assert (await html.get_attribute("lang"), await html.get_attribute("dir")) == ("ar", "rtl")
    assert "التحميل هذه المرة فقط" in await html.inner_text()


@pytest.mark.parametrize("kind", PLAYERS)
async def test_a_player_says_what_it_is_in_its_very_box_and_plays_when_it_may(open_context, world, kind):
    world.body = SHEET + PLAYERS[kind]
    page = await (await open_context()).new_page()
    await page.goto(world.open())
    ours = page.locator("[data-ck-place]")
    await page.wait_for_function("document.querySelector('video,audio').style.display === 'none'")
    box = await ours.bounding_box()
    below = await page.locator("#text").bounding_box()
    told = await (await inside(page, "[data-ck-place]")).locator("main").inner_text()
    assert world.calls == []

    await page.locator("#consentkit-accept").click()

    await until(lambda: "/embed/4" in world.calls)
    player = page.locator("video,audio")
    after = await player.bounding_box()
    assert "Harbour Films" in told
    assert await ours.count() == 0
    assert box is not None
    assert after is not None
    assert (box["x"], box["y"], box["width"]) == (after["x"], after["y"], after["width"])
    if "film" in kind:
        assert box["height"] == after["height"]
        assert await page.locator("#text").bounding_box() == below


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "no javascript"])
async def test_a_film_is_loaded_once_in_its_place(open_context, world, scripts):
    world.body = f'<video src="//{THIRD}:PORT/embed/4" width="320" height="200" controls></video>'
    context = await open_context(java_script_enabled=scripts)
    page = await context.new_page()
    await page.goto(world.open())
    assert not await page.locator("video").is_visible()

    await (await inside(page, "[data-ck-place]")).locator("button").first.press("Enter")

    await until(lambda: world.calls == ["/embed/4"])
    assert await decided(context) == []


async def test_without_javascript_a_player_with_sources_stays_empty_and_fetches_nothing(open_context, world):
    world.body = PLAYERS["film with sources"]
    page = await (await open_context(java_script_enabled=False)).new_page()
    await page.goto(world.open())

    assert await page.locator("video").is_visible()
    assert world.calls == []
