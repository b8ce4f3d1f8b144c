"""The ``Set-Cookie`` fields that keep a decision, and those that clear what should not stand there."""

from __future__ import annotations

from consentkit.web.answer import Header
from consentkit.web.transport import Keeping, Peer

MOST_CLEARED = 16
"""Deletions in one answer: enough for every parent domain and path of a page, well below servers' header buffers."""


def decision_cookie(name: bytes, value: bytes, keeping: Keeping, lifetime: int) -> Header:
    """The field that keeps a decision: for this host alone, out of reach of scripts.

    :param lifetime: seconds; at most 400 days (RFC 6265bis section 5.5, checked 2026-11).
    """
    attributes = b"; Path=/; Max-Age=%d; SameSite=Lax; HttpOnly" % lifetime
    if keeping is Keeping.SECURE:
        attributes += b"; Secure"
    return (b"set-cookie", name + b"=" + value + attributes)


def clearing(name: bytes, keeping: Keeping, peer: Peer, path: str) -> list[Header]:
    """Fields that delete cookies of our name which we did not set.

    Under the ``__Host-`` prefix there can be only one, and the decision replaces it. Without the prefix a parent domain
    or a deeper path may hold others.

    :param path: path of the page that the decision was made on.
    """
    if keeping is not Keeping.PLAIN:
        return []
    dead = name + b"=; Max-Age=0; Path="
    paths = _paths(path)
    fields = [dead + each.encode("latin-1", "replace") for each in paths if each != "/"]
    fields += [dead + b"/; Domain=" + domain.encode("latin-1", "replace") for domain in _domains(peer.host)]
    return [(b"set-cookie", field) for field in fields[:MOST_CLEARED]]


def _paths(path: str) -> list[str]:
    """Every path a cookie could have and be sent with this page: each directory, with and without its slash."""
    found = []
    at = path.partition("?")[0]
    while len(at) > 1:
        found.append(at)
        at = at[:-1] if at.endswith("/") else at[: at.rindex("/") + 1]
    return [each for each in found if ";" not in each]


def _domains(host: str) -> list[str]:
    """The host itself as a domain, and every parent of it; a browser ignores one that is a public suffix."""
    labels = host.rsplit(":", 1)[0].split(".")
    return [".".join(labels[at:]) for at in range(len(labels)) if labels[at:] and not labels[-1].isdigit()]
