"""One opener as spans over its bytes. Attributes are read only when asked for: most tags are never asked.

The grammar is that of the tokenizer (WHATWG HTML 13.2.5.32-40, checked 2026-11): a quote counts only where a value
starts, so `alt=it's`, `a=b"c` and a stray quote between attributes are no quotes.
"""

from __future__ import annotations

import re
from enum import IntFlag
from html.entities import html5
from typing import Final

__all__ = ["Attribute", "Context", "Tag", "decode"]

SPACE: Final = rb"\t\n\f\r "
_NAME = re.compile(rb"<?[^%b/>]*+" % SPACE)
_ATTRIBUTE = re.compile(
    rb"""([^%(s)b/>][^%(s)b/>=]*+)          # name; may start with a stray "="
    (?>[%(s)b]*+=[%(s)b]*+
      (?>"([^"]*+)"?+|'([^']*+)'?+|([^%(s)b>"'][^%(s)b>]*+))?+
    )?+"""
    % {b"s": SPACE.replace(b" ", rb"\x20")},
    re.VERBOSE,
)
_REFERENCE = re.compile(
    r"&(?:#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?|([a-zA-Z][a-zA-Z0-9]{0,31};?))(?=(.?))", re.DOTALL
)


class Context(IntFlag):
    """Where an opener stands, as a tree builder would see it. `HTML` (0) is the plain case."""

    HTML = 0
    FOREIGN = 1
    """Inside svg or math: `script` runs, `image` fetches, and no text of it is shown to `judge_text`."""
    TEMPLATE = 2
    """Inside `<template>`: inert now, live once a script clones it."""
    NOSCRIPT = 4
    """Inside `<noscript>`: live without JavaScript."""
    UNSURE = 8
    """Bytes alone do not tell what a browser makes of it; rules that gate must gate."""


def decode(value: bytes) -> str:
    """Resolve character references the way an attribute value does; bytes that are not UTF-8 become surrogates.

    Source: WHATWG HTML 13.2.5.72-80, checked 2026-11. A name without ";" before "=" or a letter or digit stays.
    """
    text = value.decode("utf-8", "surrogateescape")
    return _REFERENCE.sub(_resolve, text) if "&" in text else text


def _resolve(match: re.Match[str]) -> str:
    hexadecimal, decimal, name, after = match.groups()
    if name is None:
        return _character(
            int(hexadecimal.lstrip("0")[:9] or "0", 16)
            if hexadecimal
            else int(decimal.lstrip("0")[:9] or "0")
        )
    if name in html5 and (name.endswith(";") or not (after == "=" or (after.isascii() and after.isalnum()))):
        return html5[name]
    return match.group()


def _character(code: int) -> str:
    if 0x80 <= code <= 0x9F:
        return bytes((code,)).decode("cp1252", "replace")
    return "�" if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF else chr(code)


class Attribute:
    """One attribute. Offsets are into `Tag.raw`; `value` is as in the source, `text` with references resolved.

    Without a value, `value_start` and `value_end` are `name_end`. `cut`: the value goes on after the part that is shown.
    Only the name is read at once: of most attributes nobody asks for more.
    """

    __slots__ = ("_match", "cut", "name")

    def __init__(self, match: re.Match[bytes], cut: bool) -> None:
        self.name = match[1].lower()
        self.cut = cut
        self._match = match

    @property
    def name_start(self) -> int:
        """Where its name starts."""
        return self._match.start(1)

    @property
    def name_end(self) -> int:
        """Where its name ends."""
        return self._match.end(1)

    @property
    def value_start(self) -> int:
        """Where its value starts, behind a quote."""
        group = self._match.lastindex or 1
        return self._match.start(group) if group > 1 else self.name_end

    @property
    def value_end(self) -> int:
        """Where its value ends, before a quote."""
        return self._match.end(self._match.lastindex or 1)

    @property
    def value(self) -> bytes:
        """The value as in the source; empty without one."""
        group = self._match.lastindex or 1
        return self._match[group] if group > 1 else b""

    @property
    def text(self) -> str:
        """The decoded value."""
        return decode(self.value)


class Tag:
    """One opener, or a part of one that is longer than `LIMIT`.

    `raw` are its bytes from `<` to `>`. A part (`complete` is False) holds some attributes only: `part` 0 starts with
    the name, later ones with an attribute (offsets are relative to the part), and what the others hold is unknown.
    """

    __slots__ = ("_attributes", "complete", "context", "name", "part", "raw")

    def __init__(
        self,
        name: bytes,
        raw: bytes,
        context: Context = Context.HTML,
        *,
        complete: bool = True,
        part: int = 0,
    ) -> None:
        self.name = name
        self.raw = raw
        self.context = context
        self.complete = complete
        self.part = part
        self._attributes: tuple[Attribute, ...] | None = None

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """In source order, duplicates kept: a browser reads the first, its preload scanner the last."""
        if self._attributes is None:
            self._attributes = self._read()
        return self._attributes

    def _read(self) -> tuple[Attribute, ...]:
        start = self.name_end
        if self.complete:
            return tuple(
                [Attribute(found, False) for found in _ATTRIBUTE.finditer(self.raw, start, len(self.raw) - 1)]
            )
        end = len(self.raw)
        return tuple(
            [Attribute(found, found.end() == end) for found in _ATTRIBUTE.finditer(self.raw, start, end)]
        )

    @property
    def name_end(self) -> int:
        """Where the name ends, the first place for an attribute of ours; 0 in a later part."""
        found = None if self.part else _NAME.match(self.raw)
        return found.end() if found else 0

    def get(self, name: bytes) -> Attribute | None:
        """Return the first attribute of that lower-case name, the one that a browser reads."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)

    @property
    def self_closing(self) -> bool:
        """Whether the tag ends in a slash of its own (`<g x=1/>` does not: the slash is the value's)."""
        if not self.complete or not self.raw.endswith(b"/>"):
            return False
        last = self.attributes[-1] if self.attributes else None
        return last is None or last.value_end < len(self.raw) - 1 or last.value_end == last.name_end
