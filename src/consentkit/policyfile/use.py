"""Services that a policy takes from the catalogue: ``use`` and the tables beside it into whole services.

A table ``[services.<id>]`` of the site adds to the catalogue's lists (its own values first) and replaces single values and
``purposes``; a cookie of the same name replaces the catalogue's. A table for an id that ``use`` does not name is a service of
the site's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from consentkit.catalogue.entry import Entry
from consentkit.catalogue.load import Catalogue
from consentkit.core.addresspattern import addresses_of
from consentkit.core.errors import Problem
from consentkit.core.plain import listed, table
from consentkit.core.service import Service
from consentkit.core.toml import path_of
from consentkit.core.toml.places import KeyPath

_NOT_TAKEN: Any = {
    **dict.fromkeys(Entry.model_fields.keys() - Service.model_fields.keys(), True),
    "hosts": True,
    "paths": True,
    "loaders": {"__all__": {"example"}},
}
"""What only the catalogue has a need for, or what is taken in another form."""
_REPLACED = frozenset({"purposes"})
"""Lists that a site's table replaces instead of adding to."""

NEAR = 0.8
"""How alike a name must be to be proposed, 1 being the same (``difflib``)."""


def resolved(data: Mapping[str, Any], known: Catalogue) -> dict[str, Any]:
    """The policy's data with every service of ``use`` whole in ``services``, in the order of ``use``, before the site's own.

    :param data: a policy as plain data; what has another form, or names nobody, is left for others to report.
    """
    own = data.get("services", {})
    if not isinstance(own, Mapping):
        return dict(data)
    taken = {name: merged(entry, own.get(name, {})) for name, entry in _used(data, known)}
    return {**data, "services": {**taken, **{name: own[name] for name in own if name not in taken}}}


def merged(entry: Entry, own: Any) -> Any:
    """A service of the catalogue with what a site's table adds and replaces.

    :param own: the site's table; of another form it stays as it is, to be reported.
    """
    if not isinstance(own, Mapping):
        return own
    base = entry.model_dump(mode="json", exclude=_NOT_TAKEN, exclude_defaults=True)
    if addresses := list(addresses_of(entry)):
        base["addresses"] = addresses  # written out, or the site's own paths would narrow the vendor's hosts
    return {**base, **{key: _added(key, value, base.get(key)) for key, value in own.items()}}


def _added(key: str, own: Any, base: Any) -> Any:
    if key in _REPLACED or not isinstance(own, list) or not isinstance(base, list):
        return own
    mine = [_identity(item) for item in own]
    return own + [item for item in base if _identity(item) not in mine]


def _identity(item: Any) -> Any:
    """What makes two items of a list the same: a cookie's name or pattern, else all of it."""
    cookie = table(item)
    return (cookie.get("name"), cookie.get("pattern")) if "name" in cookie or "pattern" in cookie else item


def unknown_names(data: Mapping[str, Any], known: Catalogue) -> Iterator[Problem]:
    """Names in ``use`` that the catalogue does not have, with those near them."""
    for index, name in enumerate(listed(data.get("use"))):
        if isinstance(name, str) and name not in known.entries:
            near = " or ".join(get_close_matches(name.lower(), known.entries, 3, NEAR)) or None
            expected = "a service of the catalogue: consentkit services search finds them"
            yield Problem.at(("use", index), f'"{name}"', expected, near)


def traced(problems: Iterable[Problem], data: Mapping[str, Any], known: Catalogue) -> Iterator[Problem]:
    """Problems of resolved data, told by what the site wrote: what comes from the catalogue, by its place in ``use``.

    :param data: the policy as the site states it.
    """
    places = {
        name: ("use", index) for index, name in enumerate(listed(data.get("use"))) if isinstance(name, str)
    }
    own = table(data.get("services"))
    for problem in problems:
        match path_of(problem):
            case ("services", str(name), *rest) if name in places and not _stands(own, (name, *rest)):
                yield _of_catalogue(problem, places[name], name, rest)
            case ("services", str(name), "vendor" | "purposes") if (
                name in known.entries and name not in places
            ):
                yield replace(
                    problem, expected=f'{problem.expected} (use = ["{name}"] takes it from the catalogue)'
                )
            case ("services",) if "services" not in data:
                yield replace(problem, path=("use",))
            case _:
                yield problem


def _of_catalogue(problem: Problem, place: KeyPath, name: str, rest: Sequence[str | int]) -> Problem:
    if rest[:1] != ["purposes"]:
        return replace(problem, path=place)
    expected = f'{problem.expected}; define it, or write purposes = ["…"] in [services.{name}]'
    return Problem.at(place, f'"{name}", which serves {problem.found}', expected)


def _stands(value: Any, path: KeyPath) -> bool:
    """Whether the site wrote what a path leads to, or the item of a list that lacks it."""
    for depth, part in enumerate(path):
        if not (
            part in value
            if isinstance(value, Mapping)
            else isinstance(part, int) and part < len(listed(value))
        ):
            return depth > 2
        value = value[part]
    return True


def _used(data: Mapping[str, Any], known: Catalogue) -> Iterator[tuple[str, Entry]]:
    for name in listed(data.get("use")):
        if isinstance(name, str) and name in known.entries:
            yield name, known.entries[name]
