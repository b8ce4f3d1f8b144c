"""Real pages in Chromium, with the notice and without: the same tree and the same boxes, apart from ours."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Route, async_playwright

from consentkit import ConsentMiddleware, Policy

pytestmark = [pytest.mark.pages, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TREE = """() => {
  const out = [];
  const walk = (node, depth) => {
    for (const child of node.childNodes) {
      if (child.id === 'consentkit' || child.hasAttribute?.('data-ck-head')) continue;
      if (child.nodeType === 1) {
        const box = child.getBoundingClientRect();
        const attributes = [...child.attributes].map(a => a.name + '=' + a.value).sort().join(' ');
        const place = [box.x, box.y, box.width, box.height].map(n => Math.round(n * 4) / 4).join(',');
        out.push(depth + ' ' + child.localName + ' ' + attributes + ' @' + place);
        walk(child.localName === 'template' ? child.content : child, depth + 1);
      } else if (child.nodeType === 3) {
        out.push(depth + ' text ' + child.data);
      }
    }
  };
  walk(document, 0);
  return out;
}"""
POLICY = Policy.model_validate(
    {
        "site": {"name": "Real", "address": "http://localhost"},
        "unlisted": "allow",
        "controller": {"name": "Real Ltd", "contact": "real@localhost.example"},
    }
)


class Library:
    """Serves the page that a test puts in."""

    page = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.page})


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, str]]:
    """The page as it is below `/bare`, and through the middleware everywhere else."""
    shelf = Library()
    log = tmp_path_factory.mktemp("pages") / "log.db"
    guarded = ConsentMiddleware(
        shelf,
        policy=POLICY,
        secret_key=secrets.token_urlsafe(48),
        audit=f"sqlite:///{log}",
        exclude=["/bare"],
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(guarded, lifespan="off", log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield shelf, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reader() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        await browser.close()


async def test_a_real_page_has_the_same_tree_and_boxes_with_the_notice(
    real_page: Path, library: tuple[Library, str], reader: Browser
) -> None:
    shelf, address = library
    shelf.page = real_page.read_bytes()
    context = await reader.new_context(java_script_enabled=False, viewport={"width": 1000, "height": 800})

    async def stay_at_home(route: Route) -> None:
        own = route.request.url.startswith(address) and route.request.is_navigation_request()
        await (route.continue_() if own and route.request.frame.parent_frame is None else route.abort())

    await context.route("**/*", stay_at_home)
    trees = []
    for path in ("/bare", "/page"):
        page = await context.new_page()
        await page.goto(address + path, wait_until="load")
        await asyncio.sleep(0)
        trees.append(await page.evaluate(TREE))
        shown = await page.locator("#consentkit-banner").count()
        assert shown == int(path == "/page" and b"<html" in shelf.page.lower())
        await page.close()
    await context.close()

    bare, ours = ([line.replace("/page", "/bare") for line in tree] for tree in trees)
    assert ours == bare
