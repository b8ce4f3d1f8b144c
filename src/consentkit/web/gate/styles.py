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


# Each is found by a byte that is rare in styles: tried at every byte, a long one takes nearly three times as long.
_OPENED: Final = re.compile(rb"\((?<=[lLcC \t\n\r\f]\()")
_URL: Final = re.compile(b"".join(map(_letter, "url")) + rb"\Z")
_LONGEST_URL: Final = 3 * len(rb"\000075 ")
_IMPORT: Final = re.compile(rb"@(?i:import)(?>%(s)b|/\*[^*]{0,200}\*/)*+(?=%(q)b)" % {b"s": _S, b"q": _QUOTE})
_ADDRESS: Final = re.compile(
    rb"%(s)b*+(?>%(q)b?)(?P<address>(?>[^\"'()<>\\\s]|\\[0-9a-fA-F]{1,6}%(s)b?|\\[^0-9a-fA-F])*+)"
    % {b"s": _S, b"q": _QUOTE}
)
_IMAGE_SET: Final = re.compile(rb"-(?<=(?i:image)-)(?i:set)\((?P<inside>[^()]*+(?>\([^()]*+\)[^()]*+)*+)")
_STRING: Final = re.compile(rb"%(q)b(?P<address>[^\"'<>\s]*+)" % {b"q": _QUOTE})
_ESCAPE: Final = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|(.))", re.DOTALL)
_END: Final = re.compile(_QUOTE)


def addresses(style: bytes, *, attribute: bool) -> Iterator[tuple[int, str]]:
    """The addresses in a style, each with where it starts, in the order in which they stand.

    :param attribute: whether the style is the value of an attribute, with character references.
    """
    found: dict[int, bytes] = {}
    for match in _written(style):
        if match["address"]:
            found.setdefault(match.start("address"), match["address"])
    for start in sorted(found):
        bare = _END.split(found[start], maxsplit=1)[0]
        text = decode(bare) if attribute else bare.decode("utf-8", "surrogateescape")
        yield start, _unescaped(text)


def _written(style: bytes) -> Iterator[re.Match[bytes]]:
    for named in (*_urls(style), *_IMPORT.finditer(style)):
        found = _ADDRESS.match(style, named.end())
        if found:
            yield found
    for images in _IMAGE_SET.finditer(style):
        yield from _STRING.finditer(style, images.start("inside"), images.end("inside"))


def _urls(style: bytes) -> Iterator[re.Match[bytes]]:
    """Where the parentheses of ``url(`` open."""
    for opened in _OPENED.finditer(style):
        at = opened.start()
        if _URL.search(style, max(0, at - _LONGEST_URL), at):
            yield opened


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code, plain = match.groups()
    if code is None:
        return plain or ""
    number = int(code, 16)
    return chr(number) if 0 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF else "\ufffd"
