"""Finding events, newest first, in pages that cost the same however far down they lie.

A page ends at an event, and the next one goes on behind it: no page counts those before. What many events have (an act, a
jurisdiction, a policy) needs no index of its own: the roll-ups tell in which quarters of an hour it occurs, and only those
are looked through. Which of their events have it, the canonical bytes tell.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import groupby, islice
from typing import NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Select, TextClause, bindparam, func, select, text, tuple_

from consentkit.audit.event import LARGEST_INTEGER, VISITORS_ACTS
from consentkit.audit.finding import StoredEvent
from consentkit.audit.reader import Ask, Reader
from consentkit.audit.rollup import SLOT
from consentkit.audit.schema import events, personal, rollups

MOST = 1000
"""Events on one page."""
LONGEST = 300
"""Characters of anything that is looked for."""
FEW_SLOTS, MANY_SLOTS = 96, 6144
"""Quarters of an hour asked for together: first a day's, then more."""
_SLOT = SLOT * 1_000_000
_SUM = 8  # bytes of a checksum in a page's token


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; what is ``None`` leaves all through.

    ``jurisdiction`` and ``policy`` are looked for in visitors' acts alone.

    :param visitor: a visitor's id.
    :param receipt: the id that a receipt tells, which is its event's.
    :param first: microseconds since 1970, UTC: no event from before this moment.
    :param last: none from after it.
    :param act: as events name it; several for any of these.
    :param jurisdiction: a code such as ``FR``; empty for unknown.
    :param policy: hash of a policy.
    :raises ValueError: ``last`` comes before ``first``, or something is longer than any that there is, or holds a NUL.
    """

    visitor: str | None = None
    receipt: str | None = None
    first: int | None = None
    last: int | None = None
    act: str | tuple[str, ...] | None = None
    jurisdiction: str | None = None
    policy: str | None = None

    def __post_init__(self) -> None:
        for value in (self.visitor, self.receipt, *self.acts, self.jurisdiction, self.policy):
            if value is not None and (len(value) > LONGEST or "\0" in value):
                msg = f"what is looked for has at most {LONGEST} characters, and no NUL"
                raise ValueError(msg)
        first, last = self.times
        if first > last:
            msg = "the time ends before it begins"
            raise ValueError(msg)

    @property
    def acts(self) -> tuple[str, ...]:
        """The acts looked for; none where all are."""
        return (self.act,) if isinstance(self.act, str) else self.act or ()

    @property
    def times(self) -> tuple[int, int]:
        """First and last moment, both included."""
        first = 0 if self.first is None else self.first
        last = LARGEST_INTEGER if self.last is None else self.last
        return max(0, first), min(last, LARGEST_INTEGER)

    def takes(self, row: StoredEvent) -> bool:
        """Whether an event is one of those. A damaged one has neither jurisdiction nor policy."""
        first, last = self.times
        if not first <= row.time <= last or (self.acts and row.act not in self.acts):
            return False
        if self.visitor not in (None, row.visitor) or self.receipt not in (None, row.id):
            return False
        if self.jurisdiction is None and self.policy is None:
            return True
        try:
            told = json.loads(row.canonical)
            found = told["jurisdiction"] or "", told["policy"]
        except (ValueError, KeyError, TypeError):
            return False
        wanted = zip((self.jurisdiction, self.policy), found, strict=True)
        return row.act in VISITORS_ACTS and all(want in (None, has) for want, has in wanted)


class Page(NamedTuple):
    """Some of what was found.

    :param items: newest first.
    :param next: what to ask for the next page with; ``None`` on the last one.
    """

    items: tuple[StoredEvent, ...]
    next: str | None


class _Place(NamedTuple):
    """Behind which event a page begins."""

    time: int
    seq: int


def page(reader: Reader, search: Search, after: str | None = None, limit: int = 50) -> Page:
    """One page of what a search finds.

    :param after: ``next`` of the page before.
    :param limit: events on it, 1 to :data:`MOST`.
    :raises ValueError: no page of this search told ``after``, or ``limit`` is outside its range.
    :raises LogUnavailable: the store cannot be read.
    """
    if not 1 <= limit <= MOST:
        msg = f"a page has 1 to {MOST} events"
        raise ValueError(msg)
    place = None if after is None else _place(reader.log_id, search, after)
    with reader.asking() as ask:
        found = list(islice(_found(reader, ask, search, place, limit + 1), limit + 1))
    items = tuple(found[:limit])
    more = len(found) > limit
    return Page(items, _token(reader.log_id, search, items[-1]) if more else None)


def _found(
    reader: Reader, ask: Ask, search: Search, place: _Place | None, step: int
) -> Iterator[StoredEvent]:
    if search.receipt is not None:
        query = reader.stored().where(events.c.id == search.receipt)
        rows = iter(() if place else _events(ask, query))
    elif search.visitor is not None:
        rows = _of_visitor(reader, ask, search.visitor, place, step)
    else:
        rows = _by_time(reader, ask, search, place, step)
    return filter(search.takes, rows)


def _events(ask: Ask, query: Select[tuple[object, ...]]) -> list[StoredEvent]:
    return [StoredEvent._make(row) for row in ask(query)]


def _of_visitor(
    reader: Reader, ask: Ask, visitor: str, place: _Place | None, step: int
) -> Iterator[StoredEvent]:
    """A visitor's events by their numbers, from the index of visitors: few, even of a busy one."""
    theirs = (personal.c.log_id == reader.log_id) & (personal.c.visitor == visitor)
    below = LARGEST_INTEGER if place is None else place.seq
    while True:
        numbers = select(personal.c.seq).where(theirs, personal.c.seq < below)
        numbers = numbers.order_by(personal.c.seq.desc()).limit(step)
        query = reader.stored().where(events.c.seq.in_(numbers)).order_by(events.c.seq.desc())
        rows = _events(ask, query)
        yield from rows
        if len(rows) < step:
            return
        below = rows[-1].seq


