"""How people chose over time: the roll-ups summed by day or hour of a time zone, for charts and tables.

The store sums, so that what is read are the sums and not the roll-ups: a zone's days and hours follow from its offset, and
each stretch of time with one offset is one statement. Days and hours without a decision are there too, each once; an hour
that clocks show twice is two, told apart by their offset.

The layout of a notice is no kind of the roll-ups: the notice itself tells it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from consentkit.audit.event import VISITORS_ACTS
from consentkit.audit.reader import Ask, Reader
from consentkit.audit.rollup import SLOT, Count
from consentkit.audit.schema import documents, rollups
from consentkit.audit.stats import by_day, by_hour, slots

MOST = 4000
"""Days or hours in one chart: ten years of days, five months of hours."""
RECENT = 30
"""Days that are shown where nobody asked for others."""
KINDS = ("act", "purpose", "jurisdiction", "language", "layout", "notice", "policy", "signal", "how")
SHOWN = KINDS[:-1]
"""What an overview sums: all but where on a page a choice was made."""
_HOUR, _DAY = 3600 // SLOT, 86_400 // SLOT
_EPOCH = date(1970, 1, 1)
_NONE = Count(0, 0, 0)
_layouts: dict[str, str] = {}  # by the hash of a notice, which has one layout for ever


@dataclass(frozen=True)
class When:
    """Which time, and how it is divided.

    :param first: the first day.
    :param last: the last day, included.
    :param zone: whose days and hours.
    :param hourly: by hour instead of by day.
    :raises ValueError: ``last`` comes before ``first``, or there would be more than :data:`MOST` days or hours.
    """

    first: date
    last: date
    zone: tzinfo = UTC
    hourly: bool = False

    def __post_init__(self) -> None:
        if self.last < self.first:
            msg = "the time ends before it begins"
            raise ValueError(msg)
        if ((self.last - self.first).days + 1) * (24 if self.hourly else 1) > MOST:
            msg = f"there would be more than {MOST:,} {'hours' if self.hourly else 'days'}"
            raise ValueError(msg)

    @classmethod
    def recent(cls, zone: tzinfo = UTC, days: int = RECENT) -> When:
        """The last days up to today."""
        today = datetime.now(zone).date()
        return cls(today - timedelta(days=days - 1), today, zone)

    @cached_property
    def slots(self) -> tuple[int, int]:
        """First and last quarter of an hour, both included."""
        return slots(self.first, self.last, self.zone)

    @cached_property
    def periods(self) -> tuple[str, ...]:
        """Names of all days or hours, in the order of time, as :mod:`consentkit.audit.stats` names them."""
        if not self.hourly:
            days = (self.last - self.first).days + 1
            return tuple((self.first + timedelta(days=day)).isoformat() for day in range(days))
        first, last = self.slots
        return tuple(dict.fromkeys(map(by_hour(self.zone), range(first, last + 1))))

    def period(self, slot: int) -> str:
        """The day or hour that a quarter of an hour belongs to."""
        return (by_hour if self.hourly else by_day)(self.zone)(slot)


class Thing(NamedTuple):
    """What is counted: the name of something of a kind, and the act, or ``granted`` or ``denied``."""

    name: str
    outcome: str


@dataclass(frozen=True)
class Series:
    """What happened how often in each day or hour.

    :param periods: their names.
    :param lines: for each thing a count for each of them.
    """

    periods: tuple[str, ...]
    lines: Mapping[Thing, tuple[Count, ...]]


class Mark(NamedTuple):
    """A policy that came into force.

    :param time: microseconds since 1970, UTC: the quarter of an hour of its first decision.
    :param period: the day or hour of that.
    :param policy: its hash.
    """

    time: int
    period: str
    policy: str


Totals = Mapping[str, Mapping[Thing, Count]]
"""By kind, how often something happened in all of a time."""


@dataclass(frozen=True)
class Overview:
    """All that the first page shows.

    :param acts: decisions of visitors, and acts of the log's own, over time.
    :param totals: of each kind of :data:`SHOWN`.
    :param marks: changes of policy.
    """

    when: When
    acts: Series
    totals: Totals
    marks: Sequence[Mark]

    @property
    def decisions(self) -> int:
        """How many acts of visitors there were."""
        return sum(count.n for thing, count in self.totals["act"].items() if thing.outcome in VISITORS_ACTS)

    @property
    def withdrawals(self) -> int:
        """How many of them withdrew."""
        return self.totals["act"].get(Thing("", "withdraw"), _NONE).n

    @property
    def gpc_share(self) -> float | None:
        """The share of them with the signal GPC, 0 to 1; ``None`` without any decision."""
        with_signal = sum(count.n for thing, count in self.totals["signal"].items() if thing.name == "gpc")
        return with_signal / self.decisions if self.decisions else None

    def mean_ms(self, act: str | None = None) -> float | None:
        """Mean time to choose in milliseconds; ``None`` where no page told it.

        :param act: of this act alone.
        """
        acts = VISITORS_ACTS if act is None else (act,)
        counts = [count for thing, count in self.totals["act"].items() if thing.outcome in acts]
        timed = sum(count.timed for count in counts)
        return sum(count.after_ms for count in counts) / timed if timed else None


def overview(reader: Reader, when: When) -> Overview:
    """Everything at once, as of one moment.

    :raises LogUnavailable: the store cannot be read.
    """
    with reader.asking() as ask:
        acts = _series(ask, reader.log_id, when, "act")
        return Overview(
            when, acts, _totals(ask, reader.log_id, when, SHOWN), _marks(ask, reader.log_id, when)
        )


def series(reader: Reader, when: When, kind: str) -> Series:
    """One kind over time.

    :param kind: one of :data:`KINDS`.
    :raises ValueError: there is no such kind.
    :raises LogUnavailable: the store cannot be read.
    """
    _require(kind)
    with reader.asking() as ask:
        return _series(ask, reader.log_id, when, kind)


def totals(reader: Reader, when: When, *kinds: str) -> Totals:
    """Sums over all of a time.

    :param kinds: of :data:`KINDS`; all where none is named.
    :raises ValueError: there is no such kind.
    :raises LogUnavailable: the store cannot be read.
    """
    _require(*kinds)
    with reader.asking() as ask:
        return _totals(ask, reader.log_id, when, kinds or KINDS)


def extent(reader: Reader, zone: tzinfo = UTC) -> tuple[date, date] | None:
    """The first and the last day with an event; ``None`` for an empty log."""
    day = by_day(zone)
    with reader.asking() as ask:
        found = [
            ask(select(end(rollups.c.slot)).where(rollups.c.log_id == reader.log_id))[0][0]
            for end in (func.min, func.max)
        ]
    return None if None in found else (date.fromisoformat(day(found[0])), date.fromisoformat(day(found[1])))


def _require(*kinds: str) -> None:
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        msg = f"nothing of the kind {unknown[0][:40]!r} is counted: one of {', '.join(KINDS)}"
        raise ValueError(msg)


def _series(ask: Ask, log_id: str, when: When, kind: str) -> Series:
    at = {period: number for number, period in enumerate(when.periods)}
    lines: dict[Thing, list[Count]] = {}
    per = _HOUR if when.hourly else _DAY
    for first, last, offset in _stretches(when):
        local = ((rollups.c.slot + offset) // per).label("number")
        query = _summed(log_id, first, last, _source(kind))
        query = query.add_columns(local, rollups.c.name, rollups.c.outcome)
        rows = ask(query.group_by("number", rollups.c.name, rollups.c.outcome))
        names = _names(ask, kind, {row.name for row in rows})
        for n, timed, after_ms, number, name, outcome in rows:
            counts = lines.setdefault(Thing(names[name], outcome), [_NONE] * len(at))
            place = at[_named(when, int(number), offset)]
            counts[place] = _add(counts[place], Count(int(n), int(timed), int(after_ms)))
    return Series(when.periods, {thing: tuple(lines[thing]) for thing in sorted(lines)})


def _totals(ask: Ask, log_id: str, when: When, kinds: Sequence[str]) -> Totals:
    first, last = when.slots
    sources = sorted({_source(kind) for kind in kinds})
    key = (rollups.c.kind, rollups.c.name, rollups.c.outcome)
    rows = ask(_summed(log_id, first, last, *sources).add_columns(*key).group_by(*key))
    found: dict[str, dict[Thing, Count]] = {kind: {} for kind in kinds}
    for kind, sums in found.items():
        own = [row for row in rows if row.kind == _source(kind)]
        names = _names(ask, kind, {row.name for row in own})
        for n, timed, after_ms, _, name, outcome in own:
            thing = Thing(names[name], outcome)
            sums[thing] = _add(sums.get(thing, _NONE), Count(int(n), int(timed), int(after_ms)))
    return found


def _summed(log_id: str, first: int, last: int, *kinds: str) -> Select[Any]:
    sums = (func.sum(rollups.c[name]) for name in Count._fields)
    return select(*sums).where(
        rollups.c.log_id == log_id, rollups.c.slot.between(first, last), rollups.c.kind.in_(kinds)
    )


def _marks(ask: Ask, log_id: str, when: When) -> list[Mark]:
    """Policies that decided on a day, and not on the last day before on which anybody did."""
    first, last = when.slots
    marks: list[Mark] = []
    before = _policies_before(ask, log_id, first)
    for found in _policies_by_day(ask, log_id, first, last, when):
        if before:
            new = sorted((slot, name) for name, slot in found.items() if name not in before)
            marks += [Mark(slot * SLOT * 1_000_000, when.period(slot), name) for slot, name in new]
        before = set(found)
    return marks


def _policies_by_day(ask: Ask, log_id: str, first: int, last: int, when: When) -> Iterator[dict[str, int]]:
    """For each day with decisions, which policies they were made under, and the quarter of an hour of the first."""
    days: dict[int, dict[str, int]] = {}
    for start, end, offset in _stretches(when):
        day = ((rollups.c.slot + offset) // _DAY).label("number")
        query = (
            select(day, rollups.c.name, func.min(rollups.c.slot))
            .where(rollups.c.log_id == log_id, rollups.c.slot.between(start, end), rollups.c.kind == "policy")
            .group_by("number", rollups.c.name)
        )
        for number, name, slot in ask(query):
            found = days.setdefault(number, {})
            found[name] = min(slot, found.get(name, slot))
    return iter([days[number] for number in sorted(days)])


def _policies_before(ask: Ask, log_id: str, first: int) -> set[str]:
    """Policies of the 24 hours up to the last decision before a quarter of an hour."""
    earlier = (rollups.c.log_id == log_id) & (rollups.c.kind == "policy") & (rollups.c.slot < first)
    last = ask(select(rollups.c.slot).where(earlier).order_by(rollups.c.slot.desc()).limit(1))
    if not last:
        return set()
    query = select(rollups.c.name).where(earlier, rollups.c.slot > last[0][0] - _DAY).distinct()
    return {name for (name,) in ask(query)}


def _stretches(when: When) -> Iterator[tuple[int, int, int]]:
    """First and last quarter of an hour with one offset from UTC, and that offset in quarters of an hour."""
    start, last = when.slots
    offset = _offset(start, when.zone)
    for slot in [*range(start + _DAY, last, _DAY), last]:
        if _offset(slot, when.zone) != offset:
            change = _change(slot - _DAY, slot, when.zone)
            yield start, change - 1, offset
            start, offset = change, _offset(change, when.zone)
    if start <= last:
        yield start, last, offset


def _change(low: int, high: int, zone: tzinfo) -> int:
    """The first quarter of an hour up to ``high`` that has its offset, where ``low`` has another."""
    after = _offset(high, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(middle, zone) == after else (middle, high)
    return high


def _offset(slot: int, zone: tzinfo) -> int:
    told = datetime.fromtimestamp(slot * SLOT, UTC).astimezone(zone).utcoffset() or timedelta()
    return int(told.total_seconds()) // SLOT


def _named(when: When, number: int, offset: int) -> str:
    """The name of the day or hour with this number, counted from 1970 by a clock with this offset."""
    if not when.hourly:
        return (_EPOCH + timedelta(days=number)).isoformat()
    clock = timezone(timedelta(seconds=offset * SLOT))
    return datetime.fromtimestamp((number * _HOUR - offset) * SLOT, clock).isoformat(timespec="minutes")


def _source(kind: str) -> str:
    return "notice" if kind == "layout" else kind


def _names(ask: Ask, kind: str, names: set[str]) -> Mapping[str, str]:
    """What things of a kind are shown as: themselves, and notices by their layout where that is asked for."""
    if kind != "layout":
        return {name: name for name in names}
    unknown = [name for name in names if name and name not in _layouts]
    if unknown:
        query = select(documents.c.hash, documents.c.body).where(
            documents.c.kind == "notice", documents.c.hash.in_(unknown)
        )
        _layouts.update((name, _layout(body)) for name, body in ask(query))
    return {name: _layouts.get(name, "") for name in names}


def _layout(body: bytes) -> str:
    try:
        return str(json.loads(body)["layout"])
    except (ValueError, KeyError, TypeError):
        return ""


def _add(one: Count, other: Count) -> Count:
    return Count(one.n + other.n, one.timed + other.timed, one.after_ms + other.after_ms)
