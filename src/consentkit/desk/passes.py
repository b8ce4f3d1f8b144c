"""What lets somebody in: one-time links, sessions and tokens, as rows of ``desk_access``.

What is handed out is 32 random bytes as text; the store holds its SHA-256 alone, so that who reads the store gets in nowhere.
A row ends by being used up, signed out of or revoked; it is never deleted, so that one can see who could look and when.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, insert, select, update

from consentkit.audit.engine import connected, locate, reading, writing
from consentkit.audit.errors import LogUnavailable
from consentkit.audit.event import now
from consentkit.audit.schema import desk_access
from consentkit.audit.store import Store
from consentkit.core.duration import DAY

SECOND = 1_000_000
"""Microseconds."""
LINK_LIFETIME = 15 * 60
SESSION_LIFETIME = 12 * 3600
"""Seconds. OWASP's session management advice names 4 to 8 hours for an office day, 15 to 30 minutes idle."""
IDLE = 30 * 60
"""Seconds after which a session that nobody used has ended."""
TOKEN_LIFETIME = 90 * DAY
SEEN_EVERY = 60
"""Seconds between two notes that a session is in use."""
LONGEST_SECRET = 128
"""Characters of a text that is looked up at all."""
SHOWN = 12
"""Characters of a row's id by which commands name it."""
TROUBLE = "the store does not say who may look"


class Kind(StrEnum):
    """What a row stands for."""

    LINK = "link"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a kind of pass


class Pass(NamedTuple):
    """A row. Times in microseconds since 1970, UTC.

    :param id: hash of what was handed out.
    :param ended: when it was used up or ended by somebody; ``None`` while it was not.
    """

    id: str
    kind: Kind
    role: str
    made: int
    until: int
    seen: int
    ended: int | None

    def open_at(self, moment: int) -> bool:
        """Whether it lets somebody in at a moment."""
        if self.ended is not None or moment >= self.until:
            return False
        return self.kind is not Kind.SESSION or moment - self.seen < IDLE * SECOND


class Passes:
    """The passes of one log.

    :param timeout: seconds that a statement may wait.
    """

    def __init__(self, url: str, log_id: str, *, timeout: float = 5.0) -> None:
        self._url = url
        self._where = locate(url)
        self._log_id = log_id
        self._timeout = timeout
        self.opened = False

    def open(self) -> None:
        """Bring a SQLite log's schema up to date, or make it; only check another's.

        :raises AuditError: it cannot be used.
        """
        if self.opened:
            return
        store = Store(self._url, self._log_id, self._timeout)
        try:
            store.open()
        finally:
            store.close()
        self.opened = True

    def issue(self, kind: Kind, role: str, seconds: int) -> str:
        """A new pass; what is handed out. It is told here once and stands nowhere.

        :raises LogUnavailable: the store did not take it.
        """
        secret = secrets.token_urlsafe(32)
        with self._writing() as connection:
            self._add(connection, secret, kind, role, seconds)
        return secret

    def exchange(self, link: str) -> tuple[str, str] | None:
        """Use up a link; the secret and the role of the session that it opens. ``None``: no link, or no longer one.

        :raises LogUnavailable: nothing was used up.
        """
        moment = now()
        with self._writing() as connection:
            row = self._row(connection, Kind.LINK, link)
            if row is None or not row.open_at(moment):
                return None
            # Two may come at once: only one of them ends it.
            if not self._end(connection, moment, desk_access.c.id == row.id):
                return None
            session = secrets.token_urlsafe(32)
            self._add(connection, session, Kind.SESSION, row.role, SESSION_LIFETIME)
            return session, row.role

    def role_of(self, kind: Kind, secret: str) -> str | None:
        """Whom a pass lets in now.

        :raises LogUnavailable: the store does not say.
        """
        moment = now()
        with self._reading() as connection:
            row = self._row(connection, kind, secret)
        if row is None or not row.open_at(moment):
            return None
        if moment - row.seen > SEEN_EVERY * SECOND:
            with suppress(
                LogUnavailable
            ):  # a store too busy to be written must not keep anybody from reading
                self._see(row.id, moment)
        return row.role

    def end(self, kind: Kind, secret: str) -> None:
        """Sign out.

        :raises LogUnavailable: it is not ended.
        """
        with self._writing() as connection:
            self._end(connection, now(), and_(desk_access.c.kind == kind, desk_access.c.id == _hash(secret)))

    def open_ones(self) -> Sequence[Pass]:
        """All that let somebody in now, oldest first."""
        moment = now()
        with self._reading() as connection:
            rows = connection.execute(
                _query().where(self._mine(), desk_access.c.ended.is_(None)).order_by(desk_access.c.made)
            ).all()
        return [row for row in map(_pass, rows) if row.open_at(moment)]

    def revoke(self, beginning: str | None = None) -> int:
        """End those whose id begins so, or all; how many.

        :raises LogUnavailable: none was ended.
        """
        which = desk_access.c.id.startswith(beginning or "", autoescape=True)
        ids = [row.id for row in self.open_ones()]
        with self._writing() as connection:
            return self._end(connection, now(), and_(which, desk_access.c.id.in_(ids)))

    def _add(self, connection: Connection, secret: str, kind: Kind, role: str, seconds: int) -> None:
        moment = now()
        values = Pass(_hash(secret), kind, role, moment, moment + seconds * SECOND, moment, None)
        connection.execute(insert(desk_access).values(log_id=self._log_id, **values._asdict()))

    def _see(self, name: str, moment: int) -> None:
        query = update(desk_access).where(self._mine(), desk_access.c.id == name)
        with self._writing() as connection:
            connection.execute(query.values(seen=moment))

    def _end(self, connection: Connection, moment: int, which: ColumnElement[bool]) -> int:
        query = update(desk_access).where(self._mine(), which, desk_access.c.ended.is_(None))
        return connection.execute(query.values(ended=moment)).rowcount

    def _row(self, connection: Connection, kind: Kind, secret: str) -> Pass | None:
        if not secret or len(secret) > LONGEST_SECRET:
            return None
        query = _query().where(self._mine(), desk_access.c.kind == kind, desk_access.c.id == _hash(secret))
        row = connection.execute(query).one_or_none()
        return None if row is None else _pass(row)

    def _mine(self) -> ColumnElement[bool]:
        return desk_access.c.log_id == self._log_id

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with connected(reading(self._where, self._timeout), TROUBLE) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self.open()
        with connected(writing(self._where, self._timeout), TROUBLE) as connection:
            yield connection


def _query() -> Select[tuple[object, ...]]:
    return select(*(desk_access.c[name] for name in Pass._fields))


def _pass(row: Row[tuple[object, ...]]) -> Pass:
    found = Pass._make(row)
    return found._replace(kind=Kind(found.kind))


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
