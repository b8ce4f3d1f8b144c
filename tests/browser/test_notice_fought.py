"""The notice on pages that fight it harder: real style sheets, bodies that move, forms that may not be sent, a filter list."""

from __future__ import annotations

import json
import os
import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from consentkit.web.notice import View

from .conftest import CHROMIUM, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

START = "<!doctype html><html lang=en><meta charset=utf-8><title>t</title><link rel=icon href=data:,>"
READY = "!!window.consentkit?.ready?.then"
ROOT = "document.getElementById('consentkit').shadowRoot"
TEXT = "<p>The harbour of Wrenmouth opened on Monday.</p>" * 60
PAGES = Path(os.environ.get("CONSENTKIT_PAGES", Path(__file__).parents[3] / "shared" / "pages"))
STYLED = [
    "nytimes-4",
    "nytimes-1",
    "guardian-1",
    "yahoo-2",
    "youth",
    "buzzfeed-1",
    "blogger",
    "spiceworks",
    "mathjax",
    "webmd-1",
    "lazy-image-1",
]
SHEETS = {
    "Bootstrap": ("mkdocs", "themes/mkdocs/css/bootstrap.min.css"),
    "Read the Docs": ("mkdocs", "themes/readthedocs/css/theme.css"),
    "Werkzeug": ("werkzeug", "debug/shared/style.css"),
}
LOOK = f"""[...{ROOT}.querySelectorAll('#consentkit-banner, #consentkit-banner :is(p, a, button), #consentkit-preferences')]
    .map(each => {{ const {{x, y, width, height}} = each.getBoundingClientRect(); const style = getComputedStyle(each);
        return [each.id, x, y, width, height, style.color, style.backgroundColor, style.fontSize, style.fontFamily,
            style.opacity, style.visibility, style.letterSpacing, style.textTransform, style.lineHeight].join(' '); }})"""


def sheets() -> dict[str, str]:
    """Real style sheets that can be had here, by where they come from."""
    found = {}
    for name, (package, path) in SHEETS.items():
        if find_spec(package):
            found[name] = (files(package) / path).read_text("utf-8")
    for name in STYLED:
        page = PAGES / f"{name}.html"
        if page.exists():
            text = page.read_text("utf-8", errors="replace")
            found[name] = "".join(re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL))
    # What would be fetched is none of this test's.
    return {name: re.sub(r"url\([^)]*\)|@import[^;]*;", "none", text) for name, text in found.items()}


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
async def test_under_real_style_sheets_it_looks_as_on_a_page_without(
    site: Site, tab: Page, layout: str
) -> None:
    site.use(layout=layout)
    body = "</head><body>{notice}<nav><a href=/x>n</a></nav><main><h1>h</h1>" + TEXT
    await tab.goto(site.page("/plain", START + "<head>" + body))
    await until(tab, READY)
    plain = await tab.evaluate(LOOK)
    real = sheets()
    assert len(real) >= 3

    different = []
    for name, text in real.items():
        await tab.goto(site.page("/real", START + f"<head><style>{text}</style>" + body))
        await until(tab, READY)
        if await tab.evaluate(LOOK) != plain:
            different.append(name)

    assert different == []


