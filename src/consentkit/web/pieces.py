"""What goes into one page: our two pieces, and the rules by which its tags are judged.

Pages whose requests say the same (:attr:`Reading.alike`) and which agree in language, place and media type differ in two texts
alone: the address that leads back, and the word of the page view. What the others come to is found once. A page with a
Content-Security-Policy of its own is drawn anew: it may carry a nonce, which is another each time.
"""

from __future__ import annotations

import re

from consentkit.core.parts import NoticeRule
from consentkit.html.rules import DocumentFacts, Placement, Rules
from consentkit.web.answer import Header
from consentkit.web.gate import csp
from consentkit.web.gate.candidate import HEAD, takes_notice
from consentkit.web.gate.stubs import Inlines
from consentkit.web.gatehouse import REMEMBERED, Gate
from consentkit.web.hint import hint_name
from consentkit.web.look import notice_rule
from consentkit.web.notice import Drawn, View, way_back
from consentkit.web.outgoing import narrowed
from consentkit.web.request import SAFE, Visit, address, own_path
from consentkit.web.transport import Keeping
from consentkit.web.viewword import new_word

LANGUAGE = re.compile(rb"<html\b[^>]{0,500}?\slang\s*=\s*[\"']?([A-Za-z0-9-]{2,35})", re.IGNORECASE)

ROOT = re.compile(rb"<html\b[^>]*>", re.IGNORECASE)


class Pieces:
    """What goes into one page.

    :param telling: the header fields of its response that decide on what is done to it.
    """

    __slots__ = ("_accepted", "_drawn", "_gate", "_next", "_restricted", "_telling", "_told", "_visit")

    def __init__(self, gate: Gate, visit: Visit, telling: list[Header]) -> None:
        self._gate = gate
        self._visit = visit
        self._telling = telling
        self._drawn: Drawn | None = None
        self._told: str | None = None
        self._next = "" if visit.shared else address(visit.scope)
        accepted = b"" if visit.shared else visit.fields.get(b"accept-language", b"")
        self._accepted = accepted.decode("latin-1")
        # Whether the page has a Content-Security-Policy of its own.
        self._restricted = len(telling) > 1 and any(
            name.lower() == b"content-security-policy" for name, _ in telling
        )

    def placement(self) -> Placement | None:
        """Where our pieces go; ``None`` where nobody is asked anything, or into what is no document."""
        gate, asked = self._gate, self._visit.asked
        if not gate.asks or asked.fragment:
            return None
        # Under observation all runs, so nothing is stood in for.
        return Placement(
            head=b"" if gate.observe else self._head,
            body=self._body if takes_notice(asked) else b"",
            place=gate.book.policy.place,
        )

    def rules(self, beginning: bytes, *, more: bool = False) -> Rules:
        """The rules for the page.

        :param beginning: its first bytes, if they can be read.
        :param more: whether others follow, which may tell its language.
        """
        visit = self._visit
        root = visit.scope.get("root_path") or ""
        language = self._hear if more and not ROOT.search(beginning[:HEAD]) else self._language(beginning)
        inline = self._inline
        inlines: Inlines = "none" if not inline.script else "nonce" if inline.nonce else "all"
        return self._gate.placed(visit.consent, language, root, restricted=self._restricted, inlines=inlines)

    @property
    def _inline(self) -> csp.Inline:
        """What the page's own Content-Security-Policy lets our bytes do."""
        return csp.inline(self._telling) if self._restricted else csp.FREE

    def _language(self, beginning: bytes) -> str:
        """The language for what stands in frames: the page's as far as its beginning tells, else the notice's."""
        told = LANGUAGE.search(beginning[:HEAD])
        return self._spoken(told[1].decode("ascii") if told else None)

    def _hear(self) -> str:
        """The same, for what comes once the page has told its own."""
        return self._spoken(self._told)

    def _head(self, facts: DocumentFacts) -> bytes:
        return self._found(facts).head

    def _body(self, facts: DocumentFacts) -> bytes:
        body = self._found(facts).body
        following, query = way_back(self._next)
        # A page that asks for nothing sends no word back, so none is made.
        word = new_word().encode() if "view" in body.holes and not self._visit.shared else b""
        return body.fill({"next": following, "query": query, "view": word})

    @property
    def _content_language(self) -> str:
        if len(self._telling) < 2:
            return ""
        return ",".join(
            value.decode("latin-1") for name, value in self._telling if name.lower() == b"content-language"
        )

    def _found(self, facts: DocumentFacts) -> Drawn:
        """Our pieces, once the rewriter has come to a place for one and knows the page's language."""
        self._told = facts.lang
        if self._drawn is None:
            self._drawn = self._draw(facts) if self._restricted else self._remembered(facts)
        return self._drawn

    def _remembered(self, facts: DocumentFacts) -> Drawn:
        visit, gate = self._visit, self._gate
        scope, known = visit.scope, gate.drawn
        key = (
            visit.reading.alike,
            self._spoken(facts.lang),
            scope.get("root_path"),
            self._rule(),
            scope["method"] in SAFE,
            bool(way_back(self._next)[0]),
            *self._telling,
        )
        found = known.get(key)
        if found is None:
            if len(known) >= REMEMBERED:
                known.clear()
            found = known[key] = self._draw(facts)
        return found

    def _rule(self) -> NoticeRule:
        """How the notice stands on this page."""
        scope = self._visit.scope
        return notice_rule(
            self._gate.book.policy,
            own_path(scope),
            root=scope.get("root_path") or "",
            query=scope.get("query_string", b"").decode("latin-1"),
        )

    def _draw(self, facts: DocumentFacts) -> Drawn:
        return self._gate.book.drawn(self._visit.consent, self._view(facts))

    def _spoken(self, told: str | None) -> str:
        """The notice's language.

        :param told: what the page says of itself.
        """
        return self._gate.book.language(told, self._accepted, self._content_language)

    def _view(self, facts: DocumentFacts) -> View:
        """What is special about this page."""
        visit, gate = self._visit, self._gate
        scope, inline = visit.scope, self._inline
        return View(
            prefix=(scope.get("root_path") or "") + gate.prefix,
            next=self._next,
            nonce=inline.nonce,
            style_nonce=inline.style_nonce,
            inline=inline.allowed,
            language=self._spoken(facts.lang),
            rule=self._rule(),
            posted=scope["method"] not in SAFE,
            broken=visit.keeping is Keeping.IMPOSSIBLE,
            narrowed=not visit.shared and narrowed(gate, visit, self._telling),
            hint=hint_name(visit.resolver.transport.name(visit.keeping)).decode(),
            shared=visit.shared,
            script=inline.script and _tells_charset(self._telling),
        )


def _tells_charset(telling: list[Header]) -> bool:
    """Whether the page's charset is known before its first byte: else a ``<meta charset>`` must stand within the first 1,024
    bytes (HTML section 4.2.5.4; checked 2026-11), and a long script before it would push it out.
    """
    return any(b"charset=" in value.lower() for name, value in telling if name.lower() == b"content-type")
