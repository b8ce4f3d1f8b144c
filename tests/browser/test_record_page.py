"""The visitor's own choices in Chromium, behind the whole middleware."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from playwright.async_api import Browser
from tests.asgi import KEY, POLICY, serving

from consentkit.core.policy import Policy
from consentkit.web.middleware import ConsentMiddleware

from .conftest import ARTEFACTS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A site on loopback with a log of its own."""
    app = ConsentMiddleware(
        serving(b"<!doctype html><html lang=en><body><p>Hello</body></html>"),
        policy=Policy.model_validate(POLICY),
        secret_key=KEY,
        audit=f"sqlite:///{tmp_path / 'consent.db'}",
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://localhost:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_a_choice_is_found_under_my_choices_and_its_receipt_saved(
    chromium: Browser, address: str, tmp_path: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = await chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-GB"
    )
    tab = await context.new_page()
    tab.set_default_timeout(10_000)

    await tab.goto(f"{address}/_consent/")
    await tab.check("input[value=analytics]")
    async with tab.expect_response(lambda response: response.request.method == "POST"):
        await tab.click("button[value=save]")
    await tab.wait_for_load_state()
    await tab.goto(f"{address}/_consent/")
    await tab.click("text=Your choices on this site")
    shown = await tab.inner_text("main")
    fits = await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    async with tab.expect_download() as saving:
        await tab.click("a[download]")
    saved = await saving.value
    await saved.save_as(tmp_path / "receipt.json")
    await context.close()

    assert fits
    assert "Allowed: Statistics\n\nNot allowed: Functional, Marketing" in shown
    assert saved.suggested_filename.startswith("receipt-")
    assert json.loads((tmp_path / "receipt.json").read_text("utf-8"))["evidence"]["seq"] == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "no javascript"])
async def test_who_refuses_and_asks_for_it_keeps_the_receipt_without_a_further_request(
    chromium: Browser, address: str, tmp_path: Path, scripts: bool
) -> None:
    context = await chromium.new_context(
        viewport={"width": 360, "height": 800}, locale="en-GB", java_script_enabled=scripts
    )
    tab = await context.new_page()
    tab.set_default_timeout(10_000)
    asked: list[tuple[str, str]] = []

    await tab.goto(f"{address}/films?a=1")
    if scripts:  # the dialog, and not the page
        await tab.wait_for_function("window.consentkit")
        await tab.evaluate("consentkit.show()")
    else:
        await tab.click("#consentkit-more")
    await tab.check("dialog [name=receipt]" if scripts else "[name=receipt]")
    tab.on("request", lambda request: asked.append((request.method, request.url)))
    await tab.locator("button[value=reject]").last.click()
    await tab.wait_for_selector("a[download]")
    async with tab.expect_download() as saving:
        await tab.click("a[download]")
    saved = await saving.value
    await saved.save_as(tmp_path / "receipt.json")
    fits = await tab.evaluate("document.documentElement.scrollWidth <= innerWidth") if scripts else True
    ARTEFACTS.mkdir(exist_ok=True)
    await tab.screenshot(path=ARTEFACTS / f"receipt-at-once-{scripts}.png", full_page=True)
    told = list(asked)
    await tab.click("text=Back to the page")
    await tab.wait_for_url(f"{address}/films?a=1")
    banner = await tab.locator("#consentkit-banner").count()
    await context.close()

    evidence = json.loads((tmp_path / "receipt.json").read_text("utf-8"))["evidence"]
    event = json.loads(evidence["event"])
    assert (event["act"], event["how"], evidence["visitor"]) == ("reject", "page", None)
    assert fits
    assert banner == 0
    assert [url for _, url in told if event["id"] in url] == []
    assert [url for method, url in told if method == "POST"] == [f"{address}/_consent/"]
