"""Walks like `Walker`, but hops over what matters to nobody; the bytes that come out are the same.

Known tags are looked up by their bytes: if those up to the first `>` were judged as one tag before, they are that tag
again. Whatever is not plain is left to the walker's steps.
"""

from __future__ import annotations

import re

from consentkit.html.context import TREE_NAMES
from consentkit.html.document import Stage
from consentkit.html.hop import OPENER, TURN, Marked
from consentkit.html.rawtext import CLOSERS, COMMENT, EMPTY
from consentkit.html.rules import PASS, Known
from consentkit.html.scan import END, LIMIT
from consentkit.html.tag import Context, Tag
from consentkit.html.verdicts import Verdicts, short_name
from consentkit.html.walker import Walker

__all__ = ["Hopper"]

_RUN = 4096
"""Bytes of an svg looked over at once, so that one with many marks is not looked over many times."""

_NEAR = 64
"""Bytes between two tags that matter in which there is often no other."""

_SHORT = 2048
"""A tag shorter than this is looked at from its start again when more has come."""

_CLOSINGS = {name[:3]: b"</%b>" % name for name in TREE_NAMES - {b"frameset"}}
_TAG_START = re.compile(rb"</?[a-zA-Z]").match
_ENDS_BODY = re.compile(rb"</(?i:body|html)")


