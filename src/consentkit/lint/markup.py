"""A drawn notice as a tree of elements: small markup of ours or of a site's own templates, read by the standard library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
"""Elements without an end (HTML, section 13.1.2; checked 2026-11)."""
FOLDS = frozenset({"details", "dialog"})
"""Elements that show what they hold while they are open."""
MUTE = frozenset({"script", "style", "title"})
"""Elements whose text nobody reads on the page."""


@dataclass(eq=False, slots=True)
class Element:
    """One element.

    :param tag: its name in lower case; ``""`` for the whole.
    :param attributes: their values by name; one without a value is empty.
    """

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    parent: Element | None = None
    content: list[Element | str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    def has(self, name: str) -> bool:
        """Whether an attribute is there."""
        return name in self.attributes

    @property
    def text(self) -> str:
        """What is read of it, blanks squeezed."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for each in self.content:
            if isinstance(each, str):
                yield each
            elif each.tag not in MUTE and not each.has("hidden"):
                yield " "
                yield from each._texts()
                yield " "

    def all(self) -> Iterator[Element]:
        """The elements below it, in order."""
        for each in self.content:
            if isinstance(each, Element):
                yield each
                yield from each.all()

    @property
    def folds(self) -> int:
        """How many of what it lies in, itself included, show nothing until something is pressed."""
        shut = self.has("hidden") or self.has("popover") or (self.tag in FOLDS and not self.has("open"))
        return shut + (self.parent.folds if self.parent is not None else 0)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.now = Element("")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.now)
        self.now.content.append(element)
        if tag not in VOID:
            self.now = element

    def handle_endtag(self, tag: str) -> None:
        above: Element | None = self.now
        while above is not None and above.tag != tag:
            above = above.parent
        if above is not None and above.parent is not None:
            self.now = above.parent

    def handle_data(self, data: str) -> None:
        self.now.content.append(data)


def read(html: str) -> Element:
    """The tree of some markup."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root
