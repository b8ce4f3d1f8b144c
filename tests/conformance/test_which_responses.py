"""Cases 18 to 31: which responses may be touched."""

from __future__ import annotations

import gzip
import logging
import zlib
from typing import Any

import brotli
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from tests.asgi import (
    GATED,
    HTML,
    KEY,
    OURS,
    PAGE,
    Reply,
    get,
    http,
    post,
    receiver,
    recorder,
    serving,
    without_ours,
)

from consentkit.web.middleware import ConsentMiddleware

NAVIGATION = [
    (b"sec-fetch-dest", b"document"),
    (b"sec-fetch-mode", b"navigate"),
    (b"sec-fetch-site", b"none"),
]
INERT = b'type="text/plain" data-ck='


def untouched(reply: Any, body: bytes, headers: Any) -> bool:
    return reply.body == body and reply.headers == list(headers)


async def test_18_head_has_the_fields_of_get_but_the_length_and_no_body(wrap):
    fields = [*HTML, (b"etag", b'"a"'), (b"content-length", str(len(PAGE)).encode()), (b"expires", b"0")]

    def app(body: bytes) -> Any:
        return wrap(serving(body, headers=fields))

    head, whole = await get(app(b""), method="HEAD"), await get(app(PAGE))

    assert head.body == b""
    assert head.headers == [field for field in whole.headers if field[0] != b"content-length"]


async def test_18b_head_of_a_compressed_page_promises_no_coding_that_get_undoes(wrap):
    fields = [*HTML, (b"content-encoding", b"gzip")]

    head = await get(wrap(serving(b"", headers=fields)), method="HEAD")

    assert head.one(b"content-encoding") is None


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_19_a_status_without_content_stays_without(wrap, status):
    reply = await get(wrap(serving(b"", status=status)))

    assert untouched(reply, b"", HTML)


PART = [*HTML, (b"content-range", b"bytes 0-9/100"), (b"accept-ranges", b"bytes")]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (206, PART),
        (206, HTML),
        (416, PART),
        (206, [(b"content-type", b"multipart/byteranges; boundary=x")]),
    ],
)
async def test_20_a_part_is_never_rewritten(wrap, status, headers):
    assert untouched(await get(wrap(serving(PAGE, status=status, headers=headers))), PAGE, headers)


async def test_20b_a_whole_page_in_answer_to_a_range_is_gated_and_offers_no_ranges(wrap):
    app = wrap(serving(PAGE, headers=[*HTML, (b"accept-ranges", b"bytes")]))

    reply = await get(app, headers=[(b"range", b"bytes=0-99")])

    assert INERT in reply.body
    assert reply.one(b"accept-ranges") is None


def deflated(body: bytes, window: int) -> bytes:
    engine = zlib.compressobj(wbits=window)
    return engine.compress(body) + engine.flush()


CODINGS = {
    "gzip": (b"gzip", gzip.compress(PAGE)),
    "two members": (b"gzip", gzip.compress(PAGE[:40]) + gzip.compress(PAGE[40:])),
    "padded": (b"gzip", gzip.compress(PAGE) + b"\0" * 20),
    "x-gzip": (b"X-GZIP", gzip.compress(PAGE)),
    "br": (b"br", brotli.compress(PAGE)),
    "deflate": (b"deflate", zlib.compress(PAGE)),
    "raw deflate": (b"deflate", deflated(PAGE, -15)),
    "twice": (b"gzip, br", brotli.compress(gzip.compress(PAGE))),
}


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("size", [1, 10_000])
async def test_21_a_compressed_page_is_gated_and_warned_about_once(wrap, caplog, name, size):
    coding, body = CODINGS[name]
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    app = wrap(serving(*chunks, headers=[*HTML, (b"content-encoding", coding)]))

    with caplog.at_level(logging.WARNING, "consentkit"):
        replies = [await get(app), await get(app)]

    for reply in replies:
        assert INERT in reply.body
        assert without_ours(reply.body) == PAGE
        assert reply.one(b"content-encoding") is None
    (warning,) = [record for record in caplog.records if "compress" in record.message]
    assert "outside" in warning.message


async def test_21b_the_app_is_offered_no_coding_that_we_cannot_undo(wrap):
    seen: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(value for name, value in scope["headers"] if name == b"accept-encoding")
        await serving(PAGE)(scope, receive, send)

    for sent in (b"gzip, deflate, br, zstd", b"zstd;q=1.0, *;q=0.5", b"gzip;q=0.5", b"dcb"):
        await get(wrap(app), headers=[(b"accept-encoding", sent)])

    assert seen == [b"gzip, deflate, br", b"identity", b"gzip;q=0.5", b"identity"]


async def test_21c_an_empty_content_encoding_is_none(wrap):
    reply = await get(wrap(serving(PAGE, headers=[*HTML, (b"content-encoding", b"")])))

    assert INERT in reply.body


