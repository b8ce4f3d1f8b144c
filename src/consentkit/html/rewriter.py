"""Bytes in, bytes out: walks the tokens, asks the rules about openers, puts insertions in.

Three marks run over the buffer: up to `_sent` it has left, up to `_pos` it is decided, from `_hold` on it is kept for
the next chunk. `_sent` moves only after a tag's verdict is known, so giving up loses and repeats no byte.

After a fault the rest of the page goes through `Blunt`. UTF-16 (by its byte order mark) is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from consentkit.html.blunt import Blunt
from consentkit.html.context import Tree
from consentkit.html.document import Document, Move
from consentkit.html.parts import LongTag
from consentkit.html.rawtext import CLOSED_BY_TAG, NOSCRIPT_END, Text, comment_start
from consentkit.html.rules import Insertion, Piece, Placement, Rules, Verdict
from consentkit.html.scan import END, LETTERS, LIMIT, SPACE, Unfinished, tag_end
from consentkit.html.tag import Context, Tag

__all__ = ["Rewriter"]

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF8: Final = b"\xef\xbb\xbf"
_NAME_ENDS: Final = bytes(byte if byte not in SPACE + b"/>" else 0x20 for byte in range(256))
_WITH_TEXT: Final = frozenset((b"script", b"style"))

Trace = Callable[[int, int], None]
Fault = Callable[[BaseException], None]


class Rewriter:
    """Rewrites one page.

    Feed it chunks of any size and close it; the result does not depend on how the page was cut. At most `LIMIT` bytes
    (and a few) are held. `feed` and `close` never raise for what the page or the rules do: the first exception is
    handed to `on_fault`, and the rest of the page goes through `Blunt`.

    `trace` is told of each insertion: offset in the output, length.
    """

    def __init__(
        self,
        rules: Rules,
        placement: Placement | None = None,
        *,
        on_fault: Fault | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.counts: dict[str, int] = {}
        """Insertions by the label of their verdict."""
        self.placed = False
        """Whether the body's piece is in."""
        self.failed = False
        self.utf16 = False
        self._placement = placement
        self._document = Document(placement.place == "end") if placement else None
        self._tree = Tree()
        self._use(rules)
        self._on_fault = on_fault
        self._trace = trace
        self._step: Callable[[bytes], bool] = self._begin
        self._blunt: Blunt | None = None
        self._held = b""
        self._waiting: list[bytes] = []
        self._waited = 0
        self._wake = b""
        self._pos = self._hold = self._sent = self._resume = self._span = 0
        self._final = False
        self._out: list[bytes] = []
        self._written = 0
        self._text: Text | None = None
        self._raw_name = b""
        self._opener_tag: Tag | None = None
        self._long: LongTag | None = None
        self._long_move = Move.NOTHING

    @property
    def document(self) -> bool | None:
        """Whether the page is a whole document; None while its bytes do not tell, or without a placement."""
        return self._document.started if self._document else None

    @property
    def amp(self) -> bool:
        """Whether `<html amp>` was met."""
        return self._document is not None and self._document.amp

    def whole(self, body: bytes) -> bytes:
        """Rewrite a complete page; use it on a fresh object, instead of `feed` and `close`."""
        return self.feed(body) + self.close()

    def feed(self, chunk: bytes | bytearray | memoryview) -> bytes:
        """Take in a chunk and return what is decided by now; it may be empty."""
        data = chunk if type(chunk) is bytes else bytes(chunk)
        if self._blunt is not None:
            return self._blunt.feed(data)
        if not data or self.utf16:
            return data
        if self._wake and self._wake not in data and self._waited + len(data) <= LIMIT - len(self._held):
            self._waiting.append(data)
            self._waited += len(data)
            return b""
        return self._drive(self._gather(data))

    def _gather(self, data: bytes) -> bytes:
        if self._waiting:
            data = b"".join((self._held, *self._waiting, data))
            self._waiting.clear()
            self._waited = 0
            return data
        return self._held + data if self._held else data

    def close(self) -> bytes:
        """Return the rest. Nothing may be fed afterwards."""
        if self._blunt is not None:
            return self._blunt.close()
        self._final = True
        return self._drive(self._gather(b""))

    def _drive(self, buffer: bytes) -> bytes:
        try:
            while self._step(buffer):
                pass
            if self._final:
                self._finish(buffer)
        except Exception as fault:
            return self._give_up(buffer, fault)
        hold = len(buffer) if self._final else self._hold
        self._held = buffer[hold:]
        self._pos -= hold
        self._resume -= hold
        self._span -= hold
        if self._text is not None:
            self._text.resume -= hold
        return self._flush(buffer, hold)

    def _flush(self, buffer: bytes, end: int) -> bytes:
        self._out.append(buffer[self._sent : end])
        self._sent = 0
        result = b"".join(self._out)
        self._out.clear()
        self._written += len(result)
        return result

    def _give_up(self, buffer: bytes, fault: Exception) -> bytes:
        self.failed = True
        opened = self._raw_name if self._text is not None and self._opener_tag is None else b""
        closing = b""
        if self._long is not None:
            closing = self._long.closing
            opened = self._long.name if closing and self._long.name in CLOSED_BY_TAG else b""
        start = max(self._sent, self._span if self._opener_tag is not None else self._pos)
        self._blunt = Blunt(closing, opened)
        rest = buffer[start:]
        done = self._flush(buffer, start)
        if self._on_fault is not None:
            self._on_fault(fault)
        return done + self._blunt.feed(rest) + (self._blunt.close() if self._final else b"")

    def _use(self, rules: Rules) -> None:
        self._rules = rules
        self._names = rules.names
        self._marks = rules.marks
        self._memo = rules.memo

    # -- steps: each moves _pos and returns True, or sets _hold and returns False

    def _begin(self, buffer: bytes) -> bool:
        start = buffer[:3]
        if start[:2] in _UTF16:
            self.utf16 = True
            self._hold = len(buffer)
            return False
        if not self._final and (start in (b"\xff", b"\xfe") or (len(start) < 3 and _UTF8.startswith(start))):
            self._hold = 0
            return False
        self._pos = 3 if start == _UTF8 else 0
        self._step = self._data
        return True

    def _wait(self, at: int, resume: int = 0, wake: bytes = b"") -> bool:
        self._pos = self._hold = at
        self._resume = resume
        self._wake = wake
        return False

    def _data(self, buffer: bytes) -> bool:
        pos = self._pos
        lt = buffer.find(b"<", pos)
        end = len(buffer) if lt < 0 else lt
        if end > pos:
            self._words(buffer, pos, end)
        if lt < 0:
            return self._wait(end)
        self._pos = lt
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
        self._pos = lt + 1
        return True

    def _words(self, buffer: bytes, start: int, end: int) -> None:
        document = self._document
        if document is None or not document.before_body or self._tree.inside:
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
        if len(head) < 9 and not self._final and _may_become(head, self._tree.cdata):
            return self._wait(lt)
        if head.startswith(b"<!--"):
            at = comment_start(buffer, lt)
            return self._wait(lt) if at < 0 else self._read_text(Text(b"comment", at, self._tree.in_noscript))
        if self._tree.cdata and buffer.startswith(b"<![CDATA[", lt):
            return self._read_text(Text(b"cdata", lt + 9, self._tree.in_noscript))
        if head == b"<!doctype" and self._document is not None:
            self._document.doctype()
        return self._read_text(Text(b"bogus", lt + 2))

    def _read_text(self, text: Text, name: bytes = b"") -> bool:
        self._text = text
        self._raw_name = name
        self._step = self._in_text
        return True

    def _in_text(self, buffer: bytes) -> bool:
        assert self._text is not None
        end = self._text.seek(buffer)
        if end < 0:
            return self._wait(self._text.resume)
        self._pos = end
        self._text = None
        self._step = self._data
        return True

    def _whole_tag(self, buffer: bytes, lt: int) -> int:
        """Return the end of the tag at `lt`; -1: wait for more; -2: it is a long one; -3: noscript cut it."""
        end = tag_end(buffer, lt, self._resume)
        self._resume = 0
        noscript = self._tree.in_noscript and NOSCRIPT_END.search(buffer, lt + 1)
        if noscript and (isinstance(end, Unfinished) or noscript.start() < end):
            self._pos = noscript.start()
            return -3
        if isinstance(end, int):
            return end if end - lt <= LIMIT else -2
        if len(buffer) - lt > LIMIT:
            return -2
        self._wait(lt, end.resume, END if self._tree.in_noscript else end.wake)
        return -1

    def _closer(self, buffer: bytes, lt: int) -> bool:
        end = self._whole_tag(buffer, lt)
        if end == -3:
            return True
        if end == -1:
            return False
        name = _name(buffer, lt + 2)
        if self._document is not None and not self._tree.inside:
            self._move(buffer, self._document.closer(name), lt)
        self._tree.closer(name)
        if end == -2:
            return self._read_long(LongTag(b""))
        self._pos = end
        return True

    def _opener(self, buffer: bytes, lt: int) -> bool:
        end = self._whole_tag(buffer, lt)
        if end == -3:
            return True
        if end == -1:
            return False
        name = _name(buffer, lt + 1)
        raw = buffer[lt : end if end > 0 else lt + LIMIT]
        move = Move.NOTHING
        if self._document is not None and not self._tree.inside:
            move = self._document.opener(name, raw)
            self._move(buffer, move, lt)
        if end == -2:
            return self._read_long(LongTag(name), move)
        kind = self._tree.opener(name, raw)
        verdict = self._show(buffer, lt, name, raw)
        self._pos = end
        self._move_behind(buffer, move, end)
        return self._follow(
            kind, lt, end, Tag(name, raw, self._tree.here) if verdict and verdict.wants_text else None
        )

    def _follow(self, kind: bytes, lt: int, end: int, tag: Tag | None) -> bool:
        if not kind:
            return True
        self._read_text(Text(kind, end, self._tree.in_noscript), kind)
        if tag is not None and kind in _WITH_TEXT:
            self._opener_tag = tag
            self._span = lt
            self._step = self._text_head
        return True

    # -- verdicts

    def _show(self, buffer: bytes, lt: int, name: bytes, raw: bytes) -> Verdict | None:
        if name not in self._names and not self._marked(raw):
            return None
        verdict = self._judge(Tag(name, raw, self._tree.here))
        if verdict.rules is not None:
            self._use(verdict.rules)
        if verdict.insertions and not verdict.wants_text:
            self._insert(buffer, lt, verdict.insertions, verdict.label)
        return verdict

    def _marked(self, raw: bytes) -> bool:
        lowered = raw.lower()
        return any(mark in lowered for mark in self._marks)

    def _judge(self, tag: Tag) -> Verdict:
        memo = self._memo
        if memo is None or len(tag.raw) > memo.longest:
            return self._rules.judge(tag)
        key: object = (tag.context, tag.raw) if tag.context else tag.raw
        known = memo.get(key)
        if known is None:
            verdict = self._rules.judge(tag)
            if len(memo) >= memo.entries:
                memo.clear()
            memo[key] = known = (verdict, b"")
        return known[0]

    def _text_head(self, buffer: bytes) -> bool:
        assert self._text is not None
        assert self._opener_tag is not None
        tag, lt = self._opener_tag, self._span
        start, most = lt + len(tag.raw), lt + LIMIT
        end = self._text.seek(buffer)
        seen = end if end >= 0 else self._text.resume
        if end < 0 and seen <= most and not self._final:
            self._hold = lt
            self._wake = b""
            return False
        if end < 0 and self._final:
            seen = len(buffer)
        verdict = self._rules.judge_text(tag, buffer[start : min(seen, most)], seen <= most)
        self._insert(buffer, lt, verdict.insertions, verdict.label)
        self._insert(buffer, start, verdict.text_insertions, "" if verdict.insertions else verdict.label)
        self._opener_tag = None
        self._pos = seen
        self._step = self._in_text
        if end >= 0:
            self._text = None
            self._step = self._data
        return True

    def _insert(self, buffer: bytes, base: int, insertions: tuple[Insertion, ...], label: str) -> None:
        for insertion in insertions:
            self._put(buffer, base + insertion.at, insertion.text)
        if insertions and label:
            self.counts[label] = self.counts.get(label, 0) + 1

    def _put(self, buffer: bytes, at: int, text: bytes) -> None:
        self._out.append(buffer[self._sent : at])
        self._sent = at
        if self._trace is not None and text:
            self._trace(self._written + sum(map(len, self._out)), len(text))
        self._out.append(text)

    # -- long tags

    def _read_long(self, tag: LongTag, move: Move = Move.NOTHING) -> bool:
        self._long = tag
        self._long_move = move
        self._step = self._in_long
        return True

    def _in_long(self, buffer: bytes) -> bool:
        long, pos = self._long, self._pos
        assert long is not None
        if long.state:
            self._pos = long.skip(buffer, pos)
            return self._wait(self._pos) if long.state else True
        end, cut = long.next_part(buffer, pos)
        if end < 0:
            return self._wait(pos, 0, long.wake)
        raw = buffer[pos:end]
        if long.name and (cut or long.name in self._names or self._marked(raw)):
            tag = Tag(long.name, raw, self._tree.context | Context.UNSURE, complete=False, part=long.part)
            verdict = self._rules.judge(tag)
            self._insert(buffer, pos, verdict.insertions, verdict.label)
        long.part += 1
        self._pos = end
        if raw.endswith(END) and not cut:
            self._end_long(buffer, end, raw)
        return True

    def _end_long(self, buffer: bytes, end: int, raw: bytes) -> None:
        long = self._long
        assert long is not None
        self._long = None
        self._step = self._data
        if not long.name:
            return
        self._move_behind(buffer, self._long_move, end)
        kind = self._tree.opener(
            long.name, b"<" + long.name + (b"/>" if raw.endswith((b'"/>', b" />")) else b">")
        )
        self._follow(kind, 0, end, None)

    # -- the notice

    def _move(self, buffer: bytes, move: Move, at: int) -> None:
        if not move:
            return
        if move & Move.HEAD_BEFORE:
            self._place_head(buffer, at, implied=True)
        if move & (Move.BODY_BEFORE | Move.END_BEFORE):
            self._place_body(buffer, at, implied=bool(move & Move.BODY_BEFORE))

    def _move_behind(self, buffer: bytes, move: Move, at: int) -> None:
        if move & Move.HEAD_BEHIND:
            self._place_head(buffer, at, implied=False)
        if move & Move.BODY_BEHIND:
            self._place_body(buffer, at, implied=False)

    def _place_head(self, buffer: bytes, at: int, *, implied: bool) -> None:
        if self._placement is not None:
            self._place(buffer, at, self._placement.head, implied)

    def _place_body(self, buffer: bytes, at: int, *, implied: bool) -> None:
        if self._placement is not None:
            self._place(buffer, at, self._placement.body, implied)
            self.placed = bool(self._placement.body)

    def _place(self, buffer: bytes, at: int, piece: Piece, implied: bool) -> None:
        assert self._document is not None
        text = piece(self._document.facts(implied)) if callable(piece) else piece
        if text:
            self._put(buffer, at, text)

    def _finish(self, buffer: bytes) -> None:
        if self._document is not None and self._step == self._data and not self._tree.inside:
            self._move(buffer, self._document.end(), self._pos)


def _name(buffer: bytes, start: int) -> bytes:
    """Return the lower-case name that starts there."""
    head = buffer[start : start + 64].translate(_NAME_ENDS)
    return head.split(b" ", 1)[0].lower()


def _may_become(head: bytes, cdata: bool) -> bool:
    """Whether these first bytes, in lower case, may be the start of a comment, a doctype or a CDATA section."""
    return (
        b"<!doctype".startswith(head) or b"<!--".startswith(head) or (cdata and b"<![cdata[".startswith(head))
    )
