"""Which pages are the same for all."""

from __future__ import annotations

import pytest

from consentkit.web.gate.delivery import is_shared

PUBLIC = (b"Cache-Control", b"public, max-age=60")


@pytest.mark.parametrize(
    ("delivery", "method", "status", "headers", "shared"),
    [
        ("auto", "GET", 200, [PUBLIC], True),
        ("auto", "HEAD", 200, [PUBLIC], True),
        ("auto", "GET", 200, [(b"cache-control", b"S-MaxAge=30")], True),
        ("auto", "GET", 200, [(b"cache-control", b"max-age=60"), (b"cache-control", b"PUBLIC")], True),
        ("auto", "GET", 200, [], False),
        ("auto", "GET", 200, [(b"cache-control", b"max-age=600")], False),
        ("auto", "GET", 200, [(b"cache-control", b"public-ish")], False),
        ("auto", "GET", 200, [PUBLIC, (b"cache-control", b"private")], False),
        ("auto", "GET", 200, [(b"cache-control", b'public, private="x"')], False),
        ("auto", "GET", 200, [(b"cache-control", b"public, no-store")], False),
        ("auto", "GET", 200, [PUBLIC, (b"Set-Cookie", b"session=1")], False),
        ("auto", "GET", 200, [PUBLIC, (b"Vary", b"Accept, Cookie")], False),
        ("auto", "GET", 200, [PUBLIC, (b"Vary", b"*")], False),
        ("auto", "GET", 200, [PUBLIC, (b"Vary", b"Accept-Language")], True),
        ("auto", "POST", 200, [PUBLIC], False),
        ("auto", "GET", 404, [PUBLIC], False),
        ("shared", "GET", 200, [], True),
        ("shared", "GET", 404, [], True),
        ("shared", "GET", 200, [(b"cache-control", b"private")], False),
        ("shared", "GET", 200, [(b"set-cookie", b"session=1")], False),
        ("shared", "POST", 200, [], False),
        ("private", "GET", 200, [PUBLIC], False),
    ],
)
def test_a_page_is_the_same_for_all_where_the_app_says_so_and_nothing_speaks_against_it(
    delivery: str, method: str, status: int, headers: list[tuple[bytes, bytes]], shared: bool
) -> None:
    assert is_shared(delivery, method, status, headers) is shared  # type: ignore[arg-type]
