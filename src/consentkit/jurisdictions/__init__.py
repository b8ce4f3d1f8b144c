"""The jurisdictions' files into an :class:`Atlas`: who asks what, and where each code belongs.

A file states one jurisdiction (:mod:`consentkit.jurisdictions.rowfile`). Our own data: what is wrong with it stops the start,
with its place.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from consentkit.core.jurisdiction import Jurisdiction, Rule
from consentkit.jurisdictions.rowfile import RowFile

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

    :raises PolicyError: where a file is broken, two speak of the same code, a name stands for no row, or rows lie in a circle.
    """
    stated = [RowFile.of(file.name, file.read_text(encoding="utf-8")) for file in sorted(files)]
    by_code = {file.code: file for file in stated}
    rows: dict[str, Jurisdiction] = {}
    for file in stated:
        row = file.jurisdiction(by_code)
        if row.code in rows:
            raise file.broken("code", "a code of its own", f'"{row.code}" a second time')
        rows[row.code] = row
    for file in stated:
        _check_place(file, rows)
    _check_territories(stated, rows)
    return Atlas(dict(sorted(rows.items())))


def _check_place(file: RowFile, rows: Mapping[str, Jurisdiction]) -> None:
    above, passed = file.data.get("within"), {file.code}
    while above is not None:
        if above not in rows or above in passed:
            raise file.broken("within", "the code of a larger row")
        passed.add(above)
        above = rows[above].within


def _check_territories(files: Iterable[RowFile], rows: Mapping[str, Jurisdiction]) -> None:
    taken = set(rows)
    for file in files:
        for part in file.data.get("covers", ()):
            if part in taken:
                raise file.broken("covers", "codes that no other row has or covers", f'"{part}"')
            taken.add(part)
