"""What is remembered of a request changes nothing: it is told what it would be told by a resolver that remembers nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asgi import KEY, POLICY

from consentkit.core.cookie import CookieCodec
from consentkit.core.decision import Act, Choice, Outcome, decide
from consentkit.core.policy import Policy
from consentkit.web.request import Resolver, Visit
from consentkit.web.transport import Transport

OTHER_KEY = "q9vLxTzR4mWc7YbN2kHs5JdF8gPa1EuX"


def codec_of(policy: Policy, key: str = KEY) -> CookieCodec:
    return CookieCodec([key], policy.site.address)


def token(policy: Policy, choice: Choice, *, key: str = KEY, at: int | None = None) -> bytes:
    outcome = decide(policy, choice, now=int(time.time()) if at is None else at, visitor="v" * 22)
    assert isinstance(outcome, Outcome)
    return codec_of(policy, key).dump(outcome.decision)


POLICY_NOW = POLICY if isinstance(POLICY, Policy) else Policy.model_validate(POLICY)
ACCEPTED, REJECTED = (token(POLICY_NOW, Choice(act)) for act in (Act.ACCEPT, Act.REJECT))
FORGED = token(POLICY_NOW, Choice(Act.ACCEPT), key=OTHER_KEY)
COOKIES = [
    b"theme=dark",
    *(
        name + b"=" + value
        for name in (b"consentkit", b"__Host-consentkit")
        for value in (ACCEPTED, REJECTED, FORGED)
    ),
]
FIELDS: dict[bytes, list[bytes]] = {
    b"host": [b"localhost", b"paper.example", b"localhost:8000"],
    b"sec-gpc": [b"1", b"0"],
    b"sec-fetch-dest": [b"document", b"iframe", b"empty", b"script"],
    b"sec-fetch-site": [b"same-origin", b"cross-site", b"none"],
    b"sec-fetch-mode": [b"navigate", b"cors"],
    b"origin": [b"http://localhost", b"https://else.example", b"null"],
    b"hx-request": [b"true"],
    b"hx-boosted": [b"true", b"false"],
    b"turbo-frame": [b"main"],
    b"x-turbo-request-id": [b"1", b"2"],
    b"x-requested-with": [b"fetch"],
    b"x-forwarded-proto": [b"https", b"http"],
    b"x-forwarded-for": [b"192.0.2.1"],
}


@st.composite
def scopes(draw: st.DrawFn) -> dict[str, Any]:
    headers = [
        (name, draw(st.sampled_from(values)))
        for name, values in FIELDS.items()
        if draw(st.integers(0, 2)) == 0
    ]
    for _ in range(draw(st.integers(0, 2))):
        cookies = draw(st.lists(st.sampled_from(COOKIES), min_size=1, max_size=3))
        headers.append((b"cookie", b"; ".join(cookies)))
    return {
        "type": "http",
        "method": draw(st.sampled_from(["GET", "POST", "HEAD"])),
        "scheme": draw(st.sampled_from(["http", "https"])),
        "client": (draw(st.sampled_from(["127.0.0.1", "10.0.0.1"])), 4000),
        "path": draw(st.sampled_from(["/", "/fr"])),
        "headers": headers,
    }


@st.composite
def neighbours(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A request, and others that differ from it in one thing each: what is told apart must be told apart by that."""
    base = draw(scopes())
    others = draw(st.lists(scopes(), min_size=1, max_size=3))
    found = [base]
    for other in others:
        found += [{**base, part: other[part]} for part in ("method", "scheme", "client", "path")]
        without = [field for field in base["headers"] if field[0] != b"cookie"]
        cookies = [field for field in other["headers"] if field[0] == b"cookie"]
        found.append({**base, "headers": [*without, *cookies]})
        for name, value in other["headers"]:
            if name != b"cookie":
                kept = [field for field in base["headers"] if field[0] != name]
                found.append({**base, "headers": [*kept, (name, value)]})
    return found


