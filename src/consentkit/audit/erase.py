"""Forgetting: the personal part of events is deleted, and an event of its own says of which.

What goes is the visitor id and its salt. The events stay, with hashes that nobody can turn back, so that every number, leaf
and proof still holds; ``verify`` counts what was erased and by which event. What this cannot reach, the documentation
tells: backups, replicas, PostgreSQL's dead rows until ``VACUUM``, freed blocks of the disk.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, delete, select, tuple_

from consentkit.audit.batch import Recorded, Row, seal
from consentkit.audit.engine import STORE_ERRORS, cause, locate, reading
from consentkit.audit.errors import EventRefused, LogUnavailable
from consentkit.audit.event import Event, now, uuid7
from consentkit.audit.log import default_spool
from consentkit.audit.remains import holds
from consentkit.audit.retention import Borne, due, spans
from consentkit.audit.schema import documents, events, personal
from consentkit.audit.store import Store
from consentkit.core.duration import DAY
from consentkit.core.policy import BROWSER_CAP

LARGEST_REASON = 500
"""Characters."""
AT_ONCE = 5_000
"""Personal parts deleted in one transaction, for which decisions wait."""
MOST_RANGES = 200
"""Ranges that one event tells."""
PAGE = 2_000
"""Rows read together."""

Ranges = Sequence[tuple[int, int]]


class Erased(NamedTuple):
    """What was done.

    :param parts: personal parts deleted.
    :param records: the events that tell of it, in order; none where there was nothing to delete.
    """

    parts: int
    records: tuple[Recorded, ...]


def erase(
    url: str,
    log_id: str,
    visitor: str,
    *,
    reason: str = "",
    how: str = "command",
    spool: Path | None = None,
    timeout: float = 30.0,
) -> Erased:
    """Delete the id and the salt of every event of a visitor, and write one event ``erase``: all of it, or nothing.

    :param reason: told by that event; it must not say who was erased.
    :param how: where this was asked for: ``command`` or ``desk``.
    :param spool: where the site keeps what its store did not take, if not at the default place.
    :param timeout: seconds that a statement may wait.
    :raises EventRefused: the reason names the visitor, or is too long.
    :raises LogUnavailable: nothing was deleted; events of the visitor may still lie in the spool.
    """
    if not visitor or "\0" in visitor:
        return Erased(0, ())
    if visitor in reason or len(reason) > LARGEST_REASON:
        msg = f"the reason must not name the visitor, nor be longer than {LARGEST_REASON} characters"
        raise EventRefused(msg)
    if holds(spool or default_spool(url, log_id), visitor):
        msg = "events of this visitor wait in the spool: they are in the log once the site runs and reaches its store"
        raise LogUnavailable(msg)

    def theirs(connection: Connection) -> Ranges:
        query = select(personal.c.seq).where(personal.c.log_id == log_id, personal.c.visitor == visitor)
        return _consecutive(sorted(connection.execute(query).scalars()))

    with _Log(url, log_id, timeout).store() as store:
        return _forget(store, log_id, theirs, _telling("erase", how, reason))


def retain(
    url: str,
    log_id: str,
    keep: int,
    *,
    lifetime: int = 0,
    how: str = "command",
    only_count: bool = False,
    timeout: float = 30.0,
) -> Erased:
    """Delete the personal part of every consent that ended longer ago than it is to be kept; events ``retain`` say which.

    Goes in small transactions, so that decisions wait for none of it, and may be stopped and repeated.

    :param keep: seconds from the end of a consent.
    :param lifetime: seconds for which the site believes a choice now; the policies in the log tell how long it did before.
    :param only_count: count what would be deleted.
    :raises LogUnavailable: the rest was not deleted.
    """
    log = _Log(url, log_id, timeout)
    found = _due(log, now(), keep, lifetime)
    if only_count or not found:
        return Erased(len(found), ())
    statement = f"consents that ended more than {keep // DAY} days before"
    parts, records = 0, list[Recorded]()
    telling = _telling("retain", how, statement)
    with log.store() as store:
        for batch in _batches(found, _present(log, found)):
            done = _forget(store, log_id, partial(_chosen, batch), telling)
            parts += done.parts
            records += done.records
    return Erased(parts, tuple(records))


def _chosen(batch: Ranges, _connection: Connection) -> Ranges:
    return batch


class _Log(NamedTuple):
    """Which log, and seconds that a statement may wait."""

    url: str
    id: str
    timeout: float

    def read(self, query: Select[Any]) -> Sequence[Any]:
        try:
            with reading(locate(self.url), self.timeout).begin() as connection:
                return connection.execute(query).all()
        except STORE_ERRORS as error:
            msg = f"the log cannot be read: {cause(error)}"
            raise LogUnavailable(msg) from None

    @contextmanager
    def store(self) -> Iterator[Store]:
        store = Store(self.url, self.id, self.timeout)
        try:
            yield store
        finally:
            store.close()


def _telling(act: str, how: str, statement: str) -> Callable[[Ranges], Row]:
    def row(subject: Ranges) -> Row:
        event = Event(
            id=uuid7(),
            time=now(),
            site="",
            act=act,
            policy="",
            notice="",
            how=how,
            statement=statement,
            subject=tuple(subject),
        )
        return seal(event, None, b"")

    return row


def _forget(
    store: Store, log_id: str, choose: Callable[[Connection], Ranges], telling: Callable[[Ranges], Row]
) -> Erased:
    parts = 0

    def change(connection: Connection) -> list[Row]:
        nonlocal parts
        subject = choose(connection)
        for first, last in subject:
            parts += connection.execute(
                delete(personal).where(personal.c.log_id == log_id, personal.c.seq.between(first, last))
            ).rowcount
        return [telling(subject)] if parts else []

    records = store.change(change)
    return Erased(parts, tuple(records))


def _due(log: _Log, moment: int, keep: int, lifetime: int) -> array[int]:
    """Numbers of the events whose personal part need not be kept, in order; eight bytes each."""
    lifetimes = _lifetimes(log)
    longest = max([lifetime, *lifetimes.values()])

    def believed(policy: str) -> int:
        return longest if policy in lifetimes else max(longest, BROWSER_CAP)

    rows = _borne(log, moment - keep * 1_000_000)
    return array("q", sorted(due(rows, moment, keep, believed)))


def _lifetimes(log: _Log) -> dict[str, int]:
    """For how long a choice under each policy of the store may hold."""
    query = select(documents.c.hash, documents.c.body).where(documents.c.kind == "policy")
    found = {}
    for name, body in log.read(query):
        try:
            stated = json.loads(body)
            # Where jurisdictions are told apart, each has its own longest life.
            lifetime = None if stated.get("jurisdictions") else stated["lifetime"]
            found[name] = min(int(lifetime or BROWSER_CAP), BROWSER_CAP)
        except (ValueError, KeyError, TypeError):
            found[name] = BROWSER_CAP
    return found


def _borne(log: _Log, until: int) -> Iterator[Borne]:
    """Events that bear an id, up to a moment, by visitor."""
    query = (
        select(personal.c.visitor, personal.c.seq, events.c.time, events.c.act, events.c.canonical)
        .join_from(
            personal, events, (events.c.log_id == personal.c.log_id) & (events.c.seq == personal.c.seq)
        )
        .where(personal.c.log_id == log.id, events.c.time <= until)
        .order_by(personal.c.visitor, personal.c.seq)
        .limit(PAGE)
    )
    place: tuple[str, int] = ("", 0)
    while True:
        rows = log.read(query.where(tuple_(personal.c.visitor, personal.c.seq) > place))
        for row in rows:
            yield Borne(row.visitor, row.seq, row.time, row.act, _policy(row.canonical))
        if len(rows) < PAGE:
            return
        place = rows[-1].visitor, rows[-1].seq


def _policy(canonical: bytes) -> str:
    try:
        return str(json.loads(canonical)["policy"])
    except (ValueError, KeyError, TypeError):
        return ""  # damaged: kept for as long as any choice may hold


def _present(log: _Log, numbers: Sequence[int]) -> Iterator[int]:
    """Numbers of all events with a personal part, from the first of some numbers to the last."""
    query = select(personal.c.seq).where(personal.c.log_id == log.id, personal.c.seq <= numbers[-1])
    query = query.order_by(personal.c.seq).limit(PAGE)
    place = numbers[0] - 1
    while found := [row[0] for row in log.read(query.where(personal.c.seq > place))]:
        yield from found
        place = found[-1]


def _batches(numbers: Sequence[int], present: Iterator[int]) -> Iterator[Ranges]:
    batch: list[tuple[int, int]] = []
    held = 0
    for span in spans(numbers, present, AT_ONCE):
        batch.append((span.first, span.last))
        held += span.held
        if held >= AT_ONCE or len(batch) == MOST_RANGES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _consecutive(numbers: Sequence[int]) -> Ranges:
    runs = [list(run) for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return [(run[0][1], run[-1][1]) for run in runs]
