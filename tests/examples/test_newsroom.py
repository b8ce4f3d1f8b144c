"""The newsroom: its pages, its third party, its switch and the demo's process."""

import asyncio
import csv
import http.client
import io
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import html5lib
import pytest
from examples.newsroom.app import POLICY, create_app
from examples.newsroom.choices import NAMES
from examples.newsroom.comments import Comment, CommentError, Comments, parse_comment
from examples.newsroom.content import read_articles
from examples.newsroom.demo import main, port_of
from examples.newsroom.pages import Setting, create_site
from examples.newsroom.regimes import RegimeSwitch, chosen, policy_under, way_back
from examples.newsroom.streams import REGATTA, Pace
from examples.newsroom.third import create_third
from selectolax.lexbor import LexborHTMLParser
from starlette.requests import Request
from starlette.testclient import TestClient

from consentkit.policyfile import load

THIRD = "http://third.localhost:4711"
ARTICLES = read_articles()
MODERN = [
    "/",
    *(article.path for article in ARTICLES.values()),
    "/live",
    "/ticker",
    "/about",
    "/legal/privacy",
    "/legal/imprint",
    "/no-such-page",
]


@pytest.fixture
def site() -> TestClient:
    return TestClient(create_site(Setting(third=THIRD, regime="notice", pace=Pace(0.001))))


@pytest.fixture
def third() -> TestClient:
    return TestClient(create_third(), base_url="https://third.localhost")


