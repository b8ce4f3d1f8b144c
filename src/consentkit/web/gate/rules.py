"""What may live in a page, under one consent: the answer to each opener that the rewriter shows.

The order of judgement:

1. What the site itself says of an element (``data-category``, ``data-service``) decides alone; see
   :mod:`consentkit.web.gate.markup`.
2. Each address by which the element would fetch: whose it is, and whether all of its owners may run.
3. An inline script by its loader form; a style by the addresses in it, and by whether it hides the page for a service.
4. An address of nobody's, on another site: as the policy says of unknown third parties. One that is only reported is counted
   by an insertion of nothing.

A stilled element names in ``data-ck`` what must be granted for it to live. A name with ``!`` in front is never granted: the
service is one that no notice speaks of.

Known limits: what a style of more than 64 KB holds behind them is stilled, and comes back with the next page only. A loader in
a script inside an svg is not looked for. In ``style`` attributes ``url(`` is seen where it is written as itself, without
escapes or character references; in style elements it is seen in every spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final

from consentkit.catalogue.index import Index, Owner
from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import PASS, Insertion, Memo, Rules, Verdict
from consentkit.html.tag import Attribute, Context, Tag
from consentkit.web.gate import styles
from consentkit.web.gate.address import Base, candidates, located, relative_to
from consentkit.web.gate.loaders import Loaders
from consentkit.web.gate.markup import MarkupRules
from consentkit.web.gate.park import FETCHES, MARK, PREFIX, lazy, stilled
from consentkit.web.gate.scripttype import runs

LISTS: Final = frozenset({b"srcset", b"imagesrcset", b"data-srcset", b"data-lazy-srcset"})
"""Attributes that hold several addresses."""
DRAWN: Final = {
    b"feimage": frozenset({b"href", b"xlink:href"}),
    b"body": frozenset({b"background"}),
}
"""Further elements that fetch, which the site cannot mark. ``use`` fetches from its own site only."""
RELS: Final = frozenset(
    {
        "apple-touch-icon",
        "apple-touch-icon-precomposed",
        "dns-prefetch",
        "icon",
        "manifest",
        "mask-icon",
        "modulepreload",
        "preconnect",
        "prefetch",
        "preload",
        "prerender",
        "stylesheet",
    }
)
"""Relations for which a browser goes to the address of a link (HTML section 4.6.7; checked 2026-11)."""
UNKNOWN: Final = "unknown"
REPORTED: Final = "reported"
"""What third parties go by that nobody knows: those that are shut, and those that pass and are told of."""
UNSURE: Final = Owner(UNKNOWN, False, "cannot be read")
_MARKS: Final = (b"url(", b"image-set(", b"data-bg")
"""What elements of any name are looked at for: styles, and what lazy loaders read. Each one more costs every page."""
_FETCHED: Final = frozenset({b"img", b"source", b"link", b"video", b"audio", b"track", b"input", b"embed"})
"""Elements that do no more than fetch what their attributes name."""
_NOT_PLAIN: Final = re.compile(rb"[:\\&\t\n\r]|//|(?i:-category|-service)")
"""Without one of these in its tag, such an element stays on its own site, and the site says nothing of it."""
_SHEETS: Final = 256
"""Style elements of which the verdict is remembered, by their digest."""
_DEEPEST: Final = 3
"""Documents inside ``srcdoc`` inside ``srcdoc``; deeper ones are not looked into, and stay shut."""
_WANTS_TEXT: Final = Verdict(wants_text=True)


@dataclass(frozen=True)
class Facts:
    """What all rules of a policy share.

    :param index: whose an address is.
    :param loaders: the forms of inline scripts.
    :param known: every purpose and service that markup may name.
    """

    index: Index
    loaders: Loaders
    known: frozenset[str]

    @cached_property
    def hiding(self) -> tuple[tuple[bytes, Owner], ...]:
        """Selectors by which styles hide a page for a service."""
        return tuple(
            (selector.encode(), Owner(name, name in self.index.policy.services, selector))
            for name, service in self.index.services.items()
            for selector in service.hides
        )


class PageRules:
    """Answers for one set of allowed names, on every page that is served under it.

    :param allowed: ids of all purposes and services that may run.
    :param base: what relative addresses are relative to; ``None``: the site's own root.
    :param depth: how many ``srcdoc`` this document stands in.
    """

    names = frozenset({*FETCHES, *DRAWN, b"style", b"base"})
    marks = (*MarkupRules.marks, *_MARKS)

    def __init__(
        self, facts: Facts, allowed: frozenset[str], base: Base | None = None, depth: int = 0
    ) -> None:
        self._facts = facts
        self._allowed = allowed
        self._markup = MarkupRules(facts.known, allowed)
        self._based = base is not None
        self._base = base or Base(facts.index.own_host)
        self._foreign = not facts.index.is_own(self._base.host)
        self._stays = not (self._foreign or facts.index.watches_own)
        self._depth = depth
        self._inside: PageRules | None = None
        self._sheets: dict[bytes, Verdict] = {}
        self.memo: Memo | None = Memo()

    def judge(self, tag: Tag) -> Verdict:
        """Inert, live, or as it is."""
        name = tag.name
        if name in _FETCHED and self._stays and tag.complete and _NOT_PLAIN.search(tag.raw) is None:
            return PASS  # most pictures; and each of a page is another, so that none is known
        if name == b"base":
            return self._rebased(tag)
        marked = self._markup.needed(tag.attributes) if name in FETCHES else frozenset()
        if marked:
            return self._markup.judge(tag)
        if name == b"style":
            return _WANTS_TEXT
        if name == b"script" and tag.complete and not runs(tag):
            return PASS
        verdict = self._verdict(tag, self._owners_of(tag), self._styled(tag))
        if verdict is PASS and name == b"script" and tag.get(b"src") is None:
            return _WANTS_TEXT  # in svg it is not shown: what a script there injects is left to the CSP
        return verdict

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        """An inline script by its form, a style by its addresses."""
        if tag.name == b"style":
            return self._sheet_known(tag, text)
        owners = self._facts.index.denied(self._facts.loaders.found(text), self._allowed)
        return self._verdict(tag, owners)

    def _rebased(self, tag: Tag) -> Verdict:
        """The first ``<base href>`` of a document counts, also where a template or an svg holds it: that one does not."""
        href = tag.get(b"href")
        if href is None or self._based or tag.context & (Context.TEMPLATE | Context.FOREIGN):
            return PASS
        base = relative_to(href.text, self._base)
        rules: Rules = PageRules(self._facts, self._allowed, base, self._depth)
        return Verdict(rules=rules)

    def _owners_of(self, tag: Tag) -> tuple[Owner, ...]:
        """Those who must run for this element to live, and may not."""
        if tag.name == b"link" and not _fetches(tag):
            return ()
        fetches = FETCHES.get(tag.name) or DRAWN.get(tag.name) or frozenset()
        found: list[Owner] = []
        for attribute in tag.attributes:
            name = attribute.name
            if name == b"srcdoc":
                found += self._document(attribute)
            elif (name in fetches and name != b"type") or lazy(name):
                found += self._of_attribute(attribute)
        return tuple(dict.fromkeys(found))

    def _of_attribute(self, attribute: Attribute) -> Iterator[Owner]:
        text = attribute.text
        if attribute.name in LISTS:
            if attribute.cut:
                yield UNSURE
            for each in candidates(text):
                yield from self._of_address(each)
        else:
            yield from self._of_address(text)

    def _of_address(self, text: str) -> Iterable[Owner]:
        if self._stays and _plainly_own(text):
            return ()
        where = located(text, self._base)
        if where is None:
            return ()
        index = self._facts.index
        owners = index.owners(where.host, where.path)
        if owners:
            return index.denied(owners, self._allowed)
        return () if index.is_own(where.host) else self._of_nobody(where.host)

    def _of_nobody(self, host: str) -> tuple[Owner, ...]:
        treatment = self._facts.index.policy.unknown
        if treatment == "allow":
            return ()
        return (Owner(UNKNOWN if treatment == "gate" else REPORTED, False, host),)

    def _document(self, attribute: Attribute) -> tuple[Owner, ...]:
        """Those denied in a document that stands in an attribute: one is enough to shut the frame."""
        if attribute.cut or self._depth >= _DEEPEST:
            return (UNSURE,)
        if self._inside is None:
            self._inside = PageRules(
                self._facts, self._allowed, self._base if self._based else None, self._depth + 1
            )
        inner = Rewriter(self._inside, None)
        inner.whole(attribute.text.encode("utf-8", "surrogateescape"))
        return tuple(owner for label in inner.counts for owner in owners_of(label))

    def _styled(self, tag: Tag) -> list[tuple[Owner, int]]:
        """Addresses in ``style`` attributes: whom each waits for, and where it starts."""
        return [
            (owner, attribute.value_start + at)
            for attribute in tag.attributes
            if attribute.name == b"style" and b"(" in attribute.value
            for at, address in styles.addresses(attribute.value, attribute=True)
            for owner in self._of_address(address)
        ]

    def _sheet_known(self, tag: Tag, text: bytes) -> Verdict:
        key = sha256(b"%d%b%b" % (tag.part, tag.raw, text)).digest()
        known = self._sheets.get(key)
        if known is None:
            known = self._sheet(tag, text)
            if len(self._sheets) >= _SHEETS:
                self._sheets.clear()
            self._sheets[key] = known
        return known

    def _sheet(self, tag: Tag, text: bytes) -> Verdict:
        """A style element: one that hides the page for a service that may not run is put away whole."""
        hiding = [owner for selector, owner in self._facts.hiding if selector in text]
        denied = self._facts.index.denied(hiding, self._allowed)
        if denied and not tag.part:
            ours = Insertion(tag.name_end, b' media="not all"' + _mark(denied))
            own = [Insertion(each.name_start, PREFIX) for each in tag.attributes if each.name == b"media"]
            return Verdict((ours, *own), label=label_of(denied))
        found = [
            (owner, at)
            for at, address in styles.addresses(text, attribute=False)
            for owner in self._of_address(address)
        ]
        if not found:
            return PASS
        owners = dict.fromkeys(owner for owner, _ in found)
        gated = _gated(owners)
        ours = Insertion(tag.name_end, _mark(gated) if gated else b"")  # of a later part it is not read
        return Verdict((ours,), text_insertions=_inert(found), label=label_of(owners))

    def _verdict(
        self, tag: Tag, owners: Iterable[Owner], styled: Iterable[tuple[Owner, int]] = ()
    ) -> Verdict:
        """The tag, stilled for these owners, and the addresses in its style for those."""
        denied, styled = _gated(owners), list(styled)
        every = dict.fromkeys([*owners, *(owner for owner, _ in styled)])
        if not every:
            return PASS
        gated = _gated(every)
        insertions = list(_inert(styled))
        if denied:
            insertions += stilled(tag, names_of(gated).encode(), DRAWN.get(tag.name, frozenset()))
        else:
            insertions.append(Insertion(tag.name_end, _mark(gated) if gated else b""))
        insertions.sort(key=lambda insertion: insertion.at)
        return Verdict(tuple(insertions), label=label_of(every))


def names_of(owners: Iterable[Owner]) -> str:
    """What must be granted, separated by blanks; ``!`` before what no grant opens."""
    return " ".join(dict.fromkeys(owner.service if owner.listed else f"!{owner.service}" for owner in owners))


def label_of(owners: Iterable[Owner]) -> str:
    """The owners as a label of a verdict, for counting."""
    return "\n".join(f"{owner.service}\t{'+' if owner.listed else '!'}\t{owner.rule}" for owner in owners)


def owners_of(label: str) -> tuple[Owner, ...]:
    """The owners that a label speaks of. One of markup's names the service or purpose alone."""
    found = []
    for line in label.split("\n"):
        service, _, rest = line.partition("\t")
        listed, _, rule = rest.partition("\t")
        found.append(Owner(service, listed != "!", rule or "markup"))
    return tuple(found)


