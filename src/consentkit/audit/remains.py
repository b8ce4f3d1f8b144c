"""What is left in a SQLite log's files of something that was deleted, and getting rid of it.

Deleted rows are overwritten with zeros (``secure_delete``), but a page that was once split, and the write-ahead log, may
hold an older copy. So the log is emptied after a deletion, and the files are searched.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from consentkit.audit.engine import cause, locate, sqlite_file
from consentkit.audit.errors import LogUnavailable

_CHUNK = 1 << 20
_BUSY = 0.1


def holds(file: Path, text: str) -> bool:
    """Whether the bytes of a text stand in a file; not where there is no such file.

    :raises LogUnavailable: it cannot be read.
    """
    wanted = text.encode()
    try:
        with file.open("rb") as stream:
            part = b""
            while chunk := stream.read(_CHUNK):
                part = part[max(0, len(part) - len(wanted) + 1) :] + chunk
                if wanted in part:
                    return True
    except FileNotFoundError:
        return False
    except OSError as error:
        msg = f"{file.name} cannot be searched: {cause(error)}"
        raise LogUnavailable(msg) from None
    return False


def files(url: str, spool: Path) -> list[Path]:
    """Every file in which a log keeps a visitor's id; for PostgreSQL those of the spool alone."""
    database = sqlite_file(locate(url))
    own = [] if database is None else [database, database.with_name(f"{database.name}-wal")]
    return [*own, spool, spool.with_name(f"{spool.name}.damaged")]


def settle(url: str, timeout: float, *, vacuum: bool = False) -> bool:
    """Move what the write-ahead log holds into the database and empty it; nothing to do for PostgreSQL.

    :param timeout: seconds to wait for those who read or write.
    :param vacuum: write the whole database anew, which shuts others out while it lasts.
    :returns: whether it is empty; not where somebody reads from it all the time.
    :raises LogUnavailable: the database could not be written.
    """
    database = sqlite_file(locate(url))
    if database is None:
        return True
    address = f"file:{quote(str(database))}?mode=rw"
    deadline = time.monotonic() + timeout
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=timeout, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete=ON")
            if vacuum:
                connection.execute("VACUUM")
            while True:
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                if not busy or time.monotonic() > deadline:
                    return not busy
                time.sleep(_BUSY)
    except sqlite3.Error as error:
        msg = f"the database could not be written anew: {cause(error)}"
        raise LogUnavailable(msg) from None