def calls(third: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = third.get("/calls?format=json").json()["calls"]
    return found


# Pages


@pytest.mark.parametrize("path", MODERN)
def test_modern_pages_parse_without_a_single_html_error(site: TestClient, path: str) -> None:
    answer = site.get(path)

    assert answer.status_code == (404 if path == "/no-such-page" else 200)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    html5lib.HTMLParser(strict=True).parse(answer.text)


@pytest.mark.parametrize("path", [*MODERN, "/archive/1998", "/archive/frames", "/archive/frames-menu"])
def test_every_link_of_the_site_leads_somewhere(site: TestClient, path: str) -> None:
    page = LexborHTMLParser(site.get(path).text)
    targets = {
        node.attributes.get("href") or node.attributes.get("src") for node in page.css("[href], [src]")
    }
    own = {
        target
        for target in targets
        if target and target.startswith("/") and not target.startswith("/_consent/")
    }

    assert own
    for target in own - {name for name in own if name.startswith("/demo/") or name == "/ticker/stream"}:
        assert site.get(target).status_code == 200, target


def test_articles_link_to_others_under_both_headings(site: TestClient) -> None:
    page = LexborHTMLParser(site.get("/articles/the-clock-that-lost-a-minute").text)

    headings = [node.text() for node in page.css("h2")]
    assert {"Read also", "You might also like"} <= set(headings)
    assert len(page.css(".also a")) == 2
    assert len(page.css(".like h3 a")) == 3


@pytest.mark.parametrize(
    ("slug", "lang", "direction", "date"),
    [
        ("layali-al-qiraa", "ar", "rtl", "22 نوفمبر 2026"),
        ("une-ville-jumelle", "fr", "ltr", "21 novembre 2026"),
        ("rope-by-the-yard", "en", "ltr", "20 November 2026"),
    ],
)
def test_articles_say_their_language_direction_and_date(
    site: TestClient, slug: str, lang: str, direction: str, date: str
) -> None:
    page = LexborHTMLParser(site.get(f"/articles/{slug}").text)

    assert page.root is not None
    assert (page.root.attributes["lang"], page.root.attributes["dir"]) == (lang, direction)
    assert page.css_first("article time").text() == date


def test_the_third_party_is_gated_by_markup_in_every_form(site: TestClient) -> None:
    """A parked script, a live one, an inline one, an image, an image for browsers without scripts, a frame."""
    front = site.get("/").text
    article = site.get("/articles/the-clock-that-lost-a-minute").text
    frames = site.get("/archive/frames").text

    assert (
        f'<script type="text/plain" data-category="analytics" data-service="demo-analytics" data-src="{THIRD}'
        in front
    )
    assert (
        f'<img class="pixel" data-category="marketing" data-service="demo-pixel" src="{THIRD}/pixel.gif'
        in front
    )
    assert re.search(r"<noscript><img [^>]*data-category=\"marketing\"[^>]*noscript=1", front)
    assert f'<script async data-category="analytics" data-service="demo-analytics" src="{THIRD}' in article
    assert re.search(
        r"<script data-category=\"analytics\" data-service=\"demo-analytics\">\s+addEventListener", article
    )
    assert f'<iframe data-category="marketing" data-service="demo-video" src="{THIRD}/embed/' in article
    assert (
        f'<frame name="film" data-category="marketing" data-service="demo-video" src="{THIRD}/embed/'
        in frames
    )


@pytest.mark.parametrize("path", [*MODERN, "/archive/1998", "/archive/frames"])
def test_nothing_of_the_third_party_is_loaded_without_a_category(site: TestClient, path: str) -> None:
    page = LexborHTMLParser(site.get(path).text)

    loaded = [node for node in page.css("[src], [data-src]") if THIRD in (node.html or "").split(">")[0]]
    assert all(node.attributes.get("data-category") for node in loaded)


def test_the_old_page_is_as_careless_as_they_were(site: TestClient) -> None:
    answer = site.get("/archive/1998")

    assert answer.headers["content-type"] == "text/html; charset=ISO-8859-1"
    assert b"<BODY BGCOLOR=#FFFFE8" in answer.content
    assert b"</body>" not in answer.content.lower()
    assert "na\u00efve".encode("latin-1") in answer.content
    assert f"DATA-SRC={THIRD}/analytics.js>".encode() in answer.content


def test_the_frameset_shows_two_pages_of_the_paper_and_one_of_the_third_party(site: TestClient) -> None:
    page = LexborHTMLParser(site.get("/archive/frames").text)

    sources = [node.attributes["src"] for node in page.css("frameset frame")]
    assert sources == ["/archive/frames-menu", "/archive/frames-issue", f"{THIRD}/embed/night-ferry"]


def test_the_about_page_lays_out_its_body_as_a_grid(site: TestClient) -> None:
    body = LexborHTMLParser(site.get("/about").text).body

    assert body is not None
    assert body.attributes["class"] == "columns"
    assert re.search(r"body\.columns \{ display: grid;", site.get("/static/newsroom.css").text)


@pytest.mark.parametrize(
    "path", ["/legal/404", "/legal/%2e%2e", "/archive/base", "/articles/none", "/articles/none/comments"]
)
def test_unknown_names_are_not_found_rather_than_templates(site: TestClient, path: str) -> None:
    assert site.get(path).status_code == 404


def test_the_api_lists_every_article_newest_first(site: TestClient) -> None:
    listed = site.get("/api/articles").json()["articles"]

    assert [article["slug"] for article in listed] == list(ARTICLES)
    assert [article["published"] for article in listed] == sorted(
        (a["published"] for a in listed), reverse=True
    )
    assert len(listed) >= 8


def test_the_annual_report_is_a_download(site: TestClient) -> None:
    answer = site.get("/download/annual-report.csv")

    assert answer.headers["content-disposition"] == 'attachment; filename="annual-report.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[-1]["night lanterns"] == "61"


def test_the_bar_names_the_regime_only_where_there_is_one(site: TestClient) -> None:
    bare = TestClient(create_site(Setting(third=THIRD)))

    assert LexborHTMLParser(site.get("/").text).css_first(".demo [aria-current]").text() == "notice"
    assert "/demo/regime/" not in bare.get("/").text


# Letters

LETTERS = "/articles/rope-by-the-yard/comments"
AS_FRAGMENT = {"X-Requested-With": "fetch"}


def test_a_letter_sent_by_script_comes_back_as_a_fragment(site: TestClient) -> None:
    answer = site.post(LETTERS, data={"name": "Gwen", "text": "Two & <three>"}, headers=AS_FRAGMENT)

    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.lstrip().startswith("<section")
    assert "Two &amp; &lt;three&gt;" in answer.text
    assert (
        f'data-category="marketing" data-service="demo-pixel" src="{THIRD}/pixel.gif?page=letter"'
        in answer.text
    )


def test_a_letter_sent_by_a_plain_form_leads_back_to_its_page(site: TestClient) -> None:
    answer = site.post(LETTERS, data={"name": "Gwen", "text": "Good."}, follow_redirects=False)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/articles/rope-by-the-yard#comments"
    assert '<b dir="auto">Gwen</b>' in site.get(LETTERS).text
    assert '<b dir="auto">Gwen</b>' in site.get("/articles/rope-by-the-yard").text


@pytest.mark.parametrize(("headers", "start"), [(AS_FRAGMENT, "<section"), ({}, "<!doctype html>")])
def test_a_letter_without_text_is_refused_and_what_was_typed_is_kept(
    site: TestClient, headers: dict[str, str], start: str
) -> None:
    answer = site.post(LETTERS, data={"name": "Gwen", "text": " "}, headers=headers)

    assert answer.status_code == 422
    assert answer.text.lstrip().startswith(start)
    assert 'role="alert"' in answer.text
    assert 'value="Gwen"' in answer.text


def test_a_form_beyond_its_limit_is_refused(site: TestClient) -> None:
    assert site.post(LETTERS, content=b"text=" + b"x" * 20_000).status_code == 413


def test_a_letter_too_long_is_refused() -> None:
    with pytest.raises(CommentError, match="1000"):
        parse_comment({"name": "Gwen", "text": "x" * 1001})


def test_letters_are_kept_in_bounded_number_by_article() -> None:
    comments = Comments(kept=2)
    for number in range(3):
        comments.add("a", Comment("Gwen", str(number)))

    assert [comment.text for comment in comments.of("a")] == ["1", "2"]
    assert comments.of("b") == ()


# Streams

LONG_ENOUGH = 20
"""Seconds after which a stream that should have ended is given up, so that a fault fails and does not hang."""


async def chunks(path: str, pace: Pace, enough: int, accept: bytes = b"*/*") -> list[bytes]:
    """The first pieces of a response, as the app sends them; then the reader goes."""
    found: list[bytes] = []
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if body := message.get("body"):
            found.append(body)
        if len(found) >= enough:
            gone.set()

    headers = [(b"accept", accept)]
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "query_string": b""}
    async with asyncio.timeout(LONG_ENOUGH):
        await create_site(Setting(third=THIRD, pace=pace))(scope, receive, send)
    return found


