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

from collections.abc import Iterable

from consentkit.core.parts import NECESSARY
from consentkit.core.policy import Policy
from consentkit.html.rules import PASS, Memo, Verdict
from consentkit.html.tag import Attribute, Tag
from consentkit.web.gate.park import FETCHES, enlivened, stilled


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
        if tag.name not in FETCHES:
            return PASS
        needed = self.needed(tag.attributes)
        if not needed:
            return PASS
        if needed <= self._allowed and not any(
            each.cut for each in tag.attributes if each.name in self.marks
        ):
            return Verdict(enlivened(tag)) if tag.complete else PASS
        names = " ".join(sorted(needed))
        return Verdict(stilled(tag, names.encode("ascii")), label=names)

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        """Never asked for: markup says it all."""
        return self.judge(tag)

    def needed(self, attributes: Iterable[Attribute]) -> frozenset[str]:
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
