"""Walks the tokens of a page, step by step: each step decides one token, or says what it waits for.

`pos` is where the buffer is decided; `hold` is from where it must be kept for the next chunk. A step moves `pos` and
returns True, or sets `hold` (and `wake`, a byte without which more is in vain) and returns False.
"""

from __future__ import annotations

from collections.abc import Callable

from consentkit.html.context import Tree
from consentkit.html.document import Document, Move
from consentkit.html.output import Output
from consentkit.html.parts import LongTag
from consentkit.html.rawtext import CLOSED_BY_TAG, Text, comment_start, end_of
from consentkit.html.rules import Piece, Placement, Rules
from consentkit.html.scan import END, LETTERS, LIMIT, SPACE, Unfinished, tag_end
from consentkit.html.tag import Context, Tag
from consentkit.html.verdicts import Verdicts, name_at

__all__ = ["Walker"]

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8 = b"\xef\xbb\xbf"
_WITH_TEXT = frozenset((b"script", b"style"))

Step = Callable[["Walker", bytes], bool]
"""A method rather than a bound one: a walker that points at itself would stay until the next garbage collection."""


class Walker:
    """The state of one page's reading."""

    placed = False
    utf16 = False
    final = False
    pos = 0
    hold = 0
    wake = b""
    _resume = 0
    _searched = 0
    _text: Text | None = None
    _raw_name = b""
    _opener_tag: Tag | None = None
    _opener_at = 0
    _style: Tag | None = None  # opener of a style of which more parts are to be judged
    _long: LongTag | None = None
    _long_move = 0

    def __init__(self, rules: Rules, placement: Placement | None, output: Output) -> None:
        self.output = output
        self.placement = placement
        at_end = placement is not None and placement.place == "end"
        self.document = None if placement is None else Document(at_end)
        self.tree = Tree()
        self.verdicts = Verdicts(rules, at_end)
        self.step: Step = Walker._begin

    # -- at the seams between chunks

    def rebase(self, offset: int) -> None:
        """The buffer's first `offset` bytes are gone."""
        self.pos -= offset
        self._resume = self._resume and self._resume - offset
        self._searched = self._searched and max(0, self._searched - offset)
        self._opener_at -= offset
        if self._text is not None:
            self._text.resume -= offset

    @property
    def in_data(self) -> bool:
        """Whether the next step reads markup."""
        return self._text is None and self._long is None

    def passes(self, chunk: bytes) -> bool:
        """Whether this chunk leaves as it is and changes nothing, given that none before it is held."""
        text = self._text
        return text is not None and self._opener_tag is None and self._style is None and text.passes(chunk)

    def finish(self, buffer: bytes) -> None:
        """The file has ended: place what is not placed, if that place is in data."""
        if self.document is not None and self.in_data and not self.tree.inside:
            self._move(buffer, self.document.end(), self.pos)

    def undecided(self) -> tuple[int, bytes, bytes]:
        """Say where the decided bytes end, what closes the tag that is open there, and which raw text is open."""
        if self._opener_tag is not None:
            return self._opener_at, b"", b""
        if self._long is not None:
            closing, name = self._long.closing, self._long.name
            return self.pos, closing, name if closing and name in CLOSED_BY_TAG else b""
        return self.pos, b"", self._raw_name if self._text is not None else b""

    def _begin(self, buffer: bytes) -> bool:
        start = buffer[:3]
        if start[:2] in _UTF16:
            self.utf16 = True
            self.hold = len(buffer)
            return False
        if not self.final and (start in (b"\xff", b"\xfe") or (len(start) < 3 and _UTF8.startswith(start))):
            return self._wait(0)
        self.pos = 3 if start == _UTF8 else 0
        self.step = type(self)._walk
        return True

    def _wait(self, at: int, resume: int = 0, wake: bytes = b"") -> bool:
        self.pos = self.hold = at
        self._resume = resume
        self.wake = wake
        return False

    # -- data

    def _walk(self, buffer: bytes) -> bool:
        return self._token(buffer)

    def _token(self, buffer: bytes) -> bool:
        pos = self.pos
        lt = buffer.find(b"<", pos)
        end = len(buffer) if lt < 0 else lt
        if end > pos:
            self._words(buffer, pos, end)
        if lt < 0:
            return self._wait(end)
        self.pos = lt
        second = buffer[lt + 1 : lt + 2]
        if not second:
            return self._wait(lt)
        if second[0] in LETTERS:
            return self._opener(buffer, lt)
        if second == b"/":
            return self._slash(buffer, lt)
        if second == b"!":
            return self._declaration(buffer, lt)
        if second == b"?":
            return self._read_text(Text(b"bogus", lt + 2))
        self._words(buffer, lt, lt + 1)
        self.pos = lt + 1
        return True

    def _words(self, buffer: bytes, start: int, end: int) -> None:
        document = self.document
        if document is None or not document.before_body or self.tree.inside:
            return
        blank = end - start - len(buffer[start:end].lstrip(SPACE))
        if start + blank < end:
            self._move(buffer, document.text(), start + blank)

    def _slash(self, buffer: bytes, lt: int) -> bool:
        third = buffer[lt + 2 : lt + 3]
        if not third:
            return self._wait(lt)
        if third[0] in LETTERS:
            return self._closer(buffer, lt)
        return self._read_text(Text(b"bogus", lt + 2))

    def _declaration(self, buffer: bytes, lt: int) -> bool:
        head = buffer[lt : lt + 9].lower()
        if len(head) < 9 and not self.final and _may_become(head, self.tree.cdata):
            return self._wait(lt)
        if head.startswith(b"<!--"):
            at = comment_start(buffer, lt)
            return self._wait(lt) if at < 0 else self._read_text(Text(b"comment", at, self.tree.cut))
        if self.tree.cdata and buffer.startswith(b"<![CDATA[", lt):
            return self._read_text(Text(b"cdata", lt + 9, self.tree.cut))
        if head == b"<!doctype" and self.document is not None:
            self.document.doctype()
        return self._read_text(Text(b"bogus", lt + 2))

    def _whole_tag(self, buffer: bytes, lt: int) -> int:
        """Return the end of the tag at `lt`; 0: wait for more, -1: it is a long one, -2: an end tag cut it."""
        end = tag_end(buffer, lt, self._resume)
        self._resume = 0
        if self.tree.cut and self._cut(buffer, lt, end):
            return -2
        if isinstance(end, int):
            return end if end - lt <= LIMIT else -1
        if len(buffer) - lt > LIMIT:
            return -1
        self._wait(lt, end.resume, END if self.tree.cut else end.wake)
        return 0

    def _cut(self, buffer: bytes, lt: int, end: int | Unfinished) -> bool:
        """Whether the end tag that cuts comes before the tag at `lt` ends; then go there."""
        name = self.tree.cut
        behind = len(name) + 3
        stop = len(buffer) if isinstance(end, Unfinished) else end + behind
        found = end_of(name).search(buffer, max(lt + 1, self._searched), stop)
        self._searched = max(0, len(buffer) - behind) if isinstance(end, Unfinished) else 0
        if found is None or (not isinstance(end, Unfinished) and found.start() >= end):
            return False
        self.pos = found.start()
        return True

    def _closer(self, buffer: bytes, lt: int) -> bool:
        end = self._whole_tag(buffer, lt)
        if end in (0, -2):
            return end == -2
        name = name_at(buffer, lt + 2)
        if self.document is not None and not self.tree.inside:
            move = self.document.closer(name)
            if move:
                self._move(buffer, move, lt)
        self.tree.closer(name)
        if end == -1:
            return self._read_long(LongTag(b""))
        self.pos = end
        return True

    def _opener(self, buffer: bytes, lt: int) -> bool:
        end = self._whole_tag(buffer, lt)
        if end in (0, -2):
            return end == -2
        name = name_at(buffer, lt + 1)
        raw = buffer[lt : end if end > 0 else lt + LIMIT]
        move = 0
        if self.document is not None and not self.tree.inside:
            move = self.document.opener(name, raw)
            if move:
                self._move(buffer, move, lt)
        if end == -1:
            return self._read_long(LongTag(name), move)
        kind = self.tree.opener(name, raw)
        tag = self._judged(buffer, lt, name, raw)
        self.pos = end
        if move:
            self._move_behind(buffer, move, end)
        return self._follow(kind, lt, end, tag) if kind else True

    def _judged(self, buffer: bytes, lt: int, name: bytes, raw: bytes) -> Tag | None:
        """Apply the verdict; return the tag if its text is wanted first."""
        known = self.verdicts.look(name, raw, self.tree.here)
        if known is None:
            return None
        verdict = known[0]
        if verdict.rules is not None:
            at_end = self.placement is not None and self.placement.place == "end"
            self.verdicts = Verdicts(verdict.rules, at_end)
        if verdict.wants_text and name in _WITH_TEXT and not self.tree.here & Context.FOREIGN:
            return Tag(name, raw, self.tree.here)
        if verdict.insertions:
            self.output.insert(buffer, lt, verdict.insertions)
            self.output.count(verdict)
        return None

    # -- text that is not markup

    def _follow(self, kind: bytes, lt: int, end: int, tag: Tag | None) -> bool:
        if kind:
            self._read_text(Text(kind, end, self.tree.cut), kind)
            if tag is not None:
                self._opener_tag, self._opener_at = tag, lt
                self.step = Walker._in_wanted_text
        return True

    def _read_text(self, text: Text, name: bytes = b"") -> bool:
        self._text = text
        self._raw_name = name
        self.step = Walker._in_text
        return True

    def _in_text(self, buffer: bytes) -> bool:
        text = self._text
        end = text.seek(buffer) if text is not None else self.pos
        if end < 0 and text is not None:
            return self._wait(text.resume)
        self.pos = end
        self._text = None
        self.step = type(self)._walk
        return True

    def _in_wanted_text(self, buffer: bytes) -> bool:
        text, tag, lt = self._text, self._opener_tag, self._opener_at
        if text is None or tag is None:
            return self._in_text(buffer)
        start, most = lt + len(tag.raw), lt + LIMIT
        end = text.seek(buffer)
        seen = end if end >= 0 else len(buffer) if self.final else text.resume
        if end < 0 and seen <= most and not self.final:
            self._wait(lt)
            self.pos = start
            return False
        whole = seen <= most
        stop = seen if whole else _part(buffer, start, most)
        verdict = self.verdicts.judge_text(tag, buffer[start:stop], whole)
        self.output.insert(buffer, lt, verdict.insertions)
        self.output.insert(buffer, start, verdict.text_insertions)
        if verdict.insertions or verdict.text_insertions:
            self.output.count(verdict)
        self._opener_tag = None
        if tag.name == b"style" and not whole:
            self._style = Tag(tag.name, tag.raw, tag.context, part=1)
            self.pos = stop
            self.step = Walker._in_more_style
            return True
        return self._text_read(seen, end)

    def _in_more_style(self, buffer: bytes) -> bool:
        """Show the rest of a style, part by part: its opener has left, its addresses have not."""
        text, tag, start = self._text, self._style, self.pos
        if text is None or tag is None:
            return self._in_text(buffer)
        most = start + LIMIT
        end = text.seek(buffer)
        seen = end if end >= 0 else len(buffer) if self.final else text.resume
        whole = seen <= most
        if end < 0 and whole and not self.final:
            return self._wait(start)
        stop = seen if whole else _part(buffer, start, most)
        verdict = self.verdicts.judge_text(tag, buffer[start:stop], whole)
        self.output.insert(buffer, start, verdict.text_insertions)
        if verdict.text_insertions:
            self.output.count(verdict)
        self.pos = stop
        if whole:
            self._style = None
            return self._text_read(seen, end)
        return True

    def _text_read(self, seen: int, end: int) -> bool:
        self.pos = seen
        self.step = Walker._in_text
        if end >= 0:
            self._text = None
        return True

    # -- long tags

    def _read_long(self, tag: LongTag, move: int = Move.NOTHING) -> bool:
        self._long = tag
        self._long_move = move
        self.step = Walker._in_long
        return True

    def _in_long(self, buffer: bytes) -> bool:
        long, pos = self._long, self.pos
        if long is None:
            return False
        if long.state:
            self.pos = long.skip(buffer, pos)
            return self._wait(self.pos) if long.state else True
        end, cut = long.next_part(buffer, pos)
        if end < 0:
            return self._wait(pos, 0, long.wake)
        raw = buffer[pos:end]
        if long.name and (cut or self.verdicts.wants(long.name, raw)):
            context = self.tree.context | Context.UNSURE
            verdict = self.verdicts.judge(Tag(long.name, raw, context, complete=False, part=long.part))
            self.output.insert(buffer, pos, verdict.insertions)
            if verdict.insertions:
                self.output.count(verdict)
        long.part += 1
        self.pos = end
        if raw.endswith(END) and not cut:
            self._end_long(buffer, long.name, raw)
        return True

    def _end_long(self, buffer: bytes, name: bytes, raw: bytes) -> None:
        self._long = None
        self.step = type(self)._walk
        if name:
            self._move_behind(buffer, self._long_move, self.pos)
            slash = b"/>" if raw.endswith((b'"/>', b"'/>", b" />")) else END
            self._follow(self.tree.opener(name, b"<" + name + slash), 0, self.pos, None)

    # -- the notice

    def _move(self, buffer: bytes, move: int, at: int) -> None:
        if move & Move.HEAD_BEFORE:
            self._place(buffer, at, "head", implied=True)
        if move & (Move.BODY_BEFORE | Move.END_BEFORE):
            self._place(buffer, at, "body", implied=bool(move & Move.BODY_BEFORE))

    def _move_behind(self, buffer: bytes, move: int, at: int) -> None:
        if move & Move.HEAD_BEHIND:
            self._place(buffer, at, "head", implied=False)
        if move & Move.BODY_BEHIND:
            self._place(buffer, at, "body", implied=False)

    def _place(self, buffer: bytes, at: int, where: str, *, implied: bool) -> None:
        if self.placement is None or self.document is None:
            return
        piece: Piece = self.placement.head if where == "head" else self.placement.body
        text = piece if isinstance(piece, bytes) else piece(self.document.facts(implied))
        if text:
            self.output.put(buffer, at, self.tree.way_out + text)
            self.placed = self.placed or where == "body"


def _part(buffer: bytes, start: int, most: int) -> int:
    """Where a part of a text ends: behind a rule of a style, so that no address is cut, or where there is no more room."""
    behind = buffer.rfind(b"}", start, most) + 1
    return behind if behind > start else most


def _may_become(head: bytes, cdata: bool) -> bool:
    """Whether these first bytes, in lower case, may be the start of a comment, a doctype or a CDATA section."""
    starts = (b"<!doctype", b"<!--", b"<![cdata[") if cdata else (b"<!doctype", b"<!--")
    return any(start.startswith(head) for start in starts)
