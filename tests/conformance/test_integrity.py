"""Case 44, and the end of case 26: our files are named by what they hold, and XML is nobody's page."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from tests.asgi import HTML, PAGE, get, serving

CSP = (b"content-security-policy", b"script-src 'self'; style-src 'self'")
TAG = re.compile(rb"<(?:script|link)\b[^>]*/_consent/static/[^>]*>")
TYPES = {b".js": b"text/javascript", b".css": b"text/css"}


@pytest.mark.parametrize(
    "kind",
    [
        b".js",
        b".css",
    ],
)
async def test_44_our_files_match_the_hash_that_the_page_names_and_have_their_type(wrap, kind):
    app = wrap(serving(PAGE, headers=[*HTML, CSP]))
    page = await get(app)

    tags = [tag for tag in TAG.findall(page.body) if kind in tag]
    assert tags
    for tag in tags:
        address = re.search(rb"""(?:src|href)=["']?([^"' >]+)""", tag)[1]
        promised = re.search(rb"""integrity=["']?sha(256|384|512)-([^"' >]+)""", tag)
        assert promised, tag
        reply = await get(app, address.decode())
        digest = hashlib.new(f"sha{promised[1].decode()}", reply.body).digest()
        assert base64.b64encode(digest) == promised[2]
        assert reply.one(b"content-type").startswith(TYPES[kind])
        assert reply.one(b"x-content-type-options") == b"nosniff"


@pytest.mark.parametrize("kind", [b"text/xml", b"application/xml", b"image/svg+xml", b"application/atom+xml"])
async def test_26f_xml_of_any_other_kind_is_left_alone(wrap, kind):
    reply = await get(wrap(serving(PAGE, headers=[(b"content-type", kind)])))

    assert reply.body == PAGE
    assert reply.headers == [(b"content-type", kind)]