def _gated(owners: Iterable[Owner]) -> list[Owner]:
    return [owner for owner in owners if owner.service != REPORTED]


def _mark(owners: Iterable[Owner]) -> bytes:
    return b' %b="%b"' % (MARK, names_of(owners).encode())


def _inert(styled: Iterable[tuple[Owner, int]]) -> tuple[Insertion, ...]:
    """One insertion for each address of somebody who is shut."""
    return tuple(
        Insertion(at, styles.INERT) for at in dict.fromkeys(at for owner, at in styled if _gated([owner]))
    )


def _fetches(tag: Tag) -> bool:
    """Whether a browser goes to a link's address."""
    return any(
        not RELS.isdisjoint(each.text.lower().split()) for each in tag.attributes if each.name == b"rel"
    )


def _plainly_own(text: str) -> bool:
    """Whether an address is one of the page's own at first sight."""
    return (
        ":" not in text
        and "//" not in text
        and "\\" not in text
        and "\t" not in text
        and "\n" not in text
        and "\r" not in text
    )


class Observed:
    """Rules that count what other rules would still, and still nothing.

    :param rules: those others.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.names = rules.names
        self.marks = rules.marks
        self.memo: Memo | None = Memo()

    def judge(self, tag: Tag) -> Verdict:
        """Nothing, counted."""
        return _counted(self._rules.judge(tag))

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        """Nothing, counted."""
        return _counted(self._rules.judge_text(tag, text, complete))


def _counted(verdict: Verdict) -> Verdict:
    if verdict.rules is not None:
        return Verdict(rules=Observed(verdict.rules))
    if not verdict.label:
        return verdict
    nothing = (Insertion(0, b""),)
    return Verdict(nothing, text_insertions=nothing, label=verdict.label)
