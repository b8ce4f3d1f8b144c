"""What a screen reader is told, and what axe-core finds: nothing, in every layout, regime, scheme and direction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from consentkit.core.jurisdiction import Shown
from consentkit.web.notice import View

from .conftest import Site, until
from .test_law_shown import SIGNAL, under
from .test_notice_look import ARTICLE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
FOUND = "async () => (await axe.run()).violations.map(({id, nodes}) => [id, nodes.map(({target}) => target.join(' '))])"
READY = "!!window.consentkit?.ready?.then"
ROOT = "document.getElementById('consentkit').shadowRoot"
LAYOUTS = ("bar", "box", "modal", "inline")
SCHEMES: tuple[Any, ...] = ("light", "dark")


@pytest_asyncio.fixture(loop_scope="session")
async def judged(chromium: Browser) -> AsyncIterator[Page]:
    """A tab into which axe-core may be put, whatever the page's CSP says."""
    context = await chromium.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-GB", bypass_csp=True
    )
    tab = await context.new_page()
    tab.set_default_timeout(5000)
    yield tab
    await context.close()


async def faults(tab: Page) -> list[Any]:
    """What axe-core finds, in a light scheme and in a dark one."""
    await tab.evaluate(AXE)
    found = []
    for scheme in SCHEMES:
        await tab.emulate_media(color_scheme=scheme)
        found += [(scheme, *each) for each in await tab.evaluate(FOUND)]
    return found


def article(site: Site, language: str) -> str:
    site.language = language
    html = ARTICLE.replace("{lang}", language).replace("<h1>", "<main><h1>")
    return site.page("/p", html)


def shape(site: Site, layout: str, **changes: Any) -> None:
    site.use(layout="bar" if layout == "inline" else layout, **changes)
    site.view = View(rule="inline" if layout == "inline" else "default")


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_the_first_layer_has_no_fault(site: Site, judged: Page, layout: str, language: str) -> None:
    for regime in ("opt-in", "opt-out", "notice"):
        shape(site, layout, regime=regime)
        await judged.goto(article(site, language))
        await until(judged, READY)

        assert await faults(judged) == []
    assert await judged.evaluate(f"{ROOT}.getElementById('consentkit-banner').checkVisibility()")


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
async def test_what_a_law_shows_has_no_fault(site: Site, judged: Page, layout: str, language: str) -> None:
    await judged.set_extra_http_headers(SIGNAL)
    for code, shown in (("US-CA", ()), ("EU", (Shown.CLOSE, Shown.OPT_OUT_LINK))):
        under(site, code, *shown, layout=layout, regime=None)
        await judged.goto(article(site, language))
        await until(judged, READY)

        assert await faults(judged) == []


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_second_layer_has_no_fault_nor_what_follows(
    site: Site, judged: Page, language: str
) -> None:
    await judged.goto(article(site, language))
    await until(judged, READY)
    await judged.evaluate("consentkit.show()")
    await until(judged, f"{ROOT}.querySelector('.ck')?.open")
    for summary in await judged.query_selector_all("dialog summary"):
        await summary.click()
    assert await faults(judged) == []

    await judged.locator("dialog button[value=reject]").click()
    await until(judged, "consentkit.state.decided")

    assert await faults(judged) == []
    assert await judged.evaluate(f"{ROOT}.querySelector('[role=status]').textContent") != ""


ENTRIES = [
    {"event": f"e{n}", "act": act, "time": "2026-11-25T10:00:00+00:00", "seq": n, "proven": n == 1}
    for n, act in enumerate(("accept", "reject"))
]


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_visitor_s_pages_have_no_fault(site: Site, judged: Page, language: str) -> None:
    view = View(language=language, next="/p")
    named = [{**entry, "granted": ["analytics"], "denied": ["marketing"]} for entry in ENTRIES]
    drawn = {
        "record": site.visitor.record(view, named),
        "no record": site.visitor.record(view, []),
        "declaration": site.visitor.declaration(view),
        "not recorded": site.visitor.problem(503, view, 5),
        "refused": site.visitor.problem(409, view),
        "preferences": site.visitor.preferences(site.consent({}), view),
        "unkept": site.visitor.preferences(site.consent({}), View(language=language, broken=True)),
    }
    for name, answer in drawn.items():
        await judged.goto(site.page(f"/{name}".replace(" ", "-"), answer.body.decode()))
        for summary in await judged.query_selector_all("summary"):
            await summary.click()

        assert (name, await faults(judged)) == (name, [])