async def test_21d_a_coding_that_was_never_offered_is_sent_with_all_third_parties_shut_out(wrap, caplog):
    body = b"\x28\xb5\x2f\xfd rest"
    app = wrap(serving(body, headers=[*HTML, (b"content-encoding", b"zstd")]))

    with caplog.at_level(logging.WARNING, "consentkit"):
        reply = await get(app)

    assert reply.body == body
    assert reply.one(b"content-encoding") == b"zstd"
    assert (reply.one(b"content-security-policy") or b"").startswith(b"default-src 'self'")
    assert reply.one(b"cache-control") == b"private, no-cache"
    assert "not offered" in caplog.text


async def test_21e_a_damaged_page_ends_where_it_cannot_be_read_and_raises_nothing(wrap, caplog):
    body = gzip.compress(PAGE * 50)
    body = body[:60] + b"\xff" * 20 + body[80:]

    reply = await get(wrap(serving(body, headers=[*HTML, (b"content-encoding", b"gzip")])))

    assert reply.status == 200
    assert not reply.messages[-1].get("more_body", False)
    assert "damaged" in caplog.text


@pytest.mark.parametrize("coding", [b"gzip", b""])
async def test_21f_compressed_responses_of_other_types_are_untouched(wrap, coding):
    headers = [(b"content-type", b"application/json"), (b"content-encoding", coding)]

    assert untouched(
        await get(wrap(serving(b"\x1f\x8b</body>", headers=headers))), b"\x1f\x8b</body>", headers
    )


@pytest.mark.parametrize("order", ["inside", "outside"])
async def test_22_inside_and_outside_of_a_compressing_middleware_page_and_gate_are_the_same(
    policy, audit, order
):
    ours = Middleware(ConsentMiddleware, policy=policy, secret_key=KEY, audit=audit)
    theirs = Middleware(GZipMiddleware, minimum_size=1)

    async def page(request: Any) -> HTMLResponse:
        return HTMLResponse(PAGE)

    app = Starlette(
        routes=[Route("/", page)], middleware=[theirs, ours] if order == "inside" else [ours, theirs]
    )
    reply = await get(app, headers=[(b"accept-encoding", b"gzip, zstd")])
    body = gzip.decompress(reply.body) if reply.one(b"content-encoding") == b"gzip" else reply.body

    assert (reply.one(b"content-encoding") == b"gzip") is (order == "inside")
    assert INERT in body
    assert body.count(OURS) == 1
    assert without_ours(body) == PAGE


@pytest.mark.parametrize(
    "media_type",
    [
        b"text/event-stream",
        b"application/x-ndjson",
        b"application/grpc",
        b"image/svg+xml",
        b"font/woff2",
        b"text/plain",
        b"text/htmlx",
        b"application/json",
        b"application/xhtml+xml",
        b"multipart/x-mixed-replace; boundary=text/html",
    ],
)
async def test_23_other_types_are_untouched_though_they_hold_tags(wrap, media_type):
    body = GATED + b"</body>"
    headers = [(b"content-type", media_type), (b"cache-control", b"public, max-age=60"), (b"etag", b'"a"')]

    assert untouched(await get(wrap(serving(body[:9], body[9:], headers=headers))), body, headers)


@pytest.mark.parametrize(
    "body", [b'{"a": "' + GATED + b'"}', b"  just words " + GATED, b"\xef\xbb\xbf[" + GATED]
)
async def test_24_data_served_as_html_is_gated_and_gets_no_notice(wrap, body):
    reply = await get(wrap(serving(body)), headers=NAVIGATION)

    assert OURS not in reply.body
    assert INERT in reply.body
    assert without_ours(reply.body) == body


async def test_25_without_a_content_type_nothing_is_touched(wrap):
    headers = [(b"x-own", b"1")]

    assert untouched(await get(wrap(serving(PAGE, headers=headers))), PAGE, headers)


@pytest.mark.parametrize(
    "value",
    [b"TEXT/HTML;charset=utf-8", b"text/html", b" Text/Html ; charset=x", b"text/html;", b"text/html\t"],
)
async def test_25b_html_is_told_by_its_type_in_any_spelling(wrap, value):
    reply = await get(wrap(serving(PAGE, headers=[(b"content-type", value)])))

    assert OURS in reply.body


FRAGMENT = b"<div>" + GATED + b"</div>"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([(b"hx-request", b"true")], PAGE),
        ([(b"turbo-frame", b"main")], PAGE),
        ([(b"x-requested-with", b"XMLHttpRequest")], PAGE),
        ([(b"sec-fetch-dest", b"empty")], PAGE),
        (NAVIGATION, FRAGMENT),
        ([], FRAGMENT),
    ],
    ids=["htmx", "turbo", "xhr", "fetch", "no document", "no document, old browser"],
)
async def test_28_a_fragment_is_gated_and_gets_no_notice(wrap, headers, body):
    reply = await get(wrap(serving(body)), headers=headers)

    assert OURS not in reply.body
    assert INERT in reply.body
    assert without_ours(reply.body) == body


async def test_28b_what_decided_on_the_notice_is_named_in_vary(wrap):
    reply = await get(wrap(serving(PAGE)), headers=[(b"hx-request", b"true")])

    assert b"hx-request" in (reply.one(b"vary") or b"").lower()


