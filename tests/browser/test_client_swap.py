"""A script that puts a fetched page in place of the one shown, as Turbo Drive and hx-boost do: the notice goes along."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Page

from .conftest import STRICT, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HEAD = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>t</title><link rel=icon href=data:,>"
    "<body>{notice}<h1>page</h1>"
)
ROOT = "document.getElementById('consentkit').shadowRoot"
PARSE = """
    window.policy ??= window.trustedTypes?.createPolicy('site', {createHTML: text => text}) ?? {createHTML: text => text};
    const get = path => fetch(path).then(answer => answer.text());
    const parse = text => new DOMParser().parseFromString(policy.createHTML(text), 'text/html').body;
"""
SWAPS = {
    "the body is replaced": "document.querySelector('body').replaceWith(document.adoptNode(parse(text)))",
    "the body is filled anew": "document.querySelector('body').replaceChildren(...parse(text).childNodes)",
}
DRIVE = SWAPS["the body is replaced"]


async def ready(tab: Page) -> None:
    await until(tab, "!!window.consentkit?.ready?.then")


async def visit(tab: Page, path: str, swap: str = DRIVE) -> None:
    """What such a library does at a click on a link."""
    await tab.evaluate(
        f"async path => {{ {PARSE} const text = await get(path); history.pushState(null, '', path); {swap}; }}",
        path,
    )
    await until(tab, f"!!{ROOT}")


@pytest.mark.parametrize("swap", SWAPS)
async def test_the_notice_is_there_and_works_on_each_page(site: Site, tab: Page, swap: str) -> None:
    site.page("/b", HEAD.replace("page", "another"))
    await tab.goto(site.page("/", HEAD))
    await ready(tab)
    born = await tab.evaluate("performance.timeOrigin")

    for path in ("/b", "/", "/b"):
        await visit(tab, path, SWAPS[swap])

    assert await tab.locator("#consentkit").count() == 1
    assert await tab.locator("#consentkit-banner").is_visible()
    assert await tab.locator("form [name=next]").get_attribute("value") == "/b"
    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.outcome === 'refused'")
    assert [act["action"] for act in site.acts] == ["reject"]
    assert await tab.evaluate("performance.timeOrigin") == born
    await visit(tab, "/", SWAPS[swap])
    assert await tab.locator("#consentkit-banner").count() == 0
    assert await tab.locator("#consentkit-preferences").is_visible()


async def test_what_a_page_brings_decides_whether_it_asks(site: Site, tab: Page) -> None:
    site.page("/legal", HEAD)
    shown = site.view
    site.view = replace(shown, rule="never")
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    site.view = shown
    await visit(tab, "/")
    await tab.locator("#consentkit-banner").wait_for()
    site.view = replace(shown, rule="never")
    await visit(tab, "/legal")
    await tab.locator("#consentkit-banner").wait_for(state="detached")


async def test_the_style_of_a_new_page_applies_under_a_csp_with_nonces(site: Site, tab: Page) -> None:
    site.csp = STRICT
    site.view = replace(site.view, rule="never")
    await tab.goto(site.page("/", HEAD))
    await ready(tab)
    site.view = replace(site.view, rule="default")

    await visit(tab, "/")
    await tab.locator("#consentkit-accept").wait_for()

    assert await tab.locator("#consentkit-accept").evaluate("e => getComputedStyle(e).minHeight") == "44px"


async def test_a_page_fetched_ahead_of_a_choice_is_fetched_again(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", HEAD))
    await ready(tab)
    await tab.evaluate(f"async () => {{ {PARSE} window.kept = await get('/'); }}")
    await tab.evaluate("consentkit.accept()")

    await tab.evaluate(f"() => {{ {PARSE} const text = kept; {DRIVE}; }}")

    await until(
        tab,
        "performance.getEntriesByType('navigation')[0].type === 'reload' && window.consentkit?.state.decided",
    )


async def test_a_copy_of_the_body_shown_again_gets_the_notice_that_works(site: Site, tab: Page) -> None:
    await tab.goto(
        site.page(
            "/", HEAD + '<script type="text/plain" data-ck="analytics" data-ck-src="{third}/t.js"></script>'
        )
    )
    await ready(tab)
    await tab.evaluate("window.copy = document.querySelector('body').cloneNode(true)")
    await visit(tab, "/")
    await tab.evaluate("consentkit.accept()")
    await until(tab, "window.ran?.length === 1")

    await tab.evaluate("document.querySelector('body').replaceWith(copy)")

    await until(tab, "window.ran?.length === 2")
    assert await tab.locator("#consentkit").count() == 1
    assert await tab.locator("#consentkit-preferences").is_visible()


async def test_a_new_body_without_a_notice_gets_it_at_its_end(site: Site, tab: Page) -> None:
    site.page("/bare", HEAD.replace("{notice}", ""))
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await visit(tab, "/bare")

    assert await tab.locator("body > :last-child").get_attribute("id") == "consentkit"
    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.outcome === 'refused'")


async def test_a_notice_that_the_page_itself_removes_stays_away(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await tab.evaluate("document.getElementById('consentkit').remove()")
    await tab.evaluate("new Promise(done => setTimeout(done))")

    assert await tab.locator("#consentkit").count() == 0
