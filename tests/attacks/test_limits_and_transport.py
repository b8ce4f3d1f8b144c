"""Floods, and connections that are not what they seem."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from tests.asgi import JSON, PAGE, SAME, body_of, decision_of, drive, get, http, post, serving

from consentkit.core.errors import ConfigurationError
from consentkit.web.limit import BURST, MOST_ADDRESSES, RateLimit
from consentkit.web.transport import Keeping, Transport, loopback

OURS = b'<span id="consentkit"'
INERT = b'type="text/plain" data-ck='


async def as_json(app: Any, value: dict[str, Any]) -> Any:
    scope = http("/_consent", method="POST", headers=[JSON, SAME])
    return await drive(app, scope, body_of(json.dumps(value).encode()))


async def test_beyond_the_limit_a_grant_waits_and_a_refusal_takes_effect_without_an_event(wrap, logged):
    app = wrap(serving(PAGE), grants_per_second=0.001)
    notice = json.loads((await get(app, "/_consent/state")).body)["notice"]
    for _ in range(BURST):
        assert (await post(app, {"action": "accept", "notice": notice})).status == 303

    grant = await post(app, {"action": "accept", "notice": notice})
    refusal = await as_json(app, {"action": "reject"})
    elsewhere = await post(app, {"action": "accept", "notice": notice}, client=("198.51.100.1", 1))

    assert (grant.status, grant.one(b"retry-after")) == (429, b"5")
    assert not grant.every(b"set-cookie")
    assert refusal.status == 200
    assert json.loads(refusal.body)["event"] is None
    assert decision_of(refusal)
    assert json.loads((await get(app, "/_consent/health")).body)["limited"] == 1
    assert elsewhere.status == 303
    assert len(logged()) == BURST + 1


def test_tokens_come_back_with_time():
    now = 0.0
    limit = RateLimit(2.0, clock=lambda: now)
    assert [limit.takes("a") for _ in range(BURST + 1)] == [True] * BURST + [False]

    now = 1.0

    assert [limit.takes("a") for _ in range(3)] == [True, True, False]


def test_a_household_with_many_ipv6_addresses_has_one_bucket():
    limit = RateLimit(1.0, clock=lambda: 0.0)
    for number in range(BURST):
        limit.takes(f"2001:db8:1:2::{number:x}")

    assert not limit.takes("2001:db8:1:2:ffff::1%eth0")
    assert limit.takes("2001:db8:1:3::1")


def test_ipv4_addresses_told_as_ipv6_have_a_bucket_each():
    limit = RateLimit(1.0, clock=lambda: 0.0)
    for _ in range(BURST):
        limit.takes("::ffff:203.0.113.1")

    assert not limit.takes("203.0.113.1")
    assert limit.takes("::ffff:203.0.113.2")


def test_a_flood_of_addresses_is_bounded_and_keeps_the_newest():
    limit = RateLimit(1.0, clock=lambda: 0.0)
    for number in range(MOST_ADDRESSES):
        limit.takes(f"a{number}")
    for _ in range(BURST):
        limit.takes("newest")

    assert len(limit._buckets) <= MOST_ADDRESSES
    assert not limit.takes("newest")


FORWARDED = [(b"x-forwarded-proto", b"https"), (b"x-forwarded-for", b"198.51.100.7")]


async def test_forwarded_fields_of_a_stranger_are_not_believed(wrap):
    app = wrap(serving(PAGE), trusted_proxies=["10.0.0.0/8"])

    reply = await post(app, {"action": "reject"}, [SAME, *FORWARDED], client=("203.0.113.9", 1))

    assert reply.every(b"set-cookie")[0].startswith(b"consentkit=")


@pytest.mark.parametrize("proxy", ["10.1.2.3", "::ffff:10.1.2.3"])
async def test_forwarded_fields_of_a_trusted_proxy_are_believed(wrap, proxy):
    app = wrap(serving(PAGE), trusted_proxies=["10.0.0.0/8"])

    reply = await post(
        app, {"action": "reject"}, [SAME, *FORWARDED], client=(proxy, 1), host=b"paper.example"
    )

    assert reply.every(b"set-cookie")[0].startswith(b"__Host-consentkit=")


def peer(transport: Transport, *fields: tuple[bytes, bytes], client: str = "10.0.0.1") -> Any:
    return transport.peer(http(headers=fields, client=(client, 1)))


def test_the_client_is_the_nearest_address_that_no_proxy_of_ours_wrote():
    transport = Transport(None, ["10.0.0.0/8", "2001:db8::1"], "consentkit")
    chain = (b"x-forwarded-for", b"1.1.1.1, 198.51.100.7, 10.0.0.2")

    assert peer(transport, chain).client == "198.51.100.7"
    assert peer(transport, (b"x-forwarded-for", b"10.0.0.3")).client == "10.0.0.1"
    assert peer(transport, chain, client="2001:db8::1").client == "198.51.100.7"
    assert peer(transport, chain, client="203.0.113.1").client == "203.0.113.1"
    assert len(peer(transport, (b"x-forwarded-for", b"x" * 9999)).client) == 64


def test_the_scheme_is_what_the_nearest_proxy_saw_and_never_nonsense():
    transport = Transport(None, ["10.0.0.1"], "consentkit")

    assert peer(transport, (b"x-forwarded-proto", b"https, http")).scheme == "http"
    assert peer(transport, (b"x-forwarded-proto", b"HTTPS")).scheme == "https"
    assert peer(transport, (b"x-forwarded-proto", b"gopher")).scheme == "http"
    assert peer(Transport(True, [], "consentkit")).scheme == "https"


def test_a_proxy_that_is_no_address_stops_the_start():
    with pytest.raises(ConfigurationError, match=r"proxy\.example"):
        Transport(None, ["proxy.example"], "consentkit")


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("localhost", True),
        ("localhost:8000", True),
        ("news.localhost:8000", True),
        ("localhost.", True),
        ("127.0.0.1:80", True),
        ("127.9.9.9", True),
        ("[::1]:8000", True),
        ("[::1]", True),
        ("localhost.evil.example", False),
        ("notlocalhost", False),
        ("127.0.0.1.evil.example", False),
        ("10.0.0.1", False),
        ("[::2]", False),
        ("", False),
    ],
)
def test_a_host_is_this_machine_or_it_is_not(host, is_loopback):
    assert loopback(host) is is_loopback
    keeping = Transport(None, [], "consentkit").keeping(http(host=host.encode()))
    assert (keeping is Keeping.PLAIN) is is_loopback


@pytest.mark.parametrize(
    ("fields", "cure"),
    [([], "https=True behind a proxy"), (FORWARDED, "--forwarded-allow-ips=")],
    ids=["no proxy seen", "untrusted proxy"],
)
async def test_plain_http_on_a_public_host_keeps_nothing_says_so_and_names_the_cure_once(
    wrap, policy, caplog, logged, fields, cure
):
    app = wrap(serving(PAGE), policy=policy.model_copy(update={"regime": "notice"}))
    with caplog.at_level(logging.WARNING, "consentkit"):
        pages = [await get(app, host=b"news.example", headers=fields) for _ in range(3)]
        own = await get(app, "/_consent", host=b"news.example", headers=fields)
        answers = [
            await post(app, {"action": action, "notice": "a" * 64}, [SAME, *fields], host=b"news.example")
            for action in ("accept", "reject")
        ]

    (error,) = caplog.records
    assert error.levelname == "ERROR"
    assert cure in error.message
    for page in pages:
        assert INERT in page.body
        assert b'id="consentkit-accept"' not in page.body
        assert b"Choices cannot be kept on this connection." in page.body
    assert b"cannot be kept" in own.body or b"cannot keep" in own.body
    for answer in answers:
        assert answer.status == 503
        assert answer.one(b"retry-after") is None
        assert not answer.every(b"set-cookie")
    assert logged() == []


async def test_plain_http_on_a_public_host_is_a_choice_of_the_site(wrap):
    reply = await post(wrap(serving(PAGE), https=False), {"action": "reject"}, host=b"intranet:8080")

    assert reply.every(b"set-cookie")[0].startswith(b"consentkit=")


async def test_behind_tls_that_the_scope_does_not_see_an_old_browser_may_still_decide(wrap):
    fields = [(b"origin", b"https://paper.example")]

    reply = await post(wrap(serving(PAGE), https=True), {"action": "reject"}, fields, host=b"paper.example")

    assert reply.status == 303
