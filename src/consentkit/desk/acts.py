"""What an officer does to people's records stands in the log as well: looking up, handing out, erasing."""

from __future__ import annotations

from collections.abc import Iterable

from consentkit.audit.event import Event, now, uuid7
from consentkit.audit.finding import StoredEvent
from consentkit.desk.page import Visit
from consentkit.desk.told import ranges_of

Subject = tuple[tuple[int, int], ...]
MOST_RANGES = 200
"""Ranges that one event tells; beyond it their first and last number."""


async def look_up(visit: Visit, rows: Iterable[StoredEvent], statement: str = "") -> None:
    """Note that somebody's events were looked at.

    :param statement: what for; nothing personal.
    :raises AuditError: the log does not take it; nothing may be shown then.
    """
    await _note(visit, "look-up", ranges_of(rows), statement)


async def export(visit: Visit, rows: Iterable[StoredEvent], statement: str = "") -> None:
    """Note that somebody's events were handed out.

    :param statement: to whom, or in which form; nothing personal.
    :raises AuditError: the log does not take it; nothing may be handed out then.
    """
    await hand_over(visit, ranges_of(rows), statement)


async def hand_over(visit: Visit, subject: Subject, statement: str = "") -> None:
    """The same, of events known by their numbers.

    :param subject: ranges with both ends included, in any order.
    """
    await _note(visit, "export", tuple(sorted(subject)), statement)


async def _note(visit: Visit, act: str, subject: Subject, statement: str) -> None:
    if len(subject) > MOST_RANGES:
        subject = ((subject[0][0], max(last for _, last in subject)),)
    event = Event(
        id=uuid7(),
        time=now(),
        site="",
        act=act,
        policy="",
        notice="",
        how=visit.how,
        statement=statement,
        subject=subject,
    )
    await visit.desk.audit.record(event)
