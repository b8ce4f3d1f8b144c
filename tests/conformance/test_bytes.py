"""Cases 32 to 39: the app's bytes."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.asgi import (
    GATED,
    HTML,
    KEY,
    OURS,
    PAGE,
    POLICY,
    Reply,
    get,
    http,
    receiver,
    recorder,
    serving,
    without_head,
    without_ours,
)

from consentkit.core.policy import Policy
from consentkit.web.middleware import ConsentMiddleware
from consentkit.web.response import CLOSED_CSP

INERT = b'type="text/plain" data-ck='


def steady(reply: Reply) -> bytes:
    """The body with the page view's own random word blanked: it alone differs from page to page."""
    head, mark, tail = reply.body.partition(b'name="view" value="')
    return head + mark + tail.partition(b'"')[2]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_32_the_result_does_not_depend_on_where_the_page_is_cut(wrap, kind):
    whole = steady(await get(wrap(serving(PAGE))))

    for at in range(len(PAGE) + 1):
        cut = await get(wrap(serving(kind(PAGE[:at]), kind(PAGE[at:]))))
        assert steady(cut) == whole


async def test_32b_single_bytes_and_empty_chunks_make_the_same_page(wrap):
    chunks = [piece for at in range(len(PAGE)) for piece in (b"", PAGE[at : at + 1])]

    single = await get(wrap(serving(*chunks, b"")))

    assert steady(single) == steady(await get(wrap(serving(PAGE))))
    assert all(each["body"] for each in single.messages[1:-1]), "nothing is sent while nothing is decided"


PIECES = st.sampled_from(
    [
        GATED,
        b"<!doctype html>",
        b"<html lang=fr>",
        b"<head>",
        b"<body class='a'>",
        b"</body>",
        b"</html>",
        b"<!-- </body> -->",
        b"<script>'</body>'</script>",
        b"<textarea></body>",
        b"</textarea>",
        b"<svg><![CDATA[</body>]]></svg>",
        b"<img data-category=marketing src=//player.example/p.gif>",
        b"<script src=//connect.facebook.net/en_US/fbevents.js></script>",
        b"<p title='>'>",
        b"text & more",
        b"\xff\xfe\x00",
        b"<",
        b"<!",
        b'<a href="',
        b"\n",
    ]
)


@settings(max_examples=120, deadline=None)
@given(pieces=st.lists(PIECES, max_size=10), cuts=st.lists(st.integers(1, 200), max_size=8))
async def test_32c_any_page_in_any_chunks_is_the_page_in_one(pieces, cuts):
    body = b"".join(pieces)
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    chunks = [body[start:end] for start, end in pairwise(edges)] or [b""]
    app = PROPERTY_SITE

    app.app = serving(*chunks)
    cut = await get(app)
    app.app = serving(body)
    whole = await get(app)

    assert steady(cut) == steady(whole)
    assert whole.body.count(OURS) <= 1
    assert whole.one(b"content-length") is None


@settings(max_examples=120, deadline=None)
@given(pieces=st.lists(PIECES, max_size=10))
async def test_39_without_our_insertions_the_apps_bytes_are_back(pieces):
    body = b"".join(pieces)
    PROPERTY_SITE.app = serving(body)

    reply = await get(PROPERTY_SITE)

    assert without_ours(reply.body) == body


PROPERTY_SITE = ConsentMiddleware(
    serving(b""),
    policy=Policy.model_validate(POLICY),
    secret_key=KEY,
    audit="sqlite:///never-opened.db",
)


async def test_33_a_stream_leaves_piece_by_piece_while_the_app_goes_on(wrap):
    reply = Reply()
    left: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        for piece in (b"<!doctype html><html><body><p>one</p>", b"<p>two</p>", b"<p>three</p>"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            left.append(reply.body)
        await send({"type": "http.response.body", "body": b""})

    await wrap(app)(http(), receiver(), recorder(reply))

    assert [body.rpartition(b"<p>")[2] for body in left] == [b"one</p>", b"two</p>", b"three</p>"]
    assert reply.one(b"content-length") is None


async def test_33b_a_start_of_another_type_does_not_wait_for_its_body(wrap):
    reply = Reply()
    seen: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
        )
        seen.append(len(reply.messages))
        await send({"type": "http.response.body"})

    await wrap(app)(http(), receiver(), recorder(reply))

    assert seen == [1]


