"""The vendors' files into a :class:`Catalogue`. Our own data: what is wrong with it stops the start, with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from consentkit.catalogue.entry import Entry
from consentkit.core.errors import PolicyError, Problem
from consentkit.core.form import Identifier
from consentkit.core.toml import located, parse
from consentkit.core.toml.problems import problems_of
from consentkit.core.value import Value

VENDORS = Path(__file__).parent / "vendors"


class VendorFile(Value):
    """What a vendor's file holds, the facts at its top handed down to each service."""

    services: Mapping[Identifier, Entry]
    """The vendor's services."""


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


@cache
def catalogue() -> Catalogue:
    """The catalogue that consentkit ships. Read once.

    :raises PolicyError: where one of its files is broken.
    """
    return read(VENDORS.glob("*.toml"))


def read(files: Iterable[Path]) -> Catalogue:
    """The catalogue of some vendors' files.

    :raises PolicyError: where a file is broken, or two state the same service.
    """
    entries: dict[str, Entry] = {}
    for file in sorted(files):
        text = file.read_text(encoding="utf-8")
        found = entries_of(text, file.name)
        twice = [
            Problem.at(("services", name), "a second time", "an id of its own")
            for name in sorted(found.keys() & entries)
        ]
        if twice:
            raise PolicyError(located(twice, text, file.name))
        entries |= found
    return Catalogue(dict(sorted(entries.items())))


def entries_of(text: str, file: str) -> Mapping[str, Entry]:
    """The services of one vendor's file.

    :param file: the name to give in errors.
    :raises PolicyError: with everything that is wrong, in the order of the text.
    """
    try:
        return VendorFile.model_validate(_handed_down(parse(text, file))).services
    except ValidationError as error:
        found = list(problems_of(error, VendorFile))
    raise PolicyError(located(found, text, file))


def _handed_down(data: Mapping[str, Any]) -> dict[str, Any]:
    """A file's values with what stands at its top put into each service that does not say otherwise."""
    services = data.get("services")
    shared = {key: value for key, value in data.items() if key in Entry.model_fields}
    rest = {key: value for key, value in data.items() if key not in Entry.model_fields}
    if not isinstance(services, dict):
        return rest
    down = {
        name: {**shared, **table} if isinstance(table, dict) else table for name, table in services.items()
    }
    return {**rest, "services": down}


def _words(name: str, entry: Entry) -> str:
    return "\n".join(_texts(name, entry)).casefold()


def _texts(name: str, entry: Entry) -> Iterator[str]:
    yield from (name, entry.title, entry.vendor)
    yield from entry.hosts
    yield from entry.addresses
    yield from (cookie.name or cookie.pattern or "" for cookie in entry.cookies)
