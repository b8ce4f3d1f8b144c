"""Bytes in, bytes out: chunks of any size into one page, bounded memory, and `Blunt` after a fault.

Known limits: in ISO-2022-JP a byte of two-byte text may look like `<`; such a page gets all its tags judged, and words
may be taken for tags. UTF-16 without a byte order mark must be kept away by the caller, who knows the declared charset.
A noscript whose content leaves a comment or a quote open is read as a browser with JavaScript reads it. A notice for
the end of the file is not placed when the file ends inside a comment, a raw text, a template or a noscript: closing a
script there would run it.
"""

from __future__ import annotations

from collections.abc import Callable

from consentkit.html.blunt import Blunt
from consentkit.html.hopper import Hopper
from consentkit.html.output import Output, Trace
from consentkit.html.rules import Placement, Rules
from consentkit.html.scan import LIMIT
from consentkit.html.walker import Walker

__all__ = ["Rewriter"]


class Rewriter:
    """Rewrites one page.

    Feed it chunks of any size and close it; the result does not depend on how the page was cut. At most `LIMIT` bytes
    (and a few) are held. `feed` and `close` never raise for what the page or the rules do: the first exception is
    handed to `on_fault`, and the rest of the page goes through `Blunt`. UTF-16, told by its byte order mark, passes.

    `placement`: what goes into a document; None: nothing, and `document` stays None.
    `trace` is told of each insertion: its offset in the whole output, its length in bytes.
    `exact` walks every token, slowly: the reference for the way that hops.
    """

    def __init__(
        self,
        rules: Rules,
        placement: Placement | None = None,
        *,
        on_fault: Callable[[BaseException], None] | None = None,
        trace: Trace | None = None,
        exact: bool = False,
    ) -> None:
        self.counts: dict[str, int] = {}
        """Gated openers and texts by the label of their verdict."""
        self.failed = False
        """Whether a fault handed the page to `Blunt`."""
        self._on_fault = on_fault
        self._output = Output(trace, self.counts, [])
        self._walker = (Walker if exact else Hopper)(rules, placement, self._output)
        self._blunt: Blunt | None = None
        self._held = b""
        self._waiting: list[bytes] = []
        self._room = 0

    @property
    def document(self) -> bool | None:
        """Whether the page is a whole document; None while its bytes do not tell, or without a placement."""
        document = self._walker.document
        return document.started if document else None

    @property
    def amp(self) -> bool:
        """Whether `<html amp>` was met."""
        document = self._walker.document
        return document is not None and document.amp

    @property
    def utf16(self) -> bool:
        """Whether the page began with the byte order mark of UTF-16, and passes as it is."""
        return self._walker.utf16

    @property
    def placed(self) -> bool:
        """Whether the body's piece is in."""
        return self._walker.placed

    def whole(self, body: bytes) -> bytes:
        """Rewrite a complete page; use it on a fresh object, instead of `feed` and `close`."""
        if self._held:
            return self.feed(body) + self.close()
        self._walker.final = True
        return self._drive(body)

    def feed(self, chunk: bytes | bytearray | memoryview) -> bytes:
        """Take in a chunk and return what is decided by now; it may be empty."""
        data = chunk if type(chunk) is bytes else bytes(chunk)
        if self._blunt is not None:
            return self._blunt.feed(data)
        if not data or self._walker.utf16:
            return data
        if not self._held and self._walker.passes(data):
            self._output.written += len(data)
            return data
        wake = self._walker.wake
        if wake and wake not in data and len(data) <= self._room:
            self._waiting.append(data)
            self._room -= len(data)
            return b""
        return self._drive(self._gather(data))

    def close(self) -> bytes:
        """Return the rest. Nothing may be fed afterwards."""
        if self._blunt is not None:
            return self._blunt.close()
        self._walker.final = True
        return self._drive(self._gather(b""))

    def _gather(self, data: bytes) -> bytes:
        if self._waiting:
            data = b"".join((self._held, *self._waiting, data))
            self._waiting.clear()
            return data
        return self._held + data if self._held else data

    def _drive(self, buffer: bytes) -> bytes:
        walker = self._walker
        try:
            while walker.step(walker, buffer):
                pass
            if walker.final:
                walker.finish(buffer)
                return self._output.take(buffer, len(buffer))
        except Exception as fault:
            return self._give_up(buffer, fault)
        hold = walker.hold
        self._held = buffer[hold:]
        self._room = LIMIT - len(self._held)
        walker.rebase(hold)
        return self._output.take(buffer, hold)

    def _give_up(self, buffer: bytes, fault: Exception) -> bytes:
        self.failed = True
        start, closing, opened = self._walker.undecided()
        start = max(start, self._output.sent)
        self._blunt = Blunt(closing, opened)
        done = self._output.take(buffer, start) + self._blunt.feed(buffer[start:])
        if self._on_fault is not None:
            self._on_fault(fault)
        return done + (self._blunt.close() if self._walker.final else b"")
