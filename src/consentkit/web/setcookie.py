"""The ``Set-Cookie`` fields that keep a decision, and those that clear what should not stand there.

A browser tells the names of its cookies, never their domains and paths, so a deletion is a guess at both. The host itself and
each domain that a cookie of it may have are tried; of paths ``/``, which vendors use, and then the directories of the page,
which a script that names no path gets. What a response has no room for goes with one of the next: what is gone is not sent
again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from consentkit.core.domain import parents
from consentkit.web.answer import Header
from consentkit.web.transport import Keeping, Peer

MOST_CLEARED = 16
"""Deletions in one answer: enough for every parent domain and path of a page, well below servers' header buffers."""

MOST_BYTES = 2048
"""Bytes of ``Set-Cookie`` fields in one response: 45 deletions exceeded the 4 KB that nginx has for all fields (measured)."""
OVERHEAD = len(b"set-cookie: \r\n")
LONGEST = 1024
"""Bytes of an attribute of a cookie beyond which browsers pass it over (RFC 6265bis section 5.6, checked 2026-11)."""
_NAME = re.compile(r"[!-+\--:<>-~]{1,256}")
"""Names that can be written back as they are read: printable, none of what ends a name."""
_PREFIXED = ("__secure-", "__host-", "__http-")
"""Beginnings of names with which browsers take no cookie without ``Secure`` (RFC 6265bis section 4.1.3, checked 2026-11)."""


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


def size(fields: Iterable[Header]) -> int:
    """Bytes that ``Set-Cookie`` fields take in a response."""
    return sum(OVERHEAD + len(value) for name, value in fields if name.lower() == b"set-cookie")


def expiring(
    names: Sequence[tuple[str, bool]], host: str, path: str, *, room: int = MOST_BYTES, start: int = 0
) -> list[Header]:
    """Fields that delete cookies, as many as there is room for.

    :param names: names of the cookies, each with whether it may be a partitioned one, which goes only with ``Partitioned``.
    :param host: the request's host.
    :param path: path of the page; ``/`` where there is none.
    :param room: bytes that they may take.
    :param start: index of the name to begin with. Another at each response, so that none that cannot be deleted keeps the
        others waiting.
    """
    turned = [*names[start:], *names[:start]]
    written = [(name, partitioned) for name, partitioned in turned if _NAME.fullmatch(name)]
    domains = ("", *parents(host))
    deeper = [each for each in _paths(path) if each != "/" and each.isascii()]
    found: list[Header] = []
    for value in chain(
        _deletions(written, domains, ("/",)),
        _deletions(written, domains, deeper),
    ):
        room -= OVERHEAD + len(value)
        if room < 0:
            break
        found.append((b"set-cookie", value.encode("ascii")))
    return found


def _deletions(
    names: Sequence[tuple[str, bool]], domains: Sequence[str], paths: Sequence[str]
) -> Iterator[str]:
    for name, partitioned in names:
        secure = "; Secure; HttpOnly" if name.lower().startswith(_PREFIXED) else ""
        for path in paths:
            for domain in domains:
                within = f"; Domain={domain}" if domain else ""
                yield f"{name}=; Max-Age=0; Path={path}{within}{secure}"
                if partitioned:
                    yield f"{name}=; Max-Age=0; Path={path}{within}; Secure; Partitioned"


def _paths(path: str) -> list[str]:
    """Every path a cookie could have and be sent with this page: each directory, with and without its slash."""
    found = []
    at = path[: LONGEST + 1].partition("?")[0]
    if len(at) > LONGEST:
        # A path of 64 KB has 30,000 directories, 2 GB of text. Those that a browser takes lie within this.
        at = at[: at.rfind("/", 0, LONGEST) + 1]
    while len(at) > 1:
        found.append(at)
        at = at[:-1] if at.endswith("/") else at[: at.rindex("/") + 1]
    return [each for each in found if ";" not in each]


def _domains(host: str) -> list[str]:
    """The host itself as a domain, and every parent of it; a browser ignores one that is a public suffix."""
    labels = host.rsplit(":", 1)[0].split(".") if len(host) <= LONGEST else []
    return [".".join(labels[at:]) for at in range(len(labels)) if labels[at:] and not labels[-1].isdigit()]
