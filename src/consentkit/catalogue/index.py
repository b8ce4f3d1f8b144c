"""Whose address is this, and whose cookie? The policy's services and the catalogue's, found by a few look-ups however many
there are.

The rules of ownership:

- Of the patterns that match an address, the most specific count; the others do not. Of equals, those of services that the
  policy names, where there are any: a site that names one of two services on a host has said which it uses.
- A service that the policy names runs when it is allowed. One that only the catalogue knows runs where the policy says
  ``unlisted = "allow"``, or where it is a captcha, a payment or a CDN; else never, whatever is granted, since no notice
  speaks of it.
- A cookie belongs to every service that sets one of its name on the site's own domain. It may stay while one of them runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from consentkit.catalogue.entry import FREE_KINDS
from consentkit.catalogue.known import Catalogue
from consentkit.core.addresspattern import AddressPattern, addresses_of, parse_address
from consentkit.core.domain import ascii_host, registrable
from consentkit.core.policy import Policy
from consentkit.core.service import Cookie, Service

REMEMBERED = 4096
"""Hosts, and names of cookies, for which the answer is kept."""
LONGEST_COOKIE = 4096
"""Bytes of a cookie's name and value together, beyond which no browser keeps it (RFC 6265bis section 5.6, checked 2026-11)."""


class Owner(NamedTuple):
    """A service that an address or a cookie belongs to.

    :param service: its id.
    :param listed: whether the policy names it.
    :param rule: the address pattern, or the cookie's name or pattern, as it is written.
    """

    service: str
    listed: bool
    rule: str


class Index:
    """The services by their addresses and cookies.

    :param policy: the site's own policy.
    :param catalogue: what is known besides.
    """

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        self.policy = policy
        own = policy.site.address.partition("://")[2]
        unlisted = {name: entry for name, entry in catalogue.entries.items() if name not in policy.services}
        self.services: Mapping[str, Service] = {**policy.services, **unlisted}
        self._always = frozenset(_always(policy, unlisted))
        self._host = own
        self._domain = registrable(own)
        self._addresses = _Addresses(self._patterns(own))
        self._cookies = _Cookies(self._owned_cookies())
        self._candidates: Callable[[str], list[tuple[AddressPattern, Owner]]] = lru_cache(REMEMBERED)(
            self._addresses.of_host
        )
        self._cookie_owners: Callable[[str], tuple[Owner, ...]] = lru_cache(REMEMBERED)(self._cookies.owners)
        self.is_own: Callable[[str], bool] = lru_cache(REMEMBERED)(self._is_own)

    @property
    def watches_own(self) -> bool:
        """Whether a path of the site's own belongs to a service."""
        return bool(self._candidates(self._host))

    @property
    def own_host(self) -> str:
        """The site's own host, with its port where that is not the scheme's own."""
        return self._host

    def owners(self, host: str, path: str) -> tuple[Owner, ...]:
        """The services that an address belongs to; empty: nobody is known.

        :param host: in lower case, with its port where that is not the scheme's own.
        :param path: from its slash on.
        """
        found = [
            (pattern.specificity, owner)
            for pattern, owner in self._candidates(host)
            if pattern.matches(host, path)
        ]
        if not found:
            return ()
        most = max(specificity for specificity, _ in found)
        equal = tuple(dict.fromkeys(owner for specificity, owner in found if specificity == most))
        return tuple(owner for owner in equal if owner.listed) or equal

    def cookie_owners(self, name: str) -> tuple[Owner, ...]:
        """The services that set a cookie of this name on the site's own domain."""
        return self._cookie_owners(name) if len(name) <= LONGEST_COOKIE else ()

    def runs(self, owner: Owner, allowed: frozenset[str]) -> bool:
        """Whether a service may run.

        :param allowed: ids of all purposes and services that are allowed.
        """
        return owner.service in (allowed if owner.listed else self._always) or owner.service in self._always

    def denied(self, owners: Iterable[Owner], allowed: frozenset[str]) -> tuple[Owner, ...]:
        """Those of the owners that may not run."""
        return tuple(owner for owner in owners if not self.runs(owner, allowed))

    def may_run(self, service: str, allowed: frozenset[str]) -> bool:
        """The same as :meth:`runs`, by an id."""
        return self.runs(Owner(service, service in self.policy.services, ""), allowed)

    def service(self, name: str) -> Service | None:
        """The service of that id, the policy's before the catalogue's."""
        return self.services.get(name)

    def sources(self, name: str) -> tuple[str, ...]:
        """The hosts of a service as a Content-Security-Policy names them. ``.*`` stands as ``.com``: it has no word for it."""
        found = []
        for written in addresses_of(self.services[name]):
            pattern = parse_address(written, self._host)
            if not written.startswith("/"):
                below = "*." if pattern.below else ""
                country = ".com" if pattern.countries else ""
                port = f":{pattern.port}" if pattern.port else ""
                found.append(f"{below}{pattern.host}{country}{port}")
        return tuple(dict.fromkeys(found))

    def _is_own(self, host: str) -> bool:
        if host == self._host:
            return True
        domain = registrable(host)
        return domain == self._domain if domain else ascii_host(host) == ascii_host(self._host)

    def _patterns(self, own: str) -> Iterator[tuple[AddressPattern, Owner]]:
        for name, service in self.services.items():
            for written in addresses_of(service):
                yield parse_address(written, own), Owner(name, name in self.policy.services, written)

    def _owned_cookies(self) -> Iterator[tuple[Cookie, Owner]]:
        for name, service in self.services.items():
            for cookie in service.cookies:
                if cookie.party == "first":
                    rule = cookie.name or cookie.pattern or ""
                    yield cookie, Owner(name, name in self.policy.services, rule)


