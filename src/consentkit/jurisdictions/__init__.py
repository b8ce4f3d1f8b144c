"""The jurisdictions' files into an :class:`Atlas`: who asks what, and where each code belongs.

A file states one jurisdiction. What stands at its top holds for each of its rules; ``like`` takes everything that it does not
say itself from another file. Our own data: what is wrong with it stops the start, with its place.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from consentkit.core.errors import PolicyError, Problem
from consentkit.core.jurisdiction import Jurisdiction, Rule
from consentkit.core.toml import located, parse
from consentkit.core.toml.problems import problems_of

__all__ = ["ROWS", "WORLD", "Atlas", "atlas", "read"]

ROWS = Path(__file__).parent / "rows"
WORLD = "world"
"""The row of all places that have none of their own."""


@dataclass(frozen=True)
class Atlas:
    """All jurisdictions that are known.

    :param rows: by code.
    """

    rows: Mapping[str, Jurisdiction]

    @cached_property
    def territories(self) -> Mapping[str, str]:
        """The code whose law holds in a territory, by the territory's own code."""
        return {part: code for code, row in self.rows.items() for part in row.covers}

    def row(self, code: str) -> Jurisdiction | None:
        """The row that a code belongs to: its own, its country's, or its territory's; ``None`` for a code of another form or
        of a place that has no row.
        """
        code = self.territories.get(code, code)
        found = self.rows.get(code)
        if found is None and "-" in code:
            country = code.partition("-")[0]
            found = self.rows.get(self.territories.get(country, country))
        return found

    def lies_within(self, row: Jurisdiction, code: str) -> bool:
        """Whether a row is the one of a code, or lies within it; all lie within ``world``."""
        above: Jurisdiction | None = row
        while above is not None:
            if above.code == code:
                return True
            above = self.rows.get(above.within) if above.within else None
        return code == WORLD

    def among(self, codes: Iterable[str]) -> Iterator[Jurisdiction]:
        """The rows that some codes stand for, those within them included."""
        wanted = tuple(codes)
        for row in self.rows.values():
            if any(self.lies_within(row, code) for code in wanted):
                yield row

    def rules(self, day: datetime.date) -> Mapping[str, Rule]:
        """The rule of each row on a day."""
        return {code: row.on(day) for code, row in self.rows.items()}


@cache
def atlas() -> Atlas:
    """The jurisdictions that consentkit ships. Read once.

    :raises PolicyError: where one of its files is broken.
    """
    return read(ROWS.glob("*.toml"))


def read(files: Iterable[Path]) -> Atlas:
    """The jurisdictions of some files.

    :raises PolicyError: where a file is broken, two state the same code, or a name stands for no row.
    """
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(files)}
    stated = {name: parse(text, name) for name, text in texts.items()}
    by_code = {data.get("code"): data for data in stated.values()}
    rows: dict[str, Jurisdiction] = {}
    for name, data in stated.items():
        row = _row(data, by_code, texts[name], name)
        if row.code in rows:
            raise _broken("code", f'"{row.code}" a second time', "a code of its own", texts[name], name)
        rows[row.code] = row
    for name, data in stated.items():
        within = data.get("within")
        if within is not None and within not in rows:
            raise _broken("within", f'"{within}"', "the code of a row", texts[name], name)
    return Atlas(rows)


def _row(
    data: Mapping[str, Any], by_code: Mapping[Any, Mapping[str, Any]], text: str, file: str
) -> Jurisdiction:
    like = data.get("like")
    if like is not None and (like not in by_code or by_code[like] is data or "like" in by_code[like]):
        raise _broken("like", f'"{like}"', "the code of another row, which is like none itself", text, file)
    base = _shared(by_code[like]) if like is not None else {}
    own = {key: value for key, value in data.items() if key in Jurisdiction.model_fields and key != "rules"}
    shared = {**base, **_shared(data)}
    whole = {**own, **{key: data[key] for key in data if key not in _KNOWN}}
    rules = data.get("rules", [{}])
    whole["rules"] = [{**shared, **rule} if isinstance(rule, dict) else rule for rule in rules]
    try:
        return Jurisdiction.model_validate(whole)
    except ValidationError as error:
        found = list(problems_of(error, Jurisdiction))
    raise PolicyError(located(found, text, file))


_KNOWN = frozenset({"like", *Jurisdiction.model_fields, *Rule.model_fields})


def _shared(data: Mapping[str, Any]) -> dict[str, Any]:
    """What stands at the top of a file and holds for each of its rules."""
    return {key: value for key, value in data.items() if key in Rule.model_fields}


def _broken(key: str, found: str, expected: str, text: str, file: str) -> PolicyError:
    return PolicyError(located([Problem.at((key,), found, expected)], text, file))
