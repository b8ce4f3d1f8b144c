"""The browser's side against the real middleware: what the server gates, the script brings to life."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from consentkit.audit.log import AuditLog
from consentkit.core.policy import Policy
from consentkit.web.answer import Answer, Receive, Scope, Send
from consentkit.web.middleware import ConsentMiddleware

from .conftest import POLICY, STRICT, third_party, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ARTICLE = """<!doctype html><html lang=en><meta charset=utf-8><title>t</title><body><h1>{method}</h1>
<script nonce="{nonce}" type="text/plain" data-category="analytics" data-src="{third}/own.js" data-name="own"></script>
<script nonce="{nonce}" data-category="analytics" data-service="stats">(window.ran = window.ran || []).push("inline")</script>
<script nonce="{nonce}" src="{third}/plain.js" data-name="plain" data-category="analytics"></script>
<iframe data-category="marketing" src="{third}/frame"></iframe><img data-category="marketing" src="{third}/p.gif" alt="">
<form method="post" action="/p"><button id="post">post</button></form>"""


@dataclass
class Newspaper:
    """A site behind the real middleware, with a third party on another host name."""

    port: int
    audit: AuditLog
    csp: str = ""
    hits: list[str] = field(default_factory=list)

    def serve(self, **changes: Any) -> None:
        policy = Policy.model_validate({**POLICY, **changes})
        self.gate = ConsentMiddleware(
            self._page, policy=policy, secret_key=secrets.token_urlsafe(48), audit=self.audit
        )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/p"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if dict(scope["headers"])[b"host"].startswith(b"localhost"):
            self.hits.append(scope["path"])
            await third_party(scope["path"]).send(scope, send)
        else:
            await self.gate(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        nonce = secrets.token_urlsafe(12)
        html = (
            ARTICLE.replace("{method}", scope["method"])
            .replace("{nonce}", nonce)
            .replace("{third}", f"http://localhost:{self.port}")
        )
        csp = ((b"content-security-policy", self.csp.replace("{nonce}", nonce).encode()),) if self.csp else ()
        await Answer(200, html.encode(), "text/html; charset=utf-8", csp).send(scope, send)


@pytest_asyncio.fixture(loop_scope="session")
async def paper(front: tuple[Any, int], tmp_path: Path) -> AsyncIterator[Newspaper]:
    server, port = front
    audit = AuditLog(f"sqlite:///{tmp_path}/consent.db", timeout=20.0)
    server.site = Newspaper(port, audit)
    yield server.site
    await audit.close()


async def ready(tab: Page) -> None:
    await until(tab, "!!window.consentkit?.ready?.then")


@pytest.mark.parametrize("csp", ["", STRICT], ids=["no CSP", "strict"])
async def test_a_grant_brings_all_to_life_in_order_and_a_withdrawal_ends_it(
    paper: Newspaper, tab: Page, csp: str
) -> None:
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    paper.csp = csp
    paper.serve()
    await tab.goto(paper.address)
    await ready(tab)
    assert paper.hits == []

    await tab.locator("#consentkit-accept").click()

    await until(tab, "window.ran?.length === 3")
    assert await tab.evaluate("ran") == ["own", "inline", "plain"]
    await until(tab, "document.querySelector('img').complete")
    assert sorted(set(paper.hits)) == ["/frame", "/own.js", "/p.gif", "/plain.js"]
    assert [text for text in said if "Content Security Policy" in text or "TrustedScript" in text] == []
    paper.hits.clear()
    await tab.evaluate("void consentkit.withdraw()")
    await until(
        tab,
        "performance.getEntriesByType('navigation')[0].type === 'reload' && !!window.consentkit?.ready?.then",
    )
    assert await tab.evaluate("[consentkit.state.outcome, window.ran]") == ["refused", None]
    assert paper.hits == []


@pytest.mark.parametrize("regime", ["notice", "opt-out"])
async def test_an_opt_out_ends_what_ran_and_the_next_page_is_quiet(
    paper: Newspaper, tab: Page, regime: str
) -> None:
    paper.serve(regime=regime)
    await tab.goto(paper.address)
    await ready(tab)
    assert "/plain.js" in paper.hits
    paper.hits.clear()

    await tab.locator("#consentkit-reject").click()

    await until(tab, "document.getElementById('consentkit')?.dataset.consent === 'refused'")
    await tab.goto(paper.address + "?again")
    assert paper.hits == []
    assert await tab.locator("#consentkit-banner").count() == 0


async def test_a_page_that_answered_a_form_stays_after_a_refusal(paper: Newspaper, tab: Page) -> None:
    paper.serve(regime="notice")
    await tab.goto(paper.address)
    await tab.locator("#post").click()
    await until(
        tab, "document.querySelector('h1')?.textContent === 'POST' && !!window.consentkit?.ready?.then"
    )
    born = await tab.evaluate("performance.timeOrigin")

    await tab.locator("#consentkit-reject").click()

    await until(tab, "window.consentkit?.state.outcome === 'refused'")
    assert await tab.evaluate("performance.timeOrigin") == born


async def test_the_dialog_saves_one_purpose_and_one_exception(paper: Newspaper, tab: Page) -> None:
    paper.serve()
    await tab.goto(paper.address)
    await ready(tab)
    await tab.evaluate("consentkit.show()")
    await tab.locator("dialog [name=purpose][value=analytics]").check()
    await tab.locator("dialog summary").nth(1).click()
    await tab.locator("dialog select").nth(1).select_option("films")

    await tab.locator("dialog [value=save]").click()

    await until(tab, "window.ran?.length === 3")
    assert await tab.evaluate("[consentkit.allows('marketing'), consentkit.allows('films')]") == [False, True]
    assert "/p.gif" not in paper.hits
