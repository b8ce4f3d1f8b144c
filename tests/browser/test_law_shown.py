"""What a law makes a visitor see, in Chromium: the lasting link, the status of a signal, the cross."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from consentkit.core.decision import Act, Choice, Decision, Outcome, decide
from consentkit.core.jurisdiction import Shown
from consentkit.core.policy import Policy
from consentkit.core.terms import Terms
from consentkit.jurisdictions import atlas

from .conftest import ARTEFACTS, Site, until
from .test_notice_look import ARTICLE, OVERFLOW, SIZES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

READY = "!!window.consentkit?.ready?.then"
HIT = """selector => {
    const root = document.getElementById('consentkit').shadowRoot;
    const {x, y, width, height} = root.querySelector(selector).getBoundingClientRect();
    return !!root.elementFromPoint(x + width / 2, y + height / 2)?.closest(selector);
}"""
SIGNAL = {"Sec-GPC": "1"}


def under(site: Site, code: str, *shows: Shown, **changes: Any) -> None:
    """Puts the site's visitors under a row that shows this besides what it does."""
    site.use(**changes)
    rule = atlas().rows[code].on(date(2026, 11, 25))
    rule = rule.model_copy(update={"shows": (*rule.shows, *shows)})
    site.policy = site.policy.under(Terms(code, rule, code))
    site.__post_init__()


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark"), ("fr", "light")])
@pytest.mark.parametrize("size", SIZES)
async def test_link_status_and_cross_are_seen_and_covered_by_nothing(
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
    for layout, position in (("bar", "bottom"), ("box", "bottom"), ("box", "top"), ("modal", "bottom")):
        for code, signal in (("US-CA", False), ("US-CA", True), ("EU", True)):
            under(site, code, Shown.CLOSE, layout=layout, position=position, regime=None)
            await tab.set_extra_http_headers(SIGNAL if signal else {})
            await tab.goto(site.page("/p", ARTICLE.replace("{lang}", language)))
            await until(tab, READY)
            await tab.screenshot(path=ARTEFACTS / f"law-{code}-{signal:d}-{layout}-{position}-{name}.png")

            seen = ["#consentkit-preferences", *([".signal"] if signal else [])]
            if code == "EU" or not signal:
                seen += ["#consentkit-close", "#consentkit-accept", "#consentkit-reject", "#consentkit-more"]
            assert [each for each in seen if not await tab.evaluate(HIT, each)] == []
            assert await tab.evaluate(OVERFLOW) is False
    await tab.goto(f"{site.origin}/_consent/?lang={language}&next=/p")
    await tab.screenshot(path=ARTEFACTS / f"law-preferences-eu-{name}.png", full_page=True)
    under(site, "US-CA", regime=None)
    await tab.goto(f"{site.origin}/_consent/?lang={language}&next=/p")
    await tab.screenshot(path=ARTEFACTS / f"law-preferences-{name}.png", full_page=True)
    assert await tab.evaluate(OVERFLOW) is False
    await context.close()


def page(site: Site) -> str:
    return site.page("/p", ARTICLE.replace("{lang}", "en"))


async def test_the_link_stays_after_a_choice_and_leads_to_one_click_that_opts_out_of_all(
    site: Site, tab: Page
) -> None:
    under(site, "US-CA", regime=None)
    await tab.goto(page(site))
    await until(tab, READY)
    await tab.locator("#consentkit-accept").click()
    await until(tab, "consentkit.state.decided")
    await tab.reload()
    link = tab.locator("#consentkit-preferences")
    assert await link.inner_text() == "Your Privacy Choices"

    await link.click()
    await tab.locator("dialog button", has_text="Opt out of all").click()
    await until(tab, "consentkit.state.outcome === 'refused'")

    assert site.acts[-1]["action"] == "reject"
    assert await tab.locator("#consentkit-preferences").is_visible()


async def test_the_link_works_without_scripts(site: Site, chromium: Browser) -> None:
    under(site, "US-CA", regime=None)
    context = await chromium.new_context(java_script_enabled=False)
    tab = await context.new_page()
    await tab.goto(page(site))

    await tab.locator("#consentkit-preferences").click()
    await tab.locator("button", has_text="Opt out of all").click()
    await tab.wait_for_url("**/p")

    assert [act["action"] for act in site.acts] == ["reject"]
    assert await tab.locator("#consentkit-preferences").is_visible()
    assert await tab.locator("#consentkit-banner").count() == 0
    await context.close()


async def test_the_cross_is_as_large_as_accepting_is_high_and_refuses(site: Site, tab: Page) -> None:
    under(site, "EU", Shown.CLOSE, regime=None)
    await tab.goto(page(site))
    await until(tab, READY)
    looks = (
        "name => { const all = getComputedStyle(document.getElementById('consentkit').shadowRoot.getElementById(name));"
        " return [all.backgroundColor, all.color, all.height]; }"
    )

    assert await tab.evaluate(looks, "consentkit-close") == await tab.evaluate(looks, "consentkit-accept")
    await tab.locator("#consentkit-close").click()
    await until(tab, "consentkit.state.outcome === 'refused'")

    assert site.acts[-1]["action"] == "reject"


async def test_the_status_goes_with_a_yes_in_the_signal_s_presence_and_comes_back_with_a_no(
    site: Site, tab: Page
) -> None:
    under(site, "EU", regime=None)
    await tab.set_extra_http_headers(SIGNAL)
    await tab.goto(page(site))
    await until(tab, READY)
    status = tab.locator(".signal")
    assert await status.inner_text() == "Opt-out request honored"

    await tab.evaluate("consentkit.accept()")
    await status.wait_for(state="hidden")
    await tab.evaluate("void consentkit.reject()")
    await status.wait_for(state="visible")


async def test_an_earlier_yes_that_is_overruled_is_told_and_the_link_leads_to_the_preferences(
    site: Site, tab: Page
) -> None:
    under(site, "US-CA", regime=None)
    await tab.goto(page(site))
    await until(tab, READY)
    await tab.locator("#consentkit-accept").click()
    await until(tab, "consentkit.state.decided")

    await tab.set_extra_http_headers(SIGNAL)
    await tab.reload()
    await tab.locator(".signal a", has_text="It overrules your earlier yes").click()
    await tab.wait_for_url("**/_consent/**")

    assert await tab.locator("input[value=marketing]").is_checked() is False
    assert await tab.locator("input[value=analytics]").is_checked() is True
    assert await tab.get_by_text("Opt-out request honored. It overrules").is_visible()


async def test_what_is_new_is_named_and_off_in_the_form(site: Site, tab: Page) -> None:
    under(site, "EU", regime=None)
    older = Policy.model_validate(
        {
            **site.policy.model_dump(mode="json", exclude={"services"}),
            "services": {"stats": site.policy.services["stats"].model_dump(mode="json")},
        }
    )
    site.decisions["old"] = accepted(older)
    await tab.context.add_cookies([{"name": "ck", "value": "old", "url": site.origin}])
    await tab.goto(page(site))
    await until(tab, READY)
    assert await tab.get_by_text("New since your choice: Films.").is_visible()

    await tab.locator("#consentkit-more").click()
    await tab.wait_for_url("**/_consent/**")

    films = tab.locator("section.service", has_text="Film House")
    assert await films.locator(".new").inner_text() == "New"
    assert await films.locator("select").input_value() == "-films"
    assert await tab.locator("input[value=marketing]").is_checked()
    await tab.locator("button[value=save]").click()
    await tab.wait_for_url("**/p")
    assert site.acts[-1]["service"] == ["-films"]
    assert await tab.locator("#consentkit-banner").count() == 0


def accepted(policy: Policy) -> Decision:
    outcome = decide(policy, Choice(Act.ACCEPT), now=int(time.time()), visitor="v")
    assert isinstance(outcome, Outcome)
    return outcome.decision
