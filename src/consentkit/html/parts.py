"""Tags longer than `LIMIT`: shown to the rules part by part, so that none is held and none gets by.

A part is as many whole attributes as fit into `LIMIT` bytes, or the head of one that does not fit. What is a part
depends on the tag's bytes alone, not on how they arrive.
"""

from __future__ import annotations

import re
from typing import Final

from consentkit.html.scan import ATTRIBUTES, END, LIMIT, TAG, wake

__all__ = ["LongTag"]

_S: Final = rb"\t\n\f\r\x20"
_CUT: Final = re.compile(
    rb"""[^%(s)b/>][^%(s)b/>=]*+([%(s)b]*+)(?:(=)[%(s)b]*+(["']|.)?)?""" % {b"s": _S}, re.DOTALL
)
_TAG_NAME: Final = re.compile(rb"[^%b/>]*+" % _S)
_NAME: Final = re.compile(rb"[^%b/>=]*+" % _S)
_BLANK: Final = re.compile(rb"[%b]*+" % _S)
_BARE: Final = re.compile(rb"[^%b>]*+" % _S)


class LongTag:
    """Where the reading of one long tag stands: at an attribute (state b"") or inside one that was cut."""

    __slots__ = ("_resume", "name", "part", "state", "wake")

    def __init__(self, name: bytes) -> None:
        self.name = name
        """Lower case; b"" for an end tag, which is never shown."""
        self.part = 0
        self.state = b""
        self.wake = END
        """The byte without which more bytes are of no use, after -1."""
        self._resume = 0

    @property
    def closing(self) -> bytes:
        """What ends the tag where it stands, if a part of it has left."""
        return END if self.part else b""

    def next_part(self, buffer: bytes, start: int) -> tuple[int, bool]:
        """Return where the part at `start` ends and whether its last attribute is cut; -1 when more is needed."""
        limit = start + LIMIT
        found = (
            ATTRIBUTES.match(buffer, start + self._resume, limit)
            if self.part
            else TAG.match(buffer, start, limit)
        )
        end = found.end() if found else start
        if end < limit and buffer[end : end + 1] == END:
            return end + 1, False
        if len(buffer) < limit:
            self._resume = end - start
            self.wake = wake(buffer, end)
            return -1, False
        self._resume = 0
        if end > start:
            return end, False
        self.state = _state_after(buffer[start:limit]) if self.part else b"tag"
        return limit, True

    def skip(self, buffer: bytes, at: int) -> int:
        """Pass over the rest of an attribute that was cut; `state` is b"" once it has ended."""
        while self.state and at < len(buffer):
            at = self._pass(buffer, at)
        return at

    def _pass(self, buffer: bytes, at: int) -> int:
        if self.state in (b'"', b"'"):
            close = buffer.find(self.state, at)
            return len(buffer) if close < 0 else self._to(b"", close + 1)
        if self.state == b"name":
            return self._run(_NAME, buffer, at, b"blank")
        if self.state == b"tag":
            return self._run(_TAG_NAME, buffer, at, b"")
        if self.state == b"bare":
            return self._run(_BARE, buffer, at, b"")
        at = _BLANK.match(buffer, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if at == len(buffer):
            return at
        first = buffer[at : at + 1]
        if self.state == b"blank":
            return self._to(b"=", at + 1) if first == b"=" else self._to(b"", at)
        if first in (b'"', b"'"):
            return self._to(first, at + 1)
        return self._to(b"" if first == b">" else b"bare", at)

    def _run(self, expression: re.Pattern[bytes], buffer: bytes, at: int, then: bytes) -> int:
        at = expression.match(buffer, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        return at if at == len(buffer) else self._to(then, at)

    def _to(self, state: bytes, at: int) -> int:
        self.state = state
        return at


def _state_after(window: bytes) -> bytes:
    found = _CUT.match(window)
    if found is None:
        return b"name"
    blank, equals, first = found.groups()
    if equals is None:
        return b"blank" if blank else b"name"
    if first in (b'"', b"'"):
        return first
    return b"bare" if first else b"="
