"""Sums as tables: the numbers of each chart of the overview. Pure.

A share is told of those who chose: accepted of accepted, rejected and chosen by purpose; of a purpose, granted of granted and
denied. Withdrawals and signals have their own columns and are no part of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from consentkit.audit.event import VISITORS_ACTS
from consentkit.audit.rollup import Count
from consentkit.audit.trend import Series, Thing

PURPOSE = ("granted", "denied")
"""What is counted of a purpose."""
CHOICES = ("accept", "reject", "save")
"""Acts of those who were asked and chose."""
LINES = 5
"""Names that have a line of their own over time; the rest are summed."""
OTHERS = "\0others"
"""Stands for that rest; no name holds a NUL."""
_ZERO = Count(0, 0, 0)


class Row(NamedTuple):
    """One line of a table.

    :param name: a day or hour, or the name of what is counted.
    :param counts: as the table's columns.
    :param share: of those who chose, who accepted: 0 to 1; ``None`` where nobody chose or it has no meaning.
    :param mean_ms: mean time to choose in milliseconds; ``None`` where no page told it.
    """

    name: str
    counts: tuple[int, ...]
    share: float | None = None
    mean_ms: float | None = None

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts)


class Table(NamedTuple):
    """What a chart shows.

    :param kind: what is counted, of :data:`consentkit.audit.trend.KINDS`.
    :param columns: outcomes, or names where a kind is shown over time.
    :param named: whether they are names.
    """

    kind: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    named: bool = False

    @property
    def total(self) -> int:
        """All that the table counts."""
        return sum(row.total for row in self.rows)


def by_name(kind: str, sums: Mapping[Thing, Count]) -> Table:
    """Each name with its outcomes, the most frequent first."""
    columns = PURPOSE if kind == "purpose" else VISITORS_ACTS
    names = dict.fromkeys(thing.name for thing in sums if thing.outcome in columns)
    rows = [_row(name, columns, [sums.get(Thing(name, each), _ZERO) for each in columns]) for name in names]
    return Table(kind, columns, tuple(sorted(rows, key=lambda row: (-row.total, row.name))))


def over_time(kind: str, series: Series) -> Table:
    """Each day or hour: acts of visitors, or how often each name of a kind was decided under; of purposes, granted."""
    if kind == "act":
        counts = [series.lines.get(Thing("", act)) or (_ZERO,) * len(series.periods) for act in VISITORS_ACTS]
        rows = [
            _row(period, VISITORS_ACTS, each)
            for period, each in zip(series.periods, zip(*counts, strict=True), strict=True)
        ]
        return Table(kind, VISITORS_ACTS, tuple(rows))
    wanted = PURPOSE[:1] if kind == "purpose" else VISITORS_ACTS
    lines = {thing: line for thing, line in series.lines.items() if thing.outcome in wanted}
    columns = _most(lines)
    summed = {column: [0] * len(series.periods) for column in columns}
    for thing, line in lines.items():
        into = summed[thing.name if thing.name in summed else OTHERS]
        for place, count in enumerate(line):
            into[place] += count.n
    values = zip(*summed.values(), strict=True) if columns else [()] * len(series.periods)
    return Table(kind, columns, tuple(map(Row, series.periods, values)), named=True)


def share(granted: int, chosen: int) -> float | None:
    """A part of a whole, ``None`` of nothing."""
    return granted / chosen if chosen else None


def _row(name: str, columns: Sequence[str], counts: Sequence[Count]) -> Row:
    n = {column: count.n for column, count in zip(columns, counts, strict=True)}
    first, *_ = chosen = PURPOSE if tuple(columns) == PURPOSE else CHOICES
    timed = sum(count.timed for count in counts)
    return Row(
        name,
        tuple(n.values()),
        share(n[first], sum(n[each] for each in chosen)),
        sum(count.after_ms for count in counts) / timed if timed and chosen is CHOICES else None,
    )


def _most(lines: Mapping[Thing, Sequence[Count]]) -> tuple[str, ...]:
    totals: Counter[str] = Counter()
    for thing, line in lines.items():
        totals[thing.name] += sum(count.n for count in line)
    names = [name for name, _ in totals.most_common()]
    return tuple(names) if len(names) <= LINES + 1 else (*names[:LINES], OTHERS)
