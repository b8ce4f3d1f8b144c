"""The pass with nothing to get wrong: what a page gets after a fault.

It knows no state but a few bytes of tail. Each name that could run or fetch becomes one that does neither, in openers
and closers alike, wherever it stands; `url(` and `@import` lose their meaning. The page loses its scripts, images and
frames from there on, and keeps its words. Nothing that needs consent gets through.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Blunt"]

_HELD: Final = rb"img|image|iframe|frame|link|embed|object|applet|source|track|video|audio|bgsound|feimage|portal|fencedframe"
_ARMED: Final = re.compile(
    rb"(<)(/?)(?:(script)|(%b))(?![a-z0-9-])|(url\(|image-set\(|@import)" % _HELD, re.IGNORECASE
)
_HOLD: Final = len("</fencedframe") + 1
_TAIL: Final = re.compile(rb"[<@ui][(/a-z-]*\Z", re.IGNORECASE)


class Blunt:
    """Makes the rest of a page inert.

    `closing` is put out first: what ends a tag that was open at the fault. `text` is the name of an element whose
    raw text was open then: its own end tag must stay, or the rest of the page would drown in it.
    """

    __slots__ = ("_closing", "_tail", "_text")

    def __init__(self, closing: bytes = b"", text: bytes = b"") -> None:
        self._closing = closing
        self._text = re.compile(rb"</%b(?=[\t\n\f\r />])" % re.escape(text), re.IGNORECASE) if text else None
        self._tail = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take in a chunk, give out what is decided."""
        buffer = self._tail + chunk
        out, start = self._closing, 0
        self._closing = b""
        if self._text is not None:
            found = self._text.search(buffer)
            if found is None:
                keep = max(0, len(buffer) - _HOLD)
                self._tail = buffer[keep:]
                return out + buffer[:keep]
            self._text, start = None, found.end()
        tail = _TAIL.search(buffer, max(start, len(buffer) - _HOLD))
        end = tail.start() if tail else len(buffer)
        self._tail = buffer[end:]
        return out + buffer[:start] + _ARMED.sub(_disarm, buffer[start:end])

    def close(self) -> bytes:
        """Give out the tail."""
        tail, self._tail = self._tail, b""
        closing, self._closing = self._closing, b""
        return closing + (_ARMED.sub(_disarm, tail) if self._text is None else tail)


def _disarm(found: re.Match[bytes]) -> bytes:
    opening, slash, script, _, fetch = found.groups()
    if fetch:
        return b"ck-" + fetch
    return b"%b%b%b" % (opening, slash, b"template" if script else b"ck-held")