async def test_the_live_page_arrives_entry_by_entry() -> None:
    pieces = await chunks("/live", Pace(0.001), enough=99)

    assert len(pieces) == len(REGATTA) + 2
    assert pieces[0].startswith(b"<!doctype html>")
    assert all(piece.startswith(b'<li class="entry">') for piece in pieces[1:-1])
    assert pieces[-1].rstrip().endswith(b"</html>")


async def test_the_live_page_shows_its_top_before_the_first_entry_is_due() -> None:
    pieces = await chunks("/live", Pace(3600), enough=1)

    assert len(pieces) == 1
    assert b"<h1>The autumn regatta" in pieces[0]


async def test_the_ticker_streams_events_with_id_name_and_data() -> None:
    pieces = await chunks("/ticker/stream", Pace(0.001), enough=3)

    assert pieces[0] == b"retry: 2000\n\n"
    assert re.fullmatch(rb'id: 1\nevent: headline\ndata: \{"text": ".+"\}\n\n', pieces[1])
    assert pieces[2].startswith(b"id: 2\n")


async def test_a_stopping_server_ends_the_streams_at_once() -> None:
    pace = Pace(3600)
    pace.stop()

    assert (await chunks("/live", pace, enough=99))[-1].rstrip().endswith(b"</html>")
    assert len(await chunks("/ticker/stream", pace, enough=99)) == 2


