"""What all responses share: the rules for each consent, the notice, the counts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from consentkit.catalogue.index import Index
from consentkit.catalogue.load import catalogue
from consentkit.core.consent import Consent
from consentkit.web.client import first
from consentkit.web.gate.candidate import takes_notice
from consentkit.web.gate.markup import MarkupRules, known_names
from consentkit.web.narrowing import Narrowing
from consentkit.web.notice import NoticeBook
from consentkit.web.request import Visit

logger = logging.getLogger(__name__)

REMEMBERED = 256
"""States of consent for which compiled rules and names are kept."""


def _uncounted(_: Mapping[tuple[str, str, str], int]) -> None:
    """Nobody counts."""


@dataclass(slots=True)
class Tally:
    """What is counted about pages, for ``/health``; nothing about anyone.

    :param pages: documents that went out with the notice's piece in them.
    :param gated: elements made inert.
    :param faults: pages whose rest went through the blunt pass.
    """

    pages: int = 0
    gated: int = 0
    faults: int = 0


@dataclass(slots=True)
class Gate:
    """What all responses share: the policy's rules, the notice, the counts.

    :param prefix: path below which our own pages live, without the app's root path.
    :param observe: nothing is kept from anyone, and what would be is counted.
    :param count: takes counts by kind, service and rule.
    """

    book: NoticeBook
    prefix: str
    tally: Tally = field(default_factory=Tally)
    observe: bool = False
    count: Callable[[Mapping[tuple[str, str, str], int]], None] = _uncounted
    index: Index = field(init=False)
    narrowing: Narrowing = field(init=False)
    _rules: dict[frozenset[str], MarkupRules] = field(default_factory=dict)
    _states: dict[tuple[object, ...], bytes] = field(default_factory=dict)
    _known: frozenset[str] = frozenset()
    _warned: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._known = known_names(self.book.policy)
        self.index = Index(self.book.policy, catalogue())
        self.narrowing = Narrowing(self.book.policy, self.index)

    def rules(self, consent: Consent) -> MarkupRules:
        """The rules for a consent, compiled once for each distinct one."""
        found = self._rules.get(consent.allowed)
        if found is None:
            if len(self._rules) >= REMEMBERED:
                self._rules.clear()
            found = self._rules[consent.allowed] = MarkupRules(self._known, consent.allowed)
        return found

    def all_allowed(self, consent: Consent) -> bool:
        """Whether nothing is left to be gated."""
        return self._known <= consent.allowed

    def state(self, visit: Visit) -> bytes:
        """Twelve digits that name all that a page's bytes depend on besides the app."""
        consent = visit.consent
        key = (consent.allowed, consent.ask, consent.outcome, consent.gpc, takes_notice(visit.asked))
        found = self._states.get(key)
        if found is None:
            if len(self._states) >= REMEMBERED:
                self._states.clear()
            word = f"{self.book.policy.version}|{first().name}|{sorted(consent.allowed)}|{key[1:]}"
            found = self._states[key] = sha256(word.encode()).hexdigest()[:12].encode()
        return found

    def warn_once(self, what: str, message: str) -> None:
        """One line for each kind of trouble, not one for each page."""
        if what not in self._warned:
            self._warned.add(what)
            logger.warning(message)

    def fault(self, error: BaseException) -> None:
        """Count a fault of the rewriter; its rest of the page is inert."""
        self.tally.faults += 1
        logger.error("the rewriter failed and the rest of one page was made inert: %s", type(error).__name__)
