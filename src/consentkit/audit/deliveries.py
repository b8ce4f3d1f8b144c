"""Telling a webhook of withdrawals and erasures: each at least once, by one process of all that share the log.

Whoever holds the lease follows the log from where the last one came to, and enters what is to be told in ``deliveries``, in
the transaction that moves the place: nothing is lost between the two. Then it tells what is due. Rows hold numbers of
events and nothing personal; a message is made of the log as it is when it is sent. A try that fails is repeated over three
days, then given up, with one line in the log of the process.

What happened before the webhook was first configured is not told.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from consentkit.audit.background import Background
from consentkit.audit.engine import connected, locate, writing
from consentkit.audit.errors import LogLocationError
from consentkit.audit.event import VISITORS_ACTS, now
from consentkit.audit.finding import StoredEvent
from consentkit.audit.lease import Lease
from consentkit.audit.reader import Reader
from consentkit.audit.schema import deliveries, events, followers, personal
from consentkit.audit.webhook import MOST_IDS, Answer, Webhook, closed, erasure, post, withdrawal

logger = logging.getLogger(__name__)

AGAIN = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds from a failed try to the next; after the last it is given up. As the specification advises (checked 2026-11)."""
JITTER = 0.2
"""Of such a pause, more or less: what failed together is not tried together again."""
KEPT = 90 * 86_400
"""Seconds for which what has ended is kept for people to see."""
PAUSE = 2.0
"""Seconds between looks."""
LEASE = 60.0
GRACE = 1.0
"""Seconds that the end of a process waits for a message that is on its way."""
PAGE = 500
AT_ONCE = 50
"""Messages between two looks at the log."""
DAMAGED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading an event ends in that was changed in the store: it must not keep others from being told of."""
_SECOND = 1_000_000
_TOLD = ("withdraw", "reject", "save", "erase")


class Delivery(NamedTuple):
    """A message, for people to see. Times in microseconds since 1970, UTC.

    :param hook: which webhook, as :attr:`consentkit.audit.webhook.Webhook.id` names it.
    :param seq: the event that it is about.
    :param tries: how often it was tried.
    :param due: the next try; ``None`` once it has ended.
    :param ended: when it was taken or given up.
    :param outcome: what came of the last try, in a few words.
    """

    hook: str
    seq: int
    made: int
    tries: int
    due: int | None
    ended: int | None
    outcome: str


def newest(reader: Reader, most: int = 50) -> list[Delivery]:
    """The newest messages, newest first.

    :raises LogUnavailable: the store cannot be read.
    """
    query = _query().where(deliveries.c.log_id == reader.log_id)
    found = reader.ask(query.order_by(deliveries.c.made.desc(), deliveries.c.seq.desc()).limit(most))
    return [Delivery._make(row) for row in found]


class Teller(Background):
    """A thread that tells a webhook. Made in the process that uses it."""

    def __init__(self, url: str, log_id: str, hook: Webhook) -> None:
        self._outbox = Outbox(url, log_id, hook)
        self._lease: Lease | None = None
        self._named = url, log_id, f"webhook {hook.id}"
        super().__init__(
            "consentkit-webhook", PAUSE, look=self._tell, leave=self._give_back, trouble="the webhook"
        )

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end, but not for a receiver that does not answer: it is told again later."""
        return super().join(GRACE if timeout is None else min(timeout, GRACE))

    def _tell(self) -> None:
        if self._lease is None:
            try:
                Reader(*self._named[:2])  # refuses a store whose schema is not ours
            except LogLocationError:
                return  # nothing was written to this log yet
            self._lease = Lease(*self._named, LEASE)
        if not self._lease.take():
            return
        self._outbox.enter()
        for seq in self._outbox.due(AT_ONCE):
            # A slow receiver must not outlast the lease, nor hold up a fork or the end of the process.
            if self.hurried or not self._lease.take() or not self._outbox.send(seq):
                return

    def _give_back(self) -> None:
        if self._lease is not None:
            self._lease.release()


