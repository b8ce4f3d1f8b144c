"""The preferences as a page: chosen, saved, changed and withdrawn without JavaScript."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from .conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ARTICLE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>t</title><link rel=icon href=data:,>"
    "<body>{notice}<h1>page</h1>"
)


@pytest_asyncio.fixture(loop_scope="session")
async def plain(chromium: Browser) -> AsyncIterator[Page]:
    """A tab of a browser without JavaScript."""
    context = await chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = await context.new_page()
    page.set_default_timeout(5000)
    yield page
    await context.close()


async def test_the_banner_leads_to_the_page_and_the_page_leads_back(site: Site, plain: Page) -> None:
    await plain.goto(site.page("/p", ARTICLE) + "?a=1&b=2")
    await plain.locator("#consentkit-more").click()
    await plain.wait_for_url("**/_consent/**")
    await plain.get_by_role("checkbox", name="Statistics").check()
    await plain.locator("summary").nth(1).click()
    await plain.get_by_role("combobox", name="Films").select_option("Always allow")

    await plain.get_by_role("button", name="Save choices").click()

    await plain.wait_for_url("**/p?a=1&b=2")
    assert await plain.locator("#consentkit-banner").count() == 0
    (act,) = site.acts
    assert (act["purpose"], [name for name in act["service"] if name]) == (["analytics"], ["films"])
    assert (act["how"], act["notice"]) == ("page", site.book.notice("en").hash)


async def test_the_small_control_waits_until_the_banner_is_gone(site: Site, plain: Page) -> None:
    await plain.goto(site.page("/p", ARTICLE))
    assert await plain.locator("#consentkit-preferences").is_hidden()

    await plain.locator("#consentkit-reject").click()
    await plain.locator("#consentkit[data-consent=refused]").wait_for(state="attached")

    assert await plain.locator("#consentkit-preferences").is_visible()


async def test_the_page_shows_what_holds_and_withdraws_it(site: Site, plain: Page) -> None:
    await plain.goto(site.page("/p", ARTICLE))
    await plain.locator("#consentkit-accept").click()
    await plain.locator("#consentkit[data-consent=accepted]").wait_for(state="attached")
    await plain.locator("#consentkit-preferences").click()
    await plain.wait_for_url("**/_consent/**")
    await plain.get_by_text("You have accepted everything.").wait_for()
    boxes = plain.locator("input[name=purpose]")
    assert [await boxes.nth(n).is_checked() for n in range(await boxes.count())] == [True, True, True]

    await plain.get_by_role("button", name="Withdraw everything").click()

    await plain.wait_for_url("**/p")
    assert await plain.locator("#consentkit").get_attribute("data-consent") == "refused"


async def test_the_language_is_changed_by_a_link_and_goes_into_the_record(site: Site, plain: Page) -> None:
    await plain.goto(site.page("/p", ARTICLE))
    await plain.locator("#consentkit-more").click()
    await plain.get_by_role("link", name="العربية").click()
    await plain.wait_for_url("**lang=ar**")
    assert await plain.locator("html").get_attribute("dir") == "rtl"

    await plain.get_by_role("button", name="رفض الكل").click()

    await plain.wait_for_url("**/p")
    assert site.acts[0]["notice"] == site.book.notice("ar").hash


async def test_a_grant_that_was_not_recorded_says_so_and_offers_the_way_back(site: Site, plain: Page) -> None:
    site.fail = 503
    await plain.goto(site.page("/p", ARTICLE))

    await plain.locator("#consentkit-accept").click()

    await plain.get_by_role("heading", level=1, name="Your choice could not be recorded").wait_for()
    await plain.get_by_role("link", name="Open the preferences").click()
    await plain.get_by_role("button", name="Save choices").wait_for()


async def test_the_style_of_the_page_is_ours_and_allowed(site: Site, tab: Page) -> None:
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))

    await tab.goto(site.origin + "/_consent/")

    assert await tab.evaluate("document.styleSheets[0].cssRules.length > 10")
    assert [text for text in said if "Content Security Policy" in text] == []


async def test_every_control_has_a_name(site: Site, tab: Page) -> None:
    await tab.goto(site.origin + "/_consent/")

    tree = await tab.locator("main").aria_snapshot()

    for line in (
        'heading "Cookie preferences" [level=1]',
        'checkbox "Statistics Allow"',
        'button "Save choices"',
    ):
        assert line in tree
    assert "button\n" not in tree