async def test_a_rest_that_has_begun_ends_when_the_server_stops() -> None:
    pace = Pace(3600)
    rest = asyncio.ensure_future(pace.rest())
    await asyncio.sleep(0)

    pace.stop()

    assert await asyncio.wait_for(rest, LONG_ENOUGH) is False


async def test_the_ticker_gives_events_to_who_asks_for_them(site: TestClient) -> None:
    pieces = await chunks("/ticker", Pace(3600), enough=1, accept=b"text/event-stream")

    assert pieces[0] == b"retry: 2000\n\n"
    assert site.get("/ticker").headers["content-type"].startswith("text/html")


# The third party


def test_the_third_party_remembers_who_called_it(third: TestClient) -> None:
    third.get(
        "/pixel.gif?page=front", headers={"Referer": "http://127.0.0.1:8000/", "Sec-Fetch-Dest": "image"}
    )

    [call] = calls(third)
    assert (call["method"], call["path"], call["query"]) == ("GET", "/pixel.gif", "page=front")
    assert (call["referer"], call["dest"], call["cookies"]) == ("http://127.0.0.1:8000/", "image", {})
    assert call["time"].endswith("+00:00")


def test_the_third_party_knows_a_browser_again_by_its_cookie(third: TestClient) -> None:
    given = third.get("/embed/harbour-clock").headers["set-cookie"]
    again = third.post("/collect", content=b"id=1&page=x")

    assert re.fullmatch(
        r"third_visitor=\w{16}; Max-Age=31536000; Path=/; Secure; SameSite=None; Partitioned", given
    )
    assert "set-cookie" not in again.headers
    assert calls(third)[-1]["cookies"]["third_visitor"] in given
    assert calls(third)[-1]["body"] == "id=1&page=x"


def test_asking_who_called_is_not_itself_a_call_and_is_open_to_every_site(third: TestClient) -> None:
    answer = third.get("/calls?format=json", headers={"Origin": "http://127.0.0.1:8000"})

    assert answer.json() == {"calls": []}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Nobody." in third.get("/calls").text


def test_the_list_of_calls_can_be_emptied_from_another_site(third: TestClient) -> None:
    third.get("/widget.js")
    asked = third.options(
        "/calls", headers={"Origin": "http://127.0.0.1:8000", "Access-Control-Request-Method": "DELETE"}
    )

    assert "DELETE" in asked.headers["access-control-allow-methods"]
    assert "/widget.js" in third.get("/calls").text
    assert third.delete("/calls").status_code == 204
    assert calls(third) == []


def test_what_a_caller_sends_is_shown_as_text(third: TestClient) -> None:
    third.post("/collect", content=b"<script>alert(1)</script>")

    assert "&lt;script&gt;alert(1)" in third.get("/calls").text


@pytest.mark.parametrize("script", ["/analytics.js", "/widget.js"])
def test_the_scripts_of_the_third_party_are_never_cached(third: TestClient, script: str) -> None:
    answer = third.get(script)

    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-store"
    assert [call["path"] for call in calls(third)] == [script]


# The switch


@pytest.mark.parametrize("regime", ["notice", "opt-out", "opt-in"])
def test_the_policy_is_the_files_but_for_its_regime_and_addresses(regime: str) -> None:
    policy = policy_under(regime, load(POLICY), "http://127.0.0.1:4710", THIRD)

    assert policy.strictest_regime == regime
    assert policy.site.address == "http://127.0.0.1:4710"
    assert {host for service in policy.services.values() for host in service.hosts} == {
        "third.localhost:4711"
    }
    assert policy.asked == load(POLICY).asked


def test_the_policy_names_every_service_of_the_templates(site: TestClient) -> None:
    policy = load(POLICY)
    named = set()
    for path in [*MODERN, "/archive/1998", "/archive/frames"]:
        for node in LexborHTMLParser(site.get(path).text).css("[data-category]"):
            service = node.attributes["data-service"] or ""
            assert policy.services[service].purposes == (node.attributes["data-category"],)
            named.add(service)

    assert named == set(policy.services)


