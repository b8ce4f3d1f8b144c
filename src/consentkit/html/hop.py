"""Where the next tag that matters is: hop there, then prove that it is one.

Most tags matter to nobody. One search finds the next `<` that could open one that does; then it must be shown that the
place is in data and not inside a quoted value, say. Between two places that are known, only a tag can hide one, and a
tag ends at the first `>` outside quotes. So the last `">` before the place settles all that stands before it, if the
quote closed a value (it did not follow `=` or white space) and no `'` was open. In what follows it, every tag ends at its
first `>` if no value can hold an angle: then one `>` behind the last `<` is enough. Else it is walked.
What cannot be shown is left to the walker. Nothing is searched twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, cast

from consentkit.html.context import INERT_MATH, INERT_SVG, TREE_NAMES
from consentkit.html.rawtext import RAW_NAMES
from consentkit.html.scan import ATTRIBUTES

__all__ = ["OPENER", "TURN", "Hop", "Marked", "hop_for"]

Search = Callable[[bytes, int], re.Match[bytes] | None]
Run = Callable[[bytes, int, int], re.Match[bytes]]
Find = Callable[[bytes, int, int], re.Match[bytes] | None]

_S: Final = rb"\t\n\f\r\x20"
_B: Final = {b"s": _S, b"a": ATTRIBUTES.pattern}
_USUAL: Final = rb"""(?>[%(s)b/][^<>"'=]*+(?>(?<![%(s)b/])="[^"]*+")?+)*+>""" % _B
"""The rest of a tag whose every value stands in double quotes behind its name: most tags, at half the price."""
_OTHER: Final = (
    rb"""/?[a-zA-Z][^%(s)b/>]*+(?=[%(s)b/>])%(a)b>|(?:[!?]|/(?![a-zA-Z]))[^>]*+>|(?=[^a-zA-Z/!?])""" % _B
)
_CLOSER: Final = rb"""/[a-zA-Z][^<>"'=]*+>"""
_TOKEN: Final = rb"""[a-zA-Z][^%(s)b<>"'=/]*+%(u)b|%(o)b""" % {**_B, b"u": _USUAL, b"o": _OTHER}
_WALK: Final = rb"[^<]*+(?><(?:%b)[^<]*+)*+"
_ATTRIBUTED: Final = rb"(?:%(u)b|(?=[%(s)b/>])%(a)b>)" % {**_B, b"u": _USUAL}
OPENER: Final = re.compile(rb"<([a-zA-Z][^%b/>]*+)%b" % (_S, _ATTRIBUTED)).match
"""A whole opener and its name."""
_QUIET: Final = rb"<(?i:%%(n)b)%(g)b(?>[^<]++|<(?!/|!--))*+</(?i:%%(n)b)[%(s)b]*+>" % {
    **_B,
    b"g": _ATTRIBUTED,
}
"""A script, style or title that holds nothing odd."""
_HEAD: Final = (
    rb"[%(s)b]*+(?>(?:<(?i:/(?:script|style|title|meta|link|base)[%(s)b]*+>|(?:%%(void)b)%(g)b)|%%(raw)b)[%(s)b]*+)*+"
    % {**_B, b"g": _ATTRIBUTED}
)
_PROLOGUE: Final = (
    rb"[%(s)b]*+(?><!(?i:doctype)[^>]*+>[%(s)b]*+)?+(<(?i:html)(?=[%(s)b/>])%(a)b>)[%(s)b]*+<(?i:head)>()"
    % _B
)
_TURN: Final = rb"(?></(?i:head)>[%(s)b]*+)?+<(?i:body)(?=[%(s)b/>])%(a)b>()" % _B
TURN: Final = re.compile(_TURN)
"""From the head into the body."""
_BARE: Final = cast("Run", re.compile(rb"[^<]*+(?><[/a-zA-Z][^<>\"'=]*+>[^<]*+)*+").match)
"""Words, and tags that can hold no value."""
_ANGLED: Final = re.compile(rb"""=[%b]*+(?>"[^"<>]*+(?!")|'[^'<>]*+(?!'))""" % _S)
"""What may open a quoted value that holds an angle, or one that is not closed."""
_SINGLE: Final = re.compile(rb"'(?<=[=%b]')" % _S)
_OPENING: Final = frozenset(b"=\t\n\f\r ")
_ANCHORS: Final = rb"({[|^`~\@$%+*;#?,!&:=/._-"
"""Bytes that are rare in markup, rarest first; a mark is searched by one of its own."""
_TOKENS: Final = frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext"))
_IN_HEAD: Final = frozenset((b"meta", b"link", b"base"))
_RAW_IN_HEAD: Final = frozenset((b"script", b"title"))
_OPTIONS: Final = frozenset((b"option", b"optgroup"))
_LABELS: Final = frozenset((b"title", b"desc"))


class Hop:
    """The searches for one set of names and marks."""

    __slots__ = ("_finders", "body", "entry", "far", "head", "island", "marks", "math", "only_marks", "svg")

    def __init__(self, names: frozenset[bytes], marks: tuple[bytes, ...], at_end: bool) -> None:
        stops = {b"!--", *map(_prefix, names | RAW_NAMES | TREE_NAMES)}
        if at_end:
            stops |= {b"/bo", b"/ht"}
        self.far: Search = re.compile(b"<" + _any_of(stops)).search
        skip = b"(?!%b)" % _any_of(stops)
        ways = (skip, _CLOSER, _TOKEN) if at_end else (_CLOSER + b"|" + skip, _CLOSER, _TOKEN)
        self.body = _always(_WALK % (b"%b(?:%b|%b)" % ways))
        head = _HEAD % {
            b"void": _any(_IN_HEAD - names),
            b"raw": b"|".join(_QUIET % {b"n": name} for name in sorted(_RAW_IN_HEAD - names)) or b"(?!)",
        }
        self.head = _always(head)
        self.entry: Find = re.compile(_PROLOGUE + head + b"(?>" + _TURN + b")?+").match
        """Doctype, html and head as they begin most documents: (html tag), (head's start), (body's start)."""
        svg, math, options = _inert(names)
        self.svg, self.math, self.island = (
            _always(rb"(?>[^<]++|%b)*+" % svg),
            _always(rb"(?>[^<]++|%b)*+" % math),
            _island(svg, math, options),
        )
        self.marks = marks
        self._finders = tuple((anchor, _mark(anchor, group)) for anchor, group in _by_anchor(marks))
        self.only_marks = not (names or at_end) and len(self._finders) == 1
        """Whether nothing matters where no mark is, once the body has started, and one search tells."""

    def prove(self, buffer: bytes, start: int, end: int) -> int:
        """Return `end` if it is in data, given that `start` is; else a place in data where an opener or a doubt stands."""
        close = buffer.rfind(b'">', start, end)
        if close > start and buffer[close - 1] not in _OPENING:
            single = buffer.find(b"'", start, close)
            if single < 0 or _SINGLE.search(buffer, single, close) is None:
                start = close + 2
                if _BARE(buffer, start, end).end() == end:
                    return end
        plain = close < 0 and buffer.find(b'"', start, end) < 0
        last, place = buffer.rfind(b"<", start, end), end
        if last >= 0 and buffer.find(b">", last, end) < 0:
            last, place = buffer.rfind(b"<", start, last), last
        if last < 0:
            return place
        if buffer.find(b">", last, place) >= 0 and (
            (plain and buffer.find(b"'", start, place) < 0) or _ANGLED.search(buffer, start, place) is None
        ):
            return place
        return self.body(buffer, start, end).end()

    def clear(self, buffer: bytes, start: int, stop: int) -> int:
        """Return where the first mark is, by a byte of its own; without one, `stop`."""
        for anchor, find in self._finders:
            first = buffer.find(anchor, start, stop)
            if first >= 0:
                found = find(buffer, first, stop)
                if found:
                    stop = found.start()
        return stop

    def marked(self, buffer: bytes, start: int, stop: int) -> Marked | None:
        """Return where the marks are in a stretch; None if it has none."""
        if self.clear(buffer, start, stop) == stop:
            return None
        return Marked(buffer[start:stop].lower(), start, self.marks)


class Marked:
    """Where the marks are in a stretch that holds some; each is looked for once."""

    __slots__ = ("_known", "_marks", "_start", "_stretch", "stop")

    def __init__(self, stretch: bytes, start: int, marks: tuple[bytes, ...]) -> None:
        self._stretch = stretch
        self._start = start
        self._marks = marks
        self._known = [-1] * len(marks)
        self.stop = start + len(stretch)

    def opener(self, buffer: bytes, pos: int) -> int:
        """Return where the last tag opens before the first mark behind `pos`; without one, where the stretch ends."""
        while (mark := self._next(pos)) < self.stop:
            target = buffer.rfind(b"<", pos, mark)
            if target >= 0:
                return target
            pos = mark + 1
        return self.stop

    def _next(self, pos: int) -> int:
        for index, mark in enumerate(self._marks):
            if self._known[index] < pos:
                at = self._stretch.find(mark, pos - self._start)
                self._known[index] = self.stop if at < 0 else self._start + at
        return min(self._known)


@lru_cache(maxsize=64)
def hop_for(names: frozenset[bytes], marks: tuple[bytes, ...], at_end: bool) -> Hop:
    """Return the searches, compiled once."""
    return Hop(names, marks, at_end)


def _prefix(name: bytes) -> bytes:
    return (name + b">>")[:3]


def _any_of(prefixes: Iterable[bytes]) -> bytes:
    # Three classes let most tags pass at a byte each; the exact alternatives are tried on the few that are left.
    ordered = sorted(prefixes)
    classes = b"".join(_either(prefix[place : place + 1] for prefix in ordered) for place in range(3))
    exact = b"|".join(b"".join(_either([prefix[i : i + 1]]) for i in range(3)) for prefix in ordered)
    return rb"%b(?<=(?:%b))" % (classes, exact)


def _either(letters: Iterable[bytes]) -> bytes:
    members = b"".join(sorted({case for letter in letters for case in (letter.lower(), letter.upper())}))
    escaped = re.escape(members).replace(b">", _S + b"/>")
    return b"[%b]" % escaped


def _inert(names: frozenset[bytes]) -> tuple[bytes, bytes, bytes]:
    """Return what a run of svg, of math and of a select may hold that reads as anywhere else and that no rule wants to see."""
    blanks = {b"s": _S, b"a": ATTRIBUTES.pattern}
    tag = rb"</?+(?i:%%b)(?=[%(s)b/>])%(a)b>" % blanks
    leaf = rb"<(?i:%%b)(?=[%(s)b/>])%(a)b(?<!/)>[^<]*+</(?i:%%b)>" % blanks
    labels, tokens = _any(_LABELS - names), _any(_TOKENS - names)
    return (
        tag % _any(INERT_SVG - names) + b"|" + leaf % (labels, labels),
        tag % _any(INERT_MATH - names) + b"|" + leaf % (tokens, tokens),
        tag % _any(_OPTIONS - names),
    )


def _always(pattern: bytes) -> Run:
    return cast("Run", re.compile(pattern).match)  # it matches nothing, too


def _island(svg: bytes, math: bytes, options: bytes) -> Search:
    """Match a whole svg, math or select that holds nothing else."""
    root = rb"<(?i:%%b)(?=[%(s)b/>])%(a)b(?<!/)>(?>[^<]++|%%b)*+</(?i:%%b)>" % {
        b"s": _S,
        b"a": ATTRIBUTES.pattern,
    }
    ways = (
        root % (name, inside, name) for name, inside in ((b"svg", svg), (b"math", math), (b"select", options))
    )
    return re.compile(b"|".join(ways)).match


def _any(names: Iterable[bytes]) -> bytes:
    return b"|".join(sorted(names)) or b"(?!)"


def _by_anchor(marks: tuple[bytes, ...]) -> list[tuple[bytes, list[bytes]]]:
    groups: dict[bytes, list[bytes]] = {}
    for mark in marks:
        anchor = next((_ANCHORS[i : i + 1] for i in range(len(_ANCHORS)) if _ANCHORS[i] in mark), b"")
        groups.setdefault(anchor, []).append(mark)
    return list(groups.items())


def _mark(anchor: bytes, marks: list[bytes]) -> Find:
    if not anchor:
        return re.compile(rb"(?i:%b)" % b"|".join(map(re.escape, marks))).search
    halves = [mark.partition(anchor) for mark in marks]
    ahead = min(3, *(len(after) for _, _, after in halves)) if len(halves) > 1 else min(3, len(halves[0][2]))
    classes = b"".join(_either(after[place : place + 1] for _, _, after in halves) for place in range(ahead))
    ways = (
        rb"(?<=(?i:%b))(?i:%b)" % (re.escape(before + anchor + after[:ahead]), re.escape(after[ahead:]))
        for before, _, after in halves
    )
    return re.compile(rb"%b%b(?:%b)" % (re.escape(anchor), classes, b"|".join(ways))).search