BOXES = """() => [...document.querySelectorAll("body, nav, main")].map(
    element => JSON.stringify(element.getBoundingClientRect()))"""


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
async def test_without_a_script_it_stands_at_the_start_whatever_the_body_is(
    site: Site, chromium: Browser, layout: str
) -> None:
    site.use(layout=layout)
    context = await chromium.new_context(java_script_enabled=False, viewport={"width": 1000, "height": 600})
    tab = await context.new_page()
    for style in (
        "transform: translateY(0)",
        "filter: saturate(1)",
        "contain: layout",
        "will-change: transform",
        "perspective: 1px",
        "display: grid; grid-template-columns: 200px 1fr",
        "display: flex; gap: 40px",
        "display: flex; flex-direction: column; align-items: center",
        "overflow: hidden; height: 100vh",
    ):
        site.decisions.clear()
        await context.clear_cookies()
        page = START + f"<style>body{{margin:0;{style}}}</style><body>" + "{notice}<nav>n</nav><main>" + TEXT
        await tab.goto(site.page("/", page))

        banner = await tab.locator("#consentkit-banner").bounding_box()
        assert banner is not None
        assert (style, 0 <= banner["y"] <= 24, banner["y"] + banner["height"] <= 600) == (style, True, True)
        assert banner["width"] >= 300
        boxes = await tab.evaluate(BOXES)
        await tab.evaluate("document.getElementById('consentkit').remove()")
        assert (style, boxes) == (style, await tab.evaluate(BOXES))
        await tab.goto(site.page("/", page))
        await tab.locator("#consentkit-reject").click()
        await tab.locator("#consentkit[data-consent=refused]").wait_for(state="attached")
    await context.close()


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
async def test_with_a_script_it_is_in_the_window_whatever_the_body_is(
    site: Site, tab: Page, layout: str
) -> None:
    site.use(layout=layout)
    for style in (
        "transform: scale(.9)",
        "will-change: transform",
        "backdrop-filter: blur(0)",
        "perspective: 900px",
    ):
        page = START + f"<style>body{{{style}}}#top{{position:fixed;z-index:2147483647;inset:0}}</style>"
        await tab.goto(site.page("/", page + "<body>{notice}" + TEXT))
        await until(tab, READY)
        if layout == "modal":
            await until(tab, f"{ROOT}.querySelector('.front').open")
        for name in ("banner", "accept", "reject"):
            box = await tab.locator(f"#consentkit-{name}").bounding_box()
            assert box is not None
            assert (style, name, box["y"] >= 0, box["y"] + box["height"] <= 800) == (style, name, True, True)


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without"])
async def test_under_the_highest_cover_of_the_page_it_is_still_pressed(
    site: Site, chromium: Browser, java_script: bool
) -> None:
    """A cover of the same z-index that comes later in the page would lie above it; one that comes before does not."""
    context = await chromium.new_context(java_script_enabled=java_script)
    tab = await context.new_page()
    cover = "<style>main{position:relative;z-index:999999999}</style>"
    await tab.goto(site.page("/", START + cover + "<body>{notice}<main>" + TEXT + "</main>"))

    await tab.locator("#consentkit-reject").click()

    await tab.locator("#consentkit[data-consent=refused]").wait_for(state="attached")
    await context.close()


# An open select is closed by the rewriter, which knows that it is open.
@pytest.mark.parametrize(
    "before", ["<select><option>a</select>", "<table>", "<table><tr>", "<ul><li>", "<button>b", "<label>l"]
)
async def test_behind_what_is_not_closed_it_works_as_a_plain_form(
    site: Site, chromium: Browser, before: str
) -> None:
    # Only there does anything stand before it.
    site.use(place="end")
    context = await chromium.new_context(java_script_enabled=False)
    tab = await context.new_page()
    await tab.goto(site.page("/p", START + "<body>" + before + "{notice}<p>after"))

    await tab.locator("#consentkit-reject").click()

    await tab.locator("#consentkit[data-consent=refused]").wait_for(state="attached")
    assert [act["action"] for act in site.acts] == ["reject"]
    await context.close()


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without"])
async def test_where_no_form_may_be_sent_the_choice_is_still_made(
    site: Site, chromium: Browser, java_script: bool
) -> None:
    """Without a script by way of the preferences: a page of ours, under a policy of its own."""
    site.csp = "form-action 'none'"
    context = await chromium.new_context(java_script_enabled=java_script)
    tab = await context.new_page()
    tab.set_default_timeout(5000)
    await tab.goto(site.page("/p", START + "<body>{notice}"))

    if java_script:
        await tab.locator("#consentkit-reject").click()
    else:
        await tab.locator("#consentkit-more").click()
        await tab.get_by_role("button", name="Reject all").click()

    await tab.locator("#consentkit[data-consent=refused]").wait_for(state="attached")
    assert [act["action"] for act in site.acts] == ["reject"]
    assert tab.url == site.origin + "/p"
    await context.close()


async def test_without_a_script_a_base_elsewhere_leads_nothing_astray(site: Site, chromium: Browser) -> None:
    site.prefix = site.origin + site.prefix
    context = await chromium.new_context(java_script_enabled=False)
    tab = await context.new_page()
    await tab.goto(site.page("/p", START + '<base href="{third}/x/" target="_blank"><body>{notice}'))

    await tab.locator("#consentkit-more").click()
    await tab.get_by_role("button", name="Reject all").click()

    await tab.locator("#consentkit[data-consent=refused]").wait_for(state="attached")
    assert len(context.pages) == 1
    assert site.hits == []
    await context.close()


