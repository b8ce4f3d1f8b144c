"""Reading a log: in pages by number, so that memory stays flat and no writer ever waits for a reader."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Executable, Row, Select, func, null, select

from consentkit.audit.engine import STORE_ERRORS, cause, locate, reading, sqlite_file
from consentkit.audit.errors import LogLocationError, LogUnavailable
from consentkit.audit.event import Document
from consentkit.audit.later import Act
from consentkit.audit.rollup import Count, Key
from consentkit.audit.schema import (
    checkpoints,
    counts,
    documents,
    events,
    log_head,
    personal,
    rollups,
    subtrees,
)
from consentkit.audit.upgrade import require
from consentkit.audit.verify import StoredEvent

VIEWS = 100
"""Page views looked for in one statement."""
_LAST = b"\xff" * 32
"""Sorts behind all that may follow a page view's bytes in a ``once``."""
PAGE = 2000  # rows: some 2 MB, and a transaction of some 10 ms


class Ask(Protocol):
    """Runs a query, with values for what it names."""

    def __call__(self, query: Executable, values: Mapping[str, object] | None = None, /) -> Sequence[Any]:
        """All its rows."""


class DayCount(NamedTuple):
    """How often something happened on a day, counted from 1970, UTC."""

    day: int
    kind: str
    name: str
    rule: str
    n: int


class Head(NamedTuple):
    """How many events a log has, and the right edge of its tree; ``None`` where the store holds none."""

    size: int
    edge: bytes | None


class StoredCheckpoint(NamedTuple):
    """A checkpoint in the log itself.

    :param time: microseconds since 1970, UTC.
    """

    size: int
    time: int
    root: bytes
    note: bytes


