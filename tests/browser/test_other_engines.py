"""The notice in Firefox and in WebKit, where they are installed: shown, pressed, obeyed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from consentkit.audit.reader import Reader

from .engines import FIREFOX, MINIBROWSER, PATIENCE, SCREEN, WEBKIT, Firefox, WebKit
from .world import World

pytestmark = pytest.mark.browser

ENGINES: dict[str, tuple[Any, object]] = {
    "firefox": (Firefox, FIREFOX),
    "webkit": (WebKit, WEBKIT and SCREEN and MINIBROWSER),
}
ROOT = "document.getElementById('consentkit').shadowRoot"
MIDDLE = (
    "(({x, y, width, height}) => [x + width / 2, y + height / 2])"
    "(" + ROOT + ".getElementById('consentkit-%s').getBoundingClientRect())"
)
TAGS = '<script src="//tag.localhost:PORT/a.js"></script><link rel=icon href="data:,">'


@pytest.fixture
def world(front: Any, tmp_path: Path) -> Iterator[World]:
    found, port = front
    before = found.site
    found.site = World(port, tmp_path, tags=TAGS, body="")
    found.site.open()
    asyncio.run(found.site.app.audit.start())
    yield found.site
    asyncio.run(found.site.app.audit.close())
    found.site = before


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts a browser by its name, or skips."""
    running = []

    def begin(name: str, **preferences: bool) -> Any:
        engine, there = ENGINES[name]
        if not there:
            pytest.skip(f"{name} is not installed (Debian: firefox-esr; webkit2gtk-driver and xvfb)")
        folder = tmp_path / name
        folder.mkdir()
        browser = engine(folder, **preferences)
        running.append(browser)
        browser.start()
        return browser

    yield begin
    for each in running:
        each.close()


def until(what: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def acts(world: World) -> list[str]:
    assert world.app is not None
    return [json.loads(row.canonical)["act"] for row in Reader(world.app.audit.url).events()]


@pytest.mark.parametrize("name", ENGINES)
def test_a_press_is_obeyed_at_once_on_the_next_page_and_after_a_withdrawal(
    world: World, start: Callable[..., Any], name: str
) -> None:
    browser = start(name)
    browser.open(f"{world.origin}/")
    until(lambda: browser.value("!!window.consentkit?.ready"))
    assert browser.value(f"{ROOT}.elementFromPoint(...{MIDDLE % 'reject'})?.id") == "consentkit-reject"
    assert world.calls == []

    browser.press(*browser.value(MIDDLE % "accept"))
    until(lambda: browser.value("window.ran") == 1)
    assert browser.value("[consentkit.state.outcome, consentkit.allows('tag')]") == ["accepted", True]
    assert browser.value(f"!{ROOT}.getElementById('consentkit-banner')")
    browser.open(f"{world.origin}/next")
    until(lambda: browser.value("window.ran") == 1)

    browser.value("void consentkit.withdraw()")
    until(lambda: browser.value("window.consentkit?.state.outcome") == "refused")
    world.calls.clear()
    browser.open(f"{world.origin}/last")
    until(lambda: browser.value("window.consentkit?.state.outcome") == "refused")
    assert world.calls == []
    assert acts(world) == ["accept", "withdraw"]


@pytest.mark.parametrize("name", ENGINES)
def test_where_no_script_runs_the_form_accepts_and_its_answer_leads_back(
    world: World, start: Callable[..., Any], name: str
) -> None:
    """A page whose policy allows no script is as good as a browser without."""
    world.headers = ((b"content-security-policy", b"script-src 'none'"),)
    browser = start(name)
    browser.open(f"{world.origin}/page?x=1")
    assert browser.value("window.consentkit.ready") is None

    browser.press(*browser.value(MIDDLE % "accept"))

    until(lambda: world.asked == ["/page", "/page"])
    until(lambda: browser.value("document.getElementById('consentkit').dataset.consent") == "accepted")
    assert browser.value("location.search") == "?x=1"
    assert acts(world) == ["accept"]


@pytest.mark.parametrize("delivery", ["private", "shared"])
def test_firefox_s_own_global_privacy_control_is_heard_in_either_delivery(
    world: World, start: Callable[..., Any], delivery: str
) -> None:
    world.policy = {"jurisdictions": ["US-CA"]}
    world.keywords = {"jurisdiction": "US-CA", "delivery": delivery}
    asyncio.run(world.app.audit.close())  # type: ignore[union-attr]
    world.open()
    browser = start("firefox", privacy_globalprivacycontrol_enabled=True)

    browser.open(f"{world.origin}/")

    until(lambda: browser.value("window.consentkit?.state?.signal") == "honored")
    assert browser.value("[navigator.globalPrivacyControl, consentkit.allows('tag')]") == [True, False]
    until(lambda: not browser.value(f"{ROOT}.querySelector('.signal').hidden"))
    assert world.calls == []
    assert world.asked == ["/"]
