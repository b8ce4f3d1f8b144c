"""A source of a Content-Security-Policy, read as browsers read it (CSP level 3 section 6.7.2, checked 2026-11).

``[scheme://]host[:port][/path]``: the host exact, or ``*.x`` for the hosts below x. A path that ends in ``/`` stands for what
lies below it, any other for itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

NETWORK = frozenset({b"http:", b"https:", b"ws:", b"wss:"})
"""Schemes by which a browser reaches other hosts."""
LONGEST_HOST = 255
"""Bytes beyond which nobody can look a host up (RFC 1035 section 2.3.4)."""
_SOURCE = re.compile(
    rb"(?:[a-z][a-z0-9+.-]*://)?(?P<wild>\*(?:\.(?=[a-z0-9_-])|(?=[:/?#]|$)))?(?P<host>[a-z0-9_.-]*|\[[0-9a-f:.]*\])"
    rb"(?::(?P<port>[0-9]+|\*))?(?P<path>/[^?#]*)?(?:[?#].*)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Source:
    """One source that names hosts.

    :param host: lower case; behind ``*.`` where ``below`` is set; empty for every host.
    :param below: whether it stands for the hosts below ``host``, not for ``host`` itself.
    :param port: as written; empty for the scheme's own, ``*`` for any.
    :param path: percent-decoded; empty for every path.
    """

    host: str
    below: bool
    port: str
    path: str

    @property
    def directory(self) -> bool:
        """Whether all paths that begin with ``path`` are meant."""
        return not self.path or self.path.endswith("/")


def parse_source(source: bytes) -> Source | None:
    """The hosts that a source names; ``None`` where it names none (a scheme, a keyword, what no browser reads)."""
    match = _SOURCE.fullmatch(source.lower())
    if match is None or not (match["host"] or match["wild"]) or len(match["host"]) > LONGEST_HOST:
        return None
    path = unquote_to_bytes(source[len(source) - len(match["path"] or b"") :]) if match["path"] else b""
    return Source(
        host=match["host"].decode("ascii").rstrip("."),
        below=match["wild"] is not None,
        port=(match["port"] or b"").decode("ascii"),
        path=path.decode("latin-1"),
    )