def _by_time(
    reader: Reader, ask: Ask, search: Search, place: _Place | None, step: int
) -> Iterator[StoredEvent]:
    first, last = search.times
    if place is not None:
        last = min(last, place.time)
    query = _query(reader, search)
    for start, end in _windows(reader.log_id, ask, search, first, last):
        behind = place
        while True:
            rows = _events(ask, _within(query, start, end, behind).limit(step))
            yield from rows
            if len(rows) < step:
                break
            behind = _Place(rows[-1].time, rows[-1].seq)


def _query(reader: Reader, search: Search) -> Select[tuple[object, ...]]:
    """Events that may be meant: the store looks for the bytes of a value, which few others hold."""
    query = reader.stored().order_by(events.c.time.desc(), events.c.seq.desc())
    if search.acts:
        query = query.where(events.c.act.in_(search.acts))
    if search.jurisdiction:
        query = query.where(_holds(reader, "jurisdiction", search.jurisdiction))
    if search.policy is not None:
        query = query.where(_holds(reader, "policy", search.policy))
    return query


def _within(
    query: Select[tuple[object, ...]], start: int, end: int, behind: _Place | None
) -> Select[tuple[object, ...]]:
    query = query.where(events.c.time >= start, events.c.time <= end)
    if behind is None:
        return query
    # The first says the same, less exactly, to a planner that knows no rows.
    query = query.where(events.c.time <= behind.time)
    return query.where(tuple_(events.c.time, events.c.seq) < tuple_(behind.time, behind.seq))


