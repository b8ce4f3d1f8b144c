"""What is ten megabytes long, or sixty kilobytes where a server lets no more in, costs what its length costs.

Twice the size may take three times the processor time, where four would be quadratic; looked at once more before it counts
as wrong. ``CONSENTKIT_FUZZ`` takes the full sizes; a tenth of them without it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.asgi import HTML, KEY, POLICY, SAME, App, Reply, drive, http, post, serving
from tests.web.gate.conftest import Rig

from consentkit.audit.log import AuditLog
from consentkit.catalogue.load import catalogue
from consentkit.core.policy import Policy
from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import Placement
from consentkit.html.scan import LIMIT
from consentkit.policyfile.use import resolved
from consentkit.web.middleware import ConsentMiddleware

FULL = 10_000_000 if os.environ.get("CONSENTKIT_FUZZ") else 1_000_000
FIELD = 64_000
"""Bytes of a request's fields that uvicorn takes."""
FLOOR = 0.03
"""Seconds below which a measure says nothing."""
CHUNK = 65_536
RIG = Rig(unknown="gate")
GA = b"https://www.google-analytics.com/x"
NOTICE = Placement(head=b"[H]", body=b"[B]")
TRACKED = (b"cookie", b"_ga=1; _gid=2")

Filled = Callable[[int], bytes]
Asked = Callable[[int], dict[str, Any]]
Answered = Callable[[int], list[tuple[bytes, bytes]]]
Wrap = Callable[[App], App]


