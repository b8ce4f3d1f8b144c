"""What is known of the world's services, as a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from consentkit.catalogue.entry import Entry


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The services that are known.

    :param entries: each by its id.
    """

    entries: Mapping[str, Entry]

    def find(self, text: str) -> list[tuple[str, Entry]]:
        """The services that a word speaks of: part of an id, title, vendor, address, or name of a cookie; case is nothing."""
        word = text.casefold()
        return [(name, entry) for name, entry in self.entries.items() if word in _words(name, entry)]


EMPTY = Catalogue({})
"""A catalogue that knows nobody."""


def _words(name: str, entry: Entry) -> str:
    return "\n".join(_texts(name, entry)).casefold()


def _texts(name: str, entry: Entry) -> Iterator[str]:
    yield from (name, entry.title, entry.vendor)
    yield from entry.hosts
    yield from entry.addresses
    yield from (cookie.name or cookie.pattern or "" for cookie in entry.cookies)
