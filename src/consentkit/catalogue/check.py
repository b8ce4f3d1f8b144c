"""What must hold for the catalogue's own data, beyond the form of each file. Pure: entries in, sentences out."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple
from urllib.parse import urlsplit

from consentkit.catalogue.entry import Entry
from consentkit.core.addresscheck import bad_addresses
from consentkit.core.addresspattern import AddressPattern, addresses_of, parse_address
from consentkit.core.service import Cookie

PURPOSES = frozenset({"necessary", "functional", "analytics", "marketing"})
"""Purposes that a policy has by default. An entry names no other."""
APPS_COOKIES = (
    "session",
    "sessionid",
    "session_id",
    "sid",
    "connect.sid",
    "PHPSESSID",
    "JSESSIONID",
    "ASP.NET_SessionId",
    "laravel_session",
    "csrftoken",
    "csrf_token",
    "XSRF-TOKEN",
    "remember_token",
    "auth",
    "token",
    "user",
    "user_id",
    "id",
    "lang",
    "locale",
    "language",
    "theme",
    "cart",
    "wordpress_logged_in_0",
)
"""Names of cookies of many apps: no service may own one on a site's own domain."""


class Owned(NamedTuple):
    """An address, and the service that it belongs to."""

    name: str
    written: str
    pattern: AddressPattern


def faults(entries: Mapping[str, Entry], today: datetime.date) -> Iterator[str]:
    """Everything that is wrong with the catalogue, each naming its entry.

    :param today: no entry was checked later.
    """
    tables = {
        name: entry.model_dump(include={"vendor", "hosts", "paths", "addresses"})
        for name, entry in entries.items()
    }
    yield from map(str, bad_addresses(tables, own=""))
    patterns = [
        Owned(name, written, parse_address(written, ""))
        for name, entry in entries.items()
        for written in addresses_of(entry)
    ]
    for name, entry in entries.items():
        found = (
            _facts(entry, today),
            _cookies(entry),
            _loaders(name, entries),
            _examples(name, entry, patterns),
        )
        yield from (f"{name}: {fault}" for fault in chain(*found))
    yield from _nested(patterns, entries)


def _facts(entry: Entry, today: datetime.date) -> Iterator[str]:
    if entry.checked > today:
        yield f"checked on {entry.checked}, which is yet to come"
    for purpose in entry.purposes:
        if purpose not in PURPOSES:
            yield f'"{purpose}", a purpose that no policy has by default'
    if not (entry.hosts or entry.addresses or entry.loaders or entry.cookies or entry.widgets):
        yield "nothing by which it could be known"
    for key in ("addresses", "examples", "stubs", "storage", "widgets", "hides", "purposes"):
        for value, count in Counter(getattr(entry, key)).items():
            if count > 1:
                yield f'{key}: "{value}" {count} times'


def _examples(name: str, entry: Entry, patterns: Sequence[Owned]) -> Iterator[str]:
    """Each address has an example, and each example is at an address that no other service has a better claim to."""
    lacking = {owned.written for owned in patterns if owned.name == name}
    for example in entry.examples:
        host, path = _split(example)
        matching = [owned for owned in patterns if owned.pattern.matches(host, path)]
        most = max((owned.pattern.specificity for owned in matching), default=None)
        best = [owned.name for owned in matching if owned.pattern.specificity == most]
        if name not in best:
            yield f"the example {example} is at {'an address of ' + best[0] if best else 'none of its addresses'}"
        lacking -= {owned.written for owned in matching if owned.name == name}
    yield from (f'"{written}" has no example' for written in sorted(lacking))


def _split(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.netloc.lower(), parts.path


def _cookies(entry: Entry) -> Iterator[str]:
    for value, count in Counter(cookie.name or cookie.pattern for cookie in entry.cookies).items():
        if count > 1:
            yield f"the cookie {value} {count} times"
    for cookie in entry.cookies:
        yield from (
            f"the cookie {theirs} may be the app's own" for theirs in APPS_COOKIES if _takes(cookie, theirs)
        )


def _takes(cookie: Cookie, name: str) -> bool:
    return cookie.party == "first" and cookie.matches(name)


def _loaders(name: str, entries: Mapping[str, Entry]) -> Iterator[str]:
    """A loader's example is of its own form and, of the others in the catalogue, only of its vendor's."""
    for index, loader in enumerate(entries[name].loaders):
        if not loader.matches(loader.example):
            yield f"the example of loader {index} is not of its form"
        for other, entry in entries.items():
            if entry.vendor != entries[name].vendor and any(
                form.matches(loader.example) for form in entry.loaders
            ):
                yield f"the example of loader {index} is of a form of {other} too"


def _nested(patterns: Sequence[Owned], entries: Mapping[str, Entry]) -> Iterator[str]:
    """Hosts of one vendor among those below another's."""
    wide = [owned for owned in patterns if owned.pattern.below and not owned.pattern.path]
    above: dict[str, list[str]] = {}
    for owned in wide:
        above.setdefault(owned.pattern.host, []).append(owned.name)
    for name, _, pattern in patterns:
        labels = pattern.host.split(".")
        for host in (".".join(labels[start:]) for start in range(1, len(labels))):
            for other in above.get(host, ()):
                if entries[other].vendor != entries[name].vendor:
                    yield f"{name}: {pattern.host} lies below *.{host}, which is {other}'s"
