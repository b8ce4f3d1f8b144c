"""Appending to a log: one batch, one transaction, numbers without gaps, on SQLite and PostgreSQL alike.

When :meth:`Store.append` returns, everything it was given is durable. When it raises, nothing it was given is, except
after :class:`ConnectionLost`: then only ``look=True`` on a new connection tells.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, count, repeat
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError

from consentkit.audit.batch import Known, Recorded, Row, arrange, cut
from consentkit.audit.engine import STORE_ERRORS, cause, locate, sqlite_file, writing
from consentkit.audit.errors import EventRefused, LogUnavailable
from consentkit.audit.event import Document
from consentkit.audit.merkle import Edge, ProofError
from consentkit.audit.rollup import tally
from consentkit.audit.schema import counts, events, log_head, personal, rollups, subtrees
from consentkit.audit.supersede import key_of, without_keys_of
from consentkit.audit.upgrade import migrate, require
from consentkit.audit.upsert import adding

logger = logging.getLogger(__name__)

LARGEST_STATEMENT = 256  # rows: 2,304 parameters; SQLite takes 32,766 since 3.32, PostgreSQL 65,535
"""A batch is cut into powers of two up to this, and its last few rows: twenty statements, prepared once, serve every size."""


class Clash(Exception):  # noqa: N818 - a signal between two methods, not an error of the log
    """An id or a ``once`` of the batch is there already: look, then append."""


class ConnectionLost(LogUnavailable):
    """The connection broke: what it was told last may have been done, or not."""


class Unreachable(LogUnavailable):
    """No connection could be made, to a server that may be back in a moment. Nothing was done."""


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
        self._sql: Statements
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
        except STORE_ERRORS as error:
            _close(connection)
            msg = f"the log cannot be opened: {cause(error)}"
            # A server that restarts is back in a moment; a file that cannot be opened now cannot be in a moment either.
            raise (Unreachable if self._file is None else LogUnavailable)(msg) from None
        except BaseException:
            _close(connection)
            raise
        self._connection = connection
        self._sql = Statements(connection.dialect)
        self._inode = self._identity()

    def close(self) -> None:
        """Let go of the connection; the next :meth:`append` makes a new one."""
        connection, self._connection = self._connection, None
        _close(connection)

    def append(
        self,
        rows: Sequence[Row],
        papers: Sequence[Document] = (),
        *,
        look: bool = False,
        committing: Callable[[], None] | None = None,
    ) -> list[Recorded | EventRefused]:
        """Write a batch, durably.

        :param look: first look for ids and ``once`` keys that are there already.
        :returns: for each row its place, or why it cannot have one.
        :raises Clash: without ``look``: something of the batch is there already. Nothing was written.
        :raises LogUnavailable: nothing was written.
        :raises ConnectionLost: whether something was written is not known.
        """
        with self._transaction() as connection:
            places = self._write(connection, rows, papers, look=look)
            if committing is not None:
                committing()
        self._stored.update((paper.kind, paper.hash) for paper in papers)
        return places

    def change(self, change: Callable[[Connection], Sequence[Row]]) -> list[Recorded]:
        """Change what lies beside the tree, and append the events that tell of it, in one transaction.

        :param change: called while no other writer of this log can come between; returns the events, if any.
        :raises LogUnavailable: nothing was done, or, for :class:`ConnectionLost`, perhaps.
        """
        with self._transaction() as connection:
            self._take(connection, 0)
            rows = change(connection)
            places = self._write(connection, rows, (), look=False) if rows else []
        return [place for place in places if isinstance(place, Recorded)]

    def places(self, ids: Sequence[str]) -> dict[str, int]:
        """Numbers of those of these events that are in the log; the others are not on their way either.

        :raises LogUnavailable: the store cannot tell.
        """
        query = select(events.c.id, events.c.seq).where(events.c.log_id == self._log_id, events.c.id.in_(ids))
        with self._transaction() as connection:
            # A connection that broke in its commit held the head: whoever has it now sees what became of that.
            self._take(connection, 0)
            return {found.id: found.seq for found in connection.execute(query)}

    def count(self, day: int, numbers: Mapping[tuple[str, str, str], int]) -> None:
        """Add to the counts of a day.

        :param day: days since 1970, UTC.
        :param numbers: by kind, name and rule.
        :raises LogUnavailable: nothing was written, or, for :class:`ConnectionLost`, perhaps.
        """
        rows = [(self._log_id, day, *key, n) for key, n in sorted(numbers.items())]
        with self._transaction() as connection:
            self._insert_into(connection, counts, rows)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Commit what is done within. What goes wrong leaves as one of the errors that :meth:`append` tells."""
        self._notice_replaced_file()
        self.open()
        assert self._connection is not None  # noqa: S101 - for the type checker: open() raises or connects
        written = False
        try:
            transaction = self._connection.begin()
            yield self._connection
            written = True
            transaction.commit()
        except (IntegrityError, self._sql.driver.IntegrityError):
            self._roll_back()
            raise Clash from None
        except ProofError:
            self._roll_back()
            msg = "the head of the log is damaged: `consentkit audit verify` says what is wrong"
            raise LogUnavailable(msg) from None
        except (DBAPIError, self._sql.driver.Error, OSError) as error:
            lost = written or self._lost(error)
            # Never again on this connection: after an I/O error SQLite's and the server's view may differ from ours.
            self.close()
            kind = ConnectionLost if lost else LogUnavailable
            msg = f"the store did not take the event: {cause(error)}"
            raise kind(msg) from None

    def _roll_back(self) -> None:
        try:
            if self._connection is not None:
                self._connection.rollback()
        except STORE_ERRORS:
            self.close()

    def _lost(self, error: Exception) -> bool:
        if isinstance(error, DBAPIError):
            return error.connection_invalidated
        connection = self._connection
        if connection is None or not isinstance(error, self._sql.driver.Error):
            return False
        return connection.dialect.is_disconnect(error, connection.connection, None)

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
    ) -> list[Recorded | EventRefused]:
        fresh, places = rows, None
        if look:
            size, _ = self._take(connection, 0)  # from here on no other writer of this log can come between
            found = self._find(connection, rows)
            unheld = without_keys_of(rows, found, self._superseded(connection, found))
            fresh, places = arrange(unheld, found, size + 1)
        last, edge = self._take(connection, len(fresh))
        first = last - len(fresh) + 1
        if fresh:
            self._insert(connection, fresh, first)
            self._grow(connection, fresh, Edge(first - 1, edge))
        for paper in papers:
            if (paper.kind, paper.hash) not in self._stored:
                connection.execute(_PAPER, {"kind": paper.kind, "hash": paper.hash, "body": paper.body})
        if places is None:
            return list(map(Recorded, [row.id for row in rows], count(first), repeat(True)))
        return places

    def _take(self, connection: Connection, numbers: int) -> tuple[int, bytes]:
        """Take the head row until the transaction ends, and the next numbers.

        :returns: the last number taken, and the edge of the tree as it was before.
        """
        cursor = self._sql.cursor(connection)
        cursor.execute(self._sql.take, (numbers, self._log_id))
        taken = cursor.fetchone()
        if taken is None:
            connection.execute(_BEGIN_LOG, {"log_id": self._log_id})
            return self._take(connection, numbers)
        return int(taken[0]), bytes(taken[1] or b"")

    def _find(self, connection: Connection, rows: Sequence[Row]) -> list[Known]:
        query = select(events.c.id, events.c.seq, events.c.once, events.c.canonical).where(
            events.c.log_id == self._log_id,
            or_(
                events.c.id.in_([row.id for row in rows]),
                events.c.once.in_([row.once for row in rows if row.once is not None]),
            ),
        )
        return [Known(*found) for found in connection.execute(query)]

    def _superseded(self, connection: Connection, found: Sequence[Known]) -> set[bytes | None]:
        keys = [key_of(known.id) for known in found if known.once is not None]
        query = select(events.c.once).where(events.c.log_id == self._log_id, events.c.once.in_(keys))
        return set(connection.execute(query).scalars()) if keys else set()

    def _insert(self, connection: Connection, rows: Sequence[Row], first: int) -> None:
        columns = list(zip(*rows, strict=True))
        numbered = list(zip(repeat(self._log_id), count(first), *columns[:7], strict=False))
        self._insert_into(connection, events, numbered)
        bearing = [
            (self._log_id, seq, row.salt, row.visitor)
            for seq, row in enumerate(rows, first)
            if row.salt is not None
        ]
        self._insert_into(connection, personal, bearing)

    def _grow(self, connection: Connection, rows: Sequence[Row], edge: Edge) -> None:
        """Append the leaves to the tree, and count the events."""
        full = edge.extend([row.leaf for row in rows])
        cursor = self._sql.cursor(connection)
        cursor.execute(self._sql.grow, (bytes(edge), self._log_id))
        self._insert_into(connection, subtrees, [(self._log_id, *part) for part in full])
        counted = tally((row.told, row.after_ms) for row in rows)
        self._insert_into(
            connection, rollups, [(self._log_id, *key, *count) for key, count in counted.items()]
        )

    def _insert_into(
        self, connection: Connection, table: Table, values: Sequence[tuple[object, ...]]
    ) -> None:
        cursor = self._sql.cursor(connection)
        for start, size in cut(len(values), LARGEST_STATEMENT):
            flat = tuple(chain.from_iterable(values[start : start + size]))
            cursor.execute(self._sql.insert(table, size), flat)

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