class Outbox:
    """What one webhook is to be told of one log. Used by one thread at a time."""

    def __init__(self, url: str, log_id: str, hook: Webhook, *, timeout: float = 5.0) -> None:
        self._url, self._log_id, self._hook = url, log_id, hook
        self._engine = writing(locate(url), timeout)
        self._mine = (deliveries.c.log_id == log_id) & (deliveries.c.hook == hook.id)
        self._place = (followers.c.log_id == log_id) & (followers.c.name == f"webhook {hook.id}")

    def enter(self) -> None:
        """Follow the log to its end, and enter what is to be told.

        :raises LogUnavailable: what was not entered is, the next time.
        """
        reader = Reader(self._url, self._log_id)
        size = reader.size()
        while (place := self._came_to(size)) < size:
            last = min(size, place + PAGE)
            numbers = [row.seq for row in _between(reader, place, last) if _is_told(reader, row)]
            self._advance(place, last, numbers)

    def due(self, most: int) -> list[int]:
        """Events to be told now, those that wait longest first."""
        query = select(deliveries.c.seq).where(self._mine, deliveries.c.due <= now())
        with self._connected() as connection:
            connection.execute(
                delete(deliveries).where(self._mine, deliveries.c.ended < now() - KEPT * _SECOND)
            )
            return list(connection.execute(query.order_by(deliveries.c.due).limit(most)).scalars())

    def send(self, seq: int) -> bool:
        """Tell of one event; whether there is sense in telling of others now."""
        reader = Reader(self._url, self._log_id)
        row = next(reader.events(seq, seq), None)
        if row is None:
            self._end(seq, 0, Answer(False, True, "no such event"))
            return True
        try:
            body = message(reader, row)
        except DAMAGED:
            self._end(seq, 0, Answer(False, True, "the event is damaged"))
            return True
        answer = post(self._hook, row.id, now() // _SECOND, body)
        with self._connected() as connection:
            tries = connection.execute(
                select(deliveries.c.tries).where(self._mine, deliveries.c.seq == seq)
            ).scalar()
        self._end(seq, (tries or 0) + 1, answer)
        return answer.over

    def _end(self, seq: int, tries: int, answer: Answer) -> None:
        moment = now()
        over = answer.over or tries > len(AGAIN)
        if over and not answer.taken:
            logger.error("a webhook was not told of event %d: given up (%s)", seq, answer.outcome)
        elif not over:
            logger.warning("a webhook was not told of event %d yet (%s)", seq, answer.outcome)
        pause = 0 if over else AGAIN[tries - 1] * (1 + random.uniform(-JITTER, JITTER))  # noqa: S311 - no secret
        values = {
            "tries": tries,
            "outcome": answer.outcome,
            "due": None if over else moment + int(pause * _SECOND),
            "ended": moment if over else None,
        }
        with self._connected() as connection:
            connection.execute(update(deliveries).where(self._mine, deliveries.c.seq == seq).values(**values))

    def _came_to(self, size: int) -> int:
        """The last number looked at; where this begins, the end of the log."""
        with self._connected() as connection:
            place = connection.execute(select(followers.c.place).where(self._place)).scalar()
            if place is None:
                values = {"log_id": self._log_id, "name": f"webhook {self._hook.id}", "place": size}
                connection.execute(insert(followers).values(values))
                return size
            return int(place)

    def _advance(self, place: int, last: int, numbers: Sequence[int]) -> None:
        moment = now()
        rows = [
            {
                "log_id": self._log_id,
                "hook": self._hook.id,
                "seq": seq,
                "made": moment,
                "tries": 0,
                "due": moment,
            }
            | {"ended": None, "outcome": ""}
            for seq in numbers
        ]
        with self._connected() as connection:
            moved = connection.execute(
                update(followers).where(self._place, followers.c.place == place).values(place=last)
            )
            if moved.rowcount and rows:  # else another one, whose lease ran out, was here
                connection.execute(insert(deliveries), rows)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with connected(self._engine, "the store does not say what is to be told") as connection:
            yield connection


def message(reader: Reader, row: StoredEvent) -> bytes:
    """What a webhook is told of an event, as the log is now."""
    event = json.loads(row.canonical)
    if row.act != "erase":
        try:
            shut = closed(_before(reader, row), event)
        except DAMAGED:  # of the two, the one before
            shut = closed(None, event)
        return withdrawal(reader.log_id, row.seq, event, row.visitor, shut)
    ids: list[str] = []
    for first, last in event.get("subject", []):
        query = select(events.c.id).where(events.c.log_id == reader.log_id, events.c.seq.between(first, last))
        ids += [name for (name,) in reader.ask(query.order_by(events.c.seq).limit(MOST_IDS + 1 - len(ids)))]
        if len(ids) > MOST_IDS:
            break
    return erasure(reader.log_id, row.seq, event, ids[:MOST_IDS], more=len(ids) > MOST_IDS)


def _between(reader: Reader, after: int, last: int) -> list[StoredEvent]:
    """Events that may have to be told of."""
    query = reader.stored().where(events.c.seq > after, events.c.seq <= last, events.c.act.in_(_TOLD))
    return [StoredEvent._make(row) for row in reader.ask(query.order_by(events.c.seq))]


def _is_told(reader: Reader, row: StoredEvent) -> bool:
    if row.act in ("withdraw", "erase"):
        return True
    if row.visitor is None:
        return False  # who refuses without an id had granted nothing
    try:
        before = _before(reader, row)
        return before is not None and any(closed(before, json.loads(row.canonical)).values())
    except DAMAGED:
        return True


def _before(reader: Reader, row: StoredEvent) -> Mapping[str, Any] | None:
    """What the visitor's choice before says; ``None`` where there is none that is known to be theirs."""
    if row.visitor is None:
        return None
    numbers = select(personal.c.seq).where(
        personal.c.log_id == reader.log_id, personal.c.visitor == row.visitor, personal.c.seq < row.seq
    )
    query = select(events.c.canonical).where(
        events.c.log_id == reader.log_id, events.c.seq.in_(numbers), events.c.act.in_(VISITORS_ACTS)
    )
    found = reader.ask(query.order_by(events.c.seq.desc()).limit(1))
    return json.loads(found[0][0]) if found else None


def _query() -> Any:
    return select(*(deliveries.c[name] for name in Delivery._fields))
