"""Whether the bytes are a document, and where its head and its body start: the tree builder's first modes as a table.

    stage        stays while it meets                        otherwise
    START        white space, comments, <?xml …>             doctype, html, head, body → BEFORE_HEAD; else FRAGMENT
    BEFORE_HEAD  white space, comments, html                 head → HEAD; else the head is implied → HEAD, again
    HEAD         white space, comments, `HEAD_NAMES`        </head> → AFTER_HEAD; body → BODY; frameset → FRAMESET;
    AFTER_HEAD   the same without noscript                   else the body is implied → BODY
    BODY         everything; `place="end"` waits for </body> or </html>

Inside a template or noscript nothing counts. Source: WHATWG HTML 13.2.6.4.1-6, checked 2026-11.

Known limit: a frameset after text that implied a body (an error that browsers repair by dropping the body) gets the
notice, and then shows the body.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache
from typing import Final

from consentkit.html.rules import DocumentFacts
from consentkit.html.tag import Tag

__all__ = ["HEAD_NAMES", "Document", "Move", "Stage"]


class Stage(Enum):
    """How far the document has come."""

    START = auto()
    BEFORE_HEAD = auto()
    HEAD = auto()
    AFTER_HEAD = auto()
    BODY = auto()
    FRAMESET = auto()
    FRAGMENT = auto()


class Move:
    """What goes in around a token, as bits: nothing, or the head's or the body's start, before or behind it."""

    NOTHING: Final = 0
    HEAD_BEFORE: Final = 1
    HEAD_BEHIND: Final = 2
    BODY_BEFORE: Final = 4
    BODY_BEHIND: Final = 8
    END_BEFORE: Final = 16


HEAD_NAMES: Final = frozenset(b"base basefont bgsound link meta noframes script style template title".split())
_STARTS: Final = frozenset((b"html", b"head", b"body", b"frameset"))
_IMPLYING_CLOSERS: Final = frozenset((b"body", b"html", b"br"))
_AMP: Final = frozenset(name.encode() for name in ("amp", "⚡", "amp4ads", "⚡4ads", "amp4email", "⚡4email"))


@lru_cache(maxsize=64)
def _html(raw: bytes) -> tuple[str | None, bool]:
    """Return the language of an html tag, and whether it says AMP; a site has few such tags."""
    tag = Tag(b"html", raw)
    lang = tag.get(b"lang")
    return lang.text if lang else None, any(attribute.name in _AMP for attribute in tag.attributes)


class Document:
    """Follows the tokens until the body is there (or, for `place="end"`, until it ends)."""

    stage = Stage.START
    before_body = True
    """Whether every token matters: the body has not started."""
    lang: str | None = None
    amp = False

    def __init__(self, at_end: bool) -> None:
        self._at_end = at_end

    @property
    def started(self) -> bool | None:
        """Whether this is a document; None while nothing has been seen that tells."""
        return None if self.stage is Stage.START else self.stage is not Stage.FRAGMENT or self.amp

    @property
    def in_head(self) -> bool:
        """Whether the head is there and the body is not."""
        return self.stage in (Stage.HEAD, Stage.AFTER_HEAD)

    @property
    def waits_for_end(self) -> bool:
        """Whether the end tags of body and html matter."""
        return self._at_end and self.stage is Stage.BODY

    def facts(self, implied: bool) -> DocumentFacts:
        """What a piece may know."""
        return DocumentFacts(self.lang, implied)

    def doctype(self) -> None:
        """Take in `<!doctype`."""
        if self.stage is Stage.START:
            self.stage = Stage.BEFORE_HEAD

    def text(self) -> int:
        """Take in text that is not white space."""
        if self.stage is Stage.START:
            self._settle(Stage.FRAGMENT)
        return self._imply_body() if self.before_body else Move.NOTHING

    def opener(self, name: bytes, raw: bytes) -> int:
        """Take in an opener."""
        if self.stage is Stage.START:
            if name not in _STARTS:
                self._settle(Stage.FRAGMENT)
                return Move.NOTHING
            self.stage = Stage.BEFORE_HEAD
        if not self.before_body:
            return Move.NOTHING
        if name == b"html":
            self._html(raw)
            return Move.NOTHING
        if name == b"head":
            return self._head()
        return self._in_head(name)

    def head(self, html: bytes) -> bool:
        """Take in doctype, html and head at once, as a page begins; say whether the head counts (not on an AMP page)."""
        self.lang, self.amp = _html(html)
        if self.amp:
            self._settle(Stage.FRAGMENT)
            return False
        self.stage = Stage.HEAD
        return True

    def body(self) -> int:
        """Take in the body's opener, met in or behind the head."""
        self._settle(Stage.BODY)
        return Move.NOTHING if self._at_end else Move.BODY_BEHIND

    def _settle(self, stage: Stage) -> None:
        self.stage = stage
        self.before_body = False

    def _html(self, raw: bytes) -> None:
        if self.stage is not Stage.BEFORE_HEAD:
            return
        lang, amp = _html(raw)
        self.lang = lang if self.lang is None else self.lang
        if amp:
            self.amp = True
            self._settle(Stage.FRAGMENT)

    def _head(self) -> int:
        if self.stage is not Stage.BEFORE_HEAD:
            return Move.NOTHING
        self.stage = Stage.HEAD
        return Move.HEAD_BEHIND

    def _in_head(self, name: bytes) -> int:
        head = self._imply_head()
        if name in HEAD_NAMES or (name == b"noscript" and self.stage is Stage.HEAD):
            return head
        if name == b"frameset":
            self._settle(Stage.FRAMESET)
            return head
        self._settle(Stage.BODY)
        if self._at_end:
            return head
        return head | (Move.BODY_BEHIND if name == b"body" else Move.BODY_BEFORE)

    def closer(self, name: bytes) -> int:
        """Take in an end tag."""
        if self.stage is Stage.START:
            self._settle(Stage.FRAGMENT)
        if self.waits_for_end and name in (b"body", b"html"):
            return self._end()
        if not self.before_body:
            return Move.NOTHING
        if name == b"head":
            head = self._imply_head()
            self.stage = Stage.AFTER_HEAD
            return head
        if name not in _IMPLYING_CLOSERS:
            return Move.NOTHING
        moves = self._imply_body()
        return moves if name == b"br" else moves | self._end()

    def end(self) -> int:
        """Take in the end of the file, met in data."""
        if not (self.before_body or self._at_end) or self.stage in (
            Stage.START,
            Stage.FRAGMENT,
            Stage.FRAMESET,
        ):
            return Move.NOTHING
        moves = self._imply_body() if self.before_body else Move.NOTHING
        return moves | self._end()

    def _end(self) -> int:
        waited, self._at_end = self._at_end, False
        return Move.END_BEFORE if waited else Move.NOTHING

    def _imply_head(self) -> int:
        if self.stage is not Stage.BEFORE_HEAD:
            return Move.NOTHING
        self.stage = Stage.HEAD
        return Move.HEAD_BEFORE

    def _imply_body(self) -> int:
        head = self._imply_head()
        self._settle(Stage.BODY)
        return head if self._at_end else head | Move.BODY_BEFORE
