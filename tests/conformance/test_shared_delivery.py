"""Case 41, the shared delivery: one page for all, whoever asks, and what the app says of caching stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.asgi import HTML, PAGE, Reply, get, http, receiver, recorder, serving, without_ours
from tests.fixtures import Wrap

PUBLIC = (b"cache-control", b"public, max-age=60, s-maxage=600")
ETAG = (b"etag", b'"v1"')
MODIFIED = (b"last-modified", b"Tue, 24 Nov 2026 10:00:00 GMT")
FIELDS = [
    *HTML,
    (b"content-length", str(len(PAGE)).encode()),
    PUBLIC,
    ETAG,
    MODIFIED,
    (b"vary", b"Accept-Encoding"),
    (b"expires", b"Wed, 25 Nov 2026 10:00:00 GMT"),
]
Decided = Callable[..., tuple[bytes, bytes]]


def conditional_app(seen: list[dict[bytes, bytes]]) -> Any:
    """Answers 304 where the browser has its page already."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        fields = dict(scope["headers"])
        seen.append(fields)
        status = 304 if fields.get(b"if-none-match") == ETAG[1] else 200
        headers = FIELDS if status == 200 else [HTML[0], ETAG, PUBLIC]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE if status == 200 else b""})

    return app


async def test_41c_every_visitor_gets_the_same_bytes_and_fields(wrap: Wrap, decided: Decided) -> None:
    app = wrap(serving(PAGE, headers=FIELDS))
    visitors: list[list[tuple[bytes, bytes]]] = [
        [],
        [decided("analytics", "marketing")],
        [decided()],
        [(b"sec-gpc", b"1"), (b"accept-language", b"fr")],
        [(b"sec-fetch-dest", b"iframe"), (b"sec-fetch-site", b"cross-site")],
        [(b"hx-request", b"true")],
        [(b"cookie", b"_ga=1; consentkit-hint=1f3a9c02.a.f")],
    ]

    replies = [await get(app, headers=headers) for headers in visitors]

    assert len({reply.body for reply in replies}) == 1
    assert len({tuple(reply.headers) for reply in replies}) == 1
    assert b'data-ck-src="https://counter.example/c.js"' in replies[0].body
    assert b'id="consentkit-banner"' in replies[0].body
    assert without_ours(replies[0].body) == PAGE


async def test_41d_what_the_app_says_of_caching_stands(wrap: Wrap) -> None:
    reply = await get(wrap(serving(PAGE, headers=FIELDS)))

    for name, value in (PUBLIC, MODIFIED, (b"vary", b"Accept-Encoding"), FIELDS[-1]):
        assert reply.one(name) == value
    assert reply.every(b"set-cookie") == []
    assert (reply.one(b"etag") or b"").startswith(b'W/"v1-cks.')
    assert reply.one(b"content-length") == str(len(reply.body)).encode()


async def test_41e_nothing_of_the_page_tells_where_it_was_asked_for(wrap: Wrap) -> None:
    app = wrap(serving(PAGE, headers=FIELDS))

    assert (await get(app, "/a?q=1")).body == (await get(app, "/b")).body


async def test_41f_a_page_of_its_visitor_stays_private_under_auto(wrap: Wrap, decided: Decided) -> None:
    reply = await get(wrap(serving(PAGE)), headers=[decided("analytics")])

    assert reply.one(b"cache-control") == b"private, no-cache"
    assert b'<script src="https://counter.example/c.js"' in reply.body


async def test_41g_under_private_a_public_page_is_made_for_its_visitor(wrap: Wrap) -> None:
    reply = await get(wrap(serving(PAGE, headers=FIELDS), delivery="private"))

    assert reply.one(b"cache-control") == b"private, no-cache"


async def test_40e_a_page_for_all_is_confirmed_by_304_for_every_visitor(wrap: Wrap, decided: Decided) -> None:
    seen: list[dict[bytes, bytes]] = []
    app = wrap(conditional_app(seen))
    etag = (await get(app)).one(b"etag")
    assert etag is not None

    replies = [
        await get(app, headers=[(b"if-none-match", etag), *headers])
        for headers in ([], [decided("analytics")], [decided()])
    ]

    assert [reply.status for reply in replies] == [304, 304, 304]
    assert {reply.one(b"cache-control") for reply in replies} == {PUBLIC[1]}
    assert {reply.one(b"etag") for reply in replies} == {etag}
    assert {tuple(reply.every(b"vary") + reply.every(b"set-cookie")) for reply in replies} == {()}


@pytest.mark.parametrize("name", [b"if-none-match", b"if-modified-since"])
async def test_40f_a_validator_from_before_consentkit_confirms_nothing(wrap: Wrap, name: bytes) -> None:
    seen: list[dict[bytes, bytes]] = []
    value = ETAG[1] if name == b"if-none-match" else MODIFIED[1]

    reply = await get(wrap(conditional_app(seen)), headers=[(name, value), (b"accept", b"text/html")])

    assert reply.status == 200
    assert name not in seen[0]


async def test_a_streamed_page_for_all_has_the_bytes_of_a_whole_one(wrap: Wrap) -> None:
    reply = Reply()
    app = wrap(serving(PAGE[:30], PAGE[30:60], PAGE[60:], headers=FIELDS))

    await app(http(), receiver(), recorder(reply))

    assert reply.body == (await get(wrap(serving(PAGE, headers=FIELDS)))).body
    assert reply.one(b"content-length") is None
