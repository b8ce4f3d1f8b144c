"""Where a tag ends, and where attributes do: the one grammar of the package, as expressions that never backtrack.

Every repeat is possessive, so a search costs one step a byte at most (Python 3.11 or later). Source: WHATWG HTML
13.2.5.6-8 and 13.2.5.32-40, checked 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ATTRIBUTES", "END", "LETTERS", "LIMIT", "SPACE", "TAG", "Unfinished", "tag_end", "wake"]

LIMIT: Final = 64 * 1024
"""The most bytes ever held back, in bytes.

A visitor should see the first 64 KB of a stream whatever the rest does, and the longest tag of 44 real news pages is
60 KB (an image as a `data:` address).
"""
SPACE: Final = b"\t\n\f\r "
LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

_S: Final = rb"\t\n\f\r\x20"
_VALUE: Final = rb"""(?:"[^"]*+"|'[^']*+'|[^%(s)b>"'][^%(s)b>]*+(?=[%(s)b>])|(?=>))""" % {b"s": _S}
_ATTRIBUTES: Final = rb"""(?>[%(s)b/]++|[^%(s)b/>][^%(s)b/>=]*+[%(s)b]*+(?:=[%(s)b]*+%(v)b|(?=[^=])))*+""" % {
    b"s": _S,
    b"v": _VALUE,
}
ATTRIBUTES: Final = re.compile(_ATTRIBUTES)
"""As many whole attributes as there are; whole means that its end is seen."""
TAG: Final = re.compile(rb"</?([a-zA-Z][^%b/>]*+)(?=[%b/>])%b" % (_S, _S, _ATTRIBUTES))
END: Final = b">"


class Unfinished:
    """A tag whose end has not come: where to go on looking, and the byte without which looking is in vain."""

    __slots__ = ("resume", "wake")

    def __init__(self, resume: int, wake: bytes) -> None:
        self.resume = resume
        self.wake = wake


def tag_end(buffer: bytes, start: int, resume: int = 0) -> int | Unfinished:
    """Return the offset behind the `>` of the tag at `start`; go on from `resume` if an earlier call said so."""
    found = ATTRIBUTES.match(buffer, resume) if resume > start else TAG.match(buffer, start)
    if found is None:
        return Unfinished(start, END)
    at = found.end()
    if buffer[at : at + 1] == END:
        return at + 1
    return Unfinished(at, wake(buffer, at))


_OPEN_VALUE: Final = re.compile(rb"""[^%(s)b/>][^%(s)b/>=]*+[%(s)b]*+=[%(s)b]*+(["'])""" % {b"s": _S})


def wake(buffer: bytes, at: int) -> bytes:
    """Return the byte that has to come before the attribute at `at` can end: its quote, or `>`."""
    opened = _OPEN_VALUE.match(buffer, at)
    return opened[1] if opened else END