async def test_axe_sees_into_the_notice(site: Site, judged: Page) -> None:
    """Else the tests above would say nothing."""
    await judged.goto(article(site, "en"))
    await until(judged, READY)
    await judged.evaluate(
        f"""{{ const sheet = new CSSStyleSheet(); sheet.replaceSync('#consentkit-accept {{ color: #666 !important }}');
        {ROOT}.adoptedStyleSheets = [sheet];
        {ROOT}.getElementById('consentkit-more').removeAttribute('href');
        {ROOT}.querySelector('.choice').append(document.createElement('button')); }}"""
    )

    found = {(rule, nodes[0].split()[0]) for _, rule, nodes in await faults(judged)}

    assert {
        ("color-contrast", "#consentkit,#consentkit-accept"),
        ("button-name", "#consentkit,button:nth-child(4)"),
    } & found
    assert {rule for rule, _ in found} >= {"color-contrast", "button-name"}


async def spoken(tab: Page) -> list[tuple[str, str, dict[str, Any]]]:
    """Role, name and properties of all that Chromium tells a screen reader."""
    session = await tab.context.new_cdp_session(tab)
    nodes = (await session.send("Accessibility.getFullAXTree"))["nodes"]
    await session.detach()
    return [
        (
            node["role"]["value"],
            node.get("name", {}).get("value", ""),
            {each["name"]: each["value"].get("value") for each in node.get("properties", ())},
        )
        for node in nodes
        if not node.get("ignored")
    ]


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_what_a_screen_reader_is_told(
    site: Site, chromium: Browser, layout: str, java_script: bool
) -> None:
    context = await chromium.new_context(java_script_enabled=java_script, locale="en-GB")
    tab = await context.new_page()
    shape(site, layout)
    await tab.goto(article(site, "en"))
    if java_script:
        await until(tab, READY)
    if java_script and layout == "modal":
        await until(tab, f"{ROOT}.querySelector('.front').open")

    told = await spoken(tab)

    names = [(role, name) for role, name, _ in told]
    label = site.book.words["en"]("label")
    for each in (("button", "Reject"), ("button", "Accept"), ("link", "Privacy policy"), ("link", "Imprint")):
        assert names.count(each) == 1
    assert names.index(("button", "Reject")) < names.index(("button", "Accept"))
    modal = [properties.get("modal") for role, name, properties in told if (role, name) == ("dialog", label)]
    if layout == "modal":
        assert modal == [True if java_script else None] or modal == [java_script]
        assert ("region", label) not in names
        # What cannot be reached is not told either.
        assert (("heading", "Harbour opens again") in names) is not java_script
    else:
        assert modal == []
        assert ("region", label) in names
        assert ("heading", "Harbour opens again") in names
    assert [role for role, _, _ in told].count("status") == 1
    await context.close()


async def test_each_switch_says_what_it_is_for(site: Site, tab: Page) -> None:
    await tab.goto(article(site, "en"))
    await until(tab, READY)
    await tab.evaluate("consentkit.show()")
    await until(tab, f"{ROOT}.querySelector('.ck')?.open")

    told = await spoken(tab)

    names = [(role, name) for role, name, _ in told]
    assert ("dialog", "Cookie preferences") in names
    assert [name for role, name in names if role == "checkbox" and "receipt" not in name] == [
        "Functional Allow",
        "Statistics Allow",
        "Marketing Allow",
    ]
    assert ("button", "Close") in names
    assert all(name for role, name in names if role in ("button", "link", "checkbox", "combobox", "dialog"))