class Reader:
    """Reads one log of a store; changes nothing, and creates nothing.

    :param log_id: which log; ``None`` takes the only one.
    :raises LogLocationError: the URL cannot be used, no such log, or several to choose from.
    :raises LogUnavailable: the store cannot be read.
    :raises SchemaMismatch: its schema is not ours.
    """

    def __init__(self, url: str, log_id: str | None = None, *, timeout: float = 10.0) -> None:
        self.url = url
        self._url = locate(url)
        self._file = sqlite_file(self._url)
        if self._file is not None and not self._file.is_file():
            msg = "there is no log at this URL: no such file"
            raise LogUnavailable(msg)
        self._engine = reading(self._url, timeout)
        shown = self._url.set(drivername=self._url.get_backend_name()).render_as_string(hide_password=True)
        with self._reading() as connection:
            require(connection, shown)
            known = sorted(connection.execute(select(log_head.c.log_id)).scalars())
            self.sees_personal = self._file is not None or _may_read_personal(connection)
            """Whether this role of the database may see who the events are of; if not, no event shows a visitor."""
        self.log_id = _choose(known, log_id)

    @property
    def on_sqlite(self) -> bool:
        """Whether the store is a file of SQLite; PostgreSQL otherwise."""
        return self._file is not None

    def size(self) -> int:
        """How many events the head says there are."""
        return self.head().size

    def head(self) -> Head:
        """What a writer takes before it appends."""
        with self._reading() as connection:
            return self._head(connection)

    def hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """Hashes of the tree at a level that is kept: ``count`` of them from position ``first`` on.

        :param level: 0 for leaves, or one that :data:`consentkit.audit.merkle.STRIDE` tells.
        """
        if level:
            query = select(subtrees.c.hash).where(
                subtrees.c.log_id == self.log_id,
                subtrees.c.level == level,
                subtrees.c.position.between(first, first + count - 1),
            )
            query = query.order_by(subtrees.c.position)
        else:
            query = select(events.c.leaf).where(
                events.c.log_id == self.log_id, events.c.seq.between(first + 1, first + count)
            )
            query = query.order_by(events.c.seq)
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def checkpoints(self, first: int = 0) -> Iterator[StoredCheckpoint]:
        """Checkpoints over ``first`` events or more, by size, then time."""
        query = self._checkpoints(first).order_by(checkpoints.c.size, checkpoints.c.time)
        with self._reading() as connection:
            rows = [StoredCheckpoint._make(row) for row in connection.execute(query)]
        yield from rows

    def covering(self, seq: int) -> StoredCheckpoint | None:
        """The first checkpoint that covers the event with this number."""
        query = self._checkpoints(seq).order_by(checkpoints.c.size, checkpoints.c.time).limit(1)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else StoredCheckpoint._make(row)

    def last_checkpoint(self) -> StoredCheckpoint | None:
        """The one over most events."""
        query = self._checkpoints(0).order_by(checkpoints.c.size.desc(), checkpoints.c.time.desc()).limit(1)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else StoredCheckpoint._make(row)

    def events(self, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
        """Events by number, ``first`` and ``last`` included; those that come while reading are left out."""
        last = self.size() if last is None else last
        # From below 1: a row that stands where none may be must be seen too.
        after = first - 1 if first > 1 else -(2**63)
        while True:
            rows = self._rows(self._query().where(events.c.seq > after, events.c.seq <= last).limit(PAGE))
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1].seq

    def beyond(self) -> Iterator[StoredEvent]:
        """Rows above what the head says at the same moment, the first page of them: a writer leaves none."""
        head = select(log_head.c.size).where(log_head.c.log_id == self.log_id).scalar_subquery()
        yield from self._rows(self._query().where(events.c.seq > func.coalesce(head, 0)).limit(PAGE))

    def last(self, count: int) -> list[StoredEvent]:
        """The newest events, oldest of them first."""
        size = self.size()
        return list(self.events(max(1, size - count + 1), size)) if count > 0 else []

    def find(self, event_id: str) -> StoredEvent | None:
        """The event with this id."""
        found = self._rows(self._query().where(events.c.id == event_id))
        return found[0] if found else None

    def of_visitor(self, visitor: str, most: int) -> list[StoredEvent]:
        """The newest events that bear a visitor's id, at most so many, oldest of them first."""
        numbers = (
            select(personal.c.seq)
            .where(personal.c.log_id == self.log_id, personal.c.visitor == visitor)
            .order_by(personal.c.seq.desc())
            .limit(most)
        )
        return self._rows(self._query().where(events.c.seq.in_(numbers)))

    def documents(self) -> Iterator[tuple[str, str, bytes]]:
        """Kind, hash and body of each notice and policy."""
        with self._reading() as connection:
            query = select(documents.c.kind, documents.c.hash).order_by(documents.c.kind, documents.c.hash)
            names = [(kind, name) for kind, name in connection.execute(query)]
        for kind, name in names:
            body = self._body(kind, name)
            if body is not None:
                yield kind, name, body

    def document(self, kind: str, name: str) -> Document | None:
        """A notice or policy by its hash."""
        body = self._body(kind, name)
        return None if body is None else Document("notice" if kind == "notice" else "policy", name, body)

    def counts(self, first_day: int, last_day: int) -> Iterator[DayCount]:
        """What was counted on these days, both included, by day, kind, name and rule.

        :param first_day: days since 1970, UTC.
        """
        query = (
            select(*(counts.c[name] for name in DayCount._fields))
            .where(counts.c.log_id == self.log_id, counts.c.day >= first_day, counts.c.day <= last_day)
            .order_by(counts.c.day, counts.c.kind, counts.c.name, counts.c.rule)
        )
        with self._reading() as connection:
            rows = [DayCount._make(row) for row in connection.execute(query)]
        yield from rows

    def rollups(self, first_slot: int, last_slot: int, *kinds: str) -> Iterator[tuple[Key, Count]]:
        """What was counted of events in these quarters of an hour, both included.

        :param first_slot: as :data:`consentkit.audit.rollup.SLOT` tells.
        :param kinds: all kinds where none is named.
        """
        query = (
            select(*(rollups.c[name] for name in (*Key._fields, *Count._fields)))
            .where(rollups.c.log_id == self.log_id, rollups.c.slot.between(first_slot, last_slot))
            .order_by(rollups.c.slot, rollups.c.kind, rollups.c.name, rollups.c.outcome)
        )
        if kinds:
            query = query.where(rollups.c.kind.in_(kinds))
        with self._reading() as connection:
            rows = [(Key(*key), Count(n, timed, ms)) for *key, n, timed, ms in connection.execute(query)]
        yield from rows

    @contextmanager
    def asking(self) -> Iterator[Ask]:
        """Ask queries of our own, for the modules that look in other ways than by number: all in one short transaction.

        :raises LogUnavailable: the store cannot be read.
        """
        with self._reading() as connection:
            yield lambda query, values=None: connection.execute(query, values or {}).all()

    def ask(self, query: Executable) -> Sequence[Any]:
        """The same for one query."""
        with self.asking() as ask:
            return ask(query)

    def stored(self) -> Select[tuple[object, ...]]:
        """A query for all events of this log, in no order; its rows are those of :class:`StoredEvent`."""
        return self._query().order_by(None)

    def _body(self, kind: str, name: str) -> bytes | None:
        with self._reading() as connection:
            query = select(documents.c.body).where(documents.c.kind == kind, documents.c.hash == name)
            return connection.execute(query).scalar()

    def _head(self, connection: Connection) -> Head:
        query = select(log_head.c.size, log_head.c.edge).where(log_head.c.log_id == self.log_id)
        row = connection.execute(query).one_or_none()
        return Head(0, b"") if row is None else Head._make(row)

    def _checkpoints(self, first: int) -> Select[tuple[object, ...]]:
        return select(*(checkpoints.c[name] for name in StoredCheckpoint._fields)).where(
            checkpoints.c.log_id == self.log_id, checkpoints.c.size >= first
        )

    def _query(self) -> Select[tuple[object, ...]]:
        columns = [events.c[name] for name in StoredEvent._fields[:7]]
        if self.sees_personal:
            beside = (personal.c.log_id == events.c.log_id) & (personal.c.seq == events.c.seq)
            query = select(*columns, personal.c.salt, personal.c.visitor).outerjoin_from(
                events, personal, beside
            )
        else:
            query = select(*columns, null(), null())
        return query.where(events.c.log_id == self.log_id).order_by(events.c.seq)

    def _rows(self, query: Select[tuple[object, ...]]) -> list[StoredEvent]:
        with self._reading() as connection:
            return [_stored(row) for row in connection.execute(query)]

    @contextmanager
    def _reading(self, *, repeatable: bool = False) -> Iterator[Connection]:
        engine = self._engine
        if repeatable and self._file is None:  # within SQLite's transactions every read sees the same
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        try:
            with engine.begin() as connection:
                yield connection
        except STORE_ERRORS as error:
            msg = f"the log cannot be read: {cause(error)}"
            raise LogUnavailable(msg) from None


