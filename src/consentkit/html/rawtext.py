"""Where text that is not markup ends: script, style and their kin, comments, CDATA.

    state        what ends it                        what changes it
    element      </name and one of space / >         -
    script       </script…                           <!--  → escaped
    escaped      </script…                           -->   → script     <script…  → double
    double       (nothing)                           -->   → script     </script… → escaped
    comment      --> or --!>; > or -> right at once  -
    bogus        >                                   -
    cdata        ]]>                                 -
    plaintext    (nothing)                           -

The dashes of `<!--` may be those of `-->`, so a search goes on before them. `cut` names an element whose end tag ends
everything, because some browser reads its content as one text: a noscript, or raw text where it is not sure to be raw.

Source: WHATWG HTML 13.2.5.4-31 and 13.2.5.41-54, checked 2026-11.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["CLOSED_BY_TAG", "CLOSERS", "COMMENT", "EMPTY", "RAW_NAMES", "Text", "comment_start", "end_of"]

RAW_NAMES: Final = frozenset(
    (b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes", b"plaintext")
)
CLOSED_BY_TAG: Final = RAW_NAMES - {b"plaintext"}
_DELIMITER: Final = rb"(?=[\t\n\f\r />])"
_PATTERNS: Final[dict[bytes, bytes]] = {
    **{name: rb"</(?i:%b)%b" % (name, _DELIMITER) for name in CLOSED_BY_TAG},
    b"script": rb"<(?:/(?i:script)%b|!--)" % _DELIMITER,
    b"escaped": rb"-->|</?(?i:script)%b" % _DELIMITER,
    b"double": rb"-->|</(?i:script)%b" % _DELIMITER,
    b"comment": rb"--!?>",
    b"bogus": rb">",
    b"cdata": rb"\]\]>",
    b"plaintext": rb"(?!)",
}


@lru_cache(maxsize=256)
def end_of(name: bytes) -> re.Pattern[bytes]:
    """Return the search for the end tag of that name."""
    return re.compile(rb"</(?i:%b)%b" % (name, _DELIMITER))


@lru_cache(maxsize=256)
def _search(state: bytes, cut: bytes) -> re.Pattern[bytes]:
    return re.compile(_PATTERNS[state] + b"|" + end_of(cut).pattern if cut else _PATTERNS[state])


_PLAIN: Final = {name: _search(name, b"") for name in _PATTERNS}
_LONGEST: Final = len(b"</noscript") + 1
_TAIL: Final = re.compile(rb"(?:<[!/a-zA-Z]?[!/a-zA-Z-]*+|--?!?|\]\]?)\Z")


class Text:
    """A stretch that holds no markup, read as it arrives.

    `seek` returns where it ends (before the closing tag, or behind the mark that ends it) or -1 when more is needed;
    `resume` is then where the next look starts: what stands before it is decided.
    """

    __slots__ = ("_cut", "_state", "resume")

    def __init__(self, state: bytes, resume: int, cut: bytes = b"") -> None:
        self._cut = cut
        self._state = state
        self.resume = resume

    def seek(self, buffer: bytes) -> int:
        """Look on from `resume`."""
        while True:
            found = _search(self._state, self._cut).search(buffer, self.resume)
            if found is None:
                self.resume = self._undecided(buffer)
                return -1
            end = self._met(found)
            if end >= 0:
                return end

    def passes(self, chunk: bytes) -> bool:
        """Whether nothing in this next chunk ends the text or may begin what does, given that all before is decided."""
        return (
            _search(self._state, self._cut).search(chunk) is None
            and _TAIL.search(chunk, max(0, len(chunk) - _LONGEST)) is None
        )

    def _undecided(self, buffer: bytes) -> int:
        """Return where the bytes begin that may be the first of a mark."""
        near = max(self.resume, len(buffer) - _LONGEST)
        if self._state in CLOSED_BY_TAG and buffer.find(b"<", near) < 0:
            return max(self.resume, len(buffer))
        tail = _TAIL.search(buffer, near)
        return tail.start() if tail else max(self.resume, len(buffer))

    def _met(self, found: re.Match[bytes]) -> int:
        mark = found[0].lower()
        if mark[:1] == b"<" and mark != b"<!--":
            if self._state == b"double" and mark == b"</script":
                self._state = b"escaped"
            elif mark == b"<script":
                self._state = b"double"
            else:
                return found.start()
            self.resume = found.end()
            return -1
        if self._state in (b"comment", b"bogus", b"cdata"):
            return found.end()
        self._state, self.resume = (
            (b"escaped", found.end() - 2) if mark == b"<!--" else (b"script", found.end())
        )
        return -1


def comment_start(buffer: bytes, start: int) -> int:
    """Return where to look for the end of the comment at `start`, or -1 when two more bytes are needed.

    `<!-->` and `<!--->` end at once, with the dashes that opened them; any other comment needs dashes of its own.
    """
    after = buffer[start + 4 : start + 6]
    if after in (b"", b"-"):
        return -1
    return start + 2 if after[:1] == b">" or after == b"->" else start + 4


COMMENT: Final = re.compile(rb"<!--(?:-?>|(?>[^-]++|-(?!-!?>))*+--!?>)").match
"""A whole comment, where all of it is there."""
CLOSERS: Final = {name: _PLAIN[name].search for name in RAW_NAMES}
"""The first end tag of an element's raw text, or (four bytes long) the `<!--` that changes how a script reads."""
EMPTY: Final = {name: b"</%b>" % name for name in RAW_NAMES}
"""The end tag as it stands behind an opener that holds nothing."""
