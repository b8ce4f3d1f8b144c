"""The vendors' files into a :class:`Catalogue`. Our own data: what is wrong with it stops the start, with its place."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from consentkit.catalogue.entry import Entry
from consentkit.catalogue.known import EMPTY, Catalogue
from consentkit.core.errors import PolicyError, Problem
from consentkit.core.form import Identifier, LinkAddress, Name
from consentkit.core.plain import table
from consentkit.core.toml import located, parse
from consentkit.core.toml.places import KeyPath
from consentkit.core.toml.problems import problems_of
from consentkit.core.value import Value

__all__ = ["EMPTY", "VENDORS", "Catalogue", "VendorFile", "catalogue", "entries_of", "read"]

VENDORS = Path(__file__).parent / "vendors"


class VendorFile(Value):
    """What a vendor's file holds: facts for all of its services, and the services."""

    vendor: Name | None = None
    """The company that receives the data."""
    privacy_url: LinkAddress | None = None
    """Its privacy statement."""
    source: LinkAddress | None = None
    """Where the facts were read."""
    checked: datetime.date | None = None
    """When they were read."""
    services: Mapping[Identifier, Entry]
    """Its services. Each may say otherwise."""


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
    data = parse(text, file)
    shared = {key: value for key, value in data.items() if key != "services"}
    services = table(data.get("services"))
    whole = {name: {**shared, **own} if isinstance(own, dict) else own for name, own in services.items()}
    try:
        return VendorFile.model_validate({**data, "services": whole} if services else data).services
    except ValidationError as error:
        found = list(problems_of(error, VendorFile))
    raise PolicyError(
        located((problem for problem in found if not _told_at_the_top(problem.path, data)), text, file)
    )


def _told_at_the_top(path: KeyPath, data: Mapping[str, Any]) -> bool:
    """Whether a service's problem is one with what was handed down to it."""
    match path:
        case ("services", name, key, *_):
            return key in data and key not in table(data["services"][name])
    return False
