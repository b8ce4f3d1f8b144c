"""Telling that a grant was never in force: its visitor was not told that it was recorded, and then its commit turned out to
have happened, or a later choice came first.

The event ``supersede`` names it by its number in ``subject`` and by its id in ``statement``, and opens and closes nothing.
It has a key of its own, so that an event is superseded once, whoever finds it. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from consentkit.audit.batch import Known, Row
from consentkit.audit.event import Event, now, uuid7

ACT = "supersede"


def superseding(event: Event, seq: int | None) -> Event:
    """The event that tells that this one is not in force.

    :param seq: its number; ``None`` while nobody knows whether it has one (:func:`numbered`).
    """
    return replace(
        event,
        id=uuid7(),
        time=now(),
        act=ACT,
        granted=(),
        denied=(),
        services_granted=(),
        services_denied=(),
        decided_after_ms=None,
        statement=event.id,
        subject=() if seq is None else ((seq, seq),),
    )


def numbered(told: Event, seq: int) -> Event:
    """The same with the number that was found."""
    return replace(told, subject=((seq, seq),))


def key_of(event_id: str) -> bytes:
    """The ``once`` of the event that supersedes this one."""
    return b"superseded " + event_id.encode()


def without_keys_of(
    rows: Sequence[Row], found: Iterable[Known], superseded: Collection[bytes | None]
) -> list[Row]:
    """Rows without those keys that stand for a superseded event: who was told to try again is not answered with it.

    :param found: what the log holds of these rows.
    :param superseded: keys of events of this act (:func:`key_of`) that the log holds.
    """
    gone = {known.once for known in found if known.once is not None and key_of(known.id) in superseded}
    return [row._replace(once=None) if row.once in gone else row for row in rows] if gone else list(rows)
