"""The first paint: the notice is in it while the page still streams, moves nothing, is not the largest, asks nobody else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser
from tests.asgi import KEY, POLICY

from consentkit.core.policy import Policy
from consentkit.web.middleware import ConsentMiddleware

from .conftest import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WATCH = """<script>window.shift = 0; window.largest = [];
new PerformanceObserver(list => list.getEntries().forEach(each => each.hadRecentInput || (shift += each.value)))
    .observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(list => largest.push(...list.getEntries().map(each => each.element?.id ?? 'hidden')))
    .observe({type: 'largest-contentful-paint', buffered: true})</script>"""
FIRST = (
    "<!doctype html><html lang=en><head><meta charset=utf-8><title>t</title><link rel=icon href=data:,>"
    f"{WATCH}</head><body><h1 id=h>The harbour</h1><p id=text>{'The harbour opened on Monday. ' * 60}</p>"
)
REST = f"<p id=more>{'The harbour opened on Monday. ' * 30}</p></body></html>"


class Slow:
    """An app that sends the beginning of a page, and the rest once somebody asks for it."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        kind = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        if scope["path"] == "/go":
            self.asked.set()
        else:
            await send({"type": "http.response.body", "body": FIRST.encode(), "more_body": True})
            await self.asked.wait()
        await send({"type": "http.response.body", "body": REST.encode()})


@pytest.fixture(params=["bar", "box", "modal"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A site that streams, in each layout."""
    app = ConsentMiddleware(
        Slow(),
        policy=Policy.model_validate({**POLICY, "layout": request.param}),
        secret_key=KEY,
        audit=f"sqlite:///{tmp_path / 'consent.db'}",
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://localhost:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_notice_is_in_the_first_paint_of_a_page_that_streams(
    chromium: Browser, address: str, width: int
) -> None:
    context = await chromium.new_context(viewport={"width": width, "height": 800}, locale="en-GB")
    tab = await context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))

    await tab.goto(f"{address}/", wait_until="commit")
    await until(tab, "performance.getEntriesByName('first-contentful-paint').length === 1")
    banner = "document.getElementById('consentkit').shadowRoot.getElementById('consentkit-banner')"
    seen = await tab.evaluate(
        f"[document.readyState, {banner}.checkVisibility(), !!document.getElementById('more')]"
    )
    assert seen == ["loading", True, False]
    await context.request.get(f"{address}/go")
    await until(tab, "document.readyState === 'complete' && !!window.consentkit?.ready?.then")
    await until(tab, "largest.length > 0")
    await tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    assert await tab.evaluate("shift") == 0
    assert await tab.evaluate("largest.at(-1)") == "text"
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    blocking = (
        "performance.getEntriesByType('resource').filter(e => e.renderBlockingStatus === 'blocking').length"
    )
    assert await tab.evaluate(blocking) == 0
    await context.close()
