"""Inline scripts that load a service, known by their form.

The name of a tracker stands in many a script that only mentions it, in application bundles of hundreds of kilobytes on real
pages. So a script is judged by what it does: the parts of a loader form stand in it in their order and close together, once
white space is taken out and every quote is the same quote.

One form needs no words of a vendor: a script of at most ``SHORTEST`` bytes that holds the address of a service as a text, and
does what fetches one. It stands for pixels written by hand, and for what no vendor hands out any more.

Of a script of more than ``LONGEST`` bytes the head that the rewriter shows is judged alike, 64 KB; texts in data in it
(``{"key": "text"}``) do not count. What stands behind is left to the Content-Security-Policy. In a shorter one they count as
long as it calls something, which might run them: one that is data alone has no parenthesis outside of its texts.

Some vendors put a whole script of theirs into the page: their form says so,
and is looked for in the first ``OPENING`` bytes.

Cost: the words of a script are found once, and each form waits under one word of its own; so the number of services does
not count. What was found is kept by the script's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from consentkit.catalogue.index import Index, Owner
from consentkit.core.service import Loader, squeezed

LONGEST: Final = 20_000
"""Bytes. The longest loader that a vendor hands out has some 6,000; longer scripts are of the site, and may hold data."""
SHORTEST: Final = 2_000
"""Bytes of a script that is judged by the addresses in it. On 44 real pages four services are found by nothing else."""
OPENING: Final = 1_500
"""Bytes of a long script in which a vendor's own is known."""
REMEMBERED: Final = 512
_WORD: Final = re.compile(rb"[A-Za-z0-9_$]{4,}+")
_ADDRESS: Final = re.compile(rb"'(?:https?:)?//([A-Za-z0-9.-]{4,253}+)([/?][^']*+)?")
"""An address at the start of a text, in a squeezed script."""
_FETCHING: Final = re.compile(
    rb"\.src=|\['src'\]=|'src',|\.write(?:ln)?\(|newImage\b|sendBeacon\(|fetch\(|\.open\(|getScript\(|import\(|Worker\("
)
_DATA: Final = re.compile(rb'([{,]\s*+"[^"\\\n]{1,200}+"\s*+:\s*+)"(?>[^"\\\n]|\\.)*+"(?=\s*+[,}\]])')
"""A text in data: a page's state may hold a snippet of a vendor as a text, which does not run."""
_MOST_STARTS: Final = 32
"""Places at which a form may begin in one script; the rest are not tried, so that the search stays linear."""


class Form(NamedTuple):
    """A loader form as it is searched for."""

    parts: tuple[bytes, ...]
    within: int
    owner: Owner
    bundle: bool


class Loaders:
    """The forms of every service."""

    def __init__(self, index: Index) -> None:
        self._by_word: dict[bytes, list[Form]] = {}
        self._always: list[Form] = []
        self._index = index
        self._known: dict[tuple[bool, bytes], tuple[Owner, ...]] = {}
        for name, service in index.services.items():
            for number, loader in enumerate(service.loaders, 1):
                owner = Owner(name, name in index.policy.services, f"loader {number}")
                self._add(loader, owner)

    def _add(self, loader: Loader, owner: Owner) -> None:
        form = Form(
            tuple(squeezed(part.encode()) for part in loader.parts), loader.within, owner, loader.bundle
        )
        word = _telling_word(form.parts, words(loader.example.encode("utf-8", "replace")))
        if word is None:
            self._always.append(form)
        else:
            self._by_word.setdefault(word, []).append(form)

    def found(self, text: bytes) -> tuple[Owner, ...]:
        """The services that an inline script loads.

        :param text: all of it, or its head.
        """
        long = len(text) > LONGEST
        key = (long, sha256(text).digest() if long else text)
        known = self._known.get(key)
        if known is None:
            known = tuple(dict.fromkeys(self._search(text, long=long)))
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known

    def _search(self, text: bytes, *, long: bool) -> Iterator[Owner]:
        opening = squeezed(text[:OPENING])
        code = _code(text, long=long)
        waiting = [*self._always]
        for word in words(code) & self._by_word.keys():
            waiting += self._by_word[word]
        if waiting:
            bare = squeezed(code)
            yield from (
                form.owner for form in waiting if matches(form, opening if long and form.bundle else bare)
            )
        if not long and len(text) <= SHORTEST and b"/" in text and _FETCHING.search(squeezed(code)):
            yield from self._addressed(squeezed(text).replace(b"\\/", b"/"))

    def _addressed(self, bare: bytes) -> Iterator[Owner]:
        """Those whose addresses stand in a script."""
        for host, path in _ADDRESS.findall(bare):
            yield from self._index.owners(host.decode().lower(), path.decode("latin-1") or "/")


def _code(text: bytes, *, long: bool) -> bytes:
    """A script without the texts in its data, where it is long or calls nothing besides."""
    code = _DATA.sub(rb'\1""', text)
    return code if long or b"(" not in code else text


def words(text: bytes) -> set[bytes]:
    """The words of a script, of four letters on."""
    return set(_WORD.findall(text))


def matches(form: Form, bare: bytes) -> bool:
    """Whether a squeezed script has a form."""
    start = bare.find(form.parts[0])
    for _ in range(_MOST_STARTS):
        if start < 0:
            return False
        if _follow(form, bare, start):
            return True
        start = bare.find(form.parts[0], start + 1)
    return False


def _follow(form: Form, bare: bytes, start: int) -> bool:
    at, limit = start, start + form.within
    for part in form.parts:
        at = bare.find(part, at, limit)
        if at < 0:
            return False
        at += len(part)
    return True


def _telling_word(parts: Iterable[bytes], example: set[bytes]) -> bytes | None:
    """The longest word of the parts that the example has as a word of its own too."""
    found = {word for part in parts for word in words(part)} & example - _COMMON
    return max(found, key=len, default=None)


_COMMON: Final = frozenset(
    {
        b"createElement",
        b"getElementsByTagName",
        b"insertBefore",
        b"parentNode",
        b"appendChild",
        b"document",
        b"function",
        b"script",
        b"window",
        b"async",
        b"arguments",
        b"push",
        b"head",
        b"https",
        b"http",
    }
)
"""Words that every loader has: a form under one of them would be looked for in every script."""