def _always(policy: Policy, unlisted: Mapping[str, Service]) -> Iterator[str]:
    """Services that run whatever is granted."""
    for name, entry in unlisted.items():
        if policy.unlisted == "allow" or entry.kind in FREE_KINDS:
            yield name
    if policy.consent_mode == "advanced":
        yield from (name for name, service in policy.services.items() if service.consent_mode)


class _Addresses:
    """Patterns by what their host ends in."""

    def __init__(self, patterns: Iterable[tuple[AddressPattern, Owner]]) -> None:
        self._by_host: dict[tuple[bool, bool, str], list[tuple[AddressPattern, Owner]]] = {}
        for pattern, owner in patterns:
            key = (pattern.below, pattern.countries, pattern.host)
            self._by_host.setdefault(key, []).append((pattern, owner))
        self._labels = max((host.count(".") + 1 for _, _, host in self._by_host), default=0)

    def of_host(self, host: str) -> list[tuple[AddressPattern, Owner]]:
        """The patterns whose host matches."""
        name = re.sub(r":[0-9]*$", "", host)
        labels = name.split(".")
        found: list[tuple[AddressPattern, Owner]] = []
        # Only ends as long as the longest pattern and a country's two names: a page may name a host of 30,000 labels.
        for start in range(max(0, len(labels) - self._labels - 2), len(labels)):
            for stop in {len(labels), len(labels) - 1, len(labels) - 2}:
                if stop > start:
                    part = ".".join(labels[start:stop])
                    found += self._by_host.get((start > 0, stop < len(labels), part), ())
        return [(pattern, owner) for pattern, owner in found if pattern.matches_host(host)]


class _Cookies:
    """Cookies by their name, or by how their pattern begins."""

    def __init__(self, cookies: Iterable[tuple[Cookie, Owner]]) -> None:
        self._named: dict[str, list[Owner]] = {}
        self._families: dict[str, list[tuple[re.Pattern[str], Owner]]] = {}
        for cookie, owner in cookies:
            if cookie.name is not None:
                self._named.setdefault(cookie.name, []).append(owner)
            elif cookie.pattern is not None:
                pattern = re.compile(cookie.pattern)
                self._families.setdefault(_first_letter(cookie.pattern), []).append((pattern, owner))

    def owners(self, name: str) -> tuple[Owner, ...]:
        """The services that set a cookie of this name on the site's own domain."""
        families = (*self._families.get(name[:1], ()), *self._families.get("", ()))
        return (
            *self._named.get(name, ()),
            *(owner for pattern, owner in families if pattern.fullmatch(name)),
        )


def _first_letter(pattern: str) -> str:
    """The letter that every name of a family begins with; none where that is not plain to see."""
    match = re.match(r"\^([A-Za-z0-9_-])(?![?*{|])", pattern)
    return match[1] if match else ""
