"""The desk's policy and evidence pages in Chromium: no fault for axe-core, and a file that comes without a script."""

from __future__ import annotations

import json
import socket
import threading
import zipfile
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page
from tests.asgi import KEY, POLICY
from tests.audit.commands import write

from consentkit.audit.event import Document, Event, now, uuid7
from consentkit.audit.keys import generate
from consentkit.audit.log import AuditLog
from consentkit.audit.signing import Signing
from consentkit.catalogue.load import catalogue
from consentkit.core.policy import Policy
from consentkit.desk import findings
from consentkit.desk.app import ComplianceDesk
from consentkit.policyfile.use import resolved
from consentkit.web.laws import today

from .conftest import ARTEFACTS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
FOUND = "async () => (await axe.run()).violations.map(({id, nodes}) => [id, nodes.map(({target}) => target.join(' '))])"
FITS = "document.documentElement.scrollWidth <= innerWidth"
OPEN = "document.querySelectorAll('details').forEach((each) => (each.open = true))"
HOSTILE = "<img src=x onerror=alert(1)>\"'&" + "W" * 90
SCHEMES: tuple[Any, ...] = ("light", "dark")
HOUR = 3_600_000_000


def policy(**changes: Any) -> Policy:
    return Policy.model_validate(
        resolved({**POLICY, "jurisdictions": ["EU", "US-CA"], **changes}, catalogue())
    )


EARLIER = policy(layout="modal", services={"maps": {"vendor": HOSTILE, "purposes": ["functional"]}})
LATER = policy(use=["google-fonts", "hotjar"])
FINDING = {
    "rule": "R99",
    "name": "made-up-here",
    "severity": "error",
    "key": "services.maps",
    "found": HOSTILE,
    "expected": "something else",
    "nearest": None,
    "where": "FR, DE",
    "why": "Because of it.",
    "sources": ["An act, art. 1"],
}


def event(policy: Policy, hours: int, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "id": uuid7(),
        "time": now() - hours * HOUR,
        "site": policy.site.address,
        "act": "accept",
        "policy": policy.version,
        "notice": "",
        "how": "banner",
        "visitor": "somebody",
        "granted": ("analytics",),
    }
    return Event(**{**values, **changes})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A desk over a signed log with two policies; the rules have run."""
    folder: Path = tmp_path_factory.mktemp("papers")
    url = f"sqlite:///{folder / 'consent.db'}"
    papers = [Document("policy", each.version, each.document) for each in (EARLIER, LATER)]
    acts = [event(EARLIER, 900), event(LATER, 9), event(LATER, 8, visitor=None, act="reject")]
    write(url, *acts, log_id=LATER.site.address, papers=papers)
    generate(folder / "key", "papers.example")
    Signing(url, LATER.site.address, folder / "key").sign()
    findings._known[LATER.version, today()] = findings.Looked("done", (FINDING,))
    app = ComplianceDesk(
        LATER,
        AuditLog(url, log_id=LATER.site.address),
        lambda _scope: "officer",
        secret_key=KEY,
        public_keys=[folder / "key.pub"],
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://localhost:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest_asyncio.fixture(loop_scope="session")
async def tab(chromium: Browser) -> AsyncIterator[Page]:
    """A tab into which axe-core may be put, whatever the page's CSP says."""
    context = await chromium.new_context(bypass_csp=True)
    tab = await context.new_page()
    tab.set_default_timeout(10_000)
    yield tab
    await context.close()


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize(
    ("name", "path"),
    [("policy", "/policy?"), ("version", f"/policy?version={LATER.version}&"), ("evidence", "/evidence?")],
    ids=["policy", "version", "evidence"],
)
async def test_a_page_has_no_fault_at_any_width_in_any_scheme(
    desk: str, tab: Page, name: str, path: str, language: str
) -> None:
    await tab.goto(f"{desk}{path}lang={language}")
    heading = await tab.locator("h1").count()
    await tab.evaluate(OPEN)
    await tab.evaluate(AXE)
    found = []
    fits = []
    ARTEFACTS.mkdir(exist_ok=True)
    for scheme in SCHEMES:
        await tab.emulate_media(color_scheme=scheme)
        for width in (360, 768, 1920, 1280):
            await tab.set_viewport_size({"width": width, "height": 800})
            fits.append(await tab.evaluate(FITS))
        await tab.screenshot(path=ARTEFACTS / f"desk-{name}-{language}-{scheme}.png", full_page=True)
        found += [(scheme, *each) for each in await tab.evaluate(FOUND)]

    assert found == []
    assert all(fits)
    assert heading == 1


async def test_an_evidence_file_comes_by_keyboard_and_without_a_script(
    chromium: Browser, desk: str, tmp_path: Path
) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    tab = await context.new_page()

    await tab.goto(f"{desk}/evidence")
    await tab.get_by_label("Id of the visitor").press_sequentially("somebody")
    async with tab.expect_download() as coming:
        await tab.keyboard.press("Enter")
    download = await coming.value
    await download.save_as(tmp_path / "evidence.zip")
    name = download.suggested_filename
    await context.close()

    with zipfile.ZipFile(tmp_path / "evidence.zip") as file:
        visitors = [json.loads(line)["visitor"] for line in file.read("records.jsonl").splitlines()]
    assert visitors == ["somebody", "somebody"]
    assert name.startswith("evidence-visitor-")
