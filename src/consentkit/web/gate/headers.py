"""Header fields of a gated page: of one that was made for its visitor, and of one that is the same for all.

Every function takes the app's list and returns a new one; the order of the rest, repeated fields and their case stay. What
changed and why:

- ``Cache-Control`` becomes ``private, no-cache`` (or stays ``no-store``), and what speaks to shared caches goes: a page
  served to another visitor would be unlawful processing. ``Vary: Cookie`` makes the browser's own Back button ask again
  after a choice.
- Validators describe bytes that are no longer sent: a strong ``ETag`` becomes a weak one that names the state, digests and
  ``Last-Modified`` go (RFC 9110 sections 8.8 and 13, RFC 9530; checked 2026-11).
- A page that is the same for all keeps what the app says of caching. Its bytes are others than the app's all the same, so its
  ``ETag`` names their one state, and digests go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from consentkit.web.answer import Header

SHARED_CACHES = frozenset(
    {
        b"expires",
        b"pragma",
        b"cdn-cache-control",
        b"cloudflare-cdn-cache-control",
        b"surrogate-control",
        b"edge-control",
        b"x-accel-expires",
    }
)
"""Fields that let a shared or old cache keep a page (RFC 9213 for targeted ones; checked 2026-11)."""
DIGESTS = frozenset({b"content-md5", b"digest", b"content-digest", b"repr-digest"})
VALIDATORS = DIGESTS | {b"last-modified"}
RANGES = frozenset({b"accept-ranges"})
DESCRIBING = DIGESTS | RANGES
"""Fields that speak of bytes which are sent no longer."""
_CLEARS_COOKIES = re.compile(rb'"(?:cookies|\*)"')
CHANGED = (
    SHARED_CACHES
    | VALIDATORS
    | RANGES
    | {b"cache-control", b"vary", b"etag", b"content-length", b"content-encoding"}
)
"""Fields that do not stay as the app sent them."""
PRIVATE = b"private, no-cache"
KEPT_DIRECTIVES = (b"no-transform", b"no-store")

_TAGGED = re.compile(rb'W/"(?P<opaque>[^"]*)-ck(?P<kind>[ws])\.(?P<state>[0-9a-f]{12})"')
_ETAG = re.compile(rb'(?:W/)?"[^"]*"')


def private(
    headers: Iterable[Header],
    *,
    state: bytes,
    vary: Sequence[bytes],
    length: int | None,
    decoded: bool = False,
) -> list[Header]:
    """The header fields of a gated page.

    :param state: twelve hexadecimal digits that name what the page was made for.
    :param vary: request header fields that the bytes depend on.
    :param length: exact length of the body, or ``None`` where it is not known yet: then there is no ``Content-Length``.
    :param decoded: whether the content coding was undone.
    """
    kept: list[Header] = []
    directives: list[bytes] = []
    missing: dict[bytes, bytes] | None = None
    for field in headers:
        name, value = field
        lowered = name.lower()
        if lowered not in CHANGED:
            kept.append(field)
        elif lowered == b"content-length":
            if length is not None:
                kept.append((name, b"%d" % length))
                length = None  # one is enough, though the app said it twice
        elif lowered == b"cache-control":
            directives += [part.strip().lower() for part in value.split(b",")]
        elif lowered == b"vary":
            kept.append(field)
            missing = {name.lower(): name for name in vary} if missing is None else missing
            _strike_out(missing, value)
        elif lowered == b"etag":
            kept.append((name, tag_with_state(value, state)))
        elif lowered == b"content-encoding" and not decoded:
            kept.append(field)
    kept.append((b"cache-control", _cache_control(directives) if directives else PRIVATE))
    told = vary if missing is None else tuple(missing.values())
    if told:
        kept.append((b"vary", b", ".join(told)))
    return kept


def shared(
    headers: Iterable[Header], *, state: bytes, length: int | None, decoded: bool = False
) -> list[Header]:
    """The header fields of a gated page that is the same for all.

    ``Last-Modified`` stays, for caches that guess by it how long a page is fresh.

    :param state: twelve hexadecimal digits that name the one state that it is made for.
    :param length: exact length of the body, or ``None`` where it is not known yet.
    :param decoded: whether the content coding was undone.
    """
    kept: list[Header] = []
    for field in headers:
        name, value = field
        lowered = name.lower()
        if lowered == b"content-length":
            if length is not None:
                kept.append((name, b"%d" % length))
                length = None
        elif lowered == b"etag":
            kept.append((name, tag_with_state(value, state)))
        elif lowered not in DESCRIBING and not (lowered == b"content-encoding" and decoded):
            kept.append(field)
    return kept


def _cache_control(directives: Sequence[bytes]) -> bytes:
    extra = [directive for directive in KEPT_DIRECTIVES if directive in directives]
    return b", ".join([PRIVATE, *extra])


def _strike_out(missing: dict[bytes, bytes], value: bytes) -> None:
    """Take from ``missing`` what a ``Vary`` field of the app already says; ``*`` says it all."""
    for part in value.split(b","):
        name = part.strip().lower()
        if name == b"*":
            missing.clear()
        missing.pop(name, None)


def tag_with_state(etag: bytes, state: bytes) -> bytes:
    """A weak validator that stands for the app's page in one state of consent."""
    weak = etag[:2] in (b"W/", b"w/")
    opaque = etag[2:] if weak else etag
    kind = b"w" if weak else b"s"
    return b'W/"' + opaque.strip().strip(b'"') + b"-ck" + kind + b"." + state + b'"'


def tags_for_app(value: bytes, state: bytes) -> bytes | None:
    """``If-None-Match`` as the app may see it: its own validators of pages made for this very state.

    A validator of another state, or one from before consentkit was there, would let the app answer 304 for bytes that must
    not be shown again.

    :returns: the field's value, or ``None`` where nothing is left.
    """
    kept = []
    for tag in _ETAG.findall(value):
        match = _TAGGED.fullmatch(tag)
        if match is not None and match["state"] == state:
            opaque = b'"' + match["opaque"] + b'"'
            kept.append(b"W/" + opaque if match["kind"] == b"w" else opaque)
    return b", ".join(kept) or None


def clears_cookies(value: bytes) -> bool:
    """Whether ``Clear-Site-Data`` makes the browser drop every cookie of the site, ours among them (section 3.1)."""
    return _CLEARS_COOKIES.search(value) is not None


def untagged(value: bytes) -> bool:
    """Whether ``If-None-Match`` names no page of ours at all, so that it speaks of something we never touched."""
    return _TAGGED.search(value) is None
