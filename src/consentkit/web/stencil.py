"""Bytes that differ from page to page in a few places alone, and texts as the ASCII that stands in them.

Character references are read alike in every ASCII-compatible charset. Inside ``<style>`` and ``<script>``, where HTML knows no
references, CSS and JavaScript escapes stand instead.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

_RAW = re.compile(r"(<(style|script)\b[^>]*>)(.*?)(</\2)", re.DOTALL | re.IGNORECASE)
_TOKEN = f"~{secrets.token_hex(8)}~"


@dataclass(frozen=True, slots=True)
class Stencil:
    """ASCII bytes with holes.

    :param parts: what stands between the holes; one more than there are holes.
    :param holes: names of the values that go between.
    """

    parts: tuple[bytes, ...]
    holes: tuple[str, ...]

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """The bytes with each hole filled. :raises KeyError: a value is missing."""
        pieces = [b""] * (len(self.parts) + len(self.holes))
        pieces[::2] = self.parts
        pieces[1::2] = [values[hole] for hole in self.holes]
        return b"".join(pieces)

    def partly(self, values: Mapping[str, bytes]) -> Stencil:
        """A stencil with those holes filled for which there are values."""
        parts, holes = [self.parts[0]], []
        for hole, part in zip(self.holes, self.parts[1:], strict=True):
            if hole in values:
                parts[-1] += values[hole] + part
            else:
                holes.append(hole)
                parts.append(part)
        return Stencil(tuple(parts), tuple(holes))

    @classmethod
    def of(cls, html: str) -> Stencil:
        """A stencil of a text that has :func:`hole` in it."""
        pieces = re.split(re.escape(_TOKEN).encode() + rb"(\w+);", to_ascii(html))
        return cls(tuple(pieces[::2]), tuple(piece.decode() for piece in pieces[1::2]))


def hole(name: str) -> Markup:
    """What stands in a text where a value is to go."""
    return Markup(f"{_TOKEN}{name};")  # noqa: S704 - no text of anyone's


def attribute(text: str) -> bytes:
    """A text as ASCII for a quoted attribute or for element content."""
    return str(escape(text)).encode("ascii", "xmlcharrefreplace")


def to_ascii(html: str) -> bytes:
    """HTML as ASCII: character references, but escapes of their own language inside style and script."""
    pieces: list[str] = []
    end = 0
    for match in _RAW.finditer(html):
        change = _css_escape if match[2].lower() == "style" else _script_escape
        pieces += (html[end : match.end(1)], re.sub(r"[^\x00-\x7f]", change, match[3]), match[4])
        end = match.end()
    return "".join([*pieces, html[end:]]).encode("ascii", "xmlcharrefreplace")


def _css_escape(match: re.Match[str]) -> str:
    return f"\\{ord(match[0]):x} "


def _script_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def plain_json(value: Any) -> str:
    """JSON for a single-quoted attribute: what it holds are ids, which need no other escape."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("'", "\\u0027").replace("<", "\\u003c")