@pytest.mark.parametrize(
    "tail", [b'<img data-category="marketing" src="', b"<!-- ", b"<script>x", b"plain text "], ids=str
)
async def test_33c_what_is_held_of_a_page_that_never_ends_is_bounded(wrap, tail):
    sent = left = 0

    class Sink(Reply):
        pass

    async def send(message: Any) -> None:
        nonlocal left
        left += len(message.get("body", b""))

    async def app(scope: Any, receive: Any, send_: Any) -> None:
        nonlocal sent
        await send_({"type": "http.response.start", "status": 200, "headers": HTML})
        for piece in (b"<!doctype html><html><body>", tail, *[b"x" * 1024] * 512):
            sent += len(piece)
            await send_({"type": "http.response.body", "body": piece, "more_body": True})
            assert sent - left <= 65 * 1024
        await send_({"type": "http.response.body", "body": b""})

    await wrap(app)(http(), receiver(), send)


async def test_34_a_whole_page_has_its_exact_length(wrap):
    fields = [*HTML, (b"content-length", str(len(PAGE)).encode())]

    reply = await get(wrap(serving(PAGE, headers=fields)))

    assert reply.one(b"content-length") == str(len(reply.body)).encode()
    assert len(reply.body) > len(PAGE)


async def test_34b_a_length_said_twice_is_said_once(wrap):
    fields = [*HTML, *[(b"content-length", str(len(PAGE)).encode())] * 2]

    reply = await get(wrap(serving(PAGE, headers=fields)))

    assert reply.every(b"content-length") == [str(len(reply.body)).encode()]


async def test_34c_a_streamed_page_has_no_length(wrap):
    fields = [*HTML, (b"content-length", str(len(PAGE)).encode())]

    assert (await get(wrap(serving(PAGE[:9], PAGE[9:], headers=fields)))).one(b"content-length") is None


DECOYS = [
    b"<script>document.write('</body><body>')</script>",
    b"<!-- <body> </body> -->",
    b"<textarea><body></textarea>",
    b"<template><body></body></template>",
    b"<iframe srcdoc='<body></body>'></iframe>",
    b'<p title="<body>"></p>',
    b"<svg><desc><![CDATA[<body></body>]]></desc></svg>",
    b"<title><body></title>",
    b"<style>/*<body>*/</style>",
]


@pytest.mark.parametrize("place", ["start", "end"])
@pytest.mark.parametrize("decoy", DECOYS)
async def test_35_the_notice_stands_at_the_real_body_and_nowhere_else(wrap, policy, decoy, place):
    head = decoy if decoy.startswith((b"<script", b"<!--", b"<title", b"<style", b"<template")) else b""
    body = b"<!doctype html><html><head>" + head + b'</head><body id="real">' + decoy + b"<p>x</p>"
    end = b"</body></html><!-- </body> -->"

    reply = await get(wrap(serving(body + end), policy=policy.model_copy(update={"place": place})))

    before, _, after = without_head(reply.body).partition(OURS)
    assert reply.body.count(OURS) == 1
    if place == "start":
        assert before.endswith(b'<body id="real">')
    else:
        assert before == body
        assert after.endswith(end)


async def test_35b_a_frameset_gets_no_notice(wrap):
    body = b"<!doctype html><html><frameset cols=*><frame src=a></frameset></html>"

    assert without_head((await get(wrap(serving(body)))).body) == body


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><p>x",
        b"<!doctype html>",
        b"<html><head><title>t</title></head><p>x</html>",
        b"<html><p>x",
        b"<!doctype html><html><body>",
    ],
)
@pytest.mark.parametrize("place", ["start", "end"])
async def test_36_a_document_with_tags_left_out_gets_one_notice(wrap, policy, body, place):
    reply = await get(wrap(serving(body), policy=policy.model_copy(update={"place": place})))

    assert reply.body.count(OURS) == 1
    assert without_ours(reply.body) == body