def _holds(reader: Reader, name: str, value: str) -> ColumnElement[bool]:
    """Whether canonical bytes hold a name with a value."""
    pair = json.dumps({name: value}, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()
    wanted: BindParameter[bytes] = bindparam(None, pair)
    if reader.on_sqlite:
        return func.instr(events.c.canonical, wanted) > 0
    return func.position(wanted.op("IN")(events.c.canonical)) > 0


def _windows(log_id: str, ask: Ask, search: Search, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Spans of time, newest first, outside of which nothing lies."""
    values = _values(search)
    if not values:
        yield first, last
        return
    for slots in _slots(log_id, ask, values, search.acts, (first // _SLOT, last // _SLOT)):
        for low, high in _runs(slots):
            yield max(first, low * _SLOT), min(last, (high + 1) * _SLOT - 1)


def _values(search: Search) -> list[tuple[str, str]]:
    """Kinds and names in the roll-ups of what is looked for."""
    named = {"jurisdiction": search.jurisdiction, "policy": search.policy}
    values = [(kind, name) for kind, name in named.items() if name is not None]
    return values or ([("act", "")] if search.acts else [])


def _slots(
    log_id: str, ask: Ask, values: Sequence[tuple[str, str]], acts: Sequence[str], span: tuple[int, int]
) -> Iterator[list[int]]:
    """Quarters of an hour in which all of these occur, newest first; some at a time."""
    query = _holding(len(values), len(acts))
    named = {"log_id": log_id} | {f"act{number}": act for number, act in enumerate(acts)}
    for number, (kind, name) in enumerate(values):
        named |= {f"kind{number}": kind, f"name{number}": name}
    (first, last), many = span, FEW_SLOTS
    while (high := _last_slot(log_id, ask, first, last)) is not None:
        low = max(first, high - many + 1)
        yield [slot for (slot,) in ask(query, named | {"low": low, "high": high})]
        last, many = low - 1, min(many * 4, MANY_SLOTS)


def _last_slot(log_id: str, ask: Ask, first: int, last: int) -> int | None:
    """The last one in which anything happened: a log may be still for years, and one clock may have been wrong."""
    query = select(func.max(rollups.c.slot)).where(
        rollups.c.log_id == log_id, rollups.c.slot >= first, rollups.c.slot <= last
    )
    found = ask(query)[0][0]
    return None if found is None else int(found)


@lru_cache
def _holding(values: int, acts: int) -> TextClause:
    # One look into the key for each quarter of an hour: fast on both stores, where reading all their rows is not. Not by
    # EXISTS, of which PostgreSQL makes a join that does read them.
    outcome = f" AND outcome IN ({', '.join(f':act{number}' for number in range(acts))})" if acts else ""
    looks = " AND ".join(
        "(SELECT 1 FROM rollups WHERE log_id = :log_id AND slot = quarter"  # noqa: S608 - our own words alone
        f" AND kind = :kind{number} AND name = :name{number}{outcome} LIMIT 1) IS NOT NULL"
        for number in range(values)
    )
    quarters = "SELECT CAST(:high AS BIGINT) UNION ALL SELECT quarter - 1 FROM quarters WHERE quarter > :low"
    return text(
        f"WITH RECURSIVE quarters (quarter) AS ({quarters})"  # noqa: S608 - as above
        f" SELECT quarter FROM quarters WHERE {looks} ORDER BY quarter DESC"
    )


def _runs(slots: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Consecutive ones together, as lowest and highest."""
    for _, run in groupby(enumerate(slots), key=lambda pair: pair[0] + pair[1]):
        together = [slot for _, slot in run]
        yield together[-1], together[0]


def _token(log_id: str, search: Search, row: StoredEvent) -> str:
    place = row.time.to_bytes(8) + row.seq.to_bytes(8)
    return base64.urlsafe_b64encode(place + _checksum(log_id, search, place)).decode().rstrip("=")


def _place(log_id: str, search: Search, token: str) -> _Place:
    """Where a page begins. The checksum is no secret: it tells whoever mixes up two searches, not who makes one up."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    place, given = raw[:16], raw[16:]
    found = _Place(int.from_bytes(place[:8]), int.from_bytes(place[8:]))
    fits = len(raw) == 16 + _SUM and given == _checksum(log_id, search, place)
    if not fits or max(found) > LARGEST_INTEGER:
        msg = "no page of this search goes on there"
        raise ValueError(msg)
    return found


def _checksum(log_id: str, search: Search, place: bytes) -> bytes:
    asked = json.dumps([log_id, *astuple(search)]).encode()
    return sha256(place + asked).digest()[:_SUM]
