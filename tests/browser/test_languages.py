"""A visitor who does not read the page's language chooses another one before deciding, without a script."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser
from tests.asgi import KEY, POLICY, serving

from consentkit import ConsentMiddleware, Policy
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def log(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'consent.db'}"


@pytest.fixture
def address(log: str) -> Iterator[str]:
    """A German site on loopback."""
    app = ConsentMiddleware(
        serving(b"<!doctype html><html lang=de><body><p>Guten Tag</body></html>"),
        policy=Policy.model_validate(POLICY),
        secret_key=KEY,
        audit=AuditLog(log, timeout=30),  # a busy machine takes its time for the first entry
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://localhost:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("zh-Hant", "ltr")])
async def test_another_language_is_chosen_without_a_script_and_is_the_one_in_the_log(
    chromium: Browser, address: str, log: str, language: str, direction: str
) -> None:
    context = await chromium.new_context(java_script_enabled=False, locale="en-GB")
    tab = await context.new_page()

    await tab.goto(f"{address}/artikel?seite=2")
    await tab.get_by_role("link", name="Sprache (Language)").click()
    chosen = tab.locator(f"nav a[lang='{language}']")
    offered = await tab.locator("nav a").count()
    heading = await tab.inner_text("h1")
    await chosen.click()
    spoken = await tab.locator("html").get_attribute("lang"), await tab.locator("html").get_attribute("dir")
    other = await tab.inner_text("h1")
    await tab.locator("button[value=accept]").click()
    back = tab.url
    await context.close()

    assert offered >= 40
    assert heading == "Cookie-Einstellungen"
    assert spoken == (language, direction)
    assert other != heading
    assert back == f"{address}/artikel?seite=2"
    (event,) = [json.loads(row.canonical) for row in Reader(log).events()]
    assert (event["act"], event["language"]) == ("accept", language)
