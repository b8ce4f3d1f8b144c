"""A stored notice drawn again, seen in Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page
from tests.asgi import POLICY

from consentkit.core.policy import Policy
from consentkit.web.notice import NoticeBook
from consentkit.web.served import draw

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800)])
async def test_the_buttons_stand_where_they_stood_and_nothing_runs(
    tab: Page, tmp_path: Path, layout: str, width: int, height: int
) -> None:
    policy = Policy.model_validate({**POLICY, "layout": layout})
    notice = NoticeBook(policy).notice("en")
    file = tmp_path / "notice.html"
    file.write_text(draw(notice.document, notice.hash), "utf-8")
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))

    await tab.set_viewport_size({"width": width, "height": height})
    await tab.goto(file.as_uri())
    shown = await tab.evaluate(
        "[...document.getElementById('consentkit').shadowRoot.querySelectorAll('.choice > *')]"
        ".map(each => [each.innerText, each.checkVisibility(), each.getBoundingClientRect().bottom <= innerHeight + 1])"
    )

    assert shown == [["Reject", True, True], ["Accept", True, True], ["Preferences", True, True]]
    assert requests == [file.as_uri()]
    assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
