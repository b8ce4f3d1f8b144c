"""What no address of a service may be, on its own, beside the site's, and beside those of another service.

All on plain data, as a file states it: parts of a wrong form are reported where each part is judged, and passed over here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from consentkit.core.addresspattern import AddressPattern, parse_address
from consentkit.core.domain import is_public_suffix
from consentkit.core.errors import Problem
from consentkit.core.plain import listed, table

_COUNTRIES = ("uk", "jp", "br")
"""Countries whose second-level names (``co``, ``com``, ``ac`` and so on) are all that there are, between them."""


class _Written(NamedTuple):
    """An address as it stands in the data."""

    path: tuple[str | int, ...]
    text: str
    pattern: AddressPattern


def bad_addresses(
    services: Mapping[str, Any], own: str, taken: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    """Everything that is wrong with where services are said to live.

    :param services: tables of services by id.
    :param own: the site's own host, with its port where that is not the scheme's own; ``""`` where it is not known.
    :param taken: services from the catalogue, which knows what they share.
    """
    owners: dict[AddressPattern, tuple[str, str]] = {}
    for name, service in services.items():
        if listed(table(service).get("paths")) and not listed(table(service).get("hosts")):
            path = ("services", name, "paths")
            yield Problem.at(path, "paths without hosts", "hosts beside them: the paths are theirs")
        vendor = " ".join(str(table(service).get("vendor")).casefold().split())
        for written in _written(name, table(service), own):
            yield from _too_wide(written, own)
            other, its_vendor = owners.setdefault(written.pattern, (name, vendor))
            meant = {name, other} <= taken or (own and written.pattern.matches_host(own))
            if its_vendor != vendor and not meant:
                found = f'"{written.text}", an address of {other} too'
                expected = "an address of one vendor alone: a longer path for either, or one service for both"
                yield Problem.at(written.path, found, expected)


def _written(name: str, service: Mapping[str, Any], own: str) -> Iterator[_Written]:
    for index, host in enumerate(listed(service.get("hosts"))):
        for path in listed(service.get("paths")) or ("",):
            if host and isinstance(host, str) and isinstance(path, str):
                pattern = parse_address(host + path, own)
                yield _Written(("services", name, "hosts", index), host, pattern)
    for index, text in enumerate(listed(service.get("addresses"))):
        if text and isinstance(text, str):
            yield _Written(("services", name, "addresses", index), text, parse_address(text, own))


def _too_wide(written: _Written, own: str) -> Iterator[Problem]:
    pattern = written.pattern
    if own and not pattern.path and pattern.matches_host(own):
        where = (
            "paths beside it: without them" if written.path[-2] == "hosts" else "a path after it: without one"
        )
        expected = f"{where} the whole site would be the service"
        yield Problem.at(written.path, f'"{written.text}", the site\'s own host', expected)
    elif (pattern.below or not pattern.path) and _anybodys(pattern):
        expected = "a host of the vendor's: anybody may have one below this"
        yield Problem.at(written.path, f'"{written.text}", a public suffix', expected)


def _anybodys(pattern: AddressPattern) -> bool:
    hosts = [f"{pattern.host}.{country}" for country in _COUNTRIES] if pattern.countries else [pattern.host]
    return any(map(is_public_suffix, hosts))
