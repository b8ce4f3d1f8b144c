"""May this response be touched? One ladder; each rung names its reason.

Gating reaches every ``text/html`` response, whoever asked for it. The notice goes into documents that a person looks at:
not into a fragment that a script fetched, not into a frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from consentkit.web.answer import Header

BODILESS = frozenset({204, 205, 304})
"""Statuses that carry no content (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5; checked 2026-11)."""
HTML = b"text/html"
XHTML = b"application/xhtml+xml"
HEAD = 4096
"""Bytes at a page's start within which its ``<html>`` tag is looked for."""
_AMP = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:\s|<!doctype[^>]*>|<!--(?:(?!-->).)*-->)*"""
    rb"""<html(?:\s+[^\s"'>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*?"""
    rb"""\s+(?:amp|\xe2\x9a\xa1(?:\xef\xb8\x8f)?)(?:4ads|4email)?(?=[\s=>/])""",
    re.IGNORECASE | re.DOTALL,
)


class Touch(Enum):
    """What may be done to a response."""

    NOTHING = "nothing"
    """It leaves as it came."""
    HEADERS = "headers"
    """Its header fields are those of a gated page, its body is empty."""
    BODY = "body"
    """Its tags are gated, and its header fields follow."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The answer of the ladder.

    :param touch: what may be done.
    :param reason: the rung that decided, in words, for ``explain`` and debugging.
    :param encoding: content codings to undo first, outermost last; empty for none.
    """

    touch: Touch
    reason: str
    encoding: tuple[bytes, ...] = ()


LEAVE_TYPE = Candidate(Touch.NOTHING, "not text/html")
LEAVE_INFORMATIONAL = Candidate(Touch.NOTHING, "an interim or bodiless status")
LEAVE_PART = Candidate(Touch.NOTHING, "a part of a resource")
LEAVE_DOWNLOAD = Candidate(Touch.NOTHING, "a download")
GATE = Candidate(Touch.BODY, "text/html")


@lru_cache(maxsize=256)
def is_html(content_type: bytes) -> bool:
    """Whether ``Content-Type`` says HTML: the media type alone, in any case, whatever its parameters."""
    return _is(HTML, content_type)


@lru_cache(maxsize=256)
def is_xhtml(content_type: bytes) -> bool:
    """Whether ``Content-Type`` says XHTML in XML, which is left alone: one wrong byte of ours, and none of it is shown."""
    return _is(XHTML, content_type)


def is_amp(start: bytes) -> bool:
    """Whether a page is AMP, by its ``<html amp>`` or ``<html ⚡>``: there a notice of ours would be an error.

    :param start: the first bytes of its body.
    """
    return _AMP.match(start[:HEAD]) is not None


def _is(wanted: bytes, content_type: bytes) -> bool:
    media_type = content_type.lstrip(b" \t")
    size = len(wanted)
    return media_type[:size].lower() == wanted and media_type[size:].lstrip(b" \t")[:1] in (b"", b";", b",")


def candidate(method: str, status: int, headers: Iterable[Header]) -> Candidate:
    """What may be done to a response that says it is HTML.

    :param headers: header fields as the app sent them.
    """
    if status < 200 or status in BODILESS:
        return LEAVE_INFORMATIONAL
    encoding: tuple[bytes, ...] = ()
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"content-range":
            return LEAVE_PART
        if lowered == b"content-disposition" and value.lstrip()[:10].lower() == b"attachment":
            return LEAVE_DOWNLOAD
        if lowered == b"content-encoding":
            encoding += _codings(value)
    if status == 206:
        return LEAVE_PART
    if method == "HEAD":
        return Candidate(Touch.HEADERS, "the answer to HEAD", encoding)
    return Candidate(Touch.BODY, "compressed text/html", encoding) if encoding else GATE


def _codings(value: bytes) -> tuple[bytes, ...]:
    """Content codings in the order in which they were applied; ``identity`` and nothing are none."""
    codings = (coding.strip().lower() for coding in value.split(b","))
    return tuple(coding for coding in codings if coding not in (b"", b"identity"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says about who will look at the answer.

    :param dest: ``Sec-Fetch-Dest``, lower case; empty where the browser sends none.
    :param fragment: whether a script asks for a piece of a page (htmx, Turbo frames, XMLHttpRequest).
    :param varies: request header fields by which a script told what it asks for.
    :param crawler: whether it is a well-known crawler, which can answer no notice.
    """

    dest: str = ""
    fragment: bool = False
    varies: tuple[bytes, ...] = ()
    crawler: bool = False


def takes_notice(asked: Asked) -> bool:
    """Whether a document in answer to this request is one that a person will look at, at the top of a tab.

    Also where a library fetches a whole page and puts it in place of the old one, and says so: the browser tells of a mere
    fetch then (htmx ``HX-Boosted``, Turbo Drive ``X-Turbo-Request-Id``; checked 2026-11).
    """
    return not (asked.fragment or asked.crawler) and (asked.dest in ("", "document") or bool(asked.varies))
