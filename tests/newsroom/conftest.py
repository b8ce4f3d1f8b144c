"""The newsroom as `make demo` serves it, a Chromium before it, and its third party as the witness."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as TooSlow

ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "artefacts" / "newsroom"
CHROMIUM = "/usr/bin/chromium"


@dataclass(frozen=True)
class Newsroom:
    """A running demo.

    :param site: address of the paper.
    :param third: address of the third party.
    :param audit: URL of the log.
    """

    site: str
    third: str
    audit: str

    def calls(self) -> list[dict[str, Any]]:
        """Every request that the third party saw since it was last emptied."""
        with urllib.request.urlopen(f"{self.witness}/calls?format=json") as answer:
            calls: list[dict[str, Any]] = json.load(answer)["calls"]
        return calls

    def forget_calls(self) -> None:
        """Empty the witness's memory."""
        request = urllib.request.Request(f"{self.witness}/calls", method="DELETE")
        urllib.request.urlopen(request).close()

    @property
    def witness(self) -> str:
        return self.third.replace("third.localhost", "127.0.0.1")

    def events(self) -> list[dict[str, Any]]:
        """The log's events, oldest first."""
        tool = Path(sys.executable).with_name("consentkit")
        command = [tool, "audit", "export", "--format", "jsonl", "--audit", self.audit]
        lines = subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=ROOT
        ).stdout.splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """One demo for the run: two ports of its own, a log of its own."""
    log = tmp_path_factory.mktemp("newsroom") / "consent.db"
    command = [
        sys.executable,
        "-m",
        "examples.newsroom",
        "--port",
        "0",
        "--third-port",
        "0",
        "--audit",
        str(log),
    ]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, f"the demo did not start:\n{said}"
        said += line
    site = re.search(r"http://127\.0\.0\.1:\d+", said)
    third = re.search(r"http://third\.localhost:\d+", said)
    assert site is not None
    assert third is not None
    wait_for(site[0])
    yield Newsroom(site[0], third[0], f"sqlite:///{log}")
    process.send_signal(signal.SIGINT)
    process.stdout.close()
    assert process.wait(timeout=20) == 0


def wait_for(address: str) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(address).close()
        except OSError:
            assert time.monotonic() < end, f"{address} does not answer"
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A Chromium for each module, with its bfcache on, as people have it.

    Not for the whole run: while Playwright's blocking form is at work, no other test's event loop can run.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox"],
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A person with a browser."""

    context: BrowserContext
    page: Page
    newsroom: Newsroom

    def goes(self, path: str) -> None:
        """Open a page and wait until nothing more is loaded."""
        self.page.goto(self.newsroom.site + path, wait_until="load")
        self.settles()

    def settles(self) -> None:
        """Wait for what may still be on its way: scripts that load scripts, frames, beacons."""
        with contextlib.suppress(TooSlow):  # a page that streams for ever is never idle
            self.page.wait_for_load_state("networkidle", timeout=3_000)
        self.page.wait_for_timeout(100)

    def presses(self, name: str) -> None:
        """Press a control of the notice, wherever the host page put it; a choice has then taken effect."""
        self.page.locator(f"#consentkit-{name}").click()
        if name in ("accept", "reject"):
            self.has_chosen()
        self.settles()

    def has_chosen(self) -> None:
        """Wait until the page that is shown tells of a choice: a script may reload it first."""
        expect(self.page.locator("#consentkit")).not_to_have_attribute("data-consent", "undecided")

    def called(self, expected: Set[str] = frozenset()) -> set[str]:
        """What the third party was asked for since the last look; waits for what is expected to be among it."""
        for _ in range(200):
            if expected <= {re.sub(r"/embed/.*", "/embed", call["path"]) for call in self.newsroom.calls()}:
                break
            self.page.wait_for_timeout(50)
        paths = {re.sub(r"/embed/.*", "/embed", call["path"]) for call in self.newsroom.calls()}
        self.newsroom.forget_calls()
        return paths

    def cookies(self) -> set[str]:
        """Names of all cookies that the browser keeps."""
        return {cookie["name"] for cookie in self.context.cookies()} - {"newsroom_regime"}

    def outcome(self) -> str | None:
        """What the page says of the choice."""
        return self.page.locator("#consentkit").get_attribute("data-consent")


@pytest.fixture
def visit(newsroom: Newsroom, chromium: Browser) -> Iterator[Any]:
    """A function that makes a new visitor: ``visit("opt-in", javascript=False, width=360)``."""
    contexts: list[BrowserContext] = []

    def make(regime: str, *, javascript: bool = True, width: int = 1280, **options: Any) -> Visitor:
        context = chromium.new_context(
            java_script_enabled=javascript,
            viewport={"width": width, "height": 800},
            locale="en-GB",
            **options,
        )
        contexts.append(context)
        context.add_cookies([{"name": "newsroom_regime", "value": regime, "url": newsroom.site}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        newsroom.forget_calls()
        return Visitor(context, page, newsroom)

    yield make
    for context in contexts:
        context.close()