class Statements:
    """The SQL of the way that every event takes, compiled once for a dialect; parameters by position.

    It goes straight to the driver's cursor: of a batch of 16, a fifth was SQLAlchemy's execution of four statements. To
    PostgreSQL it is written in the server's own placeholders, since psycopg looks for any other in the whole text at each
    execution: half the time of a batch.
    """

    def __init__(self, dialect: Dialect) -> None:
        assert dialect.dbapi is not None  # noqa: S101 - for the type checker: an engine has a driver
        self.driver = dialect.dbapi
        self._raw = dialect.name == "postgresql"
        if self._raw:
            dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        self._dialect = dialect
        self._inserts: dict[tuple[str, int], str] = {}
        take = (
            update(log_head)
            .values(size=log_head.c.size + bindparam("numbers"))
            .where(log_head.c.log_id == bindparam("of_log"))
            .returning(log_head.c.size, log_head.c.edge)
        )
        grow = update(log_head).values(edge=bindparam("edge")).where(log_head.c.log_id == bindparam("of_log"))
        self.take, self.grow = (str(statement.compile(dialect=dialect)) for statement in (take, grow))

    def cursor(self, connection: Connection) -> Any:
        """A cursor that takes these statements."""
        own = connection.connection
        return self.driver.RawCursor(own.driver_connection) if self._raw else own.cursor()

    def insert(self, table: Table, size: int) -> str:
        """An insert of ``size`` rows, its parameters in the order of rows, then columns."""
        key = (table.name, size)
        if key not in self._inserts:
            self._inserts[key] = self._compile(table, size)
        return self._inserts[key]

    def _compile(self, table: Table, size: int) -> str:
        names = [column.name for column in table.columns]
        values: list[dict[str, Any]] = [
            {name: bindparam(f"{name}_{row}") for name in names} for row in range(size)
        ]
        statement = (
            adding(self._dialect, table, values) if table in _GROWING else insert(table).values(values)
        )
        return str(statement.compile(dialect=self._dialect))


_GROWING = (rollups, counts)
_BEGIN_LOG = text("INSERT INTO log_head (log_id, size) VALUES (:log_id, 0) ON CONFLICT DO NOTHING")
_PAPER = text("INSERT INTO documents (kind, hash, body) VALUES (:kind, :hash, :body) ON CONFLICT DO NOTHING")


def _close(connection: Connection | None) -> None:
    """Close without a word: what is already broken must not hide what broke it."""
    if connection is not None:
        with suppress(*STORE_ERRORS):
            connection.invalidate()
        with suppress(*STORE_ERRORS):
            connection.close()


def _warn_unless_durable(connection: Connection) -> None:
    for setting in ("fsync", "synchronous_commit"):
        value = connection.execute(text(f"SHOW {setting}")).scalar()
        if value == "off":
            logger.warning(
                "PostgreSQL runs with %s=%s: events acknowledged here can be lost in a crash", setting, value
            )