ODD = {
    "two bodies": b"<!doctype html><body><body><head></head><head></head><p>x</p></body></body>",
    "upper case": b"<!DOCTYPE HTML><HTML><HEAD></HEAD><BODY\n>x</BODY ></HTML>",
    "comment never closed": b"<!doctype html><body><p>x<!-- ",
    "NUL bytes": b"<!doctype html><bo\0dy><body>\0<p\0>x</p>",
    "nothing": b"",
    "a bracket": b"<",
    "deep": b"<!doctype html><body>" + b"<div>" * 20_000,
    "tag never closed": b"<!doctype html><body><p title='" + b"x" * 100_000,
    "a hundred thousand attributes": b"<!doctype html><body><p " + b"a=b " * 100_000,
    "brackets": b"<!doctype html><body>" + b"<" * 100_000,
}


@pytest.mark.parametrize("name", ODD)
async def test_37_odd_pages_pass_with_at_most_one_notice_and_all_their_bytes(wrap, name, caplog):
    body = ODD[name]

    reply = await get(wrap(serving(body)))

    assert without_ours(reply.body) == body
    assert reply.body.count(OURS) == (name not in ("nothing", "a bracket"))
    assert caplog.records == []


async def test_37b_a_page_of_50_mb_streams_through_less_than_one(wrap):
    piece = b"<p>" + b"word " * 13_000 + b"</p>" + GATED

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        await send({"type": "http.response.body", "body": b"<!doctype html><body>", "more_body": True})
        for _ in range(50_000_000 // len(piece)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        return

    site = wrap(app)
    await get(wrap(serving(PAGE)))
    tracemalloc.start()
    try:
        await site(http(), receiver(), send)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000


CHARSETS = {
    "utf-8 with BOM": b"\xef\xbb\xbf" + PAGE.replace(b"Hello", "Hé".encode()),
    "latin-1": PAGE.replace(b"Hello", b"H\xe9"),
    "windows-1252": PAGE.replace(b"Hello", b"\x93H\x94"),
    "shift_jis": PAGE.replace(b"Hello", "表ソ".encode("shift_jis")),
    "gb18030": PAGE.replace(b"Hello", "你好".encode("gb18030")),
    "invalid bytes": PAGE.replace(b"Hello", b"\xff\xc0\x80\xed\xa0\x80"),
}


@pytest.mark.parametrize("name", CHARSETS)
@pytest.mark.parametrize("declared", [b"text/html", b"text/html; charset=utf-8"])
async def test_38_in_any_charset_the_apps_bytes_stay_and_ours_are_ascii(wrap, name, declared):
    body = CHARSETS[name]

    reply = await get(
        wrap(serving(body, headers=[(b"content-type", declared)])), headers=[(b"accept-language", b"ar")]
    )

    assert without_ours(reply.body) == body
    assert reply.body.count(OURS) == 1
    ours = reply.body[reply.body.index(OURS) : reply.body.index(b"</span>", reply.body.index(b"</template>"))]
    assert ours.isascii()


@pytest.mark.parametrize(
    ("codec", "mark", "kind"),
    [
        ("utf-16-le", "\ufeff", b"text/html"),
        ("utf-16-be", "\ufeff", b"text/html"),
        ("utf-16-le", "", b'text/html; Charset="UTF-16LE"'),
    ],
    ids=["little-endian", "big-endian", "told-by-its-type"],
)
async def test_38b_utf_16_keeps_its_bytes_and_the_browser_keeps_third_parties_out(
    wrap, decided, codec, mark, kind
):
    body = (mark + PAGE.decode()).encode(codec)
    app = wrap(
        serving(body, headers=[(b"content-type", kind)]),
        policy=Policy.model_validate({**POLICY, "unlisted": "allow"}),
    )

    undecided = await get(app)
    accepted = await get(app, headers=[decided("functional", "analytics", "marketing")])

    assert undecided.body == accepted.body == body
    assert undecided.every(b"content-security-policy") == [CLOSED_CSP]
    assert accepted.every(b"content-security-policy") == []