def filled(unit: bytes) -> Filled:
    return lambda n: unit * (n // len(unit))


def numbered(unit: bytes) -> Filled:
    """Units that differ, up to a size."""
    return lambda n: b"".join(unit % number for number in range(n // len(unit % 100_000)))


PAGES: dict[str, Filled] = {
    "angles": filled(b"<"),
    "a double quote never closed": lambda n: b'<a title="' + b"x<script>" * (n // 9),
    "a single quote never closed": lambda n: b"<img src='" + b"x" * n,
    "quotes never closed": filled(b'<img src="'),
    "attributes of a link": lambda n: b"<a " + b"b=c " * (n // 4) + b">",
    "attributes of an image": lambda n: b"<img " + b"src=c " * (n // 6) + b">",
    "attributes that differ": lambda n: b"<img " + numbered(b" a%d=c")(n) + b">",
    "script openers without an end": filled(b"<script"),
    "script openers": filled(b"<script>"),
    "script openers and a blank": filled(b"<script "),
    "scripts of a service": filled(b"<script src=%b></script>" % GA),
    "nested divs": filled(b"<div>"),
    "nested svgs": filled(b"<svg>"),
    "nested templates": filled(b"<template>"),
    "nested noscripts": filled(b"<noscript>"),
    "nested foreign objects": filled(b"<math><svg><foreignObject>"),
    "nested srcdocs": filled(b"<iframe srcdoc='"),
    "one attribute": lambda n: b'<img alt="' + b"a" * n + b'" src=%b>' % GA,
    "one address": lambda n: b'<img src="%b' % GA + b"a" * n + b'">',
    "one srcset": lambda n: b'<img srcset="' + b"%b 1x, " % GA * (n // 40) + b'">',
    "one srcdoc": lambda n: b'<iframe srcdoc="' + b"&lt;img src=%b&gt;" % GA * (n // 50) + b'"></iframe>',
    "url( in an attribute": lambda n: b'<p style="' + filled(b"url(")(n) + b'">',
    "url( in a sheet": lambda n: b"<style>" + filled(b"url(")(n) + b"</style>",
    "url( in text": filled(b"url("),
    "url( in many tags": filled(b'<p style="a:url(b)">'),
    "hosts that differ": numbered(b"<img src=//h%d.example>"),
    "sheets that differ": numbered(b"<style>a{b:url(//h%d.example)}</style>"),
    "one script": lambda n: b"<script>" + b"gtag('js', %b);" % GA * (n // 46) + b"</script>",
    "scripts that hide scripts": filled(b"<script><!--<script>"),
    "comments": filled(b"<!--"),
    "dashes": lambda n: b"<!--" + b"-" * n,
}
HOSTS: dict[str, Filled] = {
    "labels": filled(b"a."),
    "letters of no alphabet": lambda n: "".join(map(chr, range(0x4E00, 0x4E00 + n // 3))).encode(),
    "marks on a letter": lambda n: b"a" + filled("\u0327\u0301".encode())(n),
    "ports": filled(b":1"),
    "names before an at": filled(b"@a"),
    "folders and ways back": lambda n: b"a.example/" + filled(b"a/")(n // 3) + filled(b"../")(n // 3),
}
REQUESTS: dict[str, Asked] = {
    "folders": lambda n: {"path": "/" + "a/" * (n // 2), "headers": [TRACKED]},
    "labels of the host": lambda n: {"host": filled(b"a.")(n) + b"com", "headers": [TRACKED]},
    "letters of the host": lambda n: {"host": filled(bytes(range(0xC0, 0xFF)))(n), "headers": [TRACKED]},
    "cookies": lambda n: {"headers": [(b"cookie", numbered(b"_ga_%020d=1; ")(n))]},
    "one cookie's name": lambda n: {"headers": [(b"cookie", b"_ga" + b"a" * n + b"=1")]},
    "cookies of ours": lambda n: {"headers": [(b"cookie", filled(b"__Host-consentkit=x; ")(n))]},
    "semicolons": lambda n: {"headers": [(b"cookie", b";" * n)]},
    "languages": lambda n: {"headers": [(b"accept-language", numbered(b"a%d;q=0.1,")(n))]},
    "validators": lambda n: {"headers": [(b"if-none-match", filled(b'W/"a-cks.000000000000",')(n))]},
    "fields": lambda n: {"headers": [(b"x-%d" % number, b"a") for number in range(n // 8)]},
}
ANSWERS: dict[str, Answered] = {
    "a cookie's name": lambda n: [(b"set-cookie", b"_ga" + b"a" * n + b"=1; Path=/")],
    "a cookie's attributes": lambda n: [(b"set-cookie", b"_ga=1; " + filled(b"Path=/; ")(n))],
    "a cookie's end": lambda n: [(b"set-cookie", b"_ga=1; Expires=" + filled(b"00:00:00 ")(n))],
    "cookies": lambda n: [(b"set-cookie", b"a%d=1" % number) for number in range(n // 15)],
    "one source": lambda n: [(b"content-security-policy", b"script-src " + b"a" * n + b".com")],
    "labels of a source": lambda n: [(b"content-security-policy", b"script-src *." + filled(b"a.")(n) + b"com")],
    "sources": lambda n: [(b"content-security-policy", b"script-src " + numbered(b"a%d.com ")(n))],
    "directives": lambda n: [(b"content-security-policy", filled(b"script-src a.com;")(n))],
    "policies": lambda n: [(b"content-security-policy", filled(b"script-src a.com,")(n))],
    "nonces": lambda n: [(b"content-security-policy", b"script-src " + numbered(b"'nonce-%d' ")(n))],
    "a nonce never closed": lambda n: [(b"content-security-policy", b"script-src 'nonce-" + b"a" * n)],
    "preloads": lambda n: [(b"link", numbered(b"<https://h%d.example/a.js>; rel=preload,")(n))],
    "angles of preloads": lambda n: [(b"link", b"<" * n)],
    "quotes of preloads": lambda n: [(b"link", b'"\\' * (n // 2))],
    "a preload's host": lambda n: [(b"link", b"<//" + filled(b"a.")(n) + b"com/x>; rel=preload")],
    "validators": lambda n: [(b"etag", b'"' * n)],
    "ways of varying": lambda n: [(b"vary", numbered(b"a%d,")(n))],
}  # fmt: skip
PAGE = b"<!doctype html><html><head><script src=%b></script></head><body>x</body></html>" % GA


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Work on the size and on half of it. Each time all is made anew, so that nothing is remembered from one to the next."""
    if not linear(work, size):
        assert linear(work, size), "twice the size takes more than three times the time"


def linear(work: Callable[[int], object], size: int) -> bool:
    return spent(work, size) < 3 * max(spent(work, size // 2), FLOOR)


def spent(work: Callable[[int], object], size: int) -> float:
    """Seconds, without those for garbage of other tests; of a short work the shortest of three."""
    measured: list[float] = []
    gc.disable()
    try:
        while len(measured) < 3 and sum(measured) < 0.3:
            start = time.process_time()
            work(size)
            measured.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(measured)


def pieces(page: bytes, size: int) -> Iterator[bytes]:
    return (page[at : at + size] for at in range(0, len(page), size))


def rewritten(page: bytes, size: int) -> tuple[int, int]:
    """How many bytes came out besides insertions, and how many were held at most."""
    inserted = ahead = most = came = 0

    def trace(_: int, length: int) -> None:
        nonlocal inserted
        inserted += length

    rewriter = Rewriter(RIG._rules(), NOTICE, trace=trace)
    for chunk in pieces(page, size):
        ahead += len(chunk)
        came += len(rewriter.feed(chunk))
        most = max(most, ahead - (came - inserted))
    came += len(rewriter.close())
    assert not rewriter.failed
    return came - inserted, most


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_twice_as_long_takes_twice_the_time_whole_in_chunks_and_in_single_bytes(page: Filled) -> None:
    assert_linear(lambda size: rewritten(page(size), size), FULL)
    assert_linear(lambda size: rewritten(page(size), CHUNK), FULL)
    assert_linear(lambda size: rewritten(page(size), 1), FULL // 20)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_of_a_long_page_no_more_is_held_than_the_limit_and_nothing_is_lost(
    page: Filled,
) -> None:
    whole = page(FULL)
    came, most = rewritten(whole, CHUNK)

    assert came == len(whole)
    assert most <= LIMIT + CHUNK


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_an_address_twice_as_long_takes_twice_the_time(host: Filled) -> None:
    def judged(size: int) -> None:
        page = b"".join(b'<img src="//%d%b">' % (number, host(size)) for number in range(3))
        Rewriter(Rig(unknown="gate")._rules(), None).whole(page)

    assert_linear(judged, FIELD)


def test_a_long_base_does_not_make_every_relative_address_long() -> None:
    def page(size: int) -> bytes:
        return b"<base href='/%b/'>" % (b"a/" * (size // 2)) + numbered(b"<img src='%d//a'>")(size)

    assert_linear(lambda size: rewritten(page(size), CHUNK), FIELD)


@pytest.fixture
def wrap(tmp_path: Path) -> Iterator[Wrap]:
    """Puts a middleware, made anew, around an app: everything is judged that can be."""
    values = {**POLICY, "use": ["google-analytics"], "unknown": "gate", "csp": "enforce"}
    policy = Policy.model_validate(resolved({**values, "hide_request_cookies": True}, catalogue()))
    log = AuditLog(f"sqlite:///{tmp_path / 'consent.db'}")
    yield lambda app: ConsentMiddleware(app, policy=policy, secret_key=KEY, audit=log)
    log.drain()


def streaming(page: bytes, size: int) -> App:
    """An app that sends a page piece by piece."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        for piece in pieces(page, size):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return app


def answered(app: App, path: str = "/", **request: Any) -> Reply:
    """What an app answers over https, so that the host is no reason to keep a page closed."""
    return asyncio.run(drive(app, http(path, scheme="https", **request)))


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_through_the_middleware_too_and_without_a_fault(page: Filled, wrap: Wrap, caplog: Any) -> None:
    def served(size: int, chunk: int) -> int:
        return len(answered(wrap(streaming(page(size), chunk))).body)

    assert_linear(lambda size: served(size, CHUNK), FULL // 2)
    assert_linear(lambda size: served(size, 1), FIELD)  # below what is held: each byte behind it is a message
    assert served(FULL // 2, CHUNK) >= len(page(FULL // 2))
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_a_request_with_fields_twice_as_long_takes_twice_the_time(request_of: Asked, wrap: Wrap) -> None:
    app = serving(PAGE)

    assert_linear(lambda size: answered(wrap(app), **request_of(size)), FIELD)


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_a_request_with_long_fields_takes_no_more_memory_than_a_page(request_of: Asked, wrap: Wrap) -> None:
    app, request = wrap(serving(PAGE)), request_of(FIELD)
    answered(app)
    tracemalloc.start()
    reply = answered(app, **request)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 64 * FIELD
    assert length(reply.headers) < 5000


@pytest.mark.parametrize("fields_of", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_with_fields_twice_as_long_takes_twice_the_time(fields_of: Answered, wrap: Wrap) -> None:
    def served(size: int) -> None:
        answered(wrap(serving(PAGE, headers=[*HTML, *fields_of(size)])), headers=[TRACKED])

    assert_linear(served, FULL)


@pytest.mark.parametrize("fields_of", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_with_long_fields_leaves_hardly_longer(fields_of: Answered, wrap: Wrap) -> None:
    fields = fields_of(FULL)
    reply = answered(wrap(serving(PAGE, headers=[*HTML, *fields])), headers=[TRACKED])

    assert length(reply.headers) < 1.1 * length(fields) + 5000
    assert reply.body.count(GA) == 1


def length(fields: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in fields)


def test_a_policy_longer_than_servers_let_pass_is_closed_and_not_judged_source_by_source(wrap: Wrap) -> None:
    policy = b"script-src 'self' " + numbered(b"a%d.example ")(20_000)
    reply = answered(wrap(serving(PAGE, headers=[*HTML, (b"content-security-policy", policy)])))

    assert reply.one(b"content-security-policy") == b"script-src 'self'"


def test_a_host_that_nobody_can_look_up_is_judged_by_its_end() -> None:
    page = b'<img src="//%bgoogle-analytics.com/x">' % (b"a." * 30_000)

    assert b"data-ck" in RIG.gate(page)


def test_a_cookie_on_a_page_in_many_folders_is_deleted_where_a_browser_takes_the_path(wrap: Wrap) -> None:
    path = "/a/b/" + "c/" * 30_000
    fields = answered(wrap(serving(PAGE)), path, headers=[TRACKED]).every(b"set-cookie")

    assert any(field.startswith(b"_ga=; Max-Age=0; Path=/") for field in fields)
    assert all(len(field.partition(b"Path=")[2].partition(b";")[0]) <= 1024 for field in fields)


def test_a_cookie_that_no_browser_keeps_is_nobodys_and_is_not_remembered() -> None:
    assert RIG.index.cookie_owners("_ga_" + "A" * 50)
    assert RIG.index.cookie_owners("_ga_" + "A" * 5000) == ()


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_a_decision_with_long_fields_is_taken_and_takes_no_more_memory_than_a_page(
    request_of: Asked, wrap: Wrap
) -> None:
    said = request_of(FIELD)
    referer = (b"referer", b"https://localhost" + said.pop("path", "/a").encode())
    fields = [SAME, referer, *said.pop("headers", ())]
    app = wrap(serving(PAGE))
    asyncio.run(post(app, {"action": "reject"}, scheme="https"))
    tracemalloc.start()
    reply = asyncio.run(post(app, {"action": "reject"}, fields, scheme="https", **said))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert reply.status == 303
    assert most < 64 * FIELD
    assert length(reply.headers) < 70_000  # it leads back to the page
