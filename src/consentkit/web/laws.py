"""The policy as it applies in each jurisdiction, with all that serves its visitors there; built when first needed."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass

from consentkit.audit.log import AuditLog
from consentkit.core.policy import Policy
from consentkit.jurisdictions import Atlas
from consentkit.jurisdictions.apply import Applied, applied
from consentkit.web.answer import Scope
from consentkit.web.endpoint import Endpoint
from consentkit.web.gatehouse import Gate
from consentkit.web.limit import RateLimit
from consentkit.web.pages import Pages
from consentkit.web.pending import Grants
from consentkit.web.request import JurisdictionOf, Resolver
from consentkit.web.submit import Decisions
from consentkit.web.where import safely

logger = logging.getLogger(__name__)
REMEMBERED = 256
"""Jurisdictions whose parts are kept; beyond it all but the strictest are dropped and built again."""


@dataclass(frozen=True, slots=True)
class Law:
    """What serves the visitors of one jurisdiction."""

    resolver: Resolver
    gate: Gate
    pages: Pages
    endpoint: Endpoint


def law_of(resolver: Resolver, gate: Gate, audit: AuditLog, limit: RateLimit, grants: Grants) -> Law:
    """What serves the visitors of one jurisdiction, beside a resolver and a gate for it.

    :param limit: shared by all jurisdictions, as an address is one everywhere.
    :param grants: likewise, as a visitor's place may change between two clicks.
    """
    pages = Pages(gate.book.policy, gate.book)
    decisions = Decisions(gate, pages, audit, limit, grants)
    return Law(resolver, gate, pages, Endpoint(gate, pages, decisions, audit))


Build = Callable[[Policy, str | JurisdictionOf | None, Law | None], Law]
"""Makes a :class:`Law` of a policy, a jurisdiction, and the law of the strictest, whose parts it may share."""


class Laws:
    """Picks the law of a request.

    :param where: a code, or a function of the scope that returns one or ``None``.
    :param build: makes a law of a policy as it applies somewhere.
    :raises PolicyError: the policy names a jurisdiction that is not known, or asks for what one does not allow.
    """

    def __init__(
        self, policy: Policy, where: str | JurisdictionOf | None, atlas: Atlas, build: Build
    ) -> None:
        self._policy = policy
        self._where = safely(where) if callable(where) else where
        self._atlas = atlas
        self._build = build
        self._day = today()
        self._applied = applied(policy, atlas, self._day)
        self._known: dict[str | None, Law] = {}
        self.strictest = self._first()
        self._tell_overrides()

    def of(self, scope: Scope) -> Law:
        """The law of a request. Where it is from is asked once; where nobody knows, the strictest holds."""
        if self._applied is None:
            return self.strictest
        if self._day != today():
            self._turn_over()
        code = self._code(scope)
        found = self._known.get(code) if code else self.strictest
        return found if found is not None else self._made(code or "", self._applied)

    def _made(self, code: str, applied_now: Applied) -> Law:
        terms = applied_now.terms(code)
        if terms.code is None:
            # Any text may come from a function of the site: what is no place gets no parts of its own.
            return self.strictest
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        law = self._build(self._policy.under(terms), code, self.strictest)
        law.resolver.strictest = self.strictest.resolver
        self._known[code] = law
        return law

    def _first(self) -> Law:
        if self._applied is None:
            return self._build(self._policy, self._where, None)
        return self._build(self._policy.under(self._applied.strictest), None, None)

    def _turn_over(self) -> None:
        """A new day may bring a new law. It stops no site that is being served: what it forbids is asked instead."""
        day = today()
        self._applied = applied(self._policy, self._atlas, day, serving=True)
        self._day = day
        self._known.clear()
        self.strictest = self._first()

    def _code(self, scope: Scope) -> str | None:
        return self._where(scope) if callable(self._where) else self._where

    def _tell_overrides(self) -> None:
        for code, override in self._policy.overrides.items():
            logger.warning("the rule of %s is overridden by the policy: %s", code, override.reason)


def today() -> datetime.date:
    """The day, by UTC."""
    return datetime.datetime.now(datetime.UTC).date()
