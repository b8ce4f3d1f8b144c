"""The desk's pages with charts in Chromium: no fault for axe-core, nothing beside the page, colours that can be told apart."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page
from tests.asgi import KEY, POLICY

from consentkit.audit.batch import seal
from consentkit.audit.event import Document, Event, now, uuid7
from consentkit.audit.log import AuditLog
from consentkit.audit.store import Store
from consentkit.catalogue.load import catalogue
from consentkit.core.policy import Policy
from consentkit.desk.app import ComplianceDesk
from consentkit.policyfile.use import resolved
from consentkit.web.notice import NoticeBook

from .conftest import ARTEFACTS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
FOUND = "async () => (await axe.run()).violations.map(({id, nodes}) => [id, nodes.map(({target}) => target.join(' '))])"
FITS = "document.documentElement.scrollWidth <= innerWidth"
WIDTHS = (360, 768, 1280, 1920)
SCHEMES: tuple[Any, ...] = ("light", "dark")
DAY = 86_400_000_000
PAPER = "getComputedStyle(document.querySelector('.figure-card')).backgroundColor"
SWATCHES = "[...document.querySelectorAll('.legend .swatch')].map((each) => getComputedStyle(each).fill)"
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A desk over some weeks of decisions, one change of policy, and counts of the gate."""
    policy, older = (
        Policy.model_validate(resolved({**POLICY, "use": ["google-fonts"], "layout": layout}, catalogue()))
        for layout in ("bar", "box")
    )
    url = f"sqlite:///{tmp_path_factory.mktemp('charts') / 'consent.db'}"
    store = Store(url, policy.site.address, 5.0)
    chance = random.Random(0)
    store.append(
        [seal(event(chance, policy if n < 200 else older, n), None, os.urandom(32)) for n in range(400)],
        [Document("policy", each.version, each.document) for each in (policy, older)],
    )
    today = int(time.time()) // 86_400
    for days in range(9):
        rules = {
            ("gate", "google-fonts", "fonts.googleapis.com"): 5 + days,
            ("gate", "hotjar", "*.hotjar.com"): 3,
        }
        others = {("cookie", "google-analytics", "_ga"): 2, ("unknown", "reported", HOSTILE): 1}
        store.count(today - days, {**rules, **others})
    store.close()
    listener = socket.create_server(("127.0.0.1", 0))
    app = ComplianceDesk(
        policy, AuditLog(url, log_id=policy.site.address), lambda _scope: "viewer", secret_key=KEY
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://localhost:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def event(chance: random.Random, policy: Policy, number: int) -> Event:
    act = chance.choice(("accept", "reject", "save", "withdraw", "signal"))
    granted = ("analytics",) if act in ("accept", "save") else ()
    return Event(
        id=uuid7(),
        time=now() - number * DAY // 20,
        site=policy.site.address,
        act=act,
        policy=policy.version,
        notice=NoticeBook(policy).notice("en").hash if number < 2 else "c" * 64,
        how="banner",
        granted=granted,
        denied=() if granted else ("analytics",),
        jurisdiction=chance.choice(("FR", "US-CA", HOSTILE, None)),
        language=chance.choice(("en", "fr")),
        signal=chance.choice(("gpc", None)),
        decided_after_ms=chance.choice((None, 4000)),
    )


@pytest_asyncio.fixture(loop_scope="session")
async def tab(chromium: Browser) -> AsyncIterator[Page]:
    """A tab without scripts of the page's, into which axe-core may be put, whatever the page's CSP says."""
    context = await chromium.new_context(bypass_csp=True)
    tab = await context.new_page()
    tab.set_default_timeout(10_000)
    yield tab
    await context.close()


def contrast(one: str, other: str) -> float:
    """Of two colours as Chromium tells them. Source: WCAG 2.2, relative luminance and contrast ratio, checked 2026-11."""

    def luminance(colour: str) -> float:
        parts = [int(each) / 255 for each in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
        return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("path", ["/", "/gate"])
async def test_a_page_with_charts_has_no_fault_at_any_width_in_any_scheme(
    desk: str, tab: Page, path: str, language: str
) -> None:
    await tab.goto(f"{desk}{path}{'&' if '?' in path else '?'}lang={language}")
    await tab.evaluate(AXE)
    ARTEFACTS.mkdir(exist_ok=True)
    found = []
    for scheme in SCHEMES:
        for width in WIDTHS:
            await tab.emulate_media(color_scheme=scheme)
            await tab.set_viewport_size({"width": width, "height": 800})
            assert await tab.evaluate(FITS), (scheme, width)
        found += [(scheme, *each) for each in await tab.evaluate(FOUND)]
        paper = await tab.evaluate(PAPER)
        picture = (
            ARTEFACTS / f"desk-{path.strip('/').partition('?')[0] or 'overview'}-{language}-{scheme}.png"
        )
        await tab.screenshot(path=picture, full_page=True)
        swatches = await tab.evaluate(SWATCHES)
        assert [each for each in swatches if contrast(each, paper) < 3] == []

    assert found == []
    assert await tab.locator("img").count() == 0
    assert await tab.locator("svg.chart").count() >= 1


async def test_charts_need_neither_scripts_nor_styles_of_their_own(chromium: Browser, desk: str) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    await page.goto(desk)

    boxes = [await each.bounding_box() for each in await page.locator(".chart .series rect").all()]
    await context.close()
    assert said == []
    assert len(boxes) > 30
    assert all(box and box["height"] > 0 for box in boxes)
