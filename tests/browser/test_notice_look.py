"""Pictures of the notice and the visitor's pages, kept as artefacts to be looked at; and what a picture must not show."""

from __future__ import annotations

import itertools

import pytest
from playwright.async_api import Browser

from consentkit.web.notice import View

from .conftest import ARTEFACTS, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ARTICLE = (
    """<!doctype html><html lang={lang}><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>Harbour</title><link rel=icon href=data:,><style>
body { font: 18px/1.6 Georgia, serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } }</style>
<body>{notice}<h1>Harbour opens again</h1><p>"""
    + "The harbour of Wrenmouth opened on Monday. " * 30
)
SIZES = {"360": (360, 740), "1280": (1280, 800)}
SEND = "document.querySelector('form').requestSubmit()"
OVERFLOW = "document.documentElement.scrollWidth > innerWidth"


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark"), ("fr", "light")])
@pytest.mark.parametrize("size", SIZES)
async def test_pages_fit_their_window(
    site: Site, chromium: Browser, size: str, language: str, scheme: str
) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    width, height = SIZES[size]
    context = await chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        locale=language,
    )
    tab = await context.new_page()
    name = f"{language}-{scheme}-{size}"
    for regime, layout in [
        ("opt-in", "bar"),
        ("notice", "bar"),
        ("opt-out", "bar"),
        ("opt-in", "box"),
        ("opt-in", "modal"),
    ]:
        site.use(regime=regime, layout=layout)
        await tab.goto(site.page("/p", ARTICLE.replace("{lang}", language)))
        await tab.screenshot(path=ARTEFACTS / f"notice-{regime}-{layout}-{name}.png")
        assert await tab.evaluate(OVERFLOW) is False
    site.use()
    await tab.goto(site.page("/p", ARTICLE.replace("{lang}", language)))
    await until(tab, "!!window.consentkit?.ready?.then")
    await tab.evaluate("consentkit.show()")
    await tab.locator("dialog").wait_for()
    await tab.screenshot(path=ARTEFACTS / f"dialog-{name}.png")
    await tab.keyboard.press("Escape")
    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.decided")
    await tab.screenshot(path=ARTEFACTS / f"decided-{name}.png")
    site.decisions.clear()
    for path in ("", "declaration"):
        await tab.goto(f"{site.origin}/_consent/{path}?lang={language}&next=/p")
        for summary in await tab.query_selector_all("summary"):
            await summary.click()
        await tab.screenshot(path=ARTEFACTS / f"{path or 'preferences'}-{name}.png", full_page=True)
        assert await tab.evaluate(OVERFLOW) is False
    site.view = View(broken=True)
    await tab.goto(site.page("/p", ARTICLE.replace("{lang}", language)))
    await tab.screenshot(path=ARTEFACTS / f"unkept-{name}.png")
    site.fail = 503
    for view in (View(), View(broken=True)):
        site.view = view
        await tab.goto(f"{site.origin}/_consent/?lang={language}&next=/p")
        await tab.evaluate(SEND)
        await tab.locator(
            "h1", has_text=site.book.words[language]("unkept" if view.broken else "problem-503")
        ).wait_for()
        await tab.screenshot(path=ARTEFACTS / f"problem-{'unkept-' if view.broken else ''}{name}.png")
    await context.close()


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
async def test_no_control_covers_another(site: Site, chromium: Browser, layout: str) -> None:
    for (width, height), position in itertools.product(SIZES.values(), ("top", "bottom")):
        site.use(layout=layout, position=position)
        context = await chromium.new_context(viewport={"width": width, "height": height})
        tab = await context.new_page()
        await tab.goto(site.page("/p", ARTICLE.replace("{lang}", "en")))
        await until(tab, "!!window.consentkit?.ready?.then")

        hit = """name => {
            const root = document.getElementById('consentkit').shadowRoot;
            const {x, y, width, height} = root.getElementById('consentkit-' + name).getBoundingClientRect();
            return root.elementFromPoint(x + width / 2, y + height / 2)?.closest('a, button')?.id;
        }"""
        names = ["accept", "reject", "more"]

        assert [await tab.evaluate(hit, name) for name in names] == [f"consentkit-{name}" for name in names]
        assert await tab.locator("#consentkit-preferences").is_hidden()
        await context.close()
