"""What a granted script loads later, the browser stops; and cookies leave it as they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext
from tests.asgi import KEY, POLICY

from consentkit.audit.log import AuditLog
from consentkit.core.policy import Policy
from consentkit.testing import decision_cookie
from consentkit.web.answer import Answer, Receive, Scope, Send
from consentkit.web.middleware import ConsentMiddleware

from .conftest import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MANAGER, TAG, PIXEL = "manager.localhost", "tag.localhost", "pixel.localhost"
INJECT = """
const all = [["script", "tag.localhost:PORT/t.js"], ["img", "pixel.localhost:PORT/p.gif"], ["iframe", "tag.localhost:PORT/f"]];
for (const [name, at] of all)
  document.head.append(Object.assign(document.createElement(name), { src: `//${at}` }));
fetch("//tag.localhost:PORT/beacon", { mode: "no-cors" }).catch(() => {});
navigator.sendBeacon("//tag.localhost:PORT/beacon2");
window.managed = 1;
"""
PAGE = (
    "<!doctype html><html lang=en><head><title>x</title></head><body>{tags}<p>Hello"
    '<script nonce="abc">window.inline = 1</script>'
)


@dataclass
class World:
    """A site behind the middleware, and third parties beside it that remember who called."""

    port: int
    policy: dict[str, Any]
    folder: Path
    tags: str = '<script nonce="abc" src="//manager.localhost:PORT/gtm.js"></script>'
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    cookies: list[bytes] = field(default_factory=list)

    def open(self) -> str:
        """Starts the site; the address of its page."""
        self.origin = f"http://127.0.0.1:{self.port}"
        self.built = Policy.model_validate(
            {**POLICY, **self.policy, "site": {"name": "P", "address": self.origin}}
        )
        self.app = ConsentMiddleware(
            self._page,
            policy=self.built,
            secret_key=KEY,
            audit=AuditLog(f"sqlite:///{self.folder / 'c.db'}", log_id=self.origin, timeout=20.0),
            grants_per_second=None,
        )
        return f"{self.origin}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"])[b"host"].decode().partition(":")[0]
        if host == "127.0.0.1":
            await self.app(scope, receive, send)
            return
        self.calls.append(f"{host}{scope['path']}")
        body = INJECT.replace("PORT", str(self.port)) if scope["path"] == "/gtm.js" else "window.tracked = 1"
        await Answer(200, body.encode(), "text/javascript").send(scope, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.cookies = [value for name, value in scope["headers"] if name == b"cookie"]
        html = PAGE.replace("{tags}", self.tags).replace("PORT", str(self.port))
        fields = tuple(
            (name, value.replace(b"PORT", str(self.port).encode())) for name, value in self.headers
        )
        await Answer(200, html.encode(), "text/html; charset=utf-8", fields).send(scope, send)


def services(port: int) -> dict[str, Any]:
    return {
        "manager": {"vendor": "M", "purposes": ["functional"], "addresses": [f"{MANAGER}:{port}"]},
        "tag": {
            "vendor": "T",
            "purposes": ["marketing"],
            "addresses": [f"{TAG}:{port}", f"{PIXEL}:{port}"],
            "cookies": [{"pattern": "^_t[a-z]+$"}, {"name": "_tp", "partitioned": True}],
        },
    }


@pytest_asyncio.fixture(loop_scope="session")
async def world(front: Any, tmp_path: Path) -> AsyncIterator[World]:
    found, port = front
    before = found.site
    found.site = World(port, {"services": services(port), "csp": "enforce"}, tmp_path)
    yield found.site
    await found.site.app.audit.close()
    found.site = before


async def grant(context: BrowserContext, world: World, *granted: str) -> None:
    name, value = decision_cookie(world.built, KEY, granted=granted)
    await context.add_cookies([{"name": name, "value": value, "url": world.origin}])


OWN_POLICIES = {
    "none-of-its-own": [],
    "hosts": [
        b"default-src 'self' 'unsafe-inline' manager.localhost:PORT tag.localhost:PORT pixel.localhost:PORT"
    ],
    "nonce": [
        b"default-src 'self' 'unsafe-inline' tag.localhost:PORT; script-src 'nonce-abc' tag.localhost:PORT"
    ],
    "two": [
        b"script-src 'self' 'unsafe-inline' *",
        b"default-src 'self' 'unsafe-inline' manager.localhost:PORT *.localhost:PORT",
    ],
}


@pytest.mark.parametrize("own", OWN_POLICIES.values(), ids=OWN_POLICIES)
async def test_a_granted_manager_that_injects_a_denied_tag_is_stopped_with_no_request(context, world, own):
    address = world.open()
    world.headers = [(b"content-security-policy", value) for value in own]
    await grant(context, world, "functional")
    page = await context.new_page()

    await page.goto(address, wait_until="networkidle")

    assert await page.evaluate("[window.managed, window.inline, window.tracked]") == [1, 1, None]
    assert world.calls == [f"{MANAGER}/gtm.js"]


async def test_the_same_tag_is_let_in_once_it_is_granted_and_the_page_is_fetched_anew(context, world):
    address = world.open()
    await grant(context, world, "functional")
    page = await context.new_page()
    await page.goto(address, wait_until="networkidle")
    world.calls.clear()

    await page.locator("#consentkit-preferences").wait_for()
    await page.evaluate("consentkit.accept()")
    await until(page, "window.tracked === 1")
    await page.wait_for_load_state("networkidle")

    assert f"{TAG}/t.js" in world.calls
    assert f"{PIXEL}/p.gif" in world.calls


async def test_without_the_policys_word_the_manager_lets_its_tag_in(context, world):
    """The witness of the test above: it is the policy that stops it."""
    world.policy["csp"] = "off"
    address = world.open()
    await grant(context, world, "functional")
    page = await context.new_page()

    await page.goto(address, wait_until="networkidle")

    assert f"{TAG}/t.js" in world.calls


async def test_cookies_of_a_denied_service_leave_the_browser_wherever_a_script_has_put_them(context, world):
    address = world.open()
    await grant(context, world)
    page = await context.new_page()
    await page.goto(address + "deep/er/page")
    await page.evaluate(
        """() => { document.cookie = "_ta=1; path=/"; document.cookie = "_tb=1"; document.cookie = "_tc=1; path=/deep";
                   document.cookie = "own=1; path=/"; }"""
    )
    await context.add_cookies([{"name": "_td", "value": "1", "url": world.origin, "httpOnly": True}])

    await page.reload()
    await page.reload()

    left = {cookie["name"] for cookie in await context.cookies()} - {"consentkit-hint"}
    assert left == {"consentkit", "own"}


async def test_a_partitioned_cookie_goes_too(context, world):
    world.open()
    await grant(context, world)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await page.goto(world.origin)
    await page.evaluate("document.cookie = '_tp=1; path=/; Secure; Partitioned; SameSite=None'")
    assert "_tp" in await page.evaluate("document.cookie")

    await page.reload()
    await page.reload()

    assert "_tp" not in await page.evaluate("document.cookie")
    await session.detach()
