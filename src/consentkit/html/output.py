"""What leaves: the app's bytes up to a mark, with insertions put in; the mark moves only over what is decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consentkit.html.rules import Insertion, Verdict

__all__ = ["Output", "Trace"]

_COPIED = 4096
"""Bytes that are copied sooner than a view of them is made."""

Trace = Callable[[int, int], None]
"""Told of each insertion: its offset in the whole output, its length."""


@dataclass(slots=True)
class Output:
    """Pieces of the output, and `sent`: up to where the buffer is in them."""

    trace: Trace | None
    counts: dict[str, int]
    pieces: list[bytes | memoryview]
    sent: int = 0
    written: int = 0
    ready: int = 0
    """Bytes in the pieces; kept only for `trace`."""

    def put(self, buffer: bytes, at: int, text: bytes) -> None:
        """Insert bytes of ours before offset `at` of the buffer."""
        sent = self.sent
        few = at - sent < _COPIED
        self.pieces += (buffer[sent:at] if few else memoryview(buffer)[sent:at], text)
        if self.trace is not None:
            self.trace(self.written + self.ready + at - self.sent, len(text))
            self.ready += at - self.sent + len(text)
        self.sent = at

    def insert(self, buffer: bytes, base: int, insertions: tuple[Insertion, ...]) -> None:
        """Insert what a verdict says, relative to `base`."""
        for insertion in insertions:
            self.put(buffer, base + insertion.at, insertion.text)

    def count(self, verdict: Verdict) -> None:
        """Count a verdict that inserted something."""
        if verdict.label:
            self.counts[verdict.label] = self.counts.get(verdict.label, 0) + 1

    def take(self, buffer: bytes, end: int) -> bytes:
        """Return what is ready, with the buffer up to `end`; untouched bytes are handed on without a copy."""
        pieces = self.pieces
        if not pieces:
            result = buffer[self.sent : end]
        else:
            pieces.append(memoryview(buffer)[self.sent : end])
            result = b"".join(pieces)
            pieces.clear()
        self.sent = self.ready = 0
        self.written += len(result)
        return result
