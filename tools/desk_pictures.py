"""Draw the desk's pages for the guide: ``python -m tools.desk_pictures``.

The log is the made-up past of the demo, signed and verified; whoever looks at the pictures sees no real person's choice. Look
at each of them before they are committed.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from examples.newsroom.app import POLICY
from examples.newsroom.past import make_past
from examples.newsroom.regimes import policy_under
from playwright.async_api import Page, async_playwright

from consentkit import AuditLog, ComplianceDesk
from consentkit.audit.keys import generate
from consentkit.audit.reader import Reader
from consentkit.audit.signing import Signing
from consentkit.policyfile import load

FOLDER = Path(__file__).parents[1] / "docs" / "officer"
CHROMIUM = "/usr/bin/chromium"
SITE = "https://lantern.example"
VIEW = {"width": 1280, "height": 760}
PATIENCE = 60
"""Seconds that the rules and a verification may take."""


@contextmanager
def desk(folder: Path) -> Iterator[tuple[str, str]]:
    """A desk over the demo's past, on a free port; its address, and that of the log."""
    url = f"sqlite:///{folder / 'consent.db'}"
    policy = policy_under("opt-in", load(POLICY), SITE, "https://third.example")
    make_past(url, policy)
    generate(folder / "key", "lantern.example")
    Signing(url, "", folder / "key").sign()
    app = ComplianceDesk(
        policy,
        AuditLog(url),
        lambda _scope: "officer",
        secret_key=secrets.token_urlsafe(32),
        public_keys=[folder / "key.pub"],
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", url
    finally:
        server.should_exit = True
        thread.join()


async def draw(address: str, url: str) -> None:
    """One picture for each question of the guide."""
    event = next(
        row.id for row in reversed(list(Reader(url).events())) if row.visitor and row.act == "accept"
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = await browser.new_page(viewport=VIEW, color_scheme="light", locale="en-GB")
        await tab.goto(f"{address}/integrity")
        await tab.get_by_role("button", name="Verify now").click()
        await settled(tab, f"{address}/integrity")
        for name, path in {
            "overview": "/?split=jurisdiction",
            "decisions": "/decisions",
            "decision": f"/decisions/{event}",
            "integrity": "/integrity",
            "gate": "/gate",
            "person": f"/people?of={event}",
            "evidence": "/evidence",
            "policy": "/policy",
        }.items():
            await settled(tab, address + path)
            if name == "policy":
                await tab.locator("main table a").first.click()
            await tab.screenshot(path=FOLDER / f"{name}.png")
        await browser.close()


async def settled(tab: Page, address: str) -> None:
    """Open a page, until it waits for nothing."""
    for _ in range(PATIENCE):
        await tab.goto(address)
        if not await tab.locator('meta[http-equiv="refresh"]').count():
            return
        await asyncio.sleep(1)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as made, desk(Path(made)) as where:
        asyncio.run(draw(*where))
