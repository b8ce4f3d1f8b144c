"""The statement that the site abides by Global Privacy Control."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from tests.asgi import drive, http, serving

from consentkit.web.wellknown import PATH, answer, asked_for, gpc, in_place_of_404

SINCE = datetime.date(2026, 11, 25)
OURS = answer(SINCE)
JSON = [(b"content-type", b"application/json")]


async def ask(app: Any, **more: Any) -> Any:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, in_place_of_404(OURS, scope, send))

    return await drive(wrapped, http(PATH, **more))


def test_the_statement_is_what_the_standard_says():
    assert json.loads(gpc(SINCE)) == {"gpc": True, "lastUpdate": "2026-11-25"}


async def test_an_app_that_has_none_gets_ours():
    reply = await ask(serving(b"<h1>Not", b" found</h1>", status=404))

    assert reply.status == 200
    assert reply.body == gpc(SINCE)
    assert reply.one(b"content-type") == b"application/json"
    assert reply.one(b"content-length") == str(len(gpc(SINCE))).encode()
    assert reply.one(b"cache-control") == b"public, max-age=3600"
    assert not reply.every(b"set-cookie")


async def test_a_head_request_gets_the_fields_alone():
    reply = await ask(serving(b"", status=404), method="HEAD")

    assert (reply.status, reply.body) == (200, b"")
    assert reply.one(b"content-length") == str(len(gpc(SINCE))).encode()


@pytest.mark.parametrize("status", [200, 204, 301, 307, 401, 403, 405, 410, 500, 503])
async def test_every_other_answer_of_the_app_stands(status):
    reply = await ask(serving(b'{"gpc"', b": false}", status=status, headers=JSON))

    assert (reply.status, reply.body, reply.headers) == (status, b'{"gpc": false}', JSON)


async def test_other_messages_of_an_app_pass_before_its_404_and_none_after():
    hint = {"type": "http.response.debug", "info": {}}
    sent = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(hint)
        await send({"type": "http.response.start", "status": 404, "headers": [], "trailers": True})
        await send({"type": "http.response.body", "body": b"no"})
        await send({"type": "http.response.trailers", "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    await app(http(PATH), None, in_place_of_404(OURS, http(PATH), send))

    assert [message["type"] for message in sent] == [
        "http.response.debug",
        "http.response.start",
        "http.response.body",
    ]
    assert sent[-1]["body"] == gpc(SINCE)


async def test_an_app_that_fails_before_it_answers_fails():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("down")

    with pytest.raises(RuntimeError, match="down"):
        await ask(app)


@pytest.mark.parametrize(
    ("path", "more", "asked"),
    [
        (PATH, {}, True),
        (PATH, {"method": "HEAD"}, True),
        (PATH, {"method": "POST"}, False),
        (PATH, {"root_path": "/shop"}, False),
        (f"/shop{PATH}", {"root_path": "/shop"}, False),
        (f"{PATH}/", {}, False),
        ("/.well-known/GPC.json", {}, False),
        ("/", {}, False),
    ],
)
def test_the_statement_lies_at_the_root_of_the_origin_alone(path, more, asked):
    assert asked_for({**http(path), **more}) is asked
