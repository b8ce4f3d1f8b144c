"""Where the next tag that matters is: hop there, then prove that it is one.

Most tags matter to nobody. One search finds the next `<` that could open one that does; then it must be shown that the
place is in data and not inside a quoted value, say. Between two places that are known, only a tag can hide one, and a
tag ends at the first `>` outside quotes. So the last `">` before the place settles all that stands before it, if the
quote closed a value (it did not follow `=` or white space) and no `'` was open; only what follows it is walked.
What cannot be shown is left to the walker. Nothing is searched twice.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from consentkit.html.context import INERT_MATH, INERT_SVG, TREE_NAMES
from consentkit.html.rawtext import RAW_NAMES
from consentkit.html.scan import ATTRIBUTES

__all__ = ["Hop", "hop_for", "in_body", "in_head"]

Search = Callable[[bytes, int], re.Match[bytes] | None]
Run = Callable[[bytes, int, int], re.Match[bytes] | None]
Prove = Callable[[bytes, int, int], int]

_S: Final = rb"\t\n\f\r\x20"
_IN_BODY: Final = re.compile(
    rb"""[^<]*+(?:<(?:/?[a-zA-Z](?:[^<>"'=]*+>|[^%(s)b/>]*+(?=[%(s)b/>])%(a)b>)|(?:[!?]|/(?![a-zA-Z]))[^>]*+>|(?=[^a-zA-Z/!?]))[^<]*+)*+"""
    % {b"s": _S, b"a": ATTRIBUTES.pattern}
)
_IN_HEAD: Final = re.compile(
    rb"""[%(s)b]*+(?:<(?i:/(?:script|style|title|meta|link|base)[%(s)b]*+|(?:meta|link|base)(?=[%(s)b/>])%(a)b)>[%(s)b]*+)*+"""
    % {b"s": _S, b"a": ATTRIBUTES.pattern}
)
_SINGLE: Final = re.compile(rb"=[%b]*+'" % _S)
_OPENING: Final = frozenset(b"=\t\n\f\r ")
_ANCHORS: Final = rb"({[|^`~\@$%+*;#?,!&:=/._-"
"""Bytes that are rare in markup, rarest first; a mark is searched by one of its own."""

_TOKENS: Final = frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext"))
_LABELS: Final = frozenset((b"title", b"desc"))


def in_body(buffer: bytes, start: int, end: int) -> int:
    """Walk whole tokens from `start`, a place in data; return `end` if it is in data, else where the walk stopped."""
    close = buffer.rfind(b'">', start, end)
    if close > start and buffer[close - 1] not in _OPENING and not _single(buffer, start, close):
        start = close + 2
    found = _IN_BODY.match(buffer, start, end)
    return found.end() if found else start


def in_head(buffer: bytes, start: int, end: int) -> int:
    """Do the same where text or any other tag would start the body."""
    found = _IN_HEAD.match(buffer, start, end)
    return found.end() if found else start


def _single(buffer: bytes, start: int, end: int) -> bool:
    return buffer.find(b"'", start, end) >= 0 and _SINGLE.search(buffer, start, end) is not None


class Hop:
    """The searches for one set of names and marks."""

    __slots__ = ("_marks", "body", "head", "island", "math", "svg")

    def __init__(self, names: frozenset[bytes], marks: tuple[bytes, ...], at_end: bool) -> None:
        stops = {b"!--", *map(_prefix, names | RAW_NAMES | TREE_NAMES)}
        self.body: Search = _stops(stops | ({b"/bo", b"/ht"} if at_end else set()))
        self.head: Search = _stops(stops | {b"htm", b"hea", b"bod"})
        svg, math = _inert(names)
        self.svg, self.math, self.island = _run(svg), _run(math), _island(svg, math)
        self._marks = [_mark(anchor, group) for anchor, group in _by_anchor(marks)]

    def mark(self, buffer: bytes, start: int, known: list[int]) -> int:
        """Return where the next mark is, at or behind `start`; `known` holds the last answers of each search."""
        for index, search in enumerate(self._marks):
            if known[index] < start:
                found = search(buffer, start)
                known[index] = found.start() if found else len(buffer)
        return min(known)

    def fresh(self) -> list[int]:
        """Return answers that know nothing."""
        return [-1] * len(self._marks) or [sys.maxsize]


@lru_cache(maxsize=64)
def hop_for(names: frozenset[bytes], marks: tuple[bytes, ...], at_end: bool) -> Hop:
    """Return the searches, compiled once."""
    return Hop(names, marks, at_end)


def _prefix(name: bytes) -> bytes:
    return (name + b">>")[:3]


def _stops(prefixes: Iterable[bytes]) -> Search:
    # Three classes let most tags pass at a byte each; the exact alternatives are tried on the few that are left.
    ordered = sorted(prefixes)
    classes = b"".join(_either(prefix[place : place + 1] for prefix in ordered) for place in range(3))
    exact = b"|".join(b"".join(_either([prefix[i : i + 1]]) for i in range(3)) for prefix in ordered)
    return re.compile(rb"<%b(?<=<(?:%b))" % (classes, exact)).search


def _either(letters: Iterable[bytes]) -> bytes:
    members = b"".join(sorted({case for letter in letters for case in (letter.lower(), letter.upper())}))
    escaped = re.escape(members).replace(b">", _S + b"/>")
    return b"[%b]" % escaped


def _inert(names: frozenset[bytes]) -> tuple[bytes, bytes]:
    """Return what a run of svg and one of math may hold that reads as anywhere else and that no rule wants to see."""
    blanks = {b"s": _S, b"a": ATTRIBUTES.pattern}
    tag = rb"</?+(?i:%%b)(?=[%(s)b/>])%(a)b>" % blanks
    leaf = rb"<(?i:%%b)(?=[%(s)b/>])%(a)b(?<!/)>[^<]*+</(?i:%%b)>" % blanks
    labels, tokens = _any(_LABELS - names), _any(_TOKENS - names)
    return (
        tag % _any(INERT_SVG - names) + b"|" + leaf % (labels, labels),
        tag % _any(INERT_MATH - names) + b"|" + leaf % (tokens, tokens),
    )


def _run(inert: bytes) -> Run:
    return re.compile(rb"(?:[^<]++|%b)*+" % inert).match


def _island(svg: bytes, math: bytes) -> Search:
    """Match a whole svg or math that holds nothing else."""
    root = rb"<(?i:%%b)(?=[%(s)b/>])%(a)b(?<!/)>(?:[^<]++|%%b)*+</(?i:%%b)>" % {
        b"s": _S,
        b"a": ATTRIBUTES.pattern,
    }
    return re.compile(root % (b"svg", svg, b"svg") + b"|" + root % (b"math", math, b"math")).match


def _any(names: Iterable[bytes]) -> bytes:
    return b"|".join(sorted(names)) or b"(?!)"


def _by_anchor(marks: tuple[bytes, ...]) -> list[tuple[bytes, list[bytes]]]:
    groups: dict[bytes, list[bytes]] = {}
    for mark in marks:
        anchor = next((_ANCHORS[i : i + 1] for i in range(len(_ANCHORS)) if _ANCHORS[i] in mark), b"")
        groups.setdefault(anchor, []).append(mark)
    return list(groups.items())


def _mark(anchor: bytes, marks: list[bytes]) -> Search:
    if not anchor:
        return re.compile(rb"(?i:%b)" % b"|".join(map(re.escape, marks))).search
    ways = []
    for mark in marks:
        before, _, after = mark.partition(anchor)
        ways.append(rb"(?<=(?i:%b))(?i:%b)" % (re.escape(before + anchor), re.escape(after)))
    return re.compile(rb"%b(?:%b)" % (re.escape(anchor), b"|".join(ways))).search
