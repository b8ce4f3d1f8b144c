"""Reading all of a log at once, for whoever checks it: in large pages, straight from the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, func, null, select

from consentkit.audit.finding import StoredEvent
from consentkit.audit.merkle import LARGEST_SIZE, Part
from consentkit.audit.reader import Head, Reader
from consentkit.audit.rollup import Count, Key
from consentkit.audit.schema import events, personal, rollups, subtrees

PAGE = 8192
"""Rows; some 8 MB, and a transaction of some 20 ms."""


class WholeReader(Reader):
    """A :class:`Reader` that can tell what only a check of the whole log asks for."""

    def snapshot(self, see: Callable[[Key, Count], None]) -> Head:
        """The head, and, shown one by one, all roll-ups as they were at the same moment."""
        query = select(*(rollups.c[name] for name in (*Key._fields, *Count._fields))).where(
            rollups.c.log_id == self.log_id
        )
        with self._reading(repeatable=True) as connection:
            head = self._head(connection)
            for row in connection.execution_options(yield_per=PAGE).execute(query):
                see(Key._make(row[:4]), Count._make(row[4:]))
        return head

    def first_from(self, number: int) -> int | None:
        """The smallest number from this one on that an event stands under."""
        query = select(func.min(events.c.seq)).where(events.c.log_id == self.log_id, events.c.seq >= number)
        with self._reading() as connection:
            found = connection.execute(query).scalar()
        return found if type(found) is int else None

    def rows(self, first: int, last: int) -> Iterator[StoredEvent]:
        """Events between two numbers, both included; from below 1 where the first is 1.

        They are tuples in the order of :class:`StoredEvent`, and hold whatever the store holds.
        """
        yield from self._pages(self._query(), first, last)

    def bare_rows(self, first: int, last: int) -> Iterator[StoredEvent]:
        """The same without personal parts, which take as long to read as all else."""
        yield from self._pages(_bare(self.log_id), first, last)

    def _pages(self, rows: Select[Any], first: int, last: int) -> Iterator[StoredEvent]:
        after = first - 1 if first > 1 else -(2**63)
        page: Sequence[Any] = range(PAGE)
        while len(page) == PAGE:
            query = rows.where(events.c.seq > after, events.c.seq <= last).limit(PAGE)
            with self._reading() as connection:
                # SQLAlchemy's rows would cost as much as reading them.
                said = query.compile(dialect=connection.dialect)
                values = tuple(said.params[name] for name in said.positiontup or ())
                cursor = connection.connection.cursor()
                cursor.execute(str(said), values)
                page = cursor.fetchall()
            yield from page
            after = page[-1][0] if page else after

    def parts(self, size: int) -> Iterator[Part]:
        """Stored hashes of the tree that lie within the first ``size`` events, or where none may."""
        query = select(subtrees.c.level, subtrees.c.position, subtrees.c.hash).where(
            subtrees.c.log_id == self.log_id
        )
        with self._reading() as connection:
            rows = [Part._make(row) for row in connection.execute(query)]
        yield from (part for part in rows if not _later(part, size))

    def erasing(self, after: int) -> Iterator[StoredEvent]:
        """Events after a number that may say what was erased."""
        query = self._query().where(events.c.seq > after, events.c.act.in_(("erase", "retain")))
        yield from self._rows(query)

    def personal_within(self, first: int, last: int) -> int | None:
        """The first number between two, both included, that has a personal part."""
        query = select(func.min(personal.c.seq)).where(
            personal.c.log_id == self.log_id, personal.c.seq.between(first, last)
        )
        with self._reading() as connection:
            return connection.execute(query).scalar()


def _bare(log_id: str) -> Select[Any]:
    columns = (events.c[name] for name in StoredEvent._fields[:7])
    return select(*columns, null(), null()).where(events.c.log_id == log_id).order_by(events.c.seq)


def _later(part: Part, size: int) -> bool:
    """Whether a writer may have added this part after the log had so many events."""
    level, position, _ = part
    sane = type(level) is int and type(position) is int and 0 < level < LARGEST_SIZE.bit_length()
    return sane and (position + 1) << level > size
