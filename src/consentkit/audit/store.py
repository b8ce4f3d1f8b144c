"""Appending to a log: one batch, one transaction, numbers without gaps, on SQLite and PostgreSQL alike.

When :meth:`Store.append` returns, everything it was given is durable. When it raises, nothing it was given is, except
after :class:`ConnectionLost`: then only ``look=True`` on a new connection tells.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, insert, or_, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from .engine import cause, locate, sqlite_file, writing
from .errors import EventRefused, LogUnavailable
from .event import Document, same_but_salt
from .schema import events, log_head, personal
from .upgrade import migrate, require

logger = logging.getLogger(__name__)

LARGEST_STATEMENT = 256  # rows: 2,304 parameters; SQLite takes 32,766 since 3.32, PostgreSQL 65,535
"""A batch is cut into powers of two up to this, so that nine statements, prepared once, serve every size."""


@dataclass(frozen=True, slots=True)
class Row:
    """An event ready to be written."""

    id: str
    time: int
    act: str
    site: str
    canonical: bytes
    leaf: bytes
    once: bytes | None
    salt: bytes | None
    visitor: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands after :meth:`Store.append`."""

    id: str
    seq: int
    fresh: bool


class Clash(Exception):  # noqa: N818 - a signal between two methods, not an error of the log
    """An id or a ``once`` of the batch is there already: look, then append."""


class ConnectionLost(LogUnavailable):
    """The connection broke: what it was told last may have been done, or not."""


class Store:
    """One connection that appends. Used by one thread at a time, never across a fork.

    :param timeout: seconds that a statement may wait.
    """

    def __init__(self, url: str, log_id: str, timeout: float) -> None:
        self._url = locate(url)
        self._file = sqlite_file(self._url)
        self._log_id = log_id
        self._timeout = timeout
        self._connection: Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._inserts: dict[tuple[str, int], str] = {}
        self._stored: set[tuple[str, str]] = set()

    def open(self) -> None:
        """Connect, and check the schema; a SQLite log is upgraded here, any other by ``consentkit db upgrade``.

        :raises LogUnavailable: no connection.
        :raises SchemaMismatch: the schema is not ours.
        """
        if self._connection is not None:
            return
        connection = None
        try:
            connection = writing(self._url, self._timeout).connect()
            self._prepare(connection)
        except (DBAPIError, OSError) as error:
            _close(connection)
            msg = f"the log cannot be opened: {cause(error)}"
            raise LogUnavailable(msg) from None
        except BaseException:
            _close(connection)
            raise
        self._connection = connection
        self._inode = self._identity()

    def close(self) -> None:
        """Let go of the connection; the next :meth:`append` makes a new one."""
        connection, self._connection = self._connection, None
        _close(connection)

    def append(
        self, rows: Sequence[Row], papers: Sequence[Document] = (), *, look: bool = False
    ) -> list[Place | EventRefused]:
        """Write a batch, durably.

        :param look: first look for ids and ``once`` keys that are there already.
        :returns: for each row its place, or why it cannot have one.
        :raises Clash: without ``look``: something of the batch is there already. Nothing was written.
        :raises LogUnavailable: nothing was written.
        :raises ConnectionLost: whether something was written is not known.
        """
        self._notice_replaced_file()
        self.open()
        assert self._connection is not None  # noqa: S101 - for the type checker: open() raises or connects
        committing = False
        try:
            transaction = self._connection.begin()
            places = self._write(self._connection, rows, papers, look=look)
            committing = True
            transaction.commit()
        except IntegrityError:
            self._connection.rollback()
            raise Clash from None
        except (DBAPIError, OSError) as error:
            # Never again on this connection: after an I/O error SQLite's and the server's view may differ from ours.
            self.close()
            broken = committing or (isinstance(error, DBAPIError) and error.connection_invalidated)
            kind = ConnectionLost if broken else LogUnavailable
            msg = f"the store did not take the event: {cause(error)}"
            raise kind(msg) from None
        self._stored.update((paper.kind, paper.hash) for paper in papers)
        return places

    def _prepare(self, connection: Connection) -> None:
        with connection.begin():
            if self._file is None:
                require(
                    connection, self._url.set(drivername="postgresql").render_as_string(hide_password=True)
                )
                _warn_unless_durable(connection)
            else:
                migrate(connection)

    def _write(
        self, connection: Connection, rows: Sequence[Row], papers: Sequence[Document], *, look: bool
    ) -> list[Place | EventRefused]:
        fresh, places = rows, None
        if look:
            size = self._take(connection, 0)  # from here on no other writer of this log can come between
            fresh, places = arrange(rows, self._find(connection, rows), size + 1)
        first = self._take(connection, len(fresh)) - len(fresh) + 1
        self._insert(connection, fresh, first)
        for paper in papers:
            if (paper.kind, paper.hash) not in self._stored:
                connection.execute(_PAPER, {"kind": paper.kind, "hash": paper.hash, "body": paper.body})
        return places or [Place(row.id, seq, True) for seq, row in enumerate(rows, first)]

    def _take(self, connection: Connection, count: int) -> int:
        """Take the head row until the transaction ends, and the next numbers; returns the last number taken."""
        taken = connection.execute(_TAKE, {"of_log": self._log_id, "count": count}).scalar()
        if taken is None:
            connection.execute(_BEGIN_LOG, {"log_id": self._log_id})
            taken = connection.execute(_TAKE, {"of_log": self._log_id, "count": count}).scalar()
        return int(taken)  # type: ignore[arg-type]  # the row is there: it was written one line above

    def _find(self, connection: Connection, rows: Sequence[Row]) -> list[Known]:
        query = select(events.c.id, events.c.seq, events.c.once, events.c.canonical).where(
            events.c.log_id == self._log_id,
            or_(
                events.c.id.in_([row.id for row in rows]),
                events.c.once.in_([row.once for row in rows if row.once is not None]),
            ),
        )
        return [Known(*found) for found in connection.execute(query)]

    def _insert(self, connection: Connection, rows: Sequence[Row], first: int) -> None:
        log_id = self._log_id
        for start, size in powers_of_two(len(rows), LARGEST_STATEMENT):
            values: list[Any] = []
            for seq, row in enumerate(rows[start : start + size], first + start):
                values += (
                    log_id, seq, row.id, row.time, row.act, row.site, row.canonical, row.leaf, row.once
                )  # fmt: skip
            connection.exec_driver_sql(self._sql(events, size), tuple(values))
        bearing = [(seq, row) for seq, row in enumerate(rows, first) if row.salt is not None]
        for start, size in powers_of_two(len(bearing), LARGEST_STATEMENT):
            values = []
            for seq, row in bearing[start : start + size]:
                values += (log_id, seq, row.salt, row.visitor)
            connection.exec_driver_sql(self._sql(personal, size), tuple(values))

    def _sql(self, table: Table, size: int) -> str:
        key = (table.name, size)
        if key not in self._inserts:
            assert self._connection is not None  # noqa: S101 - for the type checker
            self._inserts[key] = statement(table, size, self._connection.dialect)
        return self._inserts[key]

    def _identity(self) -> tuple[int, int] | None:
        if self._file is None:
            return None
        found = self._file.stat()
        return found.st_dev, found.st_ino

    def _notice_replaced_file(self) -> None:
        # SQLite goes on writing to a file that was moved away or deleted: acknowledged, and gone.
        if self._connection is None or self._file is None:
            return
        try:
            same = self._identity() == self._inode
        except OSError:
            same = False
        if not same:
            logger.error("the file of the log was replaced or removed while it was open; opening it anew")
            self.close()
            self._stored.clear()