@pytest.mark.parametrize("layout", ["bar", "modal"])
async def test_with_our_script_blocked_the_form_still_works(site: Site, tab: Page, layout: str) -> None:
    site.use(layout=layout)
    await tab.route("**/_consent/static/*.js", lambda route: route.abort())
    await tab.goto(site.page("/p", START + "<body>{notice}" + TEXT))
    await tab.evaluate("new Promise(done => setTimeout(done, 50))")
    assert await tab.evaluate(READY) is False

    await tab.locator("#consentkit-reject").click()

    await tab.locator("#consentkit[data-consent=refused]").wait_for(state="attached")
    assert await tab.locator("#consentkit-banner").count() == 0
    await tab.locator("#consentkit-preferences").click()
    await tab.wait_for_url("**/_consent/**")


@pytest.mark.parametrize("module", ["act", "modal", "preferences"])
async def test_with_one_module_blocked_the_rest_finds_its_way(site: Site, tab: Page, module: str) -> None:
    site.use(layout="modal")
    await tab.route(f"**/_consent/static/{module}.*", lambda route: route.abort())
    await tab.goto(site.page("/p", START + "<body>{notice}" + TEXT))
    await until(tab, READY)

    await tab.locator("#consentkit-reject").click()

    await tab.locator("#consentkit[data-consent=refused]").wait_for(state="attached")
    assert [act["action"] for act in site.acts] == ["reject"]
    await until(tab, READY)
    await tab.locator("#consentkit-preferences").click()
    if module == "preferences":
        await tab.wait_for_url("**/_consent/**")
    else:
        await until(tab, f"{ROOT}.querySelector('.ck')?.open")


LIST = "#consentkit, #consentkit-banner { display: none !important; visibility: hidden !important }"


async def test_a_filter_list_that_hides_it_leaves_the_page_as_it_was(site: Site, tmp_path: Path) -> None:
    """The list's sheet is the user's, as content blockers put it in: it goes before any of the page's and of ours."""
    blocker = tmp_path / "blocker"
    blocker.mkdir()
    (blocker / "manifest.json").write_text(
        json.dumps(
            {
                "manifest_version": 3,
                "name": "blocker",
                "version": "1",
                "permissions": ["scripting"],
                "host_permissions": ["<all_urls>"],
                "background": {"service_worker": "worker.js"},
            }
        )
    )
    (blocker / "worker.js").write_text(
        "const hide = (tabId) => chrome.scripting.insertCSS({target: {tabId}, origin: 'USER', css: "
        + json.dumps(LIST)
        + "}).catch(() => {});\nchrome.tabs.onUpdated.addListener((tabId, {status}) => status === 'loading' && hide(tabId));\n"
        "globalThis.hideAll = async () => { for (const {id} of await chrome.tabs.query({})) await hide(id) };\n"
    )
    gated = '<script type="text/plain" data-ck="analytics" data-ck-src="{third}/t.js"></script>'
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=CHROMIUM,
            headless=True,
            args=[
                "--no-sandbox",
                "--headless=new",
                f"--load-extension={blocker}",
                f"--disable-extensions-except={blocker}",
            ],
        )
        worker = (
            context.service_workers[0]
            if context.service_workers
            else await context.wait_for_event("serviceworker")
        )
        tab = context.pages[0]
        for layout in ("bar", "box", "modal"):
            site.use(layout=layout)
            site.view = View()
            await tab.goto(
                site.page("/", START + "<body>{notice}" + gated + "<a href=#x id=theirs>a</a>" + TEXT)
            )
            await until(tab, READY)
            await worker.evaluate("hideAll()")

            await until(tab, "!document.getElementById('consentkit').checkVisibility()")
            await until(tab, f"!{ROOT}.querySelector('dialog')?.open")
            await tab.locator("#theirs").click()
            assert await tab.evaluate("location.hash") == "#x"
            await tab.evaluate("scrollTo(0, 300)")
            assert await tab.evaluate("scrollY") == 300
            assert await tab.evaluate("[consentkit.state.decided, consentkit.allows('analytics')]") == [
                False,
                False,
            ]
            await tab.evaluate("history.replaceState(null, '', '/')")
        await context.close()
    assert site.hits == []
    assert site.acts == []
