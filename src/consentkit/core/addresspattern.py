"""Patterns of addresses, by which services are known: a host and, where it serves others too, a path.

The host part: ``cdn.example`` is that host; ``*.cdn.example`` the hosts below it, not itself; ``www.google.*`` under every
country's domain (``www.google.de``, ``www.google.co.uk``); a port, only that port, and none, any. ``/metrics/`` alone: a path
of the site's own host.

The path part: none, or ``/``, is every path. A path stands for itself and for what lies below it; one that ends in ``/`` or
``*`` for all that begins so; ``*`` inside stands for anything.

Known limit: "a country's domain" is judged by its form, one name or two of which the first is short, so ``www.google.*`` would
take ``www.google.abc.de`` too, which nobody has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from consentkit.core.pathpattern import path_matches
from consentkit.core.service import Service

_HOST = re.compile(r"(\[.*\]|[^:]*)(?::([0-9]+))?")
_COUNTRY = re.compile(r"(?:[a-z]{2,3}\.)?[a-z]{2}|[a-z0-9-]{2,}")
"""What stands for ``.*``: ``de``, ``co.uk``, ``com.br``, or one name of any length."""
_PATH_END = re.compile(r"[?#]")


class Specificity(NamedTuple):
    """How much a pattern says. A greater one goes before a lesser one."""

    exact: bool
    """The host itself, not those below one."""
    labels: int
    """Names in the host."""
    country: bool
    """The country's domain is said."""
    port: bool
    """The port is said."""
    path: int
    """Characters of the path, stars not counted."""


@dataclass(frozen=True, slots=True)
class AddressPattern:
    """One address pattern.

    :param host: the host without its stars and port, e.g. ``www.google``.
    :param below: whether the hosts below are meant.
    :param countries: whether ``host`` goes on with a country's domain.
    :param port: the only port that is meant; ``""``: any.
    :param path: the path as it is written; ``""``: every path.
    """

    host: str
    below: bool = False
    countries: bool = False
    port: str = ""
    path: str = ""

    @property
    def specificity(self) -> Specificity:
        """How much it says, for comparing with another that matches too."""
        path = len(self.path) - self.path.count("*")
        return Specificity(
            not self.below, self.host.count(".") + 1, not self.countries, bool(self.port), path
        )

    def matches(self, host: str, path: str) -> bool:
        """Whether an address is meant.

        :param host: in lower case, with its port where that is not the scheme's own.
        :param path: with its query or without; a query is never looked at.
        """
        return self.matches_host(host) and self.matches_path(path)

    def matches_host(self, host: str) -> bool:
        """Whether addresses on this host may be meant."""
        name, port = _split(host)
        if self.port and port != self.port:
            return False
        if self.countries:
            return self._matches_country(name)
        return name.endswith(f".{self.host}") if self.below else name == self.host

    def matches_path(self, path: str) -> bool:
        """Whether this path is meant, on a host that is."""
        if not self.path:
            return True
        bare = _PATH_END.split(path, maxsplit=1)[0] or "/"
        ends = ("*",) if self.path[-1] in "/*" else ("", "/*", ";*")
        return any(path_matches(self.path + end, bare) for end in ends)

    def _matches_country(self, name: str) -> bool:
        before, found, country = f".{name}".rpartition(f".{self.host}.")
        return bool(found) and bool(before) is self.below and _COUNTRY.fullmatch(country) is not None


def parse_address(written: str, own: str) -> AddressPattern:
    """The pattern that a text of the form ``Address`` states.

    :param own: the site's own host, with its port where that is not the scheme's own: for a path alone.
    """
    host, slash, path = written.partition("/")
    name, port = _split(host or own)
    bare = name.removeprefix("*.").removesuffix(".*")
    every = path in ("", "*")
    return AddressPattern(
        bare, name.startswith("*."), name.endswith(".*"), port, "" if every else slash + path
    )


def addresses_of(service: Service) -> Iterator[str]:
    """Every address of a service, written out: its hosts with each of its paths, then its addresses."""
    for host in service.hosts:
        yield from (host + path for path in service.paths or ("",))
    yield from service.addresses


def _split(host: str) -> tuple[str, str]:
    """Name and port of a host; no port: ``""``."""
    match = _HOST.fullmatch(host)
    return (match[1], match[2] or "") if match else (host, "")
