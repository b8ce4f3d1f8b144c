"""Addresses in styles: ``url()`` and its like in ``style`` attributes and elements.

One of a service that may not run is made inert by ``data:ck,`` right before it: a picture of nothing. Functions and
addresses may be spelt with CSS escapes, quotes and, in attributes, character references (CSS Syntax 3 sections 4.3.4 and
4.3.6; checked 2026-11).

Known limit: an address put together from custom properties (``url(var(--x))``) cannot be; CSS has no such thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from consentkit.html.tag import decode

INERT: Final = b"data:ck,"
_S: Final = rb"[ \t\n\r\f]"
_QUOTE: Final = rb"(?:\"|'|&quot;?|&apos;|&#0{0,5}3[49];?|&#[xX]0{0,5}2[27];?)"


def _letter(letter: str) -> bytes:
    """A letter of a CSS name, plain or escaped, in either case."""
    codes = "|".join(f"{ord(each):x}" for each in (letter, letter.upper()))
    return rb"(?i:%b|\\0{0,4}(?:%b)%b?)" % (letter.encode(), codes.encode(), _S)


_FUNCTION: Final = b"".join(map(_letter, "url")) + rb"\("
_ADDRESS: Final = re.compile(
    rb"(?:%(f)b|(?i:@import)(?>%(s)b|/\*[^*]{0,200}\*/)*+(?=%(q)b))%(s)b*+(?>%(q)b?)(?P<address>(?>[^\"'()<>\\\s]|\\[0-9a-fA-F]{1,6}%(s)b?|\\[^0-9a-fA-F])*+)"
    % {b"f": _FUNCTION, b"s": _S, b"q": _QUOTE}
)
_IMAGE_SET: Final = re.compile(rb"(?i:image-set)\((?P<inside>[^()]*+(?>\([^()]*+\)[^()]*+)*+)")
_STRING: Final = re.compile(rb"%(q)b(?P<address>[^\"'<>\s]*+)" % {b"q": _QUOTE})
_ESCAPE: Final = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|(.))", re.DOTALL)
_END: Final = re.compile(_QUOTE)


def addresses(style: bytes, *, attribute: bool) -> Iterator[tuple[int, str]]:
    """The addresses in a style, each with where it starts.

    :param attribute: whether the style is the value of an attribute, with character references.
    """
    seen = set()
    for start, written in _written(style):
        if written and start not in seen:
            seen.add(start)
            bare = _END.split(written, maxsplit=1)[0]
            text = decode(bare) if attribute else bare.decode("utf-8", "surrogateescape")
            yield start, _unescaped(text)


def _written(style: bytes) -> Iterator[tuple[int, bytes]]:
    for found in _ADDRESS.finditer(style):
        yield found.start("address"), found["address"]
    for images in _IMAGE_SET.finditer(style):
        for found in _STRING.finditer(style, images.start("inside"), images.end("inside")):
            yield found.start("address"), found["address"]


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code, plain = match.groups()
    if code is None:
        return plain or ""
    number = int(code, 16)
    return chr(number) if 0 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF else "\ufffd"