def test_the_policy_never_covers_the_legal_pages() -> None:
    assert [(rule.match, rule.notice) for rule in load(POLICY).pages] == [("/legal/*", "never")]


class Named:
    """An app that answers with its name and notes what its lifespan is told."""

    def __init__(self, name: str, notes: list[str], failing: bool = False) -> None:
        self.name, self.notes, self.failing = name, notes, failing

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": self.name.encode()})
            return
        while True:
            message = await receive()
            self.notes.append(f"{self.name} {message['type']}")
            if self.failing:
                await send({"type": "lifespan.startup.failed", "message": f"{self.name} is broken"})
                return
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


def switch(notes: list[str] | None = None, failing: str = "") -> RegimeSwitch:
    noted = notes if notes is not None else []
    return RegimeSwitch(lambda name: Named(name, noted, name == failing))


def test_a_fresh_visitor_meets_the_site_under_notice() -> None:
    assert TestClient(switch()).get("/").text == "notice"


@pytest.mark.parametrize("regime", ["notice", "opt-out", "opt-in"])
def test_choosing_a_regime_holds_for_the_next_pages(regime: str) -> None:
    visitor = TestClient(switch())

    answer = visitor.get(f"/demo/regime/{regime}", headers={"Referer": "http://testserver/about?x=1"})

    assert answer.history[0].status_code == 303
    assert answer.history[0].headers["location"] == "/about"
    assert visitor.get("/live").text == regime


def test_choosing_a_regime_forgets_the_visitor() -> None:
    answer = TestClient(switch()).get("/demo/regime/opt-in", follow_redirects=False)

    expired = [line.split("=")[0] for line in answer.headers.get_list("set-cookie") if "Max-Age=0" in line]
    assert expired == ["consentkit", "consentkit-hint", "_tp_id"]


def test_an_unknown_regime_is_refused_and_sets_nothing() -> None:
    answer = TestClient(switch()).get("/demo/regime/<b>")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", [b"newsroom_regime=exempt", b"newsroom_regime", b"\xff=\xff", b""])
def test_a_cookie_that_names_no_regime_means_notice(cookie: bytes) -> None:
    assert chosen({"type": "http", "headers": [(b"cookie", cookie)]}) == "notice"


