"""Events on their way into the store, as values: sealed, told from those already there, cut into statements. Pure but
for the randomness of salts, which is passed in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from consentkit.audit.errors import EventRefused
from consentkit.audit.event import Event, canonical, leaf_hash, same_but_salt
from consentkit.audit.rollup import Told, told_of

FEW = 16
"""Rows that are written by a statement of their own number."""


class Recorded(NamedTuple):
    """Where an event stands.

    :param id: the event's id; with ``fresh=False`` the id of the earlier event that had the same ``once``.
    :param seq: its number in the log, counted from 1 without gaps (its leaf index is one less); ``None`` while it lies
        in the spool.
    :param fresh: whether this call wrote it.
    """

    id: str
    seq: int | None
    fresh: bool


class Row(NamedTuple):
    """An event ready to be written: the columns of ``events`` after its place, those of ``personal``, what is counted."""

    id: str
    time: int
    act: str
    site: str
    canonical: bytes
    leaf: bytes
    once: bytes | None
    salt: bytes | None
    visitor: str | None
    told: Told
    after_ms: int | None


class Known(NamedTuple):
    """An event that the log already holds."""

    id: str
    seq: int
    once: bytes | None
    canonical: bytes


def seal(event: Event, once: bytes | None, salt: bytes) -> Row:
    """An event as the store writes it.

    :param salt: 32 bytes, random and drawn for this event alone; left out where the event bears no visitor id.
    :raises EventRefused: a value is outside its range.
    """
    own_salt = None if event.visitor is None else salt
    try:
        text = canonical(event, own_salt)
    except (ValueError, TypeError, AttributeError) as error:
        msg = f"the event cannot be written: {type(error).__name__}"
        raise EventRefused(msg) from None
    if (b"\\u0000" in text and _holds_nul(text)) or "\0" in (event.visitor or ""):
        msg = "the event cannot be written: it holds a NUL, which PostgreSQL does not store"
        raise EventRefused(msg)
    told, leaf = told_of(event), leaf_hash(text)
    return Row(
        event.id,
        event.time,
        event.act,
        event.site,
        text,
        leaf,
        once,
        own_salt,
        event.visitor,
        told,
        event.decided_after_ms,
    )


def _holds_nul(canonical_bytes: bytes) -> bool:
    """Whether a text in them holds a NUL: the six characters that stand for one may also have been typed."""
    return "\0" in "".join(_texts(json.loads(canonical_bytes)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def arrange(
    rows: Sequence[Row], found: Sequence[Known], first: int
) -> tuple[list[Row], list[Recorded | EventRefused]]:
    """Tell new rows from those that the log, or an earlier row of the batch, holds already.

    :param first: number of the first new row.
    :returns: the new rows in order, and for every row its place or why it cannot have one.
    """
    by_id = {known.id: known for known in found}
    by_once = {known.once: known for known in found if known.once is not None}
    fresh: list[Row] = []
    places: list[Recorded | EventRefused] = []
    for row in rows:
        known = by_id.get(row.id) or (by_once.get(row.once) if row.once is not None else None)
        if known is not None:
            places.append(_again(row, known))
            continue
        new = Known(row.id, first + len(fresh), row.once, row.canonical)
        fresh.append(row)
        places.append(Recorded(new.id, new.seq, True))
        by_id[row.id] = new
        if row.once is not None:
            by_once[row.once] = new
    return fresh, places


def _again(row: Row, known: Known) -> Recorded | EventRefused:
    if row.id == known.id and not same_but_salt(row.canonical, known.canonical):
        return EventRefused("the id of the event stands for another event in this log")
    # The very bytes, under a salt that nobody else can have drawn: our own write, whose answer was lost.
    return Recorded(known.id, known.seq, row.canonical == known.canonical)


def cut(count: int, largest: int) -> Iterator[tuple[int, int]]:
    """Cut ``count`` into few pairs of start and size, out of few sizes: any up to :data:`FEW`, or a power of two."""
    start = 0
    while start < count:
        rest = count - start
        size = rest if rest <= FEW else min(largest, 1 << (rest.bit_length() - 1))
        yield start, size
        start += size
