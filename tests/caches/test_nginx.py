"""Behind a cache that all share: one copy serves two visitors with two choices, and each gets what he chose."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field

import pytest
from playwright.async_api import async_playwright

PUBLIC = "public, max-age=0, s-maxage=600"

CHROMIUM = "/usr/bin/chromium"


@dataclass
class Visitor:
    """A browser's cookies, and its requests through the cache."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, body: bytes = b"", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        fields = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", **headers}
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request("POST" if body else "GET", path, body or None, fields)
        answer = connection.getresponse()
        text = answer.read()
        for value in answer.headers.get_all("Set-Cookie") or []:
            name, _, content = value.partition(";")[0].partition("=")
            self.cookies[name] = content
        connection.close()
        return answer, text

    def choose(self, action: str) -> None:
        notice = json.loads(self.ask("/_consent/state")[1])["notice"]
        act = json.dumps({"action": action, "notice": notice}).encode()
        for _ in range(20):
            status = self.ask("/_consent", act, **{"Content-Type": "application/json"})[0].status
            if status != 503:  # a busy machine's log may ask to try again
                break
        assert status == 200


def test_41h_one_copy_serves_every_visitor(cache: int) -> None:
    new, granted, refused = (Visitor(cache) for _ in range(3))
    granted.choose("accept")
    refused.choose("reject")

    answers = [visitor.ask("/public/one") for visitor in (granted, refused, new)]

    assert [answer.headers["X-Cache"] for answer, _ in answers] == ["MISS", "HIT", "HIT"]
    assert {answer.headers["X-Asked"] for answer, _ in answers} == {"1"}
    assert len({body for _, body in answers}) == 1
    assert {answer.headers["Cache-Control"] for answer, _ in answers} == {PUBLIC}
    assert [answer.headers["Set-Cookie"] for answer, _ in answers] == [None] * 3
    assert b'data-ck-src="http://counter.localhost/c.js"' in answers[0][1]


def test_41i_the_copy_is_confirmed_without_its_bytes(cache: int) -> None:
    visitor = Visitor(cache)
    etag = visitor.ask("/public/two")[0].headers["ETag"]
    visitor.choose("accept")

    answer, body = visitor.ask("/public/two", **{"If-None-Match": etag})

    assert (answer.status, body) == (304, b"")
    assert answer.headers["X-Cache"] == "HIT"


def test_41j_a_page_of_its_visitor_is_kept_by_no_shared_cache(cache: int) -> None:
    granted, new = Visitor(cache), Visitor(cache)
    granted.choose("accept")

    answers = [visitor.ask("/private") for visitor in (granted, new, granted)]

    assert [answer.headers["X-Cache"] for answer, _ in answers] == ["MISS"] * 3
    assert [b"data-ck-src" in body for _, body in answers] == [False, True, False]


@pytest.mark.browser
async def test_41k_in_a_browser_each_visitor_gets_what_he_chose_out_of_the_one_copy(cache: int) -> None:
    calls: dict[str, list[str]] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for choice in ("accept", "reject"):
            context = await browser.new_context()
            tab = await context.new_page()
            seen = calls.setdefault(choice, [])
            await context.route(
                "http://counter.localhost/**", lambda route: route.fulfill(body="window.ran = 1")
            )
            tab.on("request", lambda request, seen=seen: seen.append(request.url))
            await tab.goto(f"http://127.0.0.1:{cache}/public/three")
            await tab.wait_for_function("window.consentkit")
            await tab.evaluate(f"consentkit.{choice}()")
            if choice == "accept":
                await tab.wait_for_function("window.ran")
            seen.clear()

            answer = await tab.goto(f"http://127.0.0.1:{cache}/public/three")

            assert answer is not None
            assert answer.headers["x-asked"] == "1"
            await tab.wait_for_function("window.consentkit?.state.decided")
            if choice == "accept":
                await tab.wait_for_function("window.ran")
        await browser.close()
    third = {choice: [url for url in urls if "counter" in url] for choice, urls in calls.items()}
    assert third == {"accept": ["http://counter.localhost/c.js"], "reject": []}


@pytest.mark.browser
async def test_41l_in_two_jurisdictions_each_visitor_gets_what_the_law_says_out_of_the_one_copy(
    cache: int,
) -> None:
    places = {"FR": {"X-Place": "FR"}, "US-CA": {"X-Place": "US", "X-Region": "CA"}}
    calls: dict[str, list[str]] = {}
    bodies: set[str] = set()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for place, fields in places.items():
            context = await browser.new_context(extra_http_headers=fields)
            tab = await context.new_page()
            seen = calls.setdefault(place, [])
            await context.route(
                "http://counter.localhost/**", lambda route: route.fulfill(body="window.ran = 1")
            )
            tab.on("request", lambda request, seen=seen: seen.append(request.url))

            answer = await tab.goto(f"http://127.0.0.1:{cache}/public/four")

            assert answer is not None
            assert answer.headers["x-asked"] == "1"
            bodies.add(await answer.text())
            await tab.wait_for_function("window.consentkit")
            if place == "US-CA":
                await tab.wait_for_function("window.ran")
                async with tab.expect_navigation():  # what runs cannot be stopped: the page is loaded anew
                    await tab.evaluate("void consentkit.reject()")
                await tab.wait_for_function("window.consentkit?.state.decided")
                seen.clear()
                await tab.goto(f"http://127.0.0.1:{cache}/public/four")
                await tab.wait_for_function("window.consentkit?.state.decided")
                assert [url for url in seen if "counter" in url] == []
        await browser.close()
    assert len(bodies) == 1
    assert [url for url in calls["FR"] if "counter" in url] == []
