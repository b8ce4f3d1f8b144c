"""How a page is delivered: made for its visitor, or the same for all.

A page that is the same for all may be kept by any cache, and so must not depend on anybody's choice, nor set a cookie. Where
there is doubt a page is made for its visitor, which is always right and at worst slower.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from consentkit.web.answer import Header

Delivery = Literal["auto", "private", "shared"]
PERSONAL = frozenset({b"private", b"no-store"})
"""Directives by which an app says that a page is one visitor's, or nobody's to keep."""
CACHEABLE_METHODS = frozenset({"GET", "HEAD"})


def is_shared(delivery: Delivery, method: str, status: int, headers: Iterable[Header]) -> bool:
    """Whether a page is delivered as the same for all.

    :param delivery: what the site says: ``private``, never; ``shared``, unless the app says that the page is one visitor's;
        ``auto``, where the app itself declares it public, by ``public`` or ``s-maxage`` (RFC 9111 section 5.2.2; checked
        2026-11).
    :param headers: the app's own.
    """
    if delivery == "private" or method not in CACHEABLE_METHODS:
        return False
    directives: set[bytes] = set()
    for name, value in headers:
        size = len(name)
        if size == 10 and name.lower() == b"set-cookie":
            return False
        if size == 13 and name.lower() == b"cache-control":
            directives.update(part.strip().lower() for part in value.split(b","))
        elif size == 4 and name.lower() == b"vary" and _by_visitor(value):
            return False
    if not directives:
        return delivery == "shared"
    names = {directive.partition(b"=")[0] for directive in directives}
    if names & PERSONAL:
        return False
    return delivery == "shared" or (status == 200 and bool(names & {b"public", b"s-maxage"}))


def _by_visitor(vary: bytes) -> bool:
    """Whether the app itself answers each visitor with another page."""
    return any(part.strip().lower() in (b"*", b"cookie", b"authorization") for part in vary.split(b","))
