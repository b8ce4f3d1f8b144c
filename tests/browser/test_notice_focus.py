"""The keyboard's way: what has the focus is seen, the order of the focus is the order seen, and a modal keeps it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from .conftest import Site, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

START = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>t</title><link rel=icon href=data:,>"
)
ROOT = "document.getElementById('consentkit').shadowRoot"
READY = "!!window.consentkit?.ready?.then"
LINKS = START + "<body>{notice}" + "".join(f"<p><a href='#{n}' id=l{n}>Link {n}</a></p>" for n in range(60))
INNER = (
    START
    + "<style>html,body{height:100%;margin:0;overflow:hidden}main{height:100%;overflow:auto}</style><body>{notice}<main>"
    + "".join(f"<p><a href='#{n}' id=l{n}>Link {n}</a></p>" for n in range(30))
    + "</main>"
)
COVERED = f"""() => {{
    const inner = document.activeElement.getBoundingClientRect();
    const outer = {ROOT}.getElementById('consentkit-banner').getBoundingClientRect();
    return document.activeElement !== document.getElementById('consentkit') && inner.top >= outer.top
        && inner.bottom <= outer.bottom && inner.left >= outer.left && inner.right <= outer.right;
}}"""
SETTLED = (
    "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 20))))"
)
WHERE = """() => {
    const at = document.activeElement;
    return at?.shadowRoot?.activeElement?.id || at?.shadowRoot?.activeElement?.textContent || at?.id || at?.localName;
}"""


@pytest.mark.parametrize("layout", ["bar", "box"])
@pytest.mark.parametrize("page", [LINKS, INNER], ids=["the page scrolls", "a part of it scrolls"])
@pytest.mark.parametrize(
    ("size", "position"), [((1280, 800), "bottom"), ((360, 640), "top"), ((320, 256), "bottom")], ids=str
)
async def test_what_has_the_focus_is_never_wholly_covered(
    site: Site, chromium: Browser, layout: str, page: str, size: tuple[int, int], position: str
) -> None:
    site.use(layout=layout, position=position)
    context = await chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB")
    tab = await context.new_page()
    await tab.goto(site.page("/", page))
    await until(tab, READY)
    # The module that looks after it comes with the first focus.
    await tab.locator("#l0").focus()
    await until(tab, "performance.getEntriesByType('resource').some(({name}) => name.includes('/act.'))")

    hidden = []
    for key, presses in (("Tab", 29), ("Shift+Tab", 28)):
        for _ in range(presses):
            await tab.keyboard.press(key)
            await tab.evaluate(SETTLED)
            if await tab.evaluate(COVERED):
                hidden.append((key, await tab.evaluate("document.activeElement.id")))

    assert hidden == []
    await tab.locator("#consentkit-reject").focus()
    await tab.keyboard.press("Enter")
    await until(tab, "consentkit.state.decided")
    await context.close()


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
@pytest.mark.parametrize("locale", ["en", "ar"])
async def test_the_focus_goes_in_the_order_that_is_seen(
    site: Site, chromium: Browser, layout: str, locale: str
) -> None:
    site.use(layout=layout)
    context = await chromium.new_context(viewport={"width": 1280, "height": 800}, locale=locale)
    tab = await context.new_page()
    await tab.goto(site.page("/", START + "<body>{notice}<a href=/x id=theirs>theirs</a>"))
    await until(tab, READY)
    if layout == "modal":
        await until(tab, f"{ROOT}.activeElement?.localName === 'dialog'")
    right_to_left = locale == "ar"

    places: list[tuple[int, float]] = []
    for _ in range(12):
        await tab.keyboard.press("Tab")
        if await tab.evaluate(WHERE) in ("theirs", "body"):
            break
        x, right, y, height = await tab.evaluate(
            f"(({{x, right, y, height}}) => [x, right, y, height])({ROOT}.activeElement.getBoundingClientRect())"
        )
        places.append((round((y + height / 2) / 24), -right if right_to_left else x))
        if await tab.evaluate(WHERE) == "consentkit-more":
            break

    assert len(places) >= 5
    if layout == "bar":
        text, buttons = places[:-3], places[-3:]
        assert text == sorted(text)
        assert buttons == sorted(buttons)
    else:
        assert places == sorted(places)
    await context.close()


async def test_a_modal_keeps_the_keyboard_and_escape_decides_nothing(site: Site, tab: Page) -> None:
    site.use(layout="modal")
    await tab.goto(
        site.page("/", START + "<body><button id=before>b</button>{notice}<a href=/x id=theirs>t</a>")
    )
    await until(tab, f"{ROOT}.activeElement?.localName === 'dialog'")

    for key in ("Escape", "Escape", "Escape"):
        await tab.keyboard.press(key)
    seen = set()
    for _ in range(14):
        await tab.keyboard.press("Tab")
        seen.add(await tab.evaluate(WHERE))

    assert not {"before", "theirs"} & seen
    assert {"consentkit-reject", "consentkit-accept", "consentkit-more"} <= seen
    assert await tab.locator("#consentkit-banner").is_visible()
    assert site.acts == []
    await tab.locator("#consentkit-reject").press("Enter")
    await until(tab, "consentkit.state.decided")
    await until(tab, f"({WHERE})() === 'consentkit-preferences'")
    await tab.keyboard.press("Tab")
    assert await tab.evaluate(WHERE) == "theirs"
    await tab.locator("#before").click(timeout=1000)


async def test_escape_in_the_second_layer_goes_back_to_a_modal_notice(site: Site, tab: Page) -> None:
    site.use(layout="modal")
    await tab.goto(site.page("/", START + "<body>{notice}<a href=/x id=theirs>t</a>"))
    await until(tab, f"{ROOT}.querySelector('.front')?.open")
    await tab.evaluate("consentkit.show()")
    await until(tab, f"{ROOT}.querySelector('.ck')?.open")

    await tab.keyboard.press("Escape")
    await until(tab, f"!{ROOT}.querySelector('.ck')")

    assert await tab.evaluate(f"{ROOT}.querySelector('.front').matches(':modal')")
    assert await tab.evaluate(WHERE) == "consentkit-more"
    assert site.acts == []
    await tab.evaluate("consentkit.show()")
    await tab.locator("dialog.ck button[value=save]").click()
    await until(tab, "consentkit.state.decided")
    await until(tab, f"{ROOT}.querySelectorAll('dialog').length === 0")
    await until(tab, f"({WHERE})() === 'consentkit-preferences'")


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without"])
async def test_a_modal_covers_no_page_that_explains_it(
    site: Site, chromium: Browser, java_script: bool
) -> None:
    """With the keyboard alone; the middleware's own part of it is tested beside it."""
    site.use(layout="modal")
    context = await chromium.new_context(
        java_script_enabled=java_script, viewport={"width": 360, "height": 640}
    )
    tab = await context.new_page()
    text = "<p>What we do with your data.</p>" * 80
    view: Any = site.view
    for path in ("/privacy", "/imprint"):
        site.view = view.__class__(rule="inline")
        await tab.goto(site.page(path, START + "<body>{notice}" + text + "<a href=/x id=theirs>t</a>"))
        if java_script:
            await until(tab, READY)
        for _ in range(12):
            await tab.keyboard.press("Tab")
            if await tab.locator("#theirs").evaluate("e => e === document.activeElement"):
                break

        box = await tab.locator("#theirs").bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 640 - box["height"]
        hit = "e => { const {x, y} = e.getBoundingClientRect(); return document.elementFromPoint(x + 1, y + 1) === e }"
        assert await tab.locator("#theirs").evaluate(hit)
        assert await tab.locator("#theirs").evaluate("() => scrollY") > 0
    await context.close()
