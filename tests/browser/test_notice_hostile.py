"""The notice on pages whose style, markup or surroundings fight it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from .conftest import STRICT, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

START = "<!doctype html><html lang=en><meta charset=utf-8><title>t</title><link rel=icon href=data:,>"
NAV = "<nav>n</nav><main>m</main>"
RECTANGLES = """['nav', 'main'].map(name => document.querySelector(name).getBoundingClientRect())
    .map(({x, y, width, height}) => [x, y, width, height])"""


async def ready(tab: Page) -> None:
    await until(tab, "!!window.consentkit?.ready?.then")


async def box(tab: Page, name: str) -> dict[str, float]:
    found = await tab.locator(f"#consentkit-{name}").bounding_box()
    assert found is not None
    return dict(found)


@pytest.mark.parametrize(
    "style",
    [
        "body{display:grid;grid-template-columns:200px 1fr;height:100vh}",
        "body{display:flex;gap:40px;justify-content:space-between}",
        "body > div:nth-of-type(1){display:none}",
        "body{display:flex;flex-direction:column;min-height:100vh} main{flex:1}",
    ],
    ids=["grid", "flex", "nth-of-type", "column"],
)
async def test_nothing_of_the_host_moves(site: Site, tab: Page, style: str) -> None:
    page = START + f"<style>{style}</style><body>%s{NAV}"
    await tab.goto(site.page("/without", page % ""))
    before = await tab.evaluate(RECTANGLES)

    await tab.goto(site.page("/with", page % "{notice}"))
    await ready(tab)

    assert await tab.evaluate(RECTANGLES) == before
    assert await tab.locator("#consentkit-banner").is_visible()


@pytest.mark.parametrize(
    "style", ["body > :first-child{margin-top:0} main{margin-top:3rem}", "body > * + *{margin-top:2rem}"]
)
async def test_at_the_end_of_the_body_first_child_and_neighbour_rules_see_nothing(
    site: Site, tab: Page, style: str
) -> None:
    page = START + f"<style>{style}</style><body>{NAV}%s"
    await tab.goto(site.page("/without", page % ""))
    before = await tab.evaluate(RECTANGLES)

    await tab.goto(site.page("/with", page % "{notice}"))
    await ready(tab)

    assert await tab.evaluate(RECTANGLES) == before
    assert await tab.locator("#consentkit-banner").is_visible()


@pytest.mark.parametrize(
    "style",
    [
        "* {all: unset !important}",
        "button, form, section {display: none !important}",
        "span {display: none !important; opacity: 0 !important; visibility: hidden !important}",
        "html {font-size: 62.5%} body * {color: red !important; transform: scale(0) !important; position: static !important}",
    ],
)
@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without"])
async def test_the_host_s_style_does_not_reach_it(
    site: Site, chromium: Browser, style: str, java_script: bool
) -> None:
    context = await chromium.new_context(java_script_enabled=java_script)
    tab = await context.new_page()
    flush = START + "<style>body{margin:0}"
    await tab.goto(site.page("/plain", flush + "</style><body>{notice}"))
    expected = [await box(tab, name) for name in ("banner", "accept", "reject", "preferences")]

    await tab.goto(
        site.page("/", flush + f"{style} head{{display:none!important}}</style><body>" + "{notice}")
    )

    assert [await box(tab, name) for name in ("banner", "accept", "reject", "preferences")] == expected
    await tab.locator("#consentkit-reject").click()
    await tab.locator("#consentkit[data-consent=refused]").wait_for(state="attached")
    assert [act["action"] for act in site.acts] == ["reject"]
    await context.close()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<form action='/elsewhere' target=_blank><input name=q>", "</form>"),
        ("<table><tr><td>", "</table>"),
        ("<a href='/elsewhere'>", "</a>"),
        ("<button onclick='window.pressed=1'>", "</button>"),
        ("<p><b><i>", ""),
    ],
    ids=["form", "table", "link", "button", "inline"],
)
async def test_inside_anything_of_the_host_it_works_as_a_plain_form(
    site: Site, chromium: Browser, before: str, after: str
) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    tab = await context.new_page()
    await tab.goto(site.page("/p", START + "<body>" + before + "{notice}" + after) + "?a=1")

    await tab.locator("#consentkit-accept").click()

    await tab.locator("#consentkit[data-consent=accepted]").wait_for(state="attached")
    assert tab.url == site.origin + "/p?a=1"
    assert await tab.locator("#consentkit-banner").count() == 0
    assert [(act["action"], act["how"], act["next"]) for act in site.acts] == [("accept", "banner", "/p?a=1")]
    await context.close()


async def test_the_host_s_forms_and_buttons_stay_its_own(site: Site, tab: Page) -> None:
    page = START + "<body>{notice}<form id=theirs></form><button id=b>b</button><a href=/x id=l>l</a>"
    script = """<script>window.events = [];
        for (const type of ['submit', 'change', 'input']) addEventListener(type, () => events.push(type))</script>"""
    await tab.goto(site.page("/", page + script))
    await ready(tab)

    await tab.locator("#consentkit-accept").click()
    await until(tab, "consentkit.state.decided")

    found = "[document.forms.length, document.forms[0].id, document.querySelector('button').id, document.scripts.length]"
    assert await tab.evaluate(found) == [1, "theirs", "b", 1]
    assert await tab.evaluate("events") == []


CLOBBER = (
    "".join(
        f'<img name="{name}" id="{name}">'
        for name in (
            "currentScript",
            "querySelector",
            "querySelectorAll",
            "getElementById",
            "addEventListener",
            "dispatchEvent",
            "createElement",
            "body",
            "forms",
            "cookie",
            "baseURI",
            "activeElement",
            "location",
            "fetch",
        )
    )
    + '<form id="consentkit"><input name="shadowRoot"><input name="ready"><input name="state"></form>'
)


@pytest.mark.parametrize("csp", ["", STRICT], ids=["no CSP", "strict"])
async def test_elements_named_like_methods_change_nothing(site: Site, tab: Page, csp: str) -> None:
    site.csp = csp
    gated = (
        '<script nonce="{nonce}" type="text/plain" data-ck="analytics" data-ck-src="{third}/t.js"></script>'
    )
    await tab.goto(site.page("/", START + "<body>" + CLOBBER + "{notice}" + gated))
    await ready(tab)

    await tab.locator("#consentkit-accept").click()

    await until(tab, "window.consentkit.state.decided && window.ran?.length === 1")
    assert site.hits == ["/t.js"]


async def test_a_polluted_prototype_opens_nothing(site: Site, tab: Page) -> None:
    pollute = "<script>Object.prototype.films = true; Object.prototype.nothing = true</script>"
    await tab.goto(site.page("/", START + "<body>" + pollute + "{notice}"))
    await ready(tab)

    names = "['films', 'stats', '__proto__', 'constructor', 'toString', 'analytics', 'nothing'].map(consentkit.allows)"
    assert await tab.evaluate(names.replace("consentkit.allows", "n => consentkit.allows(n)")) == [False] * 7


@pytest.mark.parametrize("action", ["reject", "accept"])
async def test_a_tap_before_our_late_script_counts_once(site: Site, tab: Page, action: str) -> None:
    site.delay = 10
    await tab.goto(site.page("/p", START + "<body>{notice}"), wait_until="commit")

    await tab.locator(f"#consentkit-{action}").click()

    await until(
        tab,
        f"document.getElementById('consentkit')?.dataset.consent === '{action}ed'.replace('rejected', 'refused')",
    )
    assert await tab.locator("#consentkit-banner").count() == 0
    assert [act["action"] for act in site.acts] == [action]


async def test_a_script_that_refuses_the_moment_the_button_exists_refuses_once(site: Site, tab: Page) -> None:
    rule = """<script>const watch = setInterval(() => {
        const button = document.getElementById('consentkit')?.shadowRoot?.getElementById('consentkit-reject');
        if (button) { clearInterval(watch); button.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true})); }
    }, 0)</script>"""
    site.delay = 0.3
    await tab.goto(site.page("/p", START + rule + "<body>{notice}<p>x"), wait_until="commit")

    await until(tab, "document.getElementById('consentkit')?.dataset.consent === 'refused'")
    await asyncio.sleep(0.5)
    assert [act["action"] for act in site.acts] == ["reject"]
    assert await tab.locator("#consentkit-banner").count() == 0


async def test_in_a_sandboxed_frame_nothing_throws_and_the_gates_stay_shut(site: Site, tab: Page) -> None:
    """There storage, channels and our endpoint are all out of reach."""
    inner = START + "<body>{notice}<script type=module>window.after = 1</script>"
    site.page("/inner", inner)
    await tab.goto(
        site.page("/", START + '<body><iframe sandbox="allow-scripts" src="/inner" width=900 height=600>')
    )
    await until(tab, "frames.length === 1")
    frame = tab.frames[1]
    for _ in range(100):
        if await frame.evaluate("!!window.consentkit?.ready?.then && window.after === 1"):
            break
        await asyncio.sleep(0.02)

    await frame.locator("#consentkit-accept").click()
    await asyncio.sleep(0.2)

    found = "[window.after, consentkit.state.decided, consentkit.allows('analytics')]"
    assert await frame.evaluate(found) == [1, False, False]
    assert site.acts == []


async def test_with_storage_blocked_a_refusal_still_works(site: Site, context: BrowserContext) -> None:
    await context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage', 'BroadcastChannel'])"
        "Object.defineProperty(window, name, {get() { throw new DOMException('blocked', 'SecurityError') }})"
    )
    site.use(regime="notice")
    tab = await context.new_page()
    errors: list[Any] = []
    tab.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - a built-in takes no listener wrapper
    await tab.goto(site.page("/", START + "<body>{notice}"))
    await ready(tab)

    await tab.locator("#consentkit-reject").click()

    await until(tab, "window.consentkit?.state.outcome === 'refused'")
    assert errors == []


async def test_a_base_elsewhere_does_not_lead_the_form_astray(site: Site, tab: Page) -> None:
    site.prefix = site.origin + site.prefix
    base = f'<base href="{site.third}/x/" target="_blank">'
    await tab.goto(site.page("/p", START + base + "<body>{notice}"))

    await tab.locator("#consentkit-reject").click()

    await until(tab, "document.getElementById('consentkit')?.dataset.consent === 'refused'")
    assert len(tab.context.pages) == 1


@pytest.mark.parametrize(("rule", "visible"), [("never", False), ("inline", True), ("default", True)])
async def test_a_page_has_the_banner_or_the_small_control_as_its_rule_says(
    site: Site, tab: Page, rule: Any, visible: bool
) -> None:
    site.view = replace(site.view, rule=rule)
    await tab.goto(site.page("/", START + "<body><p>before</p>{notice}<p>after</p>"))
    await ready(tab)

    assert await tab.locator("#consentkit-preferences").is_visible() is not visible
    assert (await tab.locator("#consentkit-banner").count() == 1) is visible
    if rule == "inline":
        banner, after = await box(tab, "banner"), await tab.locator("text=after").bounding_box()
        assert after is not None
        assert after["y"] >= banner["y"] + banner["height"]


async def test_every_button_can_be_reached_on_the_smallest_window(site: Site, chromium: Browser) -> None:
    context = await chromium.new_context(viewport={"width": 320, "height": 256}, locale="fr")
    tab = await context.new_page()
    await tab.goto(site.page("/", START + "<meta name=viewport content='width=device-width'><body>{notice}"))

    for name in ("reject", "accept", "more"):
        await tab.locator(f"#consentkit-{name}").scroll_into_view_if_needed()
        found = await box(tab, name)
        assert found["y"] >= 0
        assert found["y"] + found["height"] <= 256
        assert found["height"] >= 44
    assert await tab.evaluate("document.documentElement.scrollWidth") <= 320
    await context.close()


async def test_accept_and_reject_weigh_the_same(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", START + "<body>{notice}"))
    look = "b => [...getComputedStyle(b)].map(name => name + getComputedStyle(b).getPropertyValue(name))"

    accept, reject = await box(tab, "accept"), await box(tab, "reject")

    assert (accept["width"], accept["height"], accept["y"]) == (
        reject["width"],
        reject["height"],
        reject["y"],
    )
    styles = [await tab.locator(f"#consentkit-{name}").evaluate(look) for name in ("accept", "reject")]
    assert styles[0] == styles[1]


@pytest.mark.parametrize("style", ["transform: translateY(0)", "filter: saturate(1)", "contain: layout"])
async def test_on_a_transformed_body_the_notice_stays_in_the_window(
    site: Site, tab: Page, style: str
) -> None:
    page = START + f"<style>body{{{style}}}</style><body>" + "{notice}" + "<p>text</p>" * 200
    await tab.goto(site.page("/", page))
    await ready(tab)

    for name in ("banner", "accept", "preferences"):
        found = await box(tab, name)
        assert found["y"] >= 0
        assert found["y"] + found["height"] <= 800
    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.decided")
    assert (await box(tab, "preferences"))["y"] > 700
