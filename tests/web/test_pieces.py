"""Pages that are alike share what they come to; pages that are not do not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.asgi import drive, http, serving

AGE = re.compile(rb"Max-Age=\d+")
WORD = re.compile(rb'name="view" value="[A-Za-z0-9_-]{20}"')
LONG = "/" + "x" * 2001
HTML = b"text/html"


def page(lang: bytes) -> bytes:
    return b'<!doctype html><html lang="%b"><head></head><body><p>Words</p></body></html>' % lang


Request = tuple[dict[str, Any], bytes, list[tuple[bytes, bytes]]]
"""How the page is asked for, its language, and the header fields that the app answers with."""


def requests(decided: Any) -> list[Request]:
    utf8, guessed = [(b"content-type", b"text/html; charset=utf-8")], [(b"content-type", HTML)]
    csp = (b"content-security-policy", b"script-src 'nonce-abc'; style-src 'nonce-abc'")
    other = (b"content-security-policy", b"script-src 'nonce-def'; style-src 'nonce-def'")
    return [
        ({"path": "/"}, b"en", utf8),
        ({"path": "/another?a=1"}, b"en", utf8),
        ({"path": "/"}, b"de", utf8),
        ({"path": "/"}, b"", utf8),
        ({"path": "/", "headers": [(b"accept-language", b"fr")]}, b"", utf8),
        ({"path": "/"}, b"", [*utf8, (b"content-language", b"it")]),
        ({"path": "/"}, b"en", guessed),
        ({"path": "/", "method": "POST"}, b"en", utf8),
        ({"path": LONG}, b"en", utf8),
        ({"path": "/legal/terms"}, b"en", utf8),
        ({"path": "/app/", "root_path": "/app"}, b"en", utf8),
        ({"path": "/", "headers": [(b"sec-gpc", b"1")]}, b"en", utf8),
        ({"path": "/", "headers": [decided()]}, b"en", utf8),
        ({"path": "/", "headers": [decided("analytics")]}, b"en", utf8),
        ({"path": "/", "headers": [(b"sec-fetch-dest", b"iframe")]}, b"en", utf8),
        ({"path": "/", "headers": [(b"hx-request", b"true")]}, b"en", utf8),
        ({"path": "/"}, b"en", [*utf8, csp]),
        ({"path": "/"}, b"en", [*utf8, other]),
        ({"path": "/"}, b"en", [*utf8, (b"cache-control", b"public")]),
    ]


@pytest.mark.parametrize("order", [1, -1], ids=["there", "and-back"])
async def test_a_page_after_others_is_the_page_of_its_own_request(wrap, decided, order: int) -> None:
    answer = {"body": b"", "fields": []}

    async def site(scope: Any, receive: Any, send: Any) -> None:
        await serving(answer["body"], headers=answer["fields"])(scope, receive, send)

    async def asked(app: Any, request: Request) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        how, lang, fields = request
        answer.update(body=page(lang), fields=fields)
        reply = await drive(app, http(**how))
        # How long a hint lasts is told from now on, and a second may pass in between.
        headers = ((name, AGE.sub(b"", value)) for name, value in reply.starts[0]["headers"])
        return WORD.sub(b"", reply.body), sorted(headers)

    remembering = wrap(site)
    every = requests(decided)[::order]

    told = [await asked(remembering, request) for request in every]

    for request, page_and_fields in zip(every, told, strict=True):
        assert page_and_fields == await asked(wrap(site), request), request
    assert len({body for body, _ in told}) > len(every) - 4


async def test_two_views_of_one_page_have_words_of_their_own(wrap) -> None:
    app = wrap(serving(page(b"en")))

    words = {WORD.findall((await drive(app, http("/"))).body)[0] for _ in range(3)}

    assert len(words) == 3
