"""What the first script of a page does besides looking at its age: calls that do nothing, Consent Mode, pages for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from .conftest import until
from .world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LAYER = "JSON.parse(JSON.stringify(window.dataLayer.map((each) => [...each])))"
DENIED = {
    "ad_storage": "denied",
    "ad_user_data": "denied",
    "ad_personalization": "denied",
    "analytics_storage": "denied",
    "functionality_storage": "denied",
    "personalization_storage": "denied",
}
DEFAULT = ["consent", "default", {**DENIED, "security_storage": "granted"}]
GRANTED = ["consent", "update", {**DENIED, "analytics_storage": "granted"}]
GOOGLE = {
    "services": {
        "count": {
            "vendor": "G",
            "purposes": ["analytics"],
            "hosts": ["tag.localhost"],
            "consent_mode": True,
            "kind": "analytics",
            "stubs": ["gtag()", "dataLayer[]", "G.sub.init()", "late()"],
        }
    }
}
TAG = "<script>gtag('event', 'early'); G.sub.init(1); new late(); dataLayer.push(['own'])</script>"
LOADER = (
    "<script data-category=analytics>window.found = typeof gtag + typeof window.G; "
    "window.gtag = function () { dataLayer.push(arguments) }; gtag('config', 'X')</script>"
    '<script src="//tag.localhost:PORT/g.js"></script>'
)
ALL = ("/a.js", "/b.js", "/f", "/i.gif", "/m.js", "/p.js", "/s.css")
CSP_NONCE = b"script-src 'nonce-abc' 'strict-dynamic'; require-trusted-types-for 'script'"
CSP_SELF = b"script-src 'self' http://tag.localhost:*"


@pytest_asyncio.fixture(loop_scope="session")
async def world(front: Any, tmp_path: Path) -> AsyncIterator[World]:
    found, port = front
    before = found.site
    found.site = World(port, tmp_path)
    yield found.site
    await found.site.app.audit.close()
    found.site = before


async def called(world: World, *paths: str) -> None:
    """Waits until the third party was asked for all of these."""
    for _ in range(250):
        if set(paths) <= set(world.calls):
            return
        await asyncio.sleep(0.02)
    assert set(paths) <= set(world.calls)


@pytest.mark.parametrize("csp", [b"", CSP_NONCE], ids=["no CSP", "nonce and Trusted Types"])
async def test_calls_of_a_service_that_may_not_run_do_nothing_and_are_gone_when_it_starts(
    world: World, tab: Page, csp: bytes
) -> None:
    world.policy, world.body = {**GOOGLE, "consent_mode": "off"}, ""
    world.tags = (TAG + LOADER).replace("<script", '<script nonce="abc"')
    world.headers = ((b"content-security-policy", csp),) if csp else ()
    await tab.goto(world.open())
    assert await tab.evaluate("[typeof gtag, typeof G.sub.init, Array.isArray(dataLayer)]") == [
        "function",
        "function",
        True,
    ]
    assert world.calls == []

    await tab.locator("#consentkit-accept").click()

    await until(tab, "window.ran === 1")
    assert await tab.evaluate("[window.found, typeof window.late]") == ["undefinedundefined", "undefined"]
    assert world.calls == ["/g.js"]


async def test_the_pages_own_function_of_that_name_is_left_alone(world: World, tab: Page) -> None:
    world.policy, world.body = {**GOOGLE, "consent_mode": "off"}, ""
    world.tags = "<script>function gtag() { return 7 } var late = 8;</script>"

    await tab.goto(world.open())

    assert await tab.evaluate("[gtag(), late]") == [7, 8]


PIXEL = '<script nonce="abc" src="https://connect.facebook.net/en_US/fbevents.js"></script>'
CALL = "<script nonce=\"abc\">window.first = typeof fbq; fbq('track', 'PageView'); window.called = 1</script>"
CSP_HOSTS = b"script-src 'self' 'unsafe-inline' https://connect.facebook.net"


@pytest.mark.parametrize(
    ("csp", "keys", "cache"),
    [
        (b"", {}, b""),
        (CSP_NONCE, {}, b""),
        (CSP_HOSTS, {"csp": "enforce"}, b""),
        (b"", {}, b"public, max-age=0, s-maxage=60"),
        (b"", {"purposes": {"necessary": {}}, "services": {}}, b""),
    ],
    ids=["no CSP", "nonce and Trusted Types", "CSP by consent", "a page for all", "nothing is asked"],
)
async def test_a_call_right_behind_a_script_that_no_grant_opens_does_nothing(
    world: World, tab: Page, csp: bytes, keys: dict[str, Any], cache: bytes
) -> None:
    world.policy, world.tags, world.body = keys, PIXEL + CALL, ""
    fields = ((b"content-security-policy", csp), (b"cache-control", cache))
    world.headers = tuple(field for field in fields if field[1])

    await tab.goto(world.open())

    assert await tab.evaluate("[window.first, window.called]") == ["function", 1]
    assert await tab.evaluate("document.querySelectorAll('[data-ck-stub]').length") == 0


async def test_what_the_page_has_of_that_name_stays(world: World, tab: Page) -> None:
    world.tags, world.body = "<script>function fbq() { return 7 }</script>" + PIXEL, ""

    await tab.goto(world.open())

    assert await tab.evaluate("fbq()") == 7


@pytest.mark.parametrize("csp", [b"", CSP_NONCE, CSP_SELF], ids=["no CSP", "nonce", "only files"])
async def test_consent_mode_is_denied_before_the_first_tag_and_told_of_a_grant_once(
    world: World, tab: Page, csp: bytes
) -> None:
    world.policy, world.body = GOOGLE, ""
    world.tags = (
        "" if csp == CSP_SELF else "<script>window.seen = dataLayer.length</script>" + LOADER
    ).replace("<script", '<script nonce="abc"')
    world.headers = ((b"content-security-policy", csp),) if csp else ()
    await tab.goto(world.open())
    assert await tab.evaluate(LAYER) == [DEFAULT]
    assert csp == CSP_SELF or await tab.evaluate("window.seen") == 1

    await tab.evaluate("void consentkit.save({ purposes: ['analytics'] })")

    await until(tab, f"dataLayer.length === {2 if csp == CSP_SELF else 3}")
    assert await tab.evaluate(LAYER) == [DEFAULT, GRANTED, *([] if csp == CSP_SELF else [["config", "X"]])]


async def test_consent_mode_on_the_next_page_is_the_default_and_one_update(
    world: World, context: BrowserContext, tab: Page
) -> None:
    world.policy, world.tags, world.body = GOOGLE, LOADER, ""
    address = world.open()
    await world.choose(context, "analytics")

    await tab.goto(address)

    assert await tab.evaluate(LAYER) == [DEFAULT, GRANTED, ["config", "X"]]


async def test_under_the_advanced_mode_tags_run_and_are_told_that_nothing_is_granted(
    world: World, tab: Page
) -> None:
    world.policy, world.body = {**GOOGLE, "consent_mode": "advanced"}, ""
    world.tags = LOADER.replace(" data-category=analytics", "")

    await tab.goto(world.open())

    await until(tab, "window.ran === 1")
    assert await tab.evaluate("window.found") == "undefinedundefined"
    assert await tab.evaluate(LAYER) == [DEFAULT, ["config", "X"]]


async def test_consent_mode_off_says_nothing(world: World, tab: Page) -> None:
    world.policy = {**GOOGLE, "consent_mode": "off"}
    world.policy["services"]["count"] = {**world.policy["services"]["count"], "stubs": []}

    await tab.goto(world.open())

    assert await tab.evaluate("typeof window.dataLayer") == "undefined"


SHARED = ((b"cache-control", b"public, max-age=0, s-maxage=60"),)


@pytest.mark.parametrize("csp", [b"", CSP_NONCE, CSP_SELF], ids=["no CSP", "nonce", "only files"])
async def test_a_page_for_all_opens_what_its_visitor_granted_and_shows_no_banner(
    world: World, context: BrowserContext, tab: Page, csp: bytes
) -> None:
    world.headers = (*SHARED, *(((b"content-security-policy", csp),) if csp else ()))
    world.tags = world.tags.replace("<script", '<script nonce="abc"')
    address = world.open()
    await tab.add_init_script(
        "addEventListener('DOMContentLoaded', () => requestAnimationFrame(function look() {"
        " const b = document.getElementById('consentkit')?.shadowRoot?.getElementById('consentkit-banner');"
        " if (b?.checkVisibility()) window.flashed = 1; requestAnimationFrame(look) }))"
    )
    await tab.goto(address)
    await until(tab, "window.flashed")
    assert world.calls == []
    await tab.locator("#consentkit-accept").click()
    await until(tab, "window.ran >= 2 && document.querySelectorAll('[data-ck]').length === 0")
    await called(world, *ALL)
    world.calls.clear()
    body = b"".join(message.get("body", b"") for message in world.copies["/"][1:])

    await tab.goto(address)

    await until(tab, "window.ran >= 2 && document.querySelectorAll('[data-ck]').length === 0")
    await called(world, *ALL)
    assert len(world.calls) == len(set(world.calls))
    assert b"".join(message.get("body", b"") for message in world.copies["/"][1:]) == body
    assert await tab.evaluate("[window.flashed, consentkit.state.outcome]") == [None, "accepted"]


async def test_a_page_for_all_stays_closed_after_a_refusal(world: World, tab: Page) -> None:
    world.headers = SHARED
    address = world.open()
    await tab.goto(address)
    await until(tab, "window.consentkit")
    await tab.evaluate("void consentkit.reject()")
    await until(tab, "window.consentkit?.state.outcome === 'refused'")

    await tab.goto(address)

    await until(tab, "window.consentkit?.state.outcome === 'refused'")
    assert await tab.evaluate("document.getElementById('consentkit').dataset.consent") == "refused"
    assert await tab.locator("#consentkit-banner").count() == 0
    assert world.calls == []


async def test_a_withdrawal_on_a_page_for_all_ends_what_ran(world: World, tab: Page) -> None:
    world.headers = SHARED
    await tab.goto(world.open())
    await tab.locator("#consentkit-accept").click()
    await until(tab, "window.ran >= 2 && document.querySelectorAll('[data-ck]').length === 0")
    await called(world, *ALL)
    world.calls.clear()

    await tab.evaluate("void consentkit.withdraw()")

    await until(tab, "window.consentkit?.state.outcome === 'refused' && !window.ran")
    assert world.calls == []


async def test_without_javascript_a_page_for_all_is_closed_and_takes_a_choice(
    world: World, chromium: Any
) -> None:
    world.headers = SHARED
    address = world.open()
    context = await chromium.new_context(java_script_enabled=False)
    tab = await context.new_page()
    await tab.goto(f"{address}deep?x=1")

    await tab.locator("#consentkit-reject").click()
    await tab.wait_for_url(f"{address}deep?x=1")

    assert world.calls == []
    assert {cookie["name"] for cookie in await context.cookies()} == {"consentkit", "consentkit-hint"}
    await context.close()


async def test_a_page_for_all_of_an_opt_out_policy_opens_for_who_chose_nothing(
    world: World, tab: Page
) -> None:
    world.headers, world.policy = SHARED, {"regime": "opt-out"}

    await tab.goto(world.open())

    await until(tab, "window.ran >= 2")
    assert await tab.locator("#consentkit-banner").count() == 1


async def test_what_arrives_after_a_grant_comes_alive(world: World, tab: Page) -> None:
    world.tags = world.body = ""
    await tab.goto(world.open())
    await tab.locator("#consentkit-accept").click()
    await until(tab, "window.consentkit?.state.decided")

    await tab.evaluate(
        f'text.innerHTML = \'<img alt="" data-ck=tag data-ck-src="//tag.localhost:{world.port}/late.gif">'
        f'<img alt="" data-ck=nobody data-ck-src="//tag.localhost:{world.port}/never.gif">\''
    )

    await until(tab, "document.querySelector('img').src")
    await tab.wait_for_timeout(100)
    assert world.calls == ["/late.gif"]


async def test_a_script_that_swaps_the_body_of_a_page_for_all_is_no_reason_to_load_it_again(
    world: World, tab: Page
) -> None:
    world.headers = SHARED
    await tab.goto(world.open())
    await tab.locator("#consentkit-accept").click()
    await until(tab, "window.ran >= 2 && document.querySelectorAll('[data-ck]').length === 0")
    await called(world, *ALL)
    world.calls.clear()
    await tab.evaluate("window.same = 1")

    await tab.evaluate(
        "fetch('/other').then((a) => a.text()).then((text) =>"
        " document.body.replaceWith(new DOMParser().parseFromString(text, 'text/html').body))"
    )

    await called(world, "/i.gif", "/f")
    assert await tab.evaluate("[window.same, consentkit.state.outcome]") == [1, "accepted"]
