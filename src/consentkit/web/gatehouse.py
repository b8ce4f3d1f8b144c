"""What all responses share: whose an address is, the rules for each consent, the notice, the counts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from consentkit.catalogue.index import Index
from consentkit.catalogue.load import catalogue
from consentkit.core.consent import Consent
from consentkit.html.rules import Rules
from consentkit.web.client import first
from consentkit.web.gate.candidate import takes_notice
from consentkit.web.gate.delivery import Delivery
from consentkit.web.gate.loaders import Loaders
from consentkit.web.gate.markup import MarkupRules, known_names
from consentkit.web.gate.placeholder import PLACED, Draw, PlacedRules, Wanted
from consentkit.web.gate.rules import REPORTED, UNKNOWN, Facts, Observed, PageRules, owners_of
from consentkit.web.gate.stubs import Inlines, StubbedRules, stubs_of
from consentkit.web.narrowing import Narrowing
from consentkit.web.notice import Drawn, NoticeBook
from consentkit.web.placeholder import Placeholders
from consentkit.web.request import Visit

logger = logging.getLogger(__name__)

REMEMBERED = 256
"""States of consent for which compiled rules and names are kept."""
MOST_STRANGERS = 1000
"""Third parties that get a line in the log; pages may name any number."""
UNLISTED = (
    ". It is known to the catalogue and not named by the policy: the notice does not speak of it, so that it is shut for good, "
    'whatever visitors grant. Name it under use = […], or say unlisted = "allow"'
)
STRANGER = "a third party that neither the policy nor the catalogue knows: {}"


def _uncounted(_: Mapping[tuple[str, str, str], int]) -> None:
    """Nobody counts."""


@dataclass(slots=True)
class Tally:
    """What is counted about pages, for ``/health``; nothing about anyone.

    :param pages: documents that went out with the notice's piece in them.
    :param gated: elements made inert.
    :param faults: pages whose rest went through the blunt pass.
    :param limited: refusals that took effect without an event of their own, beyond the limit of an address.
    """

    pages: int = 0
    gated: int = 0
    faults: int = 0
    limited: int = 0


@dataclass(slots=True)
class Gate:
    """What all responses share: the policy's rules, the notice, the counts.

    :param prefix: path below which our own pages live, without the app's root path.
    :param delivery: how pages are delivered.
    :param observe: nothing is gated; what would be is counted.
    :param count: takes counts by kind, service and rule.
    :param lender: the gate of the strictest jurisdiction, for pages that are the same for all; absent, itself. It lends what
        does not depend on a jurisdiction.
    """

    book: NoticeBook
    prefix: str
    delivery: Delivery = "private"
    observe: bool = False
    count: Callable[[Mapping[tuple[str, str, str], int]], None] = _uncounted
    lender: Gate | None = None
    tally: Tally = field(default_factory=Tally)
    index: Index = field(init=False)
    narrowing: Narrowing = field(init=False)
    asks: bool = field(init=False)
    """Whether the policy asks some visitors anything. Where it does not, a page has no notice and is the same for all."""
    drawn: dict[tuple[object, ...], Drawn] = field(default_factory=dict)
    """Our pieces, by all that they depend on; kept by :mod:`consentkit.web.pieces`."""
    stored: dict[frozenset[str], str] = field(default_factory=dict)
    """Keys to be cleared in the browser, as JSON, by what may run; kept by :mod:`consentkit.web.outgoing`."""
    _facts: Facts = field(init=False)
    _stubs: Mapping[str, tuple[str, ...]] = field(init=False)
    _rules: dict[frozenset[str], Rules] = field(default_factory=dict)
    _placed: dict[tuple[frozenset[str], str, str, bool, Inlines], PlacedRules] = field(default_factory=dict)
    _states: dict[object, bytes] = field(default_factory=dict)
    _labels: dict[str, tuple[tuple[tuple[str, str, str], ...], bool]] = field(default_factory=dict)
    _known: frozenset[str] = frozenset()
    _warned: set[str] = field(default_factory=set)
    _times: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        policy = self.book.policy
        self._known = known_names(policy)
        if self.lender is not None:
            self.tally, self.index, self._facts = self.lender.tally, self.lender.index, self.lender._facts
            self._stubs, self._warned = self.lender._stubs, self.lender._warned
            self._times = self.lender._times
        else:
            self.index = Index(policy, catalogue())
            self._facts = Facts(self.index, Loaders(self.index), self._known)
            self._stubs = stubs_of(self.index)
        self.narrowing = Narrowing(policy, self.index)
        self.asks = bool(policy.askable) or policy.terms is not None

    @property
    def signals(self) -> tuple[bytes, ...]:
        """Names of the fields by which a browser's signals come, where they count."""
        return (b"Sec-GPC", b"DNT") if self.book.policy.do_not_track == "refuse" else (b"Sec-GPC",)

    @property
    def strictest(self) -> Gate:
        """The gate of pages that are the same for all."""
        return self.lender or self

    def rules(self, consent: Consent) -> Rules:
        """The rules for a consent, compiled once for each distinct one."""
        found = self._rules.get(consent.allowed)
        if found is None:
            if len(self._rules) >= REMEMBERED:
                self._rules.clear()
            found = self._rules[consent.allowed] = self._compiled(consent)
        return found

    def _compiled(self, consent: Consent) -> Rules:
        if self.observe:
            return Observed(PageRules(self._facts, consent.allowed))
        if self.book.policy.unknown == "allow" and self.all_allowed(consent):
            # Whoever an address belongs to, it may be fetched.
            return MarkupRules(self._known, consent.allowed)
        return PageRules(self._facts, consent.allowed)

    def placed(
        self,
        consent: Consent,
        language: str | Callable[[], str],
        root: str,
        *,
        restricted: bool,
        inlines: Inlines,
    ) -> Rules:
        """The same, with placeholders in a language, and with stubs.

        :param language: a function where it is not known yet; then these are the rules of one page alone.
        :param root: the path that the app is mounted at.
        :param restricted: whether the page has a Content-Security-Policy of its own.
        :param inlines: which inline scripts run under it.
        """
        rules = self.rules(consent)
        if not isinstance(rules, PageRules):  # nothing is stilled, so nothing stands for it
            return rules
        if not isinstance(language, str):
            return self._place(rules, consent, self._draw(language, root, linked=restricted), inlines)
        key = (consent.allowed, language, root, restricted, inlines)
        found = self._placed.get(key)
        if found is None:
            if len(self._placed) >= REMEMBERED:
                self._placed.clear()
            draw = self._draw(language, root, linked=restricted)
            found = self._placed[key] = self._place(rules, consent, draw, inlines)
        return found

    def _place(self, rules: Rules, consent: Consent, draw: Draw, inlines: Inlines) -> PlacedRules:
        waiting = {
            each: name
            for name, service in self.book.policy.services.items()
            if not self.index.may_run(name, consent.allowed)
            for each in service.widgets
        }
        stubbed = rules if inlines == "none" else StubbedRules(rules, self._stubs, inlines)
        return PlacedRules(stubbed, draw, waiting)

    def _draw(self, language: str | Callable[[], str], root: str, *, linked: bool) -> Draw:
        narrowed = self.book.policy.csp == "enforce"
        drawn = Placeholders(self.book, self.index.services, root + self.prefix, narrowed=narrowed)
        if isinstance(language, str):
            return drawn.draw(language, linked=linked)

        def draw(wanted: Wanted) -> bytes:
            return drawn.draw(language(), linked=linked)(wanted)

        return draw

    def all_allowed(self, consent: Consent) -> bool:
        """Whether nothing is left to be gated."""
        if self.observe:
            return True
        policy = self.book.policy
        return self._known <= consent.allowed and policy.unlisted == "allow" and policy.unknown != "gate"

    def gated(self, counts: Mapping[str, int]) -> None:
        """Count what was made inert in one page.

        :param counts: how often, by the labels of the rules' verdicts.
        """
        told: dict[tuple[str, str, str], int] = {}
        for label, times in counts.items():
            keys, shuts = self._labels.get(label) or self._read(label)
            for key in keys:
                told[key] = told.get(key, 0) + times
            if shuts:
                self.tally.gated += times
        if told:
            self.count(told)
            for (kind, service, rule), times in told.items():
                if kind == "gate":
                    self._tell_often(service, rule, times)

    def _read(self, label: str) -> tuple[tuple[tuple[str, str, str], ...], bool]:
        """What a verdict's label counts as, and whether it shuts anything; pages have the same few."""
        owners = () if label == PLACED else owners_of(label)
        for owner in owners:
            if owner.service in (UNKNOWN, REPORTED) and len(self._warned) < MOST_STRANGERS:
                self.warn_once(f"unknown {owner.rule}", STRANGER.format(json.dumps(owner.rule)))
        keys = tuple(
            ("unknown" if owner.service in (UNKNOWN, REPORTED) else "gate", owner.service, owner.rule)
            for owner in owners
        )
        shuts = not self.observe and any(owner.service != REPORTED for owner in owners)
        if len(self._labels) >= MOST_STRANGERS:
            self._labels.clear()
        self._labels[label] = keys, shuts
        return keys, shuts

    def _tell_often(self, service: str, rule: str, times: int) -> None:
        """Say what is held back, how often and on whose rule: at first, and whenever that has grown to ten times as much.

        What no grant opens is a warning, for a site's own people: no visitor can do anything about it.
        """
        before = self._times.get((service, rule), 0)
        if not before and len(self._times) >= MOST_STRANGERS:
            return
        now = self._times[service, rule] = before + times
        if before and len(str(now)) == len(str(before)):
            return
        listed = service in self._known
        level = logging.INFO if listed else logging.WARNING
        if logger.isEnabledFor(level):
            did = "seen, and only counted," if self.observe else "held back"
            why = "" if listed else UNLISTED
            logger.log(level, "%s was %s on the rule %s; times so far: %d%s", service, did, rule, now, why)

    def state(self, visit: Visit) -> bytes:
        """Twelve digits that name all that a page's bytes depend on besides the app."""
        alike = visit.reading.alike
        found = self._states.get(alike)
        if found is None:
            if len(self._states) >= REMEMBERED:
                self._states.clear()
            found = self._states[alike] = self._digest(visit)
        return found

    def _digest(self, visit: Visit) -> bytes:
        consent = visit.consent
        told = (
            sorted(consent.allowed),
            consent.ask,
            consent.outcome,
            consent.source,
            consent.signal,
            consent.conflict,
            sorted(consent.new),
            self.book.policy.terms and self.book.policy.terms.code,
            takes_notice(visit.asked),
            visit.shared,
        )
        word = f"{self.book.policy.version}|{first().name}|{self.observe}|{told}"
        return sha256(word.encode()).hexdigest()[:12].encode()

    def warn_once(self, what: str, message: str) -> None:
        """One line for each kind of trouble, not one for each page."""
        if what not in self._warned:
            self._warned.add(what)
            logger.warning(message)

    def fault(self, error: BaseException) -> None:
        """Count a fault of the rewriter; its rest of the page is inert."""
        self.tally.faults += 1
        logger.error("the rewriter failed and the rest of one page was made inert: %s", type(error).__name__)
