"""Windows of every kind: zoomed to 400 %, a phone in landscape, phone furniture, forced colours, less motion, paper."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from consentkit.core.jurisdiction import Shown
from consentkit.web.notice import View

from .conftest import Site, until
from .test_law_shown import SIGNAL, under

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

START = (
    "<!doctype html><html lang={lang}><meta charset=utf-8><title>t</title><link rel=icon href=data:,>"
    "<meta name=viewport content='width=device-width, viewport-fit=cover'>"
)
TEXT = "<p>The harbour of Wrenmouth opened on Monday.</p>" * 40
ROOT = "document.getElementById('consentkit').shadowRoot"
READY = "!!window.consentkit?.ready?.then"
CONTROLS = f"[...{ROOT}.querySelectorAll('#consentkit-banner :is(a, button)')]"
LAYOUTS = ("bar", "box", "modal", "inline")
REACHED = f"""() => {{
    const missed = [];
    for (const control of {CONTROLS}) {{
        control.scrollIntoView({{ block: 'nearest' }});
        const {{ left, right, top, bottom }} = control.getClientRects()[0];
        const hit = {ROOT}.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        if (!control.contains(hit) || top < -1 || bottom > innerHeight + 1 || left < -1 || right > innerWidth + 1)
            missed.push([control.textContent, left, right, top, bottom]);
    }}
    return missed;
}}"""
SIDEWAYS = f"""[document.documentElement, ...{ROOT}.querySelectorAll('*')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth && !/svg|path|rect/.test(each.localName)
        && getComputedStyle(each).display !== 'inline')
    .map(each => each.id || each.className || each.localName)"""
SMALL = f"""{CONTROLS}.filter(each => each.localName === 'button' || each.id)
    .map(each => each.getBoundingClientRect()).filter(({{width, height}}) => width < 24 || height < 24).length"""


def article(site: Site, language: str, layout: str, **changes: Any) -> str:
    site.language = language
    site.view = View(rule="inline" if layout == "inline" else "default")
    if changes.pop("law", False):
        under(site, "EU", Shown.CLOSE, Shown.OPT_OUT_LINK, layout=layout, regime=None)
    else:
        site.use(layout="bar" if layout == "inline" else layout, **changes)
    return site.page("/p", START.replace("{lang}", language) + "<body>{notice}" + TEXT + "<a href=/x>x</a>")


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_every_control_is_reached_by_scrolling_in_the_smallest_window(
    site: Site, chromium: Browser, layout: str, java_script: bool
) -> None:
    """320 x 256 is 1280 x 1024 at 400 % (WCAG 2.2, 1.4.10); 640 x 360 a phone in landscape."""
    context = await chromium.new_context(java_script_enabled=java_script, has_touch=True)
    tab = await context.new_page()
    for width, height in ((320, 256), (640, 360)):
        await tab.set_viewport_size({"width": width, "height": height})
        for language, position, law in (
            ("de", "bottom", False),
            ("fr", "top", False),
            ("ar", "bottom", True),
        ):
            changes: dict[str, Any] = {"law": True} if law and layout != "inline" else {"position": position}
            await tab.goto(article(site, language, layout, **changes))
            if java_script:
                await until(tab, READY)
            if java_script and layout == "modal":
                await until(tab, f"{ROOT}.querySelector('.front').open")

            assert await tab.evaluate(f"{CONTROLS}.length") >= 5
            assert await tab.evaluate(REACHED) == [], (width, language)
            assert await tab.evaluate(SIDEWAYS) == [], (width, language)
            assert await tab.evaluate(SMALL) == 0
            if layout == "bar" and java_script:
                # Some of the page is left, and it scrolls.
                hit = "[5, innerHeight - 5].some(y => !document.elementFromPoint(innerWidth / 2, y).matches('#consentkit'))"
                assert await tab.evaluate(hit)
                assert await tab.evaluate("(scrollTo(0, 200), scrollY)") == 200
    await context.close()


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
async def test_buttons_keep_clear_of_a_phone_s_furniture(site: Site, chromium: Browser, layout: str) -> None:
    context = await chromium.new_context(viewport={"width": 360, "height": 640}, has_touch=True)
    tab = await context.new_page()
    session = await context.new_cdp_session(tab)
    await session.send(
        "Emulation.setSafeAreaInsetsOverride", {"insets": {"top": 47, "bottom": 34, "left": 0, "right": 0}}
    )
    for position in ("bottom", "top"):
        await tab.goto(article(site, "en", layout, position=position))
        await until(tab, READY)
        assert await tab.evaluate("CSS.supports('top', 'env(safe-area-inset-top)')")

        boxes = await tab.evaluate(f"{CONTROLS}.map(each => each.getBoundingClientRect().toJSON())")
        assert all(box["bottom"] <= 640 - 34 for box in boxes)
        assert all(box["top"] >= 47 for box in boxes)
        named = await tab.evaluate(
            f"{CONTROLS}.filter(each => each.id).map(each => each.getBoundingClientRect().height)"
        )
        assert len(named) == 3
        assert min(named) >= 44
    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.decided")
    control = await tab.locator("#consentkit-preferences").bounding_box()
    assert control is not None
    assert 600 - 44 <= control["y"] + control["height"] <= 640 - 34
    await session.send(
        "Emulation.setSafeAreaInsetsOverride", {"insets": {"left": 44, "right": 44, "bottom": 21}}
    )
    await tab.set_viewport_size({"width": 640, "height": 360})
    control = await tab.locator("#consentkit-preferences").bounding_box()
    assert control is not None
    assert control["x"] >= 44
    await context.close()


async def test_in_forced_colours_buttons_have_edges_and_switches_their_state(site: Site, tab: Page) -> None:
    await tab.emulate_media(forced_colors="active")
    await tab.goto(article(site, "en", "bar"))
    await until(tab, READY)
    edge = "e => getComputedStyle(e).borderTopWidth + getComputedStyle(e).borderTopStyle"
    for name in ("accept", "reject"):
        assert await tab.locator(f"#consentkit-{name}").evaluate(edge) == "1pxsolid"

    await tab.evaluate("consentkit.show()")
    switch = tab.locator("dialog input[type=checkbox][name=purpose]").first

    assert await switch.evaluate("e => getComputedStyle(e).appearance") == "auto"
    assert await switch.evaluate("e => getComputedStyle(e).transform") == "none"


async def test_nothing_moves_by_itself(site: Site, tab: Page) -> None:
    """There is no motion to reduce: so nobody has to ask for less."""
    await tab.goto(article(site, "en", "modal"))
    await until(tab, READY)
    await tab.evaluate("consentkit.show()")
    await until(tab, f"{ROOT}.querySelector('.ck')?.open")

    found = f"""[...{ROOT}.querySelectorAll('*')].map(each => getComputedStyle(each))
        .filter(style => style.transitionDuration !== '0s' || style.animationName !== 'none' || style.scrollBehavior !== 'auto')
        .length + document.getAnimations().length"""

    assert await tab.evaluate(found) == 0


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_on_paper_nothing_of_it_is_seen(site: Site, tab: Page, layout: str) -> None:
    await tab.set_extra_http_headers(SIGNAL)
    address = article(site, "en", layout)
    await tab.goto(site.page("/bare", site.pages["/p"].replace("{notice}", "")))  # type: ignore[union-attr]
    await tab.emulate_media(media="print")
    bare = await tab.screenshot(full_page=True)
    await tab.emulate_media(media="screen")
    await tab.goto(address)
    await until(tab, READY)
    await tab.evaluate("consentkit.show()")
    await until(tab, f"{ROOT}.querySelector('.ck')?.open")

    await tab.emulate_media(media="print")

    assert await tab.screenshot(full_page=True) == bare
