"""The desk's pages in Chromium: no fault for axe-core, nothing beside the page, and all of it without JavaScript or mouse."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page
from tests.asgi import KEY, POLICY

from consentkit.audit.batch import seal
from consentkit.audit.event import Document, Event, now, uuid7
from consentkit.audit.keys import generate
from consentkit.audit.log import AuditLog
from consentkit.audit.signing import Signing
from consentkit.audit.store import Store
from consentkit.audit.verifications import Verifications
from consentkit.core.policy import Policy
from consentkit.desk.app import ComplianceDesk
from consentkit.desk.passes import Kind, Passes
from consentkit.web.notice import NoticeBook

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
FOUND = "async () => (await axe.run()).violations.map(({id, nodes}) => [id, nodes.map(({target}) => target.join(' '))])"
FITS = "document.documentElement.scrollWidth <= innerWidth"
WIDTHS = (360, 768, 1280, 1920)
SCHEMES: tuple[Any, ...] = ("light", "dark")
VISITOR = "0f3c-a-visitor-of-the-paper"
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@dataclass
class Served:
    """A desk that runs.

    :param events: ids of its events, oldest first.
    """

    address: str
    log: AuditLog
    events: list[str]

    def link(self, role: str) -> str:
        secret = Passes(self.log.url, self.log.log_id).issue(Kind.LINK, role, 600)
        return f"{self.address}/sign-in?link={secret}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A log with decisions, hostile ones too, a checkpoint and a verification."""
    folder: Path = tmp_path_factory.mktemp("desk")
    policy = Policy.model_validate(POLICY)
    log = AuditLog(f"sqlite:///{folder / 'consent.db'}", log_id=policy.site.address)
    notice = NoticeBook(policy).notice("en")
    papers = [
        Document("notice", notice.hash, notice.document),
        Document("policy", policy.version, policy.document),
    ]
    events = [made(policy, notice.hash, number) for number in range(120)]
    store = Store(log.url, log.log_id, 5.0)
    store.append([seal(each, None, os.urandom(32) if each.visitor else None) for each in events], papers)
    store.close()
    generate(folder / "key", "desk.example")
    Signing(log.url, log.log_id, folder / "key").sign()
    listener = socket.create_server(("127.0.0.1", 0))
    app = ComplianceDesk(policy, log, secret_key=KEY, public_keys=[folder / "key.pub"])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield Served(f"http://localhost:{listener.getsockname()[1]}", log, [each.id for each in events])
    server.should_exit = True
    thread.join(timeout=10)


def made(policy: Policy, notice: str, number: int) -> Event:
    refused = number % 3 == 1
    return Event(
        id=uuid7(),
        time=now() - (120 - number) * 3_600_000_000,
        site=policy.site.address,
        act="reject" if refused else "accept",
        policy=policy.version,
        notice=notice,
        how="banner",
        visitor=None if refused else VISITOR if number % 6 else f"visitor-{number}",
        granted=() if refused else ("functional", HOSTILE),
        denied=("functional", "analytics") if refused else ("analytics",),
        regimes=(("functional", "opt-in"), ("analytics", "opt-out")),
        jurisdiction=("FR", "US-CA", None)[number % 3],
        signal="gpc" if number % 5 == 0 else None,
        language="en",
        decided_after_ms=1_500,
    )


async def signed_in(context: BrowserContext, served: Served, role: str) -> Page:
    tab = await context.new_page()
    tab.set_default_timeout(10_000)
    await tab.goto(served.link(role))
    await tab.click("main button")
    return tab


async def faults(tab: Page) -> list[Any]:
    await tab.evaluate(AXE)
    found = []
    for scheme in SCHEMES:
        await tab.emulate_media(color_scheme=scheme)
        found += [(scheme, *each) for each in await tab.evaluate(FOUND)]
    return found


def pages(served: Served) -> list[str]:
    made_runs = Verifications(served.log.url, served.log.log_id)
    if not made_runs.newest():
        name, _ = made_runs._enter(120)
        made_runs.run(name)
    return [
        "/decisions",
        f"/decisions/{served.events[2]}",
        f"/decisions/{served.events[1]}",
        "/decisions?from=2026-02-01&to=2026-01-01",
        "/decisions?act=rotate",
        "/integrity",
        f"/integrity/{made_runs.newest()[0].id}",
        "/people",
        f"/people?of={served.events[2]}",
        "/sign-in?link=x",
        "/nothing-here",
    ]


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
async def test_axe_finds_nothing_and_every_page_fits_every_width(
    chromium: Browser, served: Served, language: str
) -> None:
    context = await chromium.new_context(bypass_csp=True, viewport={"width": 1280, "height": 800})
    tab = await signed_in(context, served, "officer")
    for path in pages(served):
        sign = "&" if "?" in path else "?"
        await tab.goto(f"{served.address}{path}{sign}lang={language}")

        if language != "fr":  # which differs from English in its words alone
            assert await faults(tab) == [], path
        assert await tab.evaluate("document.documentElement.lang") == language
        for width in WIDTHS:
            await tab.set_viewport_size({"width": width, "height": 800})
            assert await tab.evaluate(FITS), (path, width)
    await context.close()


async def test_its_own_csp_stops_nothing_of_its_own(chromium: Browser, served: Served) -> None:
    context = await chromium.new_context()
    tab = await signed_in(context, served, "officer")
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    for path in pages(served)[:3]:
        await tab.goto(served.address + path)
        await tab.wait_for_load_state("networkidle")

    frame = tab.frames[-1]
    assert (
        await tab.evaluate("getComputedStyle(document.querySelector('nav.pages ul')).listStyleType") == "none"
    )
    assert await frame.locator("#consentkit-banner").is_visible()
    assert [text for text in said if "Content Security Policy" in text] == []
    await context.close()


async def test_all_is_done_with_the_keyboard_and_without_javascript(
    chromium: Browser, served: Served
) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    tab = await context.new_page()
    tab.set_default_timeout(10_000)
    await tab.goto(served.link("officer"))
    await tab.locator("main button").press("Enter")
    await tab.locator("nav.pages a").nth(4).press("Enter")
    await tab.get_by_label("Visitor id").fill("visitor-0")
    await tab.get_by_label("Visitor id").press("Enter")
    await tab.get_by_label("Reason, for the log; never who").fill("request by letter")
    await tab.get_by_role("button", name="Erase …").press("Enter")
    await tab.get_by_role("checkbox").press("Space")
    await tab.get_by_role("button", name="Erase for good").press("Enter")

    assert "Erased." in await tab.locator("main").inner_text()
    await tab.get_by_role("button", name="Sign out").press("Enter")
    await tab.goto(f"{served.address}/people")
    assert "not signed in" in await tab.locator("main").inner_text()
    await context.close()