def stored_document(url: str, kind: str, name: str, *, timeout: float) -> bytes | None:
    """The body of a notice or policy by its hash, whichever log of the store it came with.

    :raises LogUnavailable: the store cannot be read.
    """
    query = select(documents.c.body).where(documents.c.kind == kind, documents.c.hash == name)
    try:
        with reading(locate(url), timeout).begin() as connection:
            return connection.execute(query).scalar()
    except STORE_ERRORS as error:
        msg = f"the log cannot be read: {cause(error)}"
        raise LogUnavailable(msg) from None


def acts_of(url: str, log_id: str, views: Collection[bytes], since: int, *, timeout: float) -> list[Act]:
    """Acts after ``since`` whose ``once`` begins with one of ``views``.

    :param since: microseconds since 1970, UTC.
    :raises LogUnavailable: the store cannot be read.
    """
    found: list[Act] = []
    ordered = sorted(views)
    try:
        with reading(locate(url), timeout).begin() as connection:
            for start in range(0, len(ordered), VIEWS):
                found += _acts_of(connection, log_id, ordered[start : start + VIEWS], since)
    except STORE_ERRORS as error:
        msg = f"the log cannot be read: {cause(error)}"
        raise LogUnavailable(msg) from None
    return found


def _acts_of(connection: Connection, log_id: str, views: Sequence[bytes], since: int) -> Iterator[Act]:
    # Text for the driver: as objects, a hundred ranges would cost more to build than to look up.
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    ranges = " OR ".join([f"(log_id = {mark} AND once >= {mark} AND once <= {mark})"] * len(views))
    query = f"SELECT id, time, once FROM events WHERE ({ranges}) AND time > {mark}"  # noqa: S608 - our own words alone
    ends = chain.from_iterable((log_id, view, view + _LAST) for view in views)
    return map(Act._make, connection.exec_driver_sql(query, (*ends, since)))


def _may_read_personal(connection: Connection) -> bool:
    query = select(func.has_table_privilege(personal.name, "SELECT"))
    return bool(connection.execute(query).scalar())


def _stored(row: Row[tuple[object, ...]]) -> StoredEvent:
    return StoredEvent._make(row)


def _choose(known: list[str], wanted: str | None) -> str:
    if wanted is not None:
        if wanted in known or not known:
            return wanted
        msg = f"the store has no log {wanted!r}; it has {_names(known)}"
        raise LogLocationError(msg)
    if len(known) > 1:
        msg = f"the store has several logs: choose with --log from {_names(known)}"
        raise LogLocationError(msg)
    return known[0] if known else ""


def _names(known: list[str]) -> str:
    return ", ".join(map(repr, known)) or "none"
