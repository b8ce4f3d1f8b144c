"""A table as a page shows it: the chart, its legend, and the same numbers in rows; and as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from babel import Locale
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup
from starlette.responses import Response

from consentkit.audit.spreadsheet import defused, delimiter
from consentkit.desk import charts
from consentkit.desk.page import HEADERS, Visit
from consentkit.desk.tallies import OTHERS, Row, Table
from consentkit.web.words import Words

MOST_ROWS = 10
"""Names that a page shows of a kind; its file has all."""
SHORT = 12
"""Characters of a hash that a page shows."""


class Cell(NamedTuple):
    """A name in a table.

    :param text: what it is called.
    :param whole: all of it, where that is more; else empty.
    :param link: where it leads; empty for nowhere.
    :param note: what is to be said of it.
    """

    text: str
    whole: str = ""
    link: str = ""
    note: str = ""


class Time(NamedTuple):
    """The days or hours of a chart.

    :param cells: their names.
    :param marked: positions of those that stand out.
    """

    cells: Sequence[Cell]
    marked: Collection[int] = ()


class Told(NamedTuple):
    """A row in words."""

    name: Cell
    counts: tuple[str, ...]
    total: str
    share: str
    mean: str


@dataclass(frozen=True)
class Figure:
    """What the template needs of one chart.

    :param columns: headings of the counts.
    :param legend: the columns that have a colour, in its order.
    :param more: how many names are not shown.
    :param file: address of its file.
    """

    kind: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Told, ...]
    file: str
    has_share: bool
    has_mean: bool
    more: int
    chart: Markup | None = None

    @property
    def legend(self) -> Iterable[tuple[int, str]]:
        """The colours' numbers and what they stand for."""
        return ((number % charts.COLOURS, name) for number, name in enumerate(self.columns))


def by_name(visit: Visit, title: str, table: Table, file: str) -> Figure:
    """Each of the most frequent names a bar."""
    shown = table.rows[:MOST_ROWS]
    names = [name_of(visit, table.kind, row.name) for row in shown]
    texts, lines = [name.text for name in names], _lines(visit, table, shown)
    chart = charts.by_name(title, texts, lines, visit.words.number) if table.total else None
    return replace(_figure(visit, title, table, names, file), chart=chart)


def over_time(visit: Visit, title: str, table: Table, time: Time, file: str) -> Figure:
    """Each day or hour a column; in the rows the last comes first."""
    lines = _lines(visit, table, table.rows)
    labels = [period.whole or period.text for period in time.cells]
    number = visit.words.number
    chart = charts.over_time(title, labels, lines, number, time.marked) if table.total else None
    backwards = table._replace(rows=table.rows[::-1])
    return replace(_figure(visit, title, backwards, time.cells[::-1], file), chart=chart)


def name_of(visit: Visit, kind: str, name: str) -> Cell:
    """What something of a kind is called."""
    words = visit.words
    if name == OTHERS:
        return Cell(words("others"))
    if not name:
        return Cell(words("no-signal" if kind == "signal" else "unknown"))
    if kind == "policy":
        return Cell(name[:SHORT], name, visit.at("/policy", version=name))
    if kind == "notice":
        return Cell(name[:SHORT], name, visit.at(f"/notices/{name}"))
    return Cell(name)


def percent(words: Words, part: float | None) -> str:
    """A share of 0 to 1; a dash for none."""
    return "–" if part is None else format_percent(part, locale=_locale(words))


def seconds(words: Words, milliseconds: float | None) -> str:
    """A time to choose; a dash for none."""
    if milliseconds is None:
        return "–"
    return words("seconds", n=format_decimal(round(milliseconds / 1000, 1), locale=_locale(words)))


def as_file(visit: Visit, name: str, header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> Response:
    """Rows as CSV that a spreadsheet of whoever asks opens by a double click, and runs nothing of.

    :param name: of the file, without its end.
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=delimiter(visit.words.language))
    for row in (header, *rows):
        writer.writerow([defused(cell) if isinstance(cell, str) else cell for cell in row])
    headers = {**HEADERS, "content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(out.getvalue().encode(), media_type="text/csv; charset=utf-8", headers=headers)


def table_file(visit: Visit, name: str, table: Table, first: str) -> Response:
    """A table of the overview as a file; its names in English, since programs read it too."""
    has_share = any(row.share is not None for row in table.rows)
    has_mean = any(row.mean_ms is not None for row in table.rows)
    extra = [*(["share"] if has_share else []), *(["mean_ms"] if has_mean else [])]
    header = [first, *("others" if each == OTHERS else each for each in table.columns), "total", *extra]
    return as_file(visit, name, header, (_cells(row, has_share, has_mean) for row in table.rows))


def _cells(row: Row, has_share: bool, has_mean: bool) -> list[str | int]:
    found: list[str | int] = [row.name, *row.counts, row.total]
    if has_share:
        found.append("" if row.share is None else f"{row.share:.4f}")
    if has_mean:
        found.append("" if row.mean_ms is None else round(row.mean_ms))
    return found


def _figure(visit: Visit, title: str, table: Table, names: Sequence[Cell], file: str) -> Figure:
    words = visit.words
    rows = tuple(
        Told(
            name,
            tuple(map(words.number, row.counts)),
            words.number(row.total),
            percent(words, row.share),
            seconds(words, row.mean_ms),
        )
        for name, row in zip(names, table.rows, strict=False)
    )
    return Figure(
        table.kind,
        title,
        _headings(visit, table),
        rows,
        file,
        has_share=any(row.share is not None for row in table.rows),
        has_mean=any(row.mean_ms is not None for row in table.rows),
        more=len(table.rows) - len(rows),
    )


def _lines(visit: Visit, table: Table, rows: Sequence[Row]) -> list[charts.Line]:
    return [
        charts.Line(name, [row.counts[place] for row in rows])
        for place, name in enumerate(_headings(visit, table))
    ]


def _headings(visit: Visit, table: Table) -> tuple[str, ...]:
    if table.named:
        return tuple(name_of(visit, table.kind, each).text for each in table.columns)
    return tuple(visit.words(f"act-{each}") for each in table.columns)


def _locale(words: Words) -> Locale:
    return Locale.parse(words.language, sep="-")