class Hopper(Walker):
    """The fast way through a page."""

    _stop = -1
    _free = -1
    """Up to where no mark is, if the rest was searched; kept, so that no stretch is searched twice."""
    _marks: Marked | None = None
    _element: tuple[int, int, int, Verdicts] | None = None
    _run_end = -1
    _run_marks: Marked | None = None

    def rebase(self, offset: int) -> None:
        """The buffer's first `offset` bytes are gone."""
        self._stop = self._free = self._run_end = -1
        self._element = None
        if self._text is None and not self._resume and not self._searched:
            self.pos -= offset
        else:
            super().rebase(offset)

    def _walk(self, buffer: bytes) -> bool:  # noqa: C901, PLR0912, PLR0915 - the one hot loop: a call a tag costs a fifth
        """Hop from tag to tag that matters; leave to `_token` what is not plain."""
        document = self.document
        head = document is not None and document.before_body
        if self._resume or not self.tree.plain or (head and document is not None and not document.in_head):
            return self._off_the_path(buffer)
        if self._element is not None:
            self._remember(buffer)
        verdicts, output = self.verdicts, self.output
        counts, pieces = output.counts, output.pieces
        hop, known, traced = verdicts.hop, verdicts.known, output.trace is not None
        walk = hop.head
        far, prove = hop.far, hop.prove
        pos, stop, free, size, marks = self.pos, self._stop, self._free, len(buffer), self._marks
        rest = self.final and hop.only_marks
        while True:
            if stop < pos:
                if rest:
                    free = free if free >= pos else hop.clear(buffer, pos, size)
                    if free == size and not head:
                        return self._wait(size)
                if head:
                    stop = walk(buffer, pos, size).end()
                else:
                    found = far(buffer, pos)
                    stop = found.start() if found else size
                marks = None
                if not head and stop - pos < _NEAR and buffer.find(b"<", pos, stop) < 0:  # words alone
                    pos = stop
                else:
                    if not rest:
                        free = hop.clear(buffer, pos, stop)
                    if stop > free:
                        marks = Marked(buffer[pos:stop].lower(), pos, hop.marks)
            target = stop
            if marks is not None:
                target = marks.opener(buffer, pos)
                pos = walk(buffer, pos, target).end() if head else prove(buffer, pos, target)
            elif stop > pos:
                pos = stop if head else prove(buffer, pos, stop)
            if pos == size:
                return self._wait(pos)
            end = buffer.find(b">", pos) + 1
            if not end and size - pos < _SHORT and _TAG_START(buffer, pos):
                return self._wait(pos, 0, END)
            if pos == target:
                entry = known(buffer[pos:end])
                if entry is None:
                    if buffer[pos + 1 : pos + 2] == b"!":
                        found = COMMENT(buffer, pos)
                        if found:
                            pos = found.end()
                            continue
                    end = pos if head else self._leap(buffer, pos)
                    if end > pos:
                        pos = end
                        continue
                    entry = self._look(buffer, pos)
                if entry is not None:
                    verdict, edited, kind, for_head, length = entry
                    if kind is None:
                        if verdict.wants_text and not traced:
                            end = self._with_text(buffer, pos, length)
                            if end > pos:
                                pos = end
                                continue
                    elif (for_head or not head) and not (edited and traced):
                        end = pos + length
                        if edited:
                            pieces += (buffer[output.sent : pos], edited)
                            output.sent = end
                            label = verdict.label
                            if label:
                                counts[label] = counts.get(label, 0) + 1
                        pos = end
                        if kind and buffer.startswith(EMPTY[kind], pos):
                            pos += len(kind) + 3
                        elif kind:
                            found = CLOSERS[kind](buffer, pos)
                            if found is None or found.end() - found.start() == 4:
                                self.pos, self._stop, self._free = pos, -1, free
                                return self._follow(kind, 0, pos, None)
                            pos = found.end()
                            if buffer[pos : pos + 1] == b">":
                                pos += 1
                            else:
                                pos = found.start()
                        continue
            self.pos, self._marks, self._free = pos, marks, free
            self._stop = -1 if marks is None else stop
            if head:
                self._stop = -1
                return self._turn(buffer)
            if not self._token(buffer):
                return False
            if self.verdicts is not verdicts or not self.in_data or not self.tree.plain:
                return True
            pos = self.pos

    def _with_text(self, buffer: bytes, pos: int, length: int) -> int:
        """Judge a script or style with its text where all of it is there; return where its end tag starts or ends, or -1."""
        start = pos + length
        name = b"style" if buffer[pos + 2 : pos + 3] in b"tT" else b"script"
        closer = CLOSERS[name](buffer, start, pos + LIMIT)
        if closer is None or closer.end() - closer.start() == 4 or closer.start() - pos > LIMIT:
            return -1
        end = closer.start()
        verdicts, output = self.verdicts, self.output
        key = (buffer[pos:end],) if end - pos <= verdicts.longest else None
        entry = verdicts.known(key) if key else None
        if entry is None:
            verdict = verdicts.judge_text(Tag(name, buffer[pos:start]), buffer[start:end], True)
            entry = (verdict, b"", b"", True, end - pos)
            if key:
                verdicts.keep(key, entry)
        verdict = entry[0]
        if verdict.insertions or verdict.text_insertions:
            output.insert(buffer, pos, verdict.insertions)
            output.insert(buffer, start, verdict.text_insertions)
            output.count(verdict)
        return closer.end() + 1 if buffer[closer.end() : closer.end() + 1] == b">" else end

    def _leap(self, buffer: bytes, pos: int) -> int:
        """Return the end of an svg, noscript or the like that holds nothing to gate; else `pos`.

        What such an element comes to depends on its bytes alone, so one that was walked without an insertion is known.
        """
        closing = _CLOSINGS.get(buffer[pos + 1 : pos + 4].lower())
        if closing is None:
            return pos
        verdicts = self.verdicts
        end = buffer.find(closing, pos, pos + verdicts.longest) + len(closing)
        if end > pos and verdicts.known((buffer[pos:end],)) is not None:
            return end
        found = verdicts.hop.island(buffer, pos)
        self._element = (pos, end, len(self.output.pieces), verdicts)
        if found is None or verdicts.hop.marked(buffer, pos, found.end()) is not None:
            return pos
        self.pos = found.end()
        self._remember(buffer)
        return self.pos

    def _remember(self, buffer: bytes) -> None:
        """Keep the element that `_leap` met, if it ends here and nothing went into it."""
        if self._element is None:
            return
        start, end, pieces, verdicts = self._element
        self._element = None
        if end == self.pos and verdicts is self.verdicts and pieces == len(self.output.pieces):
            raw = buffer[start:end]
            if not _ENDS_BODY.search(raw):
                verdicts.keep((raw,), (PASS, b"", b"", False, end - start))

    def _look(self, buffer: bytes, pos: int) -> Known | None:
        """Judge the opener at `pos` for the first time; None if it must be walked."""
        found = OPENER(buffer, pos)
        if found is None or found.end() - pos > LIMIT:
            return None
        self.pos = pos
        return self.verdicts.look(short_name(found[1]), found[0], Context.HTML)

    def _judged(self, buffer: bytes, lt: int, name: bytes, raw: bytes) -> Tag | None:
        verdicts = self.verdicts
        tag = super()._judged(buffer, lt, name, raw)
        if self.verdicts is not verdicts:  # other names, other marks
            self._stop = self._free = self._run_end = -1
        return tag

    def _off_the_path(self, buffer: bytes) -> bool:
        document = self.document
        if self.tree.shallow and not self._resume:
            self._run(buffer)
            pos = self.pos
            if (
                buffer.find(b">", pos) < 0
                and len(buffer) - pos < _SHORT
                and buffer[pos + 1 : pos + 2].isalpha()
            ):
                return self._wait(pos, 0, END)
        elif document is not None and document.stage is Stage.START:
            return self._prologue(buffer)
        return self._token(buffer)

    def _run(self, buffer: bytes) -> None:
        """Pass over what is inert in an svg or math, up to a mark."""
        pos, hop = self.pos, self.verdicts.hop
        run = hop.svg if self.tree.in_svg else hop.math
        if self._run_end <= pos:
            self._run_end = run(buffer, pos, pos + _RUN).end()
            self._run_marks = hop.marked(buffer, pos, self._run_end)
        if self._run_marks is None:
            self.pos = max(pos, self._run_end)
        else:
            self.pos = run(buffer, pos, self._run_marks.opener(buffer, pos)).end()

    def _prologue(self, buffer: bytes) -> bool:
        """Take doctype, html, head and what no rule wants to see of it at once where they stand as they do on most pages."""
        document, hop = self.document, self.verdicts.hop
        found = hop.entry(buffer, self.pos, self.pos + LIMIT)
        if found is None or document is None:
            return self._token(buffer)
        self.pos = at = found.end(2)
        if not document.head(found[1]):
            return True
        self._place(buffer, at, "head", implied=False)
        if hop.clear(buffer, at, found.end()) == found.end():
            self.pos = found.end()
            if found.end(3) >= 0:
                self._move_behind(buffer, document.body(), self.pos)
        return True

    def _turn(self, buffer: bytes) -> bool:
        """Take the end of the head and the start of the body at once where they stand as they do on most pages."""
        found, document = TURN.match(buffer, self.pos), self.document
        if found is None or document is None or found.end() - self.pos > LIMIT:
            return self._token(buffer)
        self.pos = found.end()
        self._move_behind(buffer, document.body(), self.pos)
        return True
