"""Where a decision came from, and where it may lead: pure rules on header fields and on ``next``.

No form token: it would be useless in a cached page. The browser says where a request comes from, in three fields of falling
reliability, and who says nothing may refuse but not grant.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from urllib.parse import urlsplit

from consentkit.web.request import FRAMES, text
from consentkit.web.transport import Peer

LONGEST_NEXT = 2_000
"""Characters. Our form omits a longer one, so that a refusal stays below the body limit."""


class Origin(Enum):
    """Where a decision came from."""

    SAME = "same"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


def origin_of(fields: Mapping[bytes, bytes], peer: Peer) -> Origin:
    """Judge ``Sec-Fetch-Site``, then ``Origin``, then ``Referer``.

    ``Origin: null`` counts as absent: a same-origin POST under ``no-referrer`` sends it. A page of a sibling host
    (``same-site``) is foreign: it may not be ours. (Fetch metadata section 2.4, Fetch section 3.2; checked 2026-11.)
    """
    site = text(fields, b"sec-fetch-site")
    if site:
        return Origin.SAME if site in ("same-origin", "none") else Origin.FOREIGN
    origin = text(fields, b"origin")
    if origin and origin != "null":
        return Origin.SAME if origin == peer.origin else Origin.FOREIGN
    referer = fields.get(b"referer", b"").decode("latin-1")
    if referer:
        return Origin.SAME if _origin(referer) == peer.origin else Origin.FOREIGN
    return Origin.UNKNOWN


def from_frame(fields: Mapping[bytes, bytes]) -> bool:
    """Whether a decision was made in a page inside another, where a click can be led."""
    return text(fields, b"sec-fetch-dest") in FRAMES


def safe_next(value: str) -> str | None:
    """The path and query to return to, or ``None`` for anything that could lead off the site.

    Accepted: one ``/``, then printable ASCII without a backslash, where neither a browser nor ``urlsplit`` finds a scheme or
    a host.
    """
    if not value.startswith("/") or len(value) > LONGEST_NEXT:
        return None
    if (
        not (value.isascii() and value.isprintable())
        or " " in value
        or "\\" in value
        or "@" in value.partition("?")[0]
    ):
        return None
    decoded = value.partition("?")[0].replace("%09", "").replace("%0a", "").replace("%0A", "")
    decoded = decoded.replace("%0d", "").replace("%0D", "").replace("%5c", "/").replace("%5C", "/")
    if decoded.replace("%2f", "/").replace("%2F", "/").startswith("//"):
        return None
    parts = urlsplit(value)
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return None
    return value.partition("#")[0]


def next_of_referer(referer: str, peer: Peer) -> str | None:
    """The path and query of a page of this very origin that a decision came from."""
    if _origin(referer) != peer.origin:
        return None
    parts = urlsplit(referer)
    return safe_next(parts.path + (f"?{parts.query}" if parts.query else ""))


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()
