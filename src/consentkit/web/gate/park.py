"""What is put into a tag to still it, and to bring to life what the site itself wrote inert.

Insertions alone: each attribute that would fetch or run gets a prefix on its *name*, so that no browser and no library knows
it, and a script one ``type="text/plain"`` more. Taking the insertions out gives the site's bytes back.

Known limit: of a tag over 64 KB each part is stilled, and none of it is made live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from consentkit.html.rules import Insertion
from consentkit.html.tag import Attribute, Tag

PREFIX = b"data-ck-"
MARK = b"data-ck"
FETCHES: Mapping[bytes, frozenset[bytes]] = {
    b"script": frozenset({b"src", b"type", b"href", b"xlink:href"}),
    b"iframe": frozenset({b"src", b"srcdoc"}),
    b"frame": frozenset({b"src"}),
    b"img": frozenset({b"src", b"srcset", b"lowsrc"}),
    b"image": frozenset({b"src", b"srcset", b"href", b"xlink:href"}),
    b"link": frozenset({b"href", b"imagesrcset"}),
    b"embed": frozenset({b"src"}),
    b"object": frozenset({b"data", b"codebase", b"classid"}),
    b"source": frozenset({b"src", b"srcset"}),
    b"video": frozenset({b"src", b"poster"}),
    b"audio": frozenset({b"src"}),
    b"track": frozenset({b"src"}),
    b"input": frozenset({b"src"}),
}
"""Elements that fetch or run, and the attributes by which they do (HTML, section 4; checked 2026-11)."""
LAZY_ENDINGS = (
    b"src",
    b"srcset",
    b"href",
    b"srcdoc",
    b"poster",
    b"original",
    b"lazy",
    b"url",
    b"bg",
    b"background",
)
"""How attributes end from which a lazy loader of the page would take an address."""
INERT = b"text/plain"
PICTURES = frozenset({b"img", b"image", b"source"})
"""Elements for which a ``data:`` address is no code."""
_BLANKS = re.compile(r"[\x00-\x20]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def stilled(tag: Tag, names: bytes, more: frozenset[bytes] = frozenset()) -> tuple[Insertion, ...]:
    """Every attribute that would fetch or run, renamed: all of a name, since a scanner may take the last.

    :param names: what must be granted for it to live, separated by blanks.
    :param more: further attributes to rename.
    """
    fetches = FETCHES.get(tag.name, frozenset()) | more
    ours = b" " + MARK + b'="' + names + b'"'
    if tag.name == b"script":
        ours = b' type="text/plain"' + ours
    renamed = [
        Insertion(attribute.name_start, PREFIX)
        for attribute in tag.attributes
        if attribute.name in fetches or lazy(attribute.name)
    ]
    return (Insertion(tag.name_end, ours), *renamed)


def lazy(name: bytes) -> bool:
    """Whether a lazy loader of the page may take an address from an attribute of this name."""
    return name.startswith(b"data-") and name.endswith(LAZY_ENDINGS) and not name.startswith(PREFIX)


def enlivened(tag: Tag) -> tuple[Insertion, ...]:
    """What an element that the site wrote inert lacks to be live; nothing for one that is live already."""
    first: dict[bytes, Attribute] = {}
    for attribute in tag.attributes:
        first.setdefault(attribute.name, attribute)
    copies = b"".join(
        _copy(live, first[held], tag.name)
        for held, live in ((b"data-src", b"src"), (b"data-srcset", b"srcset"), (b"data-href", b"href"))
        if held in first and live not in first and live in FETCHES[tag.name]
    )
    insertions = []
    inert = first.get(b"type")
    if tag.name == b"script" and inert is not None and inert.text.strip().lower() == INERT.decode():
        if b"data-type" in first:
            copies += _copy(b"type", first[b"data-type"], tag.name)
        insertions = [Insertion(each.name_start, PREFIX) for each in tag.attributes if each.name == b"type"]
    if copies:
        insertions.insert(0, Insertion(tag.name_end, copies))
    return tuple(insertions)


def _copy(name: bytes, held: Attribute, element: bytes) -> bytes:
    """The same value under its live name; an empty one stays away, or a browser would fetch the page itself."""
    if not held.text.strip() or (name in (b"src", b"href") and not _fetches_only(held.text, element)):
        return b""
    return b" " + name + b'="' + held.value.replace(b'"', b"&quot;") + b'"'


def _fetches_only(address: str, element: bytes) -> bool:
    """Whether an address fetches and does not itself run: what a sanitizer let pass in ``data-src`` must not become code."""
    scheme = _SCHEME.match(_BLANKS.sub("", address))
    if scheme is None:
        return True
    return scheme[0].lower() in ("http:", "https:") or (scheme[0].lower() == "data:" and element in PICTURES)
