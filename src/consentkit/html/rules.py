"""What the rewriter asks, and how it is answered: values and one protocol, no code that runs.

The rewriter shows openers (start tags) to a `Rules` object and copies everything else. Rules answer with insertions
only: nothing of the app's bytes is ever replaced, so taking the insertions out again gives the app's page back.

Duties of a `Rules` object:

- `judge` and `judge_text` are pure. An answer depends on the tag's bytes and its `context`, on nothing else: it is
  kept in `memo` and used again on every page that the same rules serve.
- An insertion must not change where tags, quotes or elements begin and end. An insertion at 0 stands before the tag,
  one at `len(tag.raw)` behind it; both must be complete markup of their own.
- `Context.UNSURE`, `Tag.complete` and `Attribute.cut` are answers too: rules that gate read them as "gate".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

from consentkit.html.tag import Context, Tag

__all__ = [
    "PASS",
    "Context",
    "DocumentFacts",
    "Insertion",
    "Known",
    "Memo",
    "Piece",
    "Placement",
    "Rules",
    "Verdict",
]


@dataclass(frozen=True, slots=True)
class Insertion:
    """Bytes of ours, put before offset `at` of the span that was judged (a tag's `raw`, or an element's text)."""

    at: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer of `Rules`. The empty one is `PASS`.

    Insertions stand in ascending order of `at`. `label` names the reason, for `Rewriter.counts`; only verdicts that
    insert something are counted.
    """

    insertions: tuple[Insertion, ...] = ()
    """Into the opener."""
    text_insertions: tuple[Insertion, ...] = ()
    """Into the text; read from `judge_text` only."""
    wants_text: bool = False
    """Asks for `judge_text`; read from `judge` only, for script and style elements outside foreign content."""
    rules: Rules | None = None
    """The rules for the rest of this page (after a `<base href>`, for example). None: as before."""
    label: str = ""


PASS: Final = Verdict()


Known = tuple[Verdict, bytes, bytes | None, bool, int]
"""What is remembered of a tag: its verdict, its edited bytes, and for the rewriter what follows it, whether it may
stand in a head, and its length."""


class Memo(dict[object, Known]):
    """The bounded memory of a `Rules` object: tag bytes (and context) → what was decided.

    It is emptied when full rather than aged: a look-up then costs one dictionary access and no bookkeeping.
    Tags longer than `longest` bytes are judged anew each time, which bounds the memory at about
    `entries * longest * 2` bytes.
    """

    __slots__ = ("entries", "longest")

    def __init__(self, entries: int = 4096, longest: int = 2048) -> None:
        super().__init__()
        self.entries = entries
        self.longest = longest


class Rules(Protocol):
    """Decides about openers. See the module's docstring for its duties."""

    @property
    def names(self) -> frozenset[bytes]:
        """Lower-case element names whose every opener is shown to `judge`."""

    @property
    def marks(self) -> tuple[bytes, ...]:
        """Lower-case byte strings; an opener of any name that contains one, in any case, is shown too."""

    @property
    def memo(self) -> Memo | None:
        """Where verdicts are kept; None: every tag is judged each time."""

    def judge(self, tag: Tag) -> Verdict:
        """Answer for one opener."""

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        """Answer for an opener and the head of its text (at most `LIMIT` bytes together; `complete`: all of it).

        Called only for script and style elements whose opener's verdict said `wants_text`. The opener's own
        insertions are replaced by this verdict's. The rest of a longer style is shown in further parts: `tag.part` is then
        1, and only `text_insertions` are read.
        """


class DocumentFacts(NamedTuple):
    """What is known of a document at the moment when a piece goes in."""

    lang: str | None
    """The decoded `lang` of `<html>`; None when it has none."""
    implied: bool
    """Whether the element that the piece goes into has no opener in the source."""


Piece = bytes | Callable[[DocumentFacts], bytes]
"""ASCII bytes to insert, or a function called once, at the moment of insertion, that returns them."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What goes into a complete HTML document, once.

    `head` stands first in `<head>`, `body` first in `<body>` (`place="start"`) or before the first real `</body>`,
    else `</html>`, else at the end of the file (`place="end"`). Neither goes into a fragment or an AMP page; `body`
    does not go into a frameset document.
    """

    head: Piece = b""
    body: Piece = b""
    place: Literal["start", "end"] = "start"
