"""Whom a source of a Content-Security-Policy lets in: the services that decide on whether it may stay.

- It goes where a service that may not run has an address in it and no service that may run has one. What else lives on that
  host goes with it: a tracker's host is closed as a whole.
- It stays where a service that may run has an address in it. At one host, the service whose pattern fits best decides.
- It stays, as the site's own, where its host is the site's own or lies below it, unless all of it is a service's.
- It stays, and is told of as too broad, where it names no one's hosts: a scheme, ``*``, or everything below a public suffix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from consentkit.core.addresspattern import AddressPattern, addresses_of, parse_address
from consentkit.core.service import Service
from consentkit.web.gate.csp_source import NETWORK, Source, parse_source

USUAL = ("80", "443")
"""Ports that a source without one stands for."""
_COUNTRY = re.compile(r"(?:^|\.)([a-z]{2,3}\.[a-z]{2})$")


class Lets(NamedTuple):
    """Whom a source lets in.

    :param services: ids of the services that decide on it.
    :param broad: whether it is too broad to be judged.
    :param wild: whether it stands for more than one host.
    """

    services: frozenset[str] = frozenset()
    broad: bool = False
    wild: bool = False


NOBODY = Lets()
BROAD = Lets(broad=True, wild=True)


class Reach:
    """Finds whom a source lets in. Each answer costs a walk over all patterns: the caller remembers it.

    :param services: every service that is known, by id.
    :param own: the site's own host, with its port where that is not the scheme's own.
    :param is_own: whether a host belongs to the site.
    :param is_public_suffix: whether anybody may register names below a host.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        own: str,
        is_own: Callable[[str], bool],
        is_public_suffix: Callable[[str], bool],
    ) -> None:
        self._own = own.partition(":")[0]
        self._is_own = is_own
        self._is_public_suffix = is_public_suffix
        self._patterns = [
            (name, parse_address(address, own))
            for name, service in services.items()
            for address in addresses_of(service)
        ]

    def of(self, source: bytes) -> Lets:
        """Whom a source that is no keyword lets in."""
        if source.lower() in NETWORK:
            return BROAD
        found = parse_source(source)
        if found is None:
            return NOBODY
        if not found.host or (found.below and self._is_public_suffix(found.host)):
            return BROAD
        return Lets(self._below(found) if found.below else self._at(found), wild=found.below)

    def elsewhere(self, domain: str) -> frozenset[str]:
        """Services on hosts of the site's domain other than its own."""
        return frozenset(
            name
            for name, pattern in self._patterns
            if pattern.host != self._own and f".{pattern.host}".endswith(f".{domain}")
        )

    def _at(self, source: Source) -> frozenset[str]:
        """Services at one host: those whose own pattern fits it best, and those at deeper paths of it."""
        near = [(name, pattern) for name, pattern in self._patterns if _is_at(pattern, source)]
        covering = [(name, pattern) for name, pattern in near if _covers_paths(pattern, source)]
        best = max((pattern.specificity for _, pattern in covering), default=None)
        deciding = {name for name, pattern in covering if pattern.specificity == best}
        if not self._is_own(source.host):
            exact = any(not pattern.below for _, pattern in covering)
            deciding |= {
                name
                for name, pattern in near
                if _lies_in_paths(pattern, source) and not (exact and pattern.below)
            }
        return frozenset(deciding)

    def _below(self, source: Source) -> frozenset[str]:
        """Services with an address below a host; of the site's own hosts only who holds all of them."""
        fits = _holds if self._is_own(source.host) else _overlaps
        return frozenset(name for name, pattern in self._patterns if fits(pattern, source))


def _is_at(pattern: AddressPattern, source: Source) -> bool:
    host = f"{source.host}:{pattern.port}" if pattern.port else source.host
    return _shares_port(pattern, source) and pattern.matches_host(host)


def _holds(pattern: AddressPattern, source: Source) -> bool:
    """Whether all that a source with ``*.`` stands for is this pattern's."""
    return (
        pattern.below
        and f".{source.host}".endswith(f".{pattern.host}")
        and _shares_port(pattern, source)
        and _covers_paths(pattern, source)
    )


def _overlaps(pattern: AddressPattern, source: Source) -> bool:
    """Whether something that a source with ``*.`` stands for is this pattern's."""
    if not (_covers_paths(pattern, source) or _lies_in_paths(pattern, source)):
        return False
    return _shares_port(pattern, source) and any(
        _share_hosts(host, pattern.below, source.host) for host in _hosts(pattern, source.host)
    )


def _share_hosts(host: str, below: bool, parent: str) -> bool:
    under = f".{host}".endswith(f".{parent}")
    if below:
        return under or f".{parent}".endswith(f".{host}")
    return under and host != parent


def _hosts(pattern: AddressPattern, parent: str) -> Iterable[str]:
    """The hosts that a pattern may mean near a parent: one, or one for each of its endings that may be a country's."""
    if not pattern.countries:
        return (pattern.host,)
    last = parent.rpartition(".")[2]
    two = _COUNTRY.search(parent)
    return [f"{pattern.host}.{ending}" for ending in (last, *((two[1],) if two else ()))]


def _shares_port(pattern: AddressPattern, source: Source) -> bool:
    if pattern.port in ("", source.port) or source.port == "*":
        return True
    return not source.port and pattern.port in USUAL


def _covers_paths(pattern: AddressPattern, source: Source) -> bool:
    """Whether every path of a source is this pattern's."""
    return not pattern.path or (bool(source.path) and pattern.matches_path(source.path))


def _lies_in_paths(pattern: AddressPattern, source: Source) -> bool:
    """Whether a source stands for paths that begin as this pattern's do, and others."""
    return source.directory and pattern.path.partition("*")[0].startswith(source.path)
