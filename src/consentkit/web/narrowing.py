"""The Content-Security-Policy of a page, by consent: the app's own narrowed, or one built where the app has none.

``enforce``: every policy of the app is narrowed where it stands, one that only reports too. ``report``: the app's fields stay,
and what ``enforce`` would send goes beside them as ``Content-Security-Policy-Report-Only``. A policy in a ``<meta>`` element is
never touched: it holds beside ours. What cannot be narrowed is told of once in the log, and kept in :attr:`Narrowing.told`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import cached_property

from consentkit.catalogue.entry import FREE_KINDS
from consentkit.catalogue.index import Index
from consentkit.core.addresspattern import addresses_of
from consentkit.core.domain import is_public_suffix, registrable
from consentkit.core.policy import Policy
from consentkit.web.answer import Header
from consentkit.web.gate.allowlist import allow_list, spelled_out
from consentkit.web.gate.narrow import Left, narrow, speaks_of_scripts, strict_dynamic
from consentkit.web.gate.reach import Reach, left_of, let_in_with

logger = logging.getLogger(__name__)

ENFORCED = b"content-security-policy"
REPORTED = b"content-security-policy-report-only"
STRICT = (
    "csp: a page's policy says 'strict-dynamic', under which browsers pass over hosts: what a script loads that may run is "
    "not stopped. A tag manager that is granted can load anything there; leave 'strict-dynamic' out to stop it"
)
BROAD = "it lets in every service; write out the hosts that you need"
SHARED = (
    "it has paths of {}, which may not run; write out the paths that you need, or, where you need none of the host, name "
    "the service in the policy"
)
REMEMBERED = 256
"""States of consent for which a policy is kept."""
MOST_SOURCES = 4096
"""Distinct sources for which the answer is kept, in one state."""
MOST_TOLD = 100


class Narrowing:
    """Narrows the policies of one site's pages.

    :param index: who is known by which address.
    """

    def __init__(self, policy: Policy, index: Index) -> None:
        self._policy = policy
        self._index = index
        self._host = policy.site.address.partition("://")[2]
        self._known: dict[frozenset[str], dict[bytes, list[bytes]]] = {}
        self._running: dict[frozenset[str], frozenset[str]] = {}
        self._built: dict[frozenset[str], bytes] = {}
        self.told: dict[str, str] = {}
        """What could not be narrowed, by source, in words."""

    @property
    def enforces(self) -> bool:
        """Whether a page's policy depends on the consent, so that a grant needs a new page."""
        return self._policy.csp == "enforce"

    @cached_property
    def closed(self) -> frozenset[str]:
        """Names of what may run before anything is granted, whatever the regime: what nobody is asked about."""
        exempt = {name for name, regime in self._policy.regimes.items() if not regime.asked}
        services = self._policy.services.items()
        return frozenset(exempt | {name for name, service in services if exempt.issuperset(service.purposes)})

    @cached_property
    def _everything(self) -> frozenset[str]:
        """Names of what may run when all is granted."""
        return frozenset(self._policy.regimes) | frozenset(self._policy.services)

    def fields(
        self, headers: Sequence[Header], allowed: frozenset[str], extra: Iterable[str] = ()
    ) -> list[Header]:
        """The header fields of a page with its policies as they are to be.

        :param allowed: names of what may run.
        :param extra: further hosts that a policy of ours lets in.
        """
        if self._policy.csp == "off":
            return list(headers)
        left = self._left(allowed)
        own = [value for name, value in headers if name.lower() == ENFORCED]
        built = [] if any(map(speaks_of_scripts, own)) else [self._build(allowed, extra)]
        if any(map(strict_dynamic, own)):
            self._tell("'strict-dynamic'", STRICT)
        if self.enforces:
            found = [
                (name, narrow(value, left) if name.lower() in (ENFORCED, REPORTED) else value)
                for name, value in headers
            ]
            return found + [(ENFORCED, value) for value in built]
        narrowed = [after for value in own if (after := narrow(value, left)) != value]
        return [*headers, *((REPORTED, value) for value in narrowed + built)]

    def changes(self, headers: Sequence[Header], allowed: frozenset[str]) -> bool:
        """Whether a page with these fields may fetch less than it will after a grant."""
        if not self.enforces:
            return False
        own = [value for name, value in headers if name.lower() == ENFORCED]
        if not any(map(speaks_of_scripts, own)):
            return not self.running(allowed).issuperset(self._policy.services)
        now, then = self._left(allowed), self._left(self._everything)
        return any(narrow(value, now) != narrow(value, then) for value in own)

    def running(self, allowed: frozenset[str]) -> frozenset[str]:
        """Ids of all services that may run."""
        found = self._running.get(allowed)
        if found is None:
            if len(self._running) >= REMEMBERED:
                self._running.clear()
            found = self._running[allowed] = frozenset(
                name for name in self._index.services if self._index.may_run(name, allowed)
            )
        return found

    def _left(self, allowed: frozenset[str]) -> Left:
        """What is left of a source under a consent: found once for each, since a page has many and pages have the same."""
        known = self._known.get(allowed)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[allowed] = {}
        running = self.running(allowed)

        def left(directive: bytes, source: bytes) -> list[bytes]:
            found = known.get(source)
            if found is None:
                if len(known) >= MOST_SOURCES:
                    known.clear()
                lets = self._reach.of(source)
                if lets.broad:
                    self._tell_of(directive, source, BROAD)
                elif names := let_in_with(lets, running):
                    self._tell_of(directive, source, SHARED.format(", ".join(names)))
                found = known[source] = left_of(source, lets, running)
            return found

        return left

    @cached_property
    def _reach(self) -> Reach:
        return Reach(
            self._index.services,
            self._host,
            self._index.is_own,
            is_public_suffix,
            named=self._policy.services,
            needed=frozenset(self._policy.csp_sources),
        )

    def _build(self, allowed: frozenset[str], extra: Iterable[str]) -> bytes:
        found = self._built.get(allowed)
        if found is None:
            if len(self._built) >= REMEMBERED:
                self._built.clear()
            hosts = [*self._own_hosts(allowed), *self._policy.csp_sources, *self._hosts(allowed)]
            found = self._built[allowed] = allow_list(hosts)
        more = [host for host in extra if host.encode() not in found.split()]
        return b" ".join([found, *(host.encode() for host in more)])

    def _hosts(self, allowed: frozenset[str]) -> Iterable[str]:
        """The hosts of the policy's services that may run, and of captchas and their like.

        Others that only the catalogue knows are left out, also where the policy lets their tags pass: all of them together are
        longer than servers' header buffers.
        """
        own = registrable(self._host)
        suffixes = ["com", *([own.partition(".")[2]] if own else [])]
        running = self.running(allowed)
        for name, service in self._index.services.items():
            if name in running and (name in self._policy.services or service.kind in FREE_KINDS):
                hosts = (address.partition("/")[0] for address in addresses_of(service))
                yield from spelled_out(filter(None, hosts), dict.fromkeys(suffixes))

    def _own_hosts(self, allowed: frozenset[str]) -> list[str]:
        """The site's other hosts; none while one of them belongs to a service that may not run, since only all can be said."""
        own = registrable(self._host)
        if own is None or not self._reach.elsewhere(own) <= self.running(allowed):
            return []
        return [own, f"*.{own}"]

    def _tell_of(self, directive: bytes, source: bytes, why: str) -> None:
        shown, where = source[:100].decode("ascii", "replace"), directive.decode("ascii", "replace")
        self._tell(shown, f"csp: {shown} in {where} is too broad to be narrowed: {why}")

    def _tell(self, source: str, message: str) -> None:
        if source not in self.told and len(self.told) < MOST_TOLD:
            self.told[source] = message
            logger.warning("%s", message)
