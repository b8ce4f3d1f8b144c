"""Whom a source of a Content-Security-Policy lets in: the services that decide on whether it may stay.

- It goes where it is a service's that may not run and no service that may run has an address in it. What else lives on that
  host goes with it: a tracker's host is closed as a whole.
- It stays, and is told of, where a service that may not run has a path of it only, and the site does not name that service:
  a pattern with a path says that its host serves others too, and a policy can name paths but take none out. A service that
  the site names takes such a host with it, as what its pages allow the host for, unless the site says that it needs the host
  for itself. A source that itself leads to that path goes.
- It stays where a service that may run has an address in it. At one host, the service whose pattern fits best decides.
- ``*.x`` gives way to the hosts of those services in it that may run, where others in it may not.
- It stays, as the site's own, where its host is the site's own or lies below it, unless all of it is a service's.
- It stays, and is told of as too broad, where it names no one's hosts: a scheme, ``*``, or everything below a public suffix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from typing import NamedTuple

from consentkit.core.addresspattern import AddressPattern, addresses_of, parse_address
from consentkit.core.service import Service
from consentkit.web.gate.csp_source import NETWORK, Source, parse_source

USUAL = ("80", "443")
"""Ports that a source without one stands for."""
_COUNTRY = re.compile(r"(?:^|\.)([a-z]{2,3}\.[a-z]{2})$")


class Place(NamedTuple):
    """A service's part of a source.

    :param service: its id.
    :param host: the part, as the host of a source; an empty one stands for all of the source.
    :param whole: whether all that is there counts as the service's; else it has paths of it, and others have the rest.
    """

    service: str
    host: str
    whole: bool


class Lets(NamedTuple):
    """Whom a source lets in.

    :param places: the parts of the services that decide on it.
    :param broad: whether it is too broad to be judged.
    """

    places: frozenset[Place] = frozenset()
    broad: bool = False

    @property
    def services(self) -> frozenset[str]:
        """Ids of the services that decide on it."""
        return frozenset(place.service for place in self.places)


NOBODY = Lets()
BROAD = Lets(broad=True)


def left_of(source: bytes, lets: Lets, running: Container[str]) -> list[bytes]:
    """What is left of a source: itself, narrower ones, or nothing.

    :param lets: whom it lets in.
    :param running: ids of the services that may run.
    """
    hosts = _open_hosts(lets, running)
    if "" in hosts or not _closes(lets, running):
        return [source]
    if not hosts:
        return []
    start = source.index(b"*")
    end = next((at for at in range(start, len(source)) if source[at : at + 1] in b":/?#"), len(source))
    return [source[:start] + host.encode("ascii") + source[end:] for host in dict.fromkeys(hosts)]


def let_in_with(lets: Lets, running: Container[str]) -> list[str]:
    """Ids of the services that may not run and that a source lets in, because others have the rest of it.

    Empty where it is narrowed, and where a service that may run has an address at the same host: that one is let in by right.

    :param lets: whom it lets in.
    :param running: ids of the services that may run.
    """
    if "" in _open_hosts(lets, running) or _closes(lets, running):
        return []
    return sorted(name for name in lets.services if name not in running)


def _open_hosts(lets: Lets, running: Container[str]) -> list[str]:
    return [place.host for place in sorted(lets.places) if place.service in running]


def _closes(lets: Lets, running: Container[str]) -> bool:
    """Whether a service that may not run takes the source, or a host in it, with it."""
    return any(place.whole and place.service not in running for place in lets.places)


class Reach:
    """Finds whom a source lets in. Each answer costs a walk over all patterns: the caller remembers it.

    :param services: every service that is known, by id.
    :param own: the site's own host, with its port where that is not the scheme's own.
    :param is_own: whether a host belongs to the site.
    :param is_public_suffix: whether anybody may register names below a host.
    :param named: ids of the services that the site names.
    :param needed: hosts that the site needs for itself, whatever a service has on them.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        own: str,
        is_own: Callable[[str], bool],
        is_public_suffix: Callable[[str], bool],
        *,
        named: Container[str] = (),
        needed: Container[str] = (),
    ) -> None:
        self._own = own.partition(":")[0]
        self._is_own = is_own
        self._is_public_suffix = is_public_suffix
        self._named = named
        self._needed = needed
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
        return Lets(self._below(found) if found.below else self._at(found))

    def elsewhere(self, domain: str) -> frozenset[str]:
        """Services on hosts of the site's domain other than its own."""
        return frozenset(
            name
            for name, pattern in self._patterns
            if pattern.host != self._own and f".{pattern.host}".endswith(f".{domain}")
        )

    def _at(self, source: Source) -> frozenset[Place]:
        """Services at one host: those whose own pattern fits it best, and those at deeper paths of it."""
        near = [(name, pattern) for name, pattern in self._patterns if _is_at(pattern, source)]
        covering = [(name, pattern) for name, pattern in near if _covers_paths(pattern, source)]
        best = max((pattern.specificity for _, pattern in covering), default=None)
        deciding = {Place(name, "", whole=True) for name, pattern in covering if pattern.specificity == best}
        if not self._is_own(source.host):
            exact = any(not pattern.below for _, pattern in covering)
            deciding |= {
                Place(name, "", self._takes(name, source))
                for name, pattern in near
                if _lies_in_paths(pattern, source) and not (exact and pattern.below)
            }
        return frozenset(deciding)

    def _below(self, source: Source) -> frozenset[Place]:
        """Services with an address below a host; of the site's own hosts only who holds all of them."""
        if self._is_own(source.host):
            holders = {name for name, pattern in self._patterns if _holds(pattern, source)}
            return frozenset(Place(name, "", whole=True) for name in holders)
        return frozenset(
            Place(name, host, _covers_paths(pattern, source) or self._takes(name, source))
            for name, pattern in self._patterns
            for host in _places(pattern, source)
        )

    def _takes(self, name: str, source: Source) -> bool:
        """Whether a service that has paths of a source takes all of it along."""
        spelled = f"*.{source.host}" if source.below else source.host
        return _leads_there(source) or (name in self._named and spelled not in self._needed)


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


def _places(pattern: AddressPattern, source: Source) -> Iterable[str]:
    """The hosts of a pattern below the one of a source with ``*.``, as sources; an empty one for all of them."""
    if not _shares_port(pattern, source):
        return
    if not (_covers_paths(pattern, source) or _lies_in_paths(pattern, source)):
        return
    for host in _hosts(pattern, source.host):
        if host != source.host and f".{host}".endswith(f".{source.host}"):
            yield f"*.{host}" if pattern.below else host
        elif pattern.below and f".{source.host}".endswith(f".{host}"):
            yield ""


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


def _leads_there(source: Source) -> bool:
    """Whether a source names a path: then one that a service's path begins with is there for the service."""
    return source.path not in ("", "/")


def _lies_in_paths(pattern: AddressPattern, source: Source) -> bool:
    """Whether a source stands for paths that begin as this pattern's do, and others."""
    return source.directory and pattern.path.partition("*")[0].startswith(source.path)
