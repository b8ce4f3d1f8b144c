"""Asks the rules, and remembers: tag bytes → verdict, edited bytes, and what the tag does to the reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from consentkit.html.context import TREE_NAMES
from consentkit.html.document import HEAD_NAMES
from consentkit.html.hop import Hop, hop_for
from consentkit.html.rawtext import RAW_NAMES
from consentkit.html.rules import PASS, Known, Rules, Verdict
from consentkit.html.scan import SPACE
from consentkit.html.tag import Context, Tag

__all__ = ["Verdicts", "name_at", "short_name"]

_NAME_SHOWN: Final = 64
_NAME_ENDS: Final = bytes(0x20 if byte in SPACE + b"/>" else byte for byte in range(256))


def name_at(buffer: bytes, start: int) -> bytes:
    """Return the lower-case name that starts there; of a very long one its head, which equals no known name."""
    return buffer[start : start + _NAME_SHOWN].translate(_NAME_ENDS).split(b" ", 1)[0].lower()


def short_name(name: bytes) -> bytes:
    """Return the name as `name_at` does."""
    return name[:_NAME_SHOWN].lower()


def edit(raw: bytes, verdict: Verdict) -> bytes:
    """Return the tag with the verdict's insertions."""
    pieces: list[bytes] = []
    sent = 0
    for insertion in verdict.insertions:
        pieces += (raw[sent : insertion.at], insertion.text)
        sent = insertion.at
    return b"".join((*pieces, raw[sent:]))


class Verdicts:
    """The rules of a page, unpacked for quick use."""

    __slots__ = ("_marks", "_memo", "_names", "_rules", "hop", "judge_text", "known", "longest")

    def __init__(self, rules: Rules, at_end: bool) -> None:
        self._rules = rules
        self._names = rules.names
        self._marks = rules.marks
        self._memo = memo = rules.memo
        self.longest = 0 if memo is None else memo.longest
        self.known: Callable[[object], Known | None] = _nothing if memo is None else memo.get
        self.hop: Hop = hop_for(rules.names, rules.marks, at_end)
        self.judge_text = rules.judge_text

    def wants(self, name: bytes, raw: bytes) -> bool:
        """Whether the rules ask to see this opener."""
        if name in self._names:
            return True
        lowered = raw.lower()
        for mark in self._marks:  # noqa: SIM110 - a generator costs as much as the search
            if lowered.find(mark) >= 0:
                return True
        return False

    def judge(self, tag: Tag) -> Verdict:
        """Ask anew."""
        return self._rules.judge(tag)

    def look(self, name: bytes, raw: bytes, context: Context) -> Known | None:
        """Return what is known of a whole tag, asking the rules if need be; None when they do not care."""
        key: object = (context, raw) if context else raw
        known = self.known(key)
        if known is None:
            wanted = name in self._names or self.wants(name, raw)
            if not wanted and name not in RAW_NAMES:
                return None
            verdict = self._rules.judge(Tag(name, raw, context)) if wanted else PASS
            edited = edit(raw, verdict) if verdict.insertions else b""
            known = (verdict, edited, _kind(name, verdict), name in HEAD_NAMES, len(raw))
            if len(raw) <= self.longest:
                self.keep(key, known)
        return known

    def keep(self, key: object, known: Known) -> None:
        """Remember, for every page of these rules."""
        memo = self._memo
        if memo is None:
            return
        if len(memo) >= memo.entries:
            memo.clear()
        memo[key] = known


def _kind(name: bytes, verdict: Verdict) -> bytes | None:
    """Say what follows the tag for one who hops: raw text of that name, nothing (b""), or None: walk it."""
    if verdict.wants_text or verdict.rules is not None or name in TREE_NAMES or name == b"plaintext":
        return None
    return name if name in RAW_NAMES else b""


def _nothing(_: object) -> Known | None:
    return None
