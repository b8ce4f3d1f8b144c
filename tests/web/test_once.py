"""What loads a placeholder's content once leads to nowhere but the content of the service that it names."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi import FORM, POLICY, SAME, body_of, drive, http, serving

from consentkit.core.policy import Policy

FILM = "https://player.example/embed/1?a=1&b=2"


@pytest.fixture
def app(wrap: Any) -> Any:
    return wrap(serving(b"<!doctype html>"), policy=Policy.model_validate(POLICY))


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
    from urllib.parse import urlencode

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