@pytest.mark.parametrize(
    "referer",
    [
        "http://evil.example/x",
        "http://testserver//evil.example",
        "http://testserver/demo/regime/notice",
        "",
        "http://[",
    ],
)
def test_the_switch_leads_only_to_pages_of_its_own(referer: str) -> None:
    headers = [(b"host", b"testserver"), (b"referer", referer.encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": headers,
        "scheme": "http",
        "query_string": b"",
    }

    assert way_back(Request(scope)) == "/"


def test_all_sites_start_and_stop_with_the_server() -> None:
    notes: list[str] = []
    with TestClient(switch(notes)):
        assert notes == [f"{name} lifespan.startup" for name in NAMES]

    assert notes[len(NAMES) :] == [f"{name} lifespan.shutdown" for name in reversed(NAMES)]


async def test_a_site_that_cannot_start_says_why_and_the_started_ones_are_stopped() -> None:
    notes: list[str] = []
    sent: list[dict[str, Any]] = []
    told = iter([{"type": "lifespan.startup"}])

    async def receive() -> dict[str, Any]:
        return next(told)

    async def send(message: Any) -> None:
        sent.append(message)

    await switch(notes, failing="opt-out")({"type": "lifespan"}, receive, send)

    assert sent == [{"type": "lifespan.startup.failed", "message": "opt-out is broken"}]
    assert notes[-1] == "notice lifespan.shutdown"


# The process


@contextmanager
def demo(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The demo as a process of its own on free ports, and what it printed at start."""
    command = [sys.executable, "-m", "examples.newsroom", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        text = ""
        while "Ctrl-C stops it" not in text:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            text += line
        yield process, text
    finally:
        process.kill()
        process.communicate()


def ask(address: str, path: str = "/") -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """A request to 127.0.0.1 under the address's name, tried again while the server is still starting."""
    place = urlsplit(address)
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": place.netloc})
            return connection, connection.getresponse()
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError(f"nobody answers at {address}")


def addresses(text: str) -> tuple[str, str]:
    site = re.search(r"(http://127\.0\.0\.1:\d+)/\n", text)
    third = re.search(r"(http://third\.localhost:\d+)/calls\n", text)
    assert site is not None
    assert third is not None
    return site[1], third[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_serves_two_sites_and_stops_cleanly_while_readers_stay(number: signal.Signals) -> None:
    with demo("--without-consent") as (process, text):
        site, third = addresses(text)
        page, seen = ask(site), ask(third, "/calls")
        assert third.encode() in page[1].read()
        assert b"Nobody." in seen[1].read()
        ticker = ask(site, "/ticker/stream")
        assert ticker[1].readline() == b"retry: 2000\n"

        process.send_signal(number)
        rest, errors = process.communicate(timeout=20)

        for connection, _ in (page, seen, ticker):
            connection.close()
        assert (process.returncode, rest.strip(), errors) == (0, "", "")
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", urlsplit(site).port or 0))


def ask_as(site: str, path: str, regime: str) -> str:
    """A page of the demo, as a new visitor sees it under a regime."""
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=10)
    connection.request("GET", path, headers={"Cookie": f"newsroom_regime={regime}"})
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def test_the_demo_shows_the_classic_sentence_and_holds_back_only_what_the_regime_says(tmp_path: Path) -> None:
    with demo("--audit", str(tmp_path / "demo.db")) as (process, text):
        site, third = addresses(text)
        ask(site)[0].close()
        path = "/articles/the-clock-that-lost-a-minute"
        pages = {regime: ask_as(site, path, regime) for regime in ("notice", "opt-out", "opt-in")}

        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)

    assert (process.returncode, rest.strip(), errors) == (0, "", "")
    frame = f' src="{third}/embed/harbour-clock"'
    assert {regime: frame in page for regime, page in pages.items()} == {
        "notice": True,
        "opt-out": True,
        "opt-in": False,
    }
    assert all(page.count('id="consentkit"') == 1 for page in pages.values())
    assert all(f'aria-current="true" rel="nofollow">{regime}<' in page for regime, page in pages.items())
    assert re.search("We(?:'|&#39;|&#x27;)ll assume you(?:'|&#39;|&#x27;)re ok with this", pages["notice"])
    assert "assume you" not in pages["opt-in"]


def test_a_single_newsroom_takes_the_third_party_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSROOM_THIRD", "http://third.localhost:4712")
    app = create_app(audit=f"sqlite:///{tmp_path / 'consent.db'}")

    with TestClient(app, base_url="http://127.0.0.1:8000") as visitor:
        page = visitor.get("/").text

    assert 'src="http://third.localhost:4712/analytics.js"' in page
    assert page.count('id="consentkit"') == 1
    assert 'id="consentkit"' not in TestClient(create_app(consent=False)).get("/").text


@pytest.mark.parametrize("option", ["--port", "--third-port"])
def test_a_taken_port_is_named_with_the_way_out(capsys: pytest.CaptureFixture[str], option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = port_of(taken)
        status = main(["--port", "0", option, str(port)])

    assert status == 2
    said = capsys.readouterr().err
    assert re.fullmatch(rf"Port {port} cannot be used \(.+\)\. Choose another: \w+= or {option}\n", said)


@pytest.mark.parametrize("port", ["70000", "-1", "eight"])
def test_a_port_that_is_none_is_refused_with_a_usage_line(
    capsys: pytest.CaptureFixture[str], port: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([f"--port={port}"])

    assert stopped.value.code == 2
    assert "usage: newsroom" in capsys.readouterr().err
