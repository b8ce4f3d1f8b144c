"""Roll-ups summed as people read them: by day or hour of a time zone. Pure.

A day begins where the zone's clocks say so, and has 23 or 25 hours when they are changed; an hour that the clocks show
twice is two hours, told apart by their offset from UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from consentkit.audit.rollup import SLOT, Count, Key

FIRST, LAST = 0, 253_402_300_799 // SLOT
"""The slots that a calendar can name: up to the end of the year 9999."""

Period = Callable[[int], str]
"""Names the period that a slot belongs to."""


class Line(NamedTuple):
    """How often something happened in a period.

    :param period: a day such as ``2026-03-29``, or an hour such as ``2026-10-25T02:00+02:00``.
    :param name: of the thing counted, e.g. a purpose; empty where acts are counted, or it is unknown.
    :param outcome: the act, or ``granted`` or ``denied``.
    :param tally: how often, of how many the time to choose is known, and the sum of those times.
    """

    period: str
    name: str
    outcome: str
    tally: Count


def slots(begin: date | None, end: date | None, zone: tzinfo) -> tuple[int, int]:
    """First and last slot of some days, both days included; ``None`` for no limit."""
    first = FIRST if begin is None else _start(begin, zone)
    last = LAST if end is None or end == date.max else _start(end + timedelta(days=1), zone) - 1
    return max(first, FIRST), min(last, LAST)


def by_day(zone: tzinfo) -> Period:
    """Names days of a zone."""
    return lambda slot: _local(slot, zone).date().isoformat()


def by_hour(zone: tzinfo) -> Period:
    """Names hours of a zone, each with its offset from UTC."""

    def name(slot: int) -> str:
        found = _local(slot, zone)
        # Not replace() on the aware one: the start of the hour may have another offset.
        hour = found.replace(tzinfo=None, minute=0).isoformat(timespec="minutes")
        return f"{hour}{found.isoformat()[len('2026-10-25T02:00:00') :]}"

    return name


def summed(rows: Iterable[tuple[Key, Count]], period: Period) -> list[Line]:
    """Sum roll-ups of one kind.

    :param rows: in the order of their slots.
    :returns: periods in the order of time, within one the most frequent first.
    """
    found: dict[str, dict[tuple[str, str], Count]] = {}
    slot, name = None, ""
    for key, count in rows:
        if key.slot != slot:
            slot, name = key.slot, period(key.slot)
        sums = found.setdefault(name, {})
        thing = key.name, key.outcome
        sums[thing] = _add(sums[thing], count) if thing in sums else count
    return [
        Line(each, *thing, count)
        for each, sums in found.items()
        for thing, count in sorted(sums.items(), key=lambda item: (-item[1].n, item[0]))
    ]


def _add(one: Count, other: Count) -> Count:
    return Count(one.n + other.n, one.timed + other.timed, one.after_ms + other.after_ms)


def _local(slot: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(slot * SLOT, UTC).astimezone(zone)


def _start(day: date, zone: tzinfo) -> int:
    """The first slot of a day. Where midnight does not exist, since clocks go forward then, the first that does."""
    midnight = datetime.combine(day, time(), zone)
    return -int(-midnight.timestamp() // SLOT)
