"""Walks the rows of a log and names what broke. Pure: rows in, findings out.

What it finds: a number missing or twice, canonical bytes that are not those of the leaf, columns that tell something
else than the canonical bytes, a personal part that is not the one committed to, a tail that the head knows and the rows
do not, a document that is not the one of its hash. What it cannot find: a log rewritten whole, with new hashes; that
takes a commitment kept outside of the store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from typing import Any, NamedTuple

from consentkit.audit.event import LEAF_PREFIX, personal_hash


class StoredEvent(NamedTuple):
    """A row of ``events`` with the row of ``personal`` beside it, as the store holds them."""

    seq: int
    id: str
    time: int
    act: str
    site: str
    canonical: bytes
    leaf: bytes
    salt: bytes | None
    visitor: str | None


class Finding(NamedTuple):
    """One thing wrong.

    :param seq: number of the event, or ``None`` where it is not about one.
    :param what: ``gap``, ``repeated``, ``leaf``, ``canonical``, ``columns``, ``personal``, ``truncated``, ``beyond``
        or ``document``.
    :param detail: one sentence.
    """

    seq: int | None
    what: str
    detail: str


@dataclass(slots=True)
class Report:
    """What :func:`verify` saw.

    :param events: rows read.
    :param erased: events that commit to a visitor id which is not there any more.
    :param first: the first finding by number; ``None`` where all is well.
    :param findings: how many there are.
    :param by_kind: how many of each kind.
    """

    events: int = 0
    erased: int = 0
    first: Finding | None = None
    findings: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing was found wrong."""
        return self.first is None

    def add(self, finding: Finding) -> None:
        """Count a finding; the first one is kept."""
        self.first = self.first or finding
        self.findings += 1
        self.by_kind[finding.what] = self.by_kind.get(finding.what, 0) + 1


def verify(
    rows: Iterable[StoredEvent],
    size: int,
    documents: Iterable[tuple[str, str, bytes]] = (),
    *,
    progress: Callable[[int], None] = lambda _seq: None,
) -> Report:
    """Check a whole log.

    :param rows: in the order of their numbers.
    :param size: what the log's head says; rows that came after it was read are not asked for.
    :param documents: kind, hash and body of each.
    :param progress: called with a number every thousand events.
    """
    report = Report()
    expected = 1
    for row in rows:
        if not isinstance(row.seq, int):
            report.add(Finding(None, "gap", "an event stands under something that is no number"))
            continue
        for finding in chain(_in_sequence(row, expected, size), check(row)):
            report.add(finding)
        expected = row.seq + 1
        report.events += 1
        report.erased += row.salt is None and _bears_an_id(row.canonical)
        if not row.seq % 1000:
            progress(row.seq)
    if expected <= size:
        report.add(
            Finding(expected, "truncated", f"the head says {size} events, the rows end at {expected - 1}")
        )
    for kind, name, body in documents:
        if sha256(body).hexdigest() != name:
            report.add(Finding(None, "document", f"the {kind} stored as {_short(name)} has another hash"))
    return report


def check(row: StoredEvent) -> Iterator[Finding]:
    """What is wrong with one row by itself."""
    if not (isinstance(row.canonical, bytes) and isinstance(row.leaf, bytes)):
        yield Finding(row.seq, "canonical", "the canonical bytes or the leaf hash are no bytes")
        return
    if sha256(LEAF_PREFIX + row.canonical).digest() != row.leaf:
        yield Finding(row.seq, "leaf", "the canonical bytes are not those that the leaf hash was made of")
    try:
        told = json.loads(row.canonical)
        columns = told["id"], told["time"], told["act"], told["site"]
        commitment = told["personal"]
    except (ValueError, KeyError, TypeError):
        yield Finding(row.seq, "canonical", "the canonical bytes are no event")
        return
    if columns != (row.id, row.time, row.act, row.site):
        names = zip(("id", "time", "act", "site"), columns, row[1:5], strict=True)
        differing = ", ".join(name for name, one, other in names if one != other)
        yield Finding(row.seq, "columns", f"{differing}: the column differs from the canonical bytes")
    yield from _check_personal(row, commitment)


def _bears_an_id(canonical: bytes) -> bool:
    # Checked bytes: inside a text of theirs, quotes would be escaped.
    return isinstance(canonical, bytes) and b'"personal":null' not in canonical


def _check_personal(row: StoredEvent, commitment: Any) -> Iterator[Finding]:
    if row.salt is None and row.visitor is None:
        return
    if commitment is None:
        yield Finding(row.seq, "personal", "a visitor id stands beside an event that bears none")
    elif not _opens(row.salt, row.visitor, commitment):
        yield Finding(
            row.seq, "personal", "the visitor id or its salt is not the one that the event commits to"
        )


def _opens(salt: object, visitor: object, commitment: object) -> bool:
    # What was tampered with may be of any type: SQLite's columns take what they are given.
    return isinstance(salt, bytes) and isinstance(visitor, str) and personal_hash(salt, visitor) == commitment


def _in_sequence(row: StoredEvent, expected: int, size: int) -> Iterator[Finding]:
    if row.seq > expected:
        missing = str(expected) if row.seq == expected + 1 else f"{expected} to {row.seq - 1}"
        yield Finding(expected, "gap", f"missing: {missing}")
    elif row.seq < expected:
        yield Finding(row.seq, "repeated", "the number is there twice, or below 1")
    if row.seq > size:
        yield Finding(row.seq, "beyond", f"the head says {size} events")


def _short(name: str) -> str:
    return name[:12]