BOOSTED = [(b"hx-request", b"true"), (b"hx-boosted", b"true")]
FETCHED = (b"sec-fetch-dest", b"empty")


@pytest.mark.parametrize("headers", [BOOSTED, [*BOOSTED, FETCHED]], ids=["old browser", "fetched"])
async def test_28c_a_boosted_navigation_is_a_page(wrap, headers):
    reply = await get(wrap(serving(PAGE)), headers=headers)

    assert OURS in reply.body
    assert {b"hx-request", b"hx-boosted"} <= set((reply.one(b"vary") or b"").lower().split(b", "))


async def test_28c_a_visit_of_turbo_drive_is_a_page_and_its_frame_is_none(wrap):
    visit = [(b"x-turbo-request-id", b"5e0c"), FETCHED]

    page = await get(wrap(serving(PAGE)), headers=visit)
    frame = await get(wrap(serving(PAGE)), headers=[*visit, (b"turbo-frame", b"main")])

    assert OURS in page.body
    assert b"x-turbo-request-id" in (page.one(b"vary") or b"")
    assert OURS not in frame.body


async def test_28c_a_boosted_navigation_to_a_fragment_is_none(wrap):
    assert OURS not in (await get(wrap(serving(FRAGMENT)), headers=[*BOOSTED, FETCHED])).body


async def test_28d_a_page_and_its_fragment_have_different_validators(wrap):
    app = wrap(serving(PAGE, headers=[*HTML, (b"etag", b'"a"')]))

    page, fragment = await get(app), await get(app, headers=[(b"hx-request", b"true")])

    assert page.one(b"etag") != fragment.one(b"etag")


@pytest.mark.parametrize("value", [b"attachment", b'ATTACHMENT; filename="a.html"', b" attachment;x=y"])
async def test_29_a_download_is_untouched(wrap, value):
    headers = [*HTML, (b"content-disposition", value)]

    assert untouched(await get(wrap(serving(PAGE, headers=headers))), PAGE, headers)


async def test_29b_an_excluded_path_is_untouched_and_its_neighbours_are_not(wrap):
    app = wrap(serving(PAGE), exclude=["/admin/*", "/raw"])

    assert untouched(await get(app, "/admin/x/y"), PAGE, HTML)
    assert untouched(await get(app, "/raw"), PAGE, HTML)
    assert OURS in (await get(app, "/raw/x")).body
    assert OURS in (await get(app, "/administration")).body


async def test_29c_our_own_pages_carry_no_banner(wrap):
    app = wrap(serving(PAGE))

    for path in ("/_consent", "/_consent/", "/_consent/declaration"):
        reply = await get(app, path)
        assert reply.status == 200
        assert OURS not in reply.body


async def test_29d_a_page_under_a_rule_of_never_is_gated_without_a_banner(wrap):
    reply = await get(wrap(serving(PAGE)), "/legal/imprint")

    assert INERT in reply.body
    assert b'id="consentkit-banner"' not in reply.body


async def test_30_an_error_page_is_a_page(wrap):
    for status in (404, 500):
        reply = await get(wrap(serving(PAGE, status=status)))
        assert reply.status == status
        assert OURS in reply.body
        assert INERT in reply.body


async def test_30b_around_the_whole_app_the_page_of_an_unhandled_error_is_a_page_too(wrap):
    async def broken(request: Any) -> HTMLResponse:
        raise RuntimeError("a bug of the app")

    async def sorry(request: Any, error: Exception) -> HTMLResponse:
        return HTMLResponse(PAGE, 500)

    app = wrap(Starlette(routes=[Route("/", broken)], exception_handlers={500: sorry}))
    reply = Reply()
    with pytest.raises(RuntimeError):
        await app(http("/"), receiver(), recorder(reply))

    assert reply.status == 500
    assert OURS in reply.body
    assert INERT in reply.body


async def test_31_a_page_in_a_frame_is_gated_and_gets_no_notice(wrap):
    for dest in (b"iframe", b"frame", b"fencedframe", b"embed", b"object"):
        reply = await get(wrap(serving(PAGE)), headers=[(b"sec-fetch-dest", dest)])
        assert OURS not in reply.body
        assert INERT in reply.body


async def test_31b_a_frame_opens_nothing_and_may_refuse(wrap):
    app = wrap(serving(PAGE))
    frame = [(b"sec-fetch-site", b"same-origin"), (b"sec-fetch-dest", b"iframe")]

    assert (await post(app, {"action": "accept", "notice": "a" * 64}, frame)).status == 403
    assert (await post(app, {"action": "reject"}, frame)).status == 303


async def test_31c_a_frame_without_our_cookie_is_closed_even_where_all_is_open_by_default(wrap, policy):
    notice = policy.model_copy(update={"regime": "notice"})

    top = await get(wrap(serving(PAGE), policy=notice), headers=NAVIGATION)
    framed = await get(wrap(serving(PAGE), policy=notice), headers=[(b"sec-fetch-dest", b"iframe")])

    assert INERT not in top.body
    assert INERT in framed.body
