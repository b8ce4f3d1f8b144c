"""Whom a source of a Content-Security-Policy lets in: the services that decide on whether it may stay.

- It goes where a service that may not run has an address in it and no service that may run has one. What else lives on that
  host goes with it: a tracker's host is closed as a whole.
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


class Lets(NamedTuple):
    """Whom a source lets in.

    :param places: ids of the services that decide on it, each with the source that stands for its part of this one; an empty
        one stands for all of it.
    :param broad: whether it is too broad to be judged.
    """

    places: frozenset[tuple[str, str]] = frozenset()
    broad: bool = False

    @property
    def services(self) -> frozenset[str]:
        """Ids of the services that decide on it."""
        return frozenset(name for name, _ in self.places)


NOBODY = Lets()
BROAD = Lets(broad=True)


def left_of(source: bytes, lets: Lets, running: Container[str]) -> list[bytes]:
    """What is left of a source: itself, narrower ones, or nothing.

    :param lets: whom it lets in.
    :param running: ids of the services that may run.
    """
    open_ones = [place for name, place in sorted(lets.places) if name in running]
    if len(open_ones) == len(lets.places) or "" in open_ones:
        return [source]
    if not open_ones:
        return []
    start = source.index(b"*")
    end = next((at for at in range(start, len(source)) if source[at : at + 1] in b":/?#"), len(source))
    return [source[:start] + place.encode("ascii") + source[end:] for place in dict.fromkeys(open_ones)]


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
        return Lets(self._below(found) if found.below else self._at(found))

    def elsewhere(self, domain: str) -> frozenset[str]:
        """Services on hosts of the site's domain other than its own."""
        return frozenset(
            name
            for name, pattern in self._patterns
            if pattern.host != self._own and f".{pattern.host}".endswith(f".{domain}")
        )

    def _at(self, source: Source) -> frozenset[tuple[str, str]]:
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
        return frozenset((name, "") for name in deciding)

    def _below(self, source: Source) -> frozenset[tuple[str, str]]:
        """Services with an address below a host; of the site's own hosts only who holds all of them."""
        if self._is_own(source.host):
            return frozenset((name, "") for name, pattern in self._patterns if _holds(pattern, source))
        return frozenset(
            (name, place) for name, pattern in self._patterns for place in _places(pattern, source)
        )


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


def _lies_in_paths(pattern: AddressPattern, source: Source) -> bool:
    """Whether a source stands for paths that begin as this pattern's do, and others."""
    return source.directory and pattern.path.partition("*")[0].startswith(source.path)
