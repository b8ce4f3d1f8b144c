"""What loads a placeholder's content once leads to nowhere but the content of the service that it names."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.asgi import FORM, POLICY, SAME, body_of, drive, http, serving

from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.core.policy import Policy

FILM = "https://player.example/embed/1?a=1&b=2"


@pytest.fixture
def app(wrap: Any) -> Any:
    return wrap(serving(b"<!doctype html>"), policy=Policy.model_validate(POLICY))


@pytest.fixture
def counted(audit: AuditLog) -> Callable[[], Awaitable[dict[tuple[str, ...], int]]]:
    """Reads what was counted, by kind, service and rule."""

    async def read() -> dict[tuple[str, ...], int]:
        audit.add_counts({("test", "", ""): 1})  # so that there is a store to read
        await audit.close()
        day = int(time.time()) // 86_400
        rows = Reader(audit.url).counts(day - 1, day)
        return {tuple(row[1:4]): row.n for row in rows if row.kind != "test"}

    return read


async def once(app: Any, body: str, *headers: tuple[bytes, bytes]) -> Any:
    scope = http("/_consent/once", method="POST", headers=list(headers or (FORM, SAME)))
    return await drive(app, scope, body_of(body.encode()))


async def test_it_leads_on_to_the_address_and_sets_nothing(app, logged):
    reply = await once(app, "service=player&address=https%3A%2F%2Fplayer.example%2Fembed%2F1%3Fa%3D1%26b%3D2")

    assert reply.status == 200
    assert b'content="0;url=https://player.example/embed/1?a=1&amp;b=2"' in reply.body
    assert reply.every(b"set-cookie") == []
    assert reply.one(b"cache-control") == b"no-store"
    assert b"frame-ancestors 'self'" in (reply.one(b"content-security-policy") or b"")
    assert logged() == []


async def test_it_is_counted_by_service_and_rule(app, counted):
    await once(app, f"service=player&address={FILM.partition('&')[0]}")

    assert await counted() == {("once", "player", "player.example"): 1}


async def test_a_refused_one_is_not_counted(app, counted):
    await once(app, "service=player&address=https://evil.example/")

    assert await counted() == {}


@pytest.mark.parametrize("sandbox", ["", "allow-scripts allow-forms"])
async def test_content_that_the_page_sandboxed_stays_in_its_sandbox(app, sandbox):
    reply = await once(app, f"service=player&address=https://player.example/embed/1&sandbox={sandbox}")

    assert b'<iframe src="https://player.example/embed/1" sandbox="%b"' % sandbox.encode() in reply.body
    assert b"refresh" not in reply.body


async def test_a_sandbox_cannot_write_markup(app):
    reply = await once(
        app,
        "service=player&address=https://player.example/embed/1&sandbox=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    )

    assert b"<script" not in reply.body


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/embed/1",
        "https://counter.example/c.js",
        "https://player.example.evil.example/",
        "https://evil.example\\@player.example/",
        "https://player.example@evil.example/",
        "javascript:alert(1)//player.example",
        "data:text/html,player.example",
        "/embed/1",
        "",
        "https://player.example/%0d%0aSet-Cookie:x" + "\r\n",
        "https://player.example/" + "x" * 10_000,
        "https://pläyer.example/",
    ],
    ids=lambda value: value[:30] or "empty",
)
async def test_no_other_address_is_led_to(app, address):
    reply = await once(app, urlencode({"service": "player", "address": address}))

    assert reply.status in (400, 413)
    assert b"evil" not in reply.body


@pytest.mark.parametrize("service", ["nobody", "youtube", "", "marketing"])
async def test_a_service_that_is_not_asked_about_is_none(app, service):
    reply = await once(app, f"service={service}&address={FILM}")

    assert reply.status == 400


@pytest.mark.parametrize(
    "headers",
    [
        (FORM, (b"sec-fetch-site", b"cross-site")),
        (FORM, (b"sec-fetch-site", b"same-site")),
        (FORM, (b"origin", b"https://evil.example")),
        (FORM,),
    ],
    ids=["another site", "a sibling host", "another origin", "nobody says"],
)
async def test_a_form_of_another_page_is_refused(app, headers):
    reply = await once(app, f"service=player&address={FILM}", *headers)

    assert reply.status == 403


async def test_only_a_form_is_read(app):
    reply = await once(app, '{"service": "player"}', (b"content-type", b"application/json"), SAME)

    assert reply.status == 415


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_nothing_happens_by_another_method(app, method):
    reply = await drive(app, http("/_consent/once", method=method, headers=[SAME]))

    assert (reply.status, reply.one(b"allow")) == (405, b"POST")
