"""Gating by markup: elements on which the site itself wrote ``data-category`` or ``data-service``.

Both ways. A denied element is made inert by insertions alone: each attribute that would fetch or run gets a prefix on its
*name*, so that no browser and no library knows it, and a script one ``type="text/plain"`` more. A granted element that the
site wrote inert (``type="text/plain"``, ``data-src``) is made live by a copy of what it holds back. Taking the insertions out
gives the site's bytes back.

``data-category`` counts only with a purpose that the policy knows: sites use the attribute for other things too. Where
``data-service`` names a service of the policy, that service decides alone: a visitor may allow one although its purpose is
closed, or close one although its purpose is open.

Known limit: of a tag over 64 KB only the part that holds the mark is made inert, and none of it is made live.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from consentkit.core.policy import NECESSARY, Policy
from consentkit.html.rules import PASS, Insertion, Memo, Verdict
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


class MarkupRules:
    """Answers for one set of allowed names, on every page that is served under it.

    :param known: every purpose and service of the policy.
    :param allowed: those that may run.
    """

    names = frozenset[bytes]()
    marks = (b"data-category", b"data-service")

    def __init__(self, known: frozenset[str], allowed: frozenset[str]) -> None:
        self._known = known
        self._allowed = allowed
        self.memo: Memo | None = Memo()

    def judge(self, tag: Tag) -> Verdict:
        """Inert, live, or as it is."""
        fetches = FETCHES.get(tag.name)
        if fetches is None:
            return PASS
        needed = self._needed(tag.attributes)
        if not needed:
            return PASS
        if needed <= self._allowed and not any(
            each.cut for each in tag.attributes if each.name in self.marks
        ):
            return Verdict(_enlivened(tag)) if tag.complete else PASS
        names = " ".join(sorted(needed))
        return Verdict(_stilled(tag, fetches, names.encode("ascii")), label=names)

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        """Never asked for: markup says it all."""
        return self.judge(tag)

    def _needed(self, attributes: Iterable[Attribute]) -> frozenset[str]:
        """All that must be allowed for this element to live: the first of each attribute counts, as for a browser."""
        category, service = self.marks
        values: dict[bytes, str] = {}
        for attribute in attributes:
            if attribute.name in self.marks:
                values.setdefault(attribute.name, attribute.text)
        return self._named(values.get(service)) or self._named(values.get(category))

    def _named(self, value: str | None) -> frozenset[str]:
        return frozenset(value.replace(",", " ").split()) & self._known if value else frozenset()


def known_names(policy: Policy) -> frozenset[str]:
    """Every purpose and service that markup may name."""
    return frozenset(policy.purposes) | frozenset(policy.services) | {NECESSARY}


def _stilled(tag: Tag, fetches: frozenset[bytes], names: bytes) -> tuple[Insertion, ...]:
    """Every attribute that would fetch or run, renamed: all of a name, since a scanner may take the last."""
    ours = b" " + MARK + b'="' + names + b'"'
    if tag.name == b"script":
        ours = b' type="text/plain"' + ours
    renamed = [
        Insertion(attribute.name_start, PREFIX)
        for attribute in tag.attributes
        if attribute.name in fetches or _lazy(attribute.name)
    ]
    return (Insertion(tag.name_end, ours), *renamed)


def _lazy(name: bytes) -> bool:
    return name.startswith(b"data-") and name.endswith(LAZY_ENDINGS) and not name.startswith(PREFIX)


def _enlivened(tag: Tag) -> tuple[Insertion, ...]:
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