def where(scope: Any) -> str | None:
    return "FR" if scope["path"] == "/fr" else None


@pytest.mark.parametrize("proxies", [(), ("10.0.0.0/8",)], ids=["no-proxy", "a-trusted-proxy"])
@given(visits=neighbours())
def test_a_resolver_that_remembers_tells_what_one_without_memory_tells(
    proxies: tuple[str, ...], visits: list[dict[str, Any]]
) -> None:
    def resolver() -> Resolver:
        transport = Transport(None, proxies, "consentkit")
        return Resolver(POLICY_NOW, codec_of(POLICY_NOW), transport, where, lambda _: None)

    remembering = resolver()

    for scope in [*visits, *visits]:
        told, fresh = Visit(remembering, scope).reading, Visit(resolver(), scope).reading
        assert (told.consent, told.read, told.keeping, told.asked) == (
            fresh.consent,
            fresh.read,
            fresh.keeping,
            fresh.asked,
        )


ALONE = [
    (name, value)
    for name, values in FIELDS.items()
    for value in values
    if not name.startswith(b"x-forwarded")
]


@pytest.mark.parametrize(("name", "value"), ALONE, ids=lambda part: part.decode())
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_one_field_more_is_another_reading(name: bytes, value: bytes, method: str) -> None:
    """Each field by itself, so that none of them can be forgotten in what a reading is remembered by."""

    def resolver() -> Resolver:
        return Resolver(
            POLICY_NOW, codec_of(POLICY_NOW), Transport(None, (), "consentkit"), None, lambda _: None
        )

    usual = {b"host": b"localhost"}
    bases: list[dict[bytes, bytes]] = [
        usual,
        {**usual, b"sec-fetch-site": b"cross-site"},
        {**usual, b"sec-fetch-site": b"same-origin", b"hx-request": b"true"},
    ]
    for base in bases:
        remembering = resolver()
        for fields in (base, {**base, name: value}, base):
            scope = {
                "type": "http",
                "method": method,
                "scheme": "http",
                "path": "/",
                "headers": list(fields.items()),
            }
            told, fresh = Visit(remembering, scope).reading, Visit(resolver(), scope).reading
            assert (told.consent, told.keeping, told.asked) == (fresh.consent, fresh.keeping, fresh.asked)


def test_two_cookie_fields_are_not_remembered_as_one_that_holds_a_comma() -> None:
    resolver = Resolver(
        POLICY_NOW, codec_of(POLICY_NOW), Transport(None, (), "consentkit"), None, lambda _: None
    )
    usual = [(b"host", b"localhost")]
    ours = b"consentkit=" + ACCEPTED

    def visit(*cookies: bytes) -> Visit:
        headers = [*usual, *((b"cookie", cookie) for cookie in cookies)]
        return Visit(
            resolver, {"type": "http", "method": "GET", "scheme": "http", "path": "/", "headers": headers}
        )

    assert not visit(b"theme=dark, " + ours).consent.decided
    assert visit(b"theme=dark", ours).consent.decided
    assert not visit(b"theme=dark, " + ours).consent.decided


def test_a_remembered_grant_ends_when_its_decision_ends() -> None:
    at = int(time.time()) - POLICY_NOW.cookie_lifetime + 2
    cookie = b"consentkit=" + token(POLICY_NOW, Choice(Act.ACCEPT), at=at)
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "headers": [(b"host", b"localhost"), (b"cookie", cookie)],
    }
    resolver = Resolver(
        POLICY_NOW, codec_of(POLICY_NOW), Transport(None, (), "consentkit"), None, lambda _: None
    )

    before = Visit(resolver, scope).consent
    time.sleep(max(0.0, at + POLICY_NOW.cookie_lifetime + 0.05 - time.time()))
    after = Visit(resolver, scope).consent

    assert before.allows("analytics")
    assert not after.decided
    assert after.granted == {"necessary"}
