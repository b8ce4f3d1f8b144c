"""What the gate says of each element of a page, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from consentkit.catalogue.index import Index
from consentkit.catalogue.known import Catalogue
from consentkit.core.parts import NECESSARY
from consentkit.core.policy import Policy
from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import Memo, Rules, Verdict
from consentkit.html.tag import Tag
from consentkit.web.gate.loaders import Loaders
from consentkit.web.gate.markup import known_names
from consentkit.web.gate.rules import REPORTED, UNKNOWN, Facts, PageRules, owners_of

_SHOWN = 100
"""Characters of an opener that are shown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One element that belongs to a service or to a third party that nobody knows.

    :param line: where its tag starts, from 1.
    :param tag: the start of the tag.
    :param rule: the address pattern, loader form, selector or host by which it was judged.
    :param service: id of the service; ``unknown`` for a third party that nobody knows.
    :param purposes: what the service is used for.
    :param verdict: ``runs``, ``gated``, ``shut for good`` or ``reported``.
    """

    line: int
    tag: str
    rule: str
    service: str
    purposes: tuple[str, ...]
    verdict: str


def explain(page: bytes, policy: Policy, known: Catalogue, allowed: frozenset[str]) -> list[Finding]:
    """What the gate says of a page's elements, in their order.

    :param allowed: ids of the purposes that are granted; what belongs to none of them is closed.
    """
    index = Index(policy, known)
    facts = Facts(index, Loaders(index), known_names(policy))
    closed = _Told(PageRules(facts, frozenset({NECESSARY})))
    Rewriter(closed, None, exact=True).whole(page)
    open_ones = open_names(policy, allowed)
    lines = _Lines(page)
    return [
        Finding(
            line=line,
            tag=re.sub(r"\s+", " ", tag.decode("utf-8", "replace"))[:_SHOWN],
            rule=owner.rule,
            service=UNKNOWN if owner.service == REPORTED else owner.service,
            purposes=tuple(service.purposes) if (service := index.service(owner.service)) else (),
            verdict=_verdict(owner.service, listed=owner.listed, allowed=open_ones),
        )
        for tag, label in closed.seen
        for line in [lines.of(tag)]
        for owner in owners_of(label)
    ]


def open_names(policy: Policy, granted: frozenset[str]) -> frozenset[str]:
    """All names that may run where these purposes are granted."""
    purposes = {name for name, regime in policy.regimes.items() if not regime.asked} | granted
    services = {name for name, service in policy.services.items() if set(service.purposes) <= purposes}
    return frozenset(purposes | services)


def _verdict(name: str, *, listed: bool, allowed: frozenset[str]) -> str:
    if name == REPORTED:
        return "reported"
    if not listed:
        return "shut for good"
    return "runs" if set(name.split()) <= allowed else "gated"


class _Told:
    """Rules that write down what others say, in the order of the page."""

    def __init__(self, rules: Rules, seen: list[tuple[bytes, str]] | None = None) -> None:
        self._rules = rules
        self.names = rules.names
        self.marks = rules.marks
        self.memo: Memo | None = None
        self.seen: list[tuple[bytes, str]] = [] if seen is None else seen

    def judge(self, tag: Tag) -> Verdict:
        return self._told(tag, self._rules.judge(tag))

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        return self._told(tag, self._rules.judge_text(tag, text, complete))

    def _told(self, tag: Tag, verdict: Verdict) -> Verdict:
        if verdict.rules is not None:
            return Verdict(rules=_Told(verdict.rules, self.seen))
        if verdict.label:
            self.seen.append((tag.raw, verdict.label))
        return verdict


class _Lines:
    """Finds the line of each tag, when asked for them in their order."""

    def __init__(self, page: bytes) -> None:
        self._page = page
        self._at = 0
        self._line = 1

    def of(self, tag: bytes) -> int:
        found = self._page.find(tag, self._at)
        if found >= 0:
            self._line += self._page.count(b"\n", self._at, found)
            self._at = found + 1
        return self._line


def lines_of(findings: list[Finding]) -> Iterator[str]:
    """The findings as lines for people."""
    for each in findings:
        purposes = ", ".join(each.purposes) or "no purpose"
        yield f"{each.line}: {each.tag}"
        yield f"    {each.verdict}: {each.service} ({purposes}), by {each.rule}"
