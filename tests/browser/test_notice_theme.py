"""A site's theme in Chromium: what it sets is seen, in both schemes, and what it cannot reach stays as it was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page

from consentkit.core.theme import DARK, LIGHT

from .conftest import STRICT, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

START = "<!doctype html><html lang=en><meta charset=utf-8><title>t</title><link rel=icon href=data:,>"
READY = "!!window.consentkit?.ready?.then"
ROOT = "document.getElementById('consentkit').shadowRoot"
STYLE = "(e, name) => getComputedStyle(e)[name]"
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "theme.md"


@pytest.mark.parametrize("csp", ["", STRICT, "default-src 'self'"], ids=["no CSP", "nonce", "as a file"])
async def test_the_policy_s_theme_is_seen_in_the_notice_its_dialog_and_the_pages(
    site: Site, tab: Page, csp: str
) -> None:
    site.use(theme={"fill": "#0a5a3a", "round": "0", "font": "Georgia, serif", "dark": {"paper": "#000"}})
    site.csp = csp
    await tab.emulate_media(color_scheme="light")
    await tab.goto(site.page("/", START + "<body>{notice}"))
    await until(tab, READY)
    accept, banner = tab.locator("#consentkit-accept"), tab.locator("#consentkit-banner")

    assert await accept.evaluate(STYLE, "backgroundColor") == "rgb(10, 90, 58)"
    assert await accept.evaluate(STYLE, "borderRadius") == "0px"
    assert await banner.evaluate(STYLE, "fontFamily") == "Georgia, serif"
    assert await banner.evaluate(STYLE, "backgroundColor") == "rgb(255, 255, 255)"
    await tab.evaluate("consentkit.show()")
    save = tab.locator("dialog button[value=save]")
    assert await save.evaluate(STYLE, "backgroundColor") == "rgb(10, 90, 58)"
    await tab.emulate_media(color_scheme="dark")
    assert await banner.evaluate(STYLE, "backgroundColor") == "rgb(0, 0, 0)"
    # What is given for a light scheme is not for this one.
    assert await accept.evaluate(STYLE, "backgroundColor") == "rgb(223, 228, 234)"

    await tab.goto(site.origin + "/_consent/")
    assert await tab.locator("section").first.evaluate(STYLE, "backgroundColor") == "rgb(0, 0, 0)"
    await tab.emulate_media(color_scheme="light")
    assert await tab.locator("button[value=save]").evaluate(STYLE, "backgroundColor") == "rgb(10, 90, 58)"


async def test_the_site_s_own_sheet_sets_properties_and_parts(site: Site, tab: Page) -> None:
    style = (
        "#consentkit{--ck-fill:#0a5a3a;--ck-font:serif;color:red;display:none}#consentkit::part(banner){border-width:3px}"
        "#consentkit::part(button){letter-spacing:2px}#consentkit::part(more){color:rgb(1,2,3)}"
    )
    await tab.goto(site.page("/", START + f"<style>{style}</style><body>" + "{notice}"))
    await until(tab, READY)
    accept, reject = tab.locator("#consentkit-accept"), tab.locator("#consentkit-reject")

    for button in (accept, reject):
        assert await button.evaluate(STYLE, "backgroundColor") == "rgb(10, 90, 58)"
        assert await button.evaluate(STYLE, "letterSpacing") == "2px"
        assert await button.evaluate(STYLE, "color") == "rgb(255, 255, 255)"
    assert await tab.locator("#consentkit-banner").evaluate(STYLE, "borderTopWidth") == "3px"
    assert await tab.locator("#consentkit-more").evaluate(STYLE, "color") == "rgb(1, 2, 3)"
    assert await tab.locator("#consentkit-banner").evaluate(STYLE, "fontFamily") == "serif"
    assert await tab.evaluate(f"{ROOT}.getElementById('consentkit-banner').checkVisibility()")


async def test_no_selector_reaches_accepting_alone(site: Site, tab: Page) -> None:
    reaching = [
        "::part(button):first-child",
        "::part(button)[value=accept]",
        "::part(button) #consentkit-accept",
        " #consentkit-accept",
    ]
    style = "".join(
        f"#consentkit{each}{{background:lime!important;font-size:40px!important}}" for each in reaching
    )
    await tab.goto(site.page("/", START + f"<style>{style}</style><body>" + "{notice}"))
    await until(tab, READY)

    for name in ("accept", "reject"):
        assert (
            await tab.locator(f"#consentkit-{name}").evaluate(STYLE, "backgroundColor") == "rgb(42, 51, 64)"
        )


async def test_the_guide_names_each_property_and_part_and_no_other(site: Site, tab: Page) -> None:
    guide = GUIDE.read_text("utf-8")
    await tab.goto(site.page("/", START + "<body>{notice}"))
    parts = await tab.evaluate(
        f"[...{ROOT}.querySelectorAll('[part]')].map(each => each.getAttribute('part'))"
    )

    rows = re.findall(r"^\| `--ck-(\w+)` \|[^|]*\| `([^`]*)` \|(?: `([^`]*)`)? \|", guide, re.MULTILINE)

    assert {name: light for name, light, _ in rows if name in LIGHT} == LIGHT
    assert {name: dark for name, _, dark in rows if name in DARK} == DARK
    assert {name for name, _, _ in rows} == {*LIGHT, "round", "font"}
    assert set(re.findall(r"^\| `(\w+)` \| the ", guide, re.MULTILINE)) | {"button"} == set(parts)
