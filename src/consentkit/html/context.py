"""What a tree builder would say about the place of a tag, as far as bytes can tell.

Foreign content (svg, math) matters most: in it `<style>`, `<title>` and `<script>` are markup and CDATA exists. Its
open elements are kept, bounded; HTML elements are not, so two things are not known and answered with `UNSURE`:

- whether an end tag inside svg belongs to an ancestor (then it closes the svg) or to nothing (then it does not);
- whether a parser of an older or newer kind ignores an element inside `<select>`.

While unsure, what could be raw text is read as markup, so that nothing hides in it, and its end tag ends whatever that
reading leaves open (`cut`). A noscript is read so, too: markup without JavaScript, one text with it.

Source: WHATWG HTML 13.2.6 (dispatcher, integration points), 13.2.6.5 (foreign content), checked 2026-11.
"""

from __future__ import annotations

from typing import Final

from consentkit.html.rawtext import RAW_NAMES
from consentkit.html.tag import Context, Tag

__all__ = ["INERT", "INERT_MATH", "INERT_SVG", "TREE_NAMES", "Tree"]

INERT_SVG: Final = frozenset(
    b"path g circle rect line polyline polygon ellipse defs use symbol clippath mask lineargradient radialgradient"
    b" stop text tspan pattern marker filter fegaussianblur feoffset feblend fecolormatrix fecomposite feflood femerge"
    b" femergenode animate animatetransform".split()
)
INERT_MATH: Final = frozenset(
    b"mrow mfrac msup msub msubsup munder mover munderover mstyle msqrt mroot mtable mtr mtd mspace mpadded mphantom"
    b" semantics mfenced menclose annotation".split()
)
INERT: Final = INERT_SVG | INERT_MATH
"""Elements that change nothing for what they hold; directly inside a root they are not kept."""

TREE_NAMES: Final = frozenset((b"svg", b"math", b"template", b"noscript", b"select", b"frameset"))
"""Openers that change how later tags read."""

_BREAKOUT: Final = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta"
    b" nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
_SVG_HTML: Final = frozenset((b"foreignobject", b"desc", b"title"))
_MATH_HTML: Final = frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext"))
_FONT: Final = (b"color", b"face", b"size")
_CLOSES_SELECT: Final = frozenset((b"select", b"input", b"keygen", b"textarea"))
_DEEPEST: Final = 512
"""Open foreign elements that are remembered; browsers themselves stop nesting at this depth."""

_CONTEXTS: Final = tuple(Context(bits) for bits in range(16))
_SVG: Final = 1
_MATH: Final = 2
_POINT: Final = 4
"""An integration point: what it holds is HTML."""


class Tree:
    """The open foreign elements, and whether a template, a noscript, a select or a frameset is open."""

    _templates = 0
    _select = False
    _unsure = False
    frameset = False
    in_noscript = False
    cut = b""
    """The element whose end tag ends whatever stands open in it; b"" for none."""
    context = Context.HTML
    here = Context.HTML
    """The context of the opener that was taken in last."""
    plain = True
    """Whether nothing is open that changes how a tag reads."""
    shallow = False
    """Whether nothing but one svg or math is open, its inert elements aside."""

    def __init__(self) -> None:
        self._foreign: list[tuple[bytes, int]] = []

    @property
    def in_svg(self) -> bool:
        """Whether the innermost foreign element is of svg, not of math."""
        return bool(self._foreign and self._foreign[-1][1] & _SVG)

    @property
    def cdata(self) -> bool:
        """Whether `<![CDATA[` opens a section here; in HTML it is a comment that ends at `>`."""
        return bool(self._foreign)

    @property
    def inside(self) -> bool:
        """Whether a template or noscript is open: no place for a notice."""
        return self._templates > 0 or self.in_noscript

    @property
    def way_out(self) -> bytes:
        """What must be closed for a notice to be seen: within an open select nothing but its options is."""
        return b"</select>" if self._select else b""

    def opener(self, name: bytes, raw: bytes) -> bytes:
        """Take in an opener and return the name of the raw text that follows, or b""."""
        self.here = self.context
        if self._foreign and not self._foreign[-1][1] & _POINT and self._stays_foreign(name, raw):
            return b""
        self.here = self.context
        if name in (b"svg", b"math"):
            if not Tag(name, raw).self_closing:
                self._foreign.append((name, _SVG if name == b"svg" else _MATH))
        elif name == b"template":
            self._templates += 1
        elif name == b"noscript":
            self.in_noscript = True
            self.cut = name
        elif name == b"frameset":
            self.frameset = True
        elif name == b"select" or (self._select and name in _CLOSES_SELECT):
            self._select = not self._select
        self._refresh()
        return self._text_of(name) if name in RAW_NAMES else b""

    def _text_of(self, name: bytes) -> bytes:
        if not (self._select or self._unsure or self.frameset):
            return name
        if (self.frameset and name == b"noframes") or (
            name == b"script" and self._select and not self._unsure
        ):
            return name
        self.cut = self.cut or name
        return b""

    def _stays_foreign(self, name: bytes, raw: bytes) -> bool:
        kind = self._foreign[-1][1]
        if name in _BREAKOUT or (name == b"font" and any(Tag(name, raw).get(key) for key in _FONT)):
            while self._foreign and not self._foreign[-1][1] & _POINT:
                self._foreign.pop()
            self._unsure = False
            self._refresh()
            return False
        if kind & _MATH and self._foreign[-1][0] == b"annotation-xml" and name == b"svg":
            return False
        if len(self._foreign) == 1 and name in INERT:
            return True
        tag = Tag(name, raw)
        if not tag.self_closing:
            self._push(name, kind, tag)
        return True

    def _push(self, name: bytes, kind: int, tag: Tag) -> None:
        point = name in (_SVG_HTML if kind & _SVG else _MATH_HTML)
        if name == b"annotation-xml" and kind & _MATH:
            encoding = tag.get(b"encoding")
            point = encoding is not None and encoding.text.lower() in ("text/html", "application/xhtml+xml")
        if len(self._foreign) < _DEEPEST:
            self._foreign.append((name, (kind & ~_POINT) | (_POINT if point else 0)))
        else:
            self._unsure = True
        self._refresh()

    def closer(self, name: bytes) -> None:
        """Take in an end tag."""
        if name == self.cut:
            self.cut = b""
        if self._foreign:
            self._close_foreign(name)
        elif name in (b"svg", b"math"):
            self._unsure = False
        if name == b"template" and self._templates:
            self._templates -= 1
        elif name == b"noscript" and self.in_noscript:
            self._leave_noscript()
        elif name == b"select":
            self._select = False
        self._refresh()

    def _close_foreign(self, name: bytes) -> None:
        for depth in range(len(self._foreign) - 1, -1, -1):
            if self._foreign[depth][0] == name:
                del self._foreign[depth:]
                break
        else:
            if name in INERT:
                self._unsure = self._unsure or len(self._foreign) > 1
            elif not self._foreign[-1][1] & _POINT:
                self._unsure = True
                self._foreign.clear()

    def _leave_noscript(self) -> None:
        self.in_noscript = False
        self._foreign.clear()
        self._unsure = False

    def _refresh(self) -> None:
        bits = 1 if self._foreign and not self._foreign[-1][1] & _POINT else 0
        bits |= (2 if self._templates else 0) | (4 if self.in_noscript else 0)
        bits |= 8 if self._unsure or self._select or self.frameset else 0
        self.context = _CONTEXTS[bits]
        self.plain = not (bits or self._foreign or self.cut)
        self.shallow = bits == 1 and len(self._foreign) == 1 and not self.cut
