"""Where a log lives: a URL becomes an engine with the settings that durability asks for, and its errors get safe names.

SQLite: WAL, ``synchronous=FULL``, and for a writer ``BEGIN IMMEDIATE`` always: a transaction that starts as a reader
fails at once when it turns writer behind another one, whatever the time-out says.
PostgreSQL: by ``postgresql://``, the driver chosen here; time-outs are set on the server's side of each connection.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from consentkit.audit.errors import AuditError, LogLocationError, LogUnavailable

STORE_ERRORS = (DBAPIError, sqlite3.Error, OSError)
"""What opening a store may raise: SQLite's own errors too, from the settings made as a connection begins."""

_NEW_FILE = 2.0
"""Seconds to wait for whoever makes the file."""

POSTGRESQL = "postgresql"
SQLITE = "sqlite"


def locate(url: str) -> URL:
    """The URL with the driver that we use.

    :raises LogLocationError: it does not parse, or names another kind of store, or a SQLite log without a file.
    """
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        msg = "the URL of the log does not parse: expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        raise LogLocationError(msg) from None
    kind = {"postgres": POSTGRESQL}.get(found.get_backend_name(), found.get_backend_name())
    if kind == POSTGRESQL:
        return found.set(drivername="postgresql+psycopg")
    if kind != SQLITE:
        msg = f"a log cannot live in {kind!r}: expected sqlite or postgresql"
        raise LogLocationError(msg)
    if found.database in (None, "", ":memory:"):
        msg = "a log in memory would not outlive its process: expected sqlite:///FILE"
        raise LogLocationError(msg)
    return found.set(drivername="sqlite+pysqlite")


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite log; ``None`` for another store."""
    return Path(url.database or "") if url.get_backend_name() == SQLITE else None


def writing(url: URL, timeout: float) -> Engine:
    """An engine for the one connection of a writer.

    :param timeout: seconds that one statement may wait for a lock or an answer.
    """
    path = sqlite_file(url)
    if path is None:
        return _postgresql(url, timeout)
    _create_private(path)
    engine = _sqlite(f"file:{quote(str(path))}?mode=rw", timeout)
    event.listen(engine, "connect", _make_durable)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reading(url: URL, timeout: float) -> Engine:
    """An engine that cannot write and never creates a file."""
    path = sqlite_file(url)
    if path is None:
        engine = _postgresql(url, timeout)
        return engine.execution_options(postgresql_readonly=True)
    engine = _sqlite(f"file:{quote(str(path))}?mode=ro", timeout)
    event.listen(engine, "begin", _begin)
    return engine


def cause(error: BaseException) -> str:
    """A short name for what a store said: never its text, which may hold an address or a row."""
    if isinstance(error, AuditError):
        return str(error)
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    if isinstance(origin, OSError) and origin.errno is not None:
        code = os.strerror(origin.errno)
    return f"{type(origin).__name__} ({code})" if code else type(origin).__name__


@contextmanager
def connected(engine: Engine, trouble: str) -> Iterator[Connection]:
    """One transaction of a store.

    :param trouble: what it could not do, for whoever reads the error.
    :raises LogUnavailable: the store did not answer.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except STORE_ERRORS as error:
        msg = f"{trouble}: {cause(error)}"
        raise LogUnavailable(msg) from None


def _sqlite(address: str, timeout: float) -> Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level=None: the driver starts no transaction of its own, BEGIN is ours.
        return sqlite3.connect(
            address,
            uri=True,
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=128,
        )

    return create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)


def _postgresql(url: URL, timeout: float) -> Engine:
    milliseconds = max(1, int(timeout * 1000))
    options = (
        f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
        f" -c idle_in_transaction_session_timeout={10 * milliseconds}"
    )
    arguments: dict[str, Any] = {
        "connect_timeout": max(2, round(timeout)),  # libpq takes whole seconds, and 2 at least
        "options": " ".join(filter(None, (str(url.query.get("options", "")), options))),
        "application_name": "consentkit",
    }
    return create_engine(
        url.difference_update_query(["options"]),
        connect_args=arguments,
        poolclass=NullPool,
        hide_parameters=True,
        paramstyle="format",
    )


def _create_private(path: Path) -> None:
    # Visitor ids stand in this file: nobody but its owner reads it unless told so. SQLite gives -wal and -shm the
    # same mode.
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _make_durable(connection: sqlite3.Connection, _record: object) -> None:
    deadline = time.monotonic() + _NEW_FILE
    while not _in_wal_mode(connection, last_try=time.monotonic() > deadline):
        time.sleep(0.01)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten with zeros


def _in_wal_mode(connection: sqlite3.Connection, *, last_try: bool) -> bool:
    """Change to the mode unless another did; whether it is in force. SQLite does not wait for a lock here by itself, and
    workers that start together on a new file find it locked by the one that changes it.
    """
    try:
        if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            return True
        return connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",) or last_try
    except sqlite3.OperationalError as error:
        if last_try or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False


def _begin_immediate(connection: Connection) -> None:
    connection.connection.cursor().execute("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