@dataclass(frozen=True, slots=True)
class Known:
    """An event that the log already holds."""

    id: str
    seq: int
    once: bytes | None
    canonical: bytes


def arrange(
    rows: Sequence[Row], found: Sequence[Known], first: int
) -> tuple[list[Row], list[Place | EventRefused]]:
    """Tell new rows from those that the log, or an earlier row of the batch, holds already. Pure.

    :param first: number of the first new row.
    :returns: the new rows in order, and for every row its place or why it cannot have one.
    """
    by_id = {known.id: known for known in found}
    by_once = {known.once: known for known in found if known.once is not None}
    fresh: list[Row] = []
    places: list[Place | EventRefused] = []
    for row in rows:
        known = by_id.get(row.id) or (by_once.get(row.once) if row.once is not None else None)
        if known is not None:
            places.append(_again(row, known))
            continue
        seq = first + len(fresh)
        fresh.append(row)
        places.append(Place(row.id, seq, True))
        by_id[row.id] = new = Known(row.id, seq, row.once, row.canonical)
        if row.once is not None:
            by_once[row.once] = new
    return fresh, places


def _again(row: Row, known: Known) -> Place | EventRefused:
    if row.id == known.id and not same_but_salt(row.canonical, known.canonical):
        return EventRefused("the id of the event stands for another event in this log")
    # The very bytes, with a salt that nobody else can have drawn: our own write, whose answer was lost.
    return Place(known.id, known.seq, row.canonical == known.canonical)


def powers_of_two(count: int, largest: int) -> Iterator[tuple[int, int]]:
    """Cut ``count`` into (start, size), each size a power of two up to ``largest``."""
    start = 0
    while start < count:
        size = min(largest, 1 << ((count - start).bit_length() - 1))
        yield start, size
        start += size


def statement(table: Table, size: int, dialect: Dialect) -> str:
    """The SQL that inserts ``size`` rows, its parameters in the order of rows and columns."""
    columns = [column.name for column in table.columns]
    values: list[dict[str, Any]] = [
        {name: bindparam(f"{name}_{row}") for name in columns} for row in range(size)
    ]
    return str(insert(table).values(values).compile(dialect=dialect))


_TAKE = (
    update(log_head)
    .where(log_head.c.log_id == bindparam("of_log"))
    .values(size=log_head.c.size + bindparam("count"))
    .returning(log_head.c.size)
)
_BEGIN_LOG = text("INSERT INTO log_head (log_id, size) VALUES (:log_id, 0) ON CONFLICT DO NOTHING")
_PAPER = text("INSERT INTO documents (kind, hash, body) VALUES (:kind, :hash, :body) ON CONFLICT DO NOTHING")


def _close(connection: Connection | None) -> None:
    """Close without a word: what is already broken must not hide what broke it."""
    if connection is not None:
        with suppress(DBAPIError, OSError):
            connection.invalidate()
        with suppress(DBAPIError, OSError):
            connection.close()


def _warn_unless_durable(connection: Connection) -> None:
    for setting in ("fsync", "synchronous_commit"):
        value = connection.execute(text(f"SHOW {setting}")).scalar()
        if value == "off":
            logger.warning(
                "PostgreSQL runs with %s=%s: events acknowledged here can be lost in a crash", setting, value
            )
