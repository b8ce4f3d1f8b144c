"""A run of rows, looked at by itself: what is wrong in it, and what the whole log needs to know of it.

Sections can be looked at side by side, in processes of their own, and are small to hand over: a hash for each event.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from consentkit.audit.finding import Finding, Findings, StoredEvent
from consentkit.audit.fingerprint import Weights
from consentkit.audit.merkle import HASH_BYTES
from consentkit.audit.rowcheck import HashCheck, RowCheck


@dataclass(slots=True)
class Section:
    """What a run of rows says.

    :param first: number with which it should begin.
    :param last: and end.
    :param began: the first number that is there; ``None`` where there is none.
    :param expected: the number that would come next.
    :param events: rows read.
    :param leaves: their leaf hashes, one after another.
    :param gone: numbers of events that commit to a visitor id which is not there.
    :param erased: runs of numbers that ``erase`` and ``retain`` events name.
    :param slots: fingerprints of what was counted, by quarter of an hour.
    """

    first: int
    last: int
    expected: int
    began: int | None = None
    events: int = 0
    findings: Findings = field(default_factory=Findings)
    leaves: bytearray = field(default_factory=bytearray)
    gone: array[int] = field(default_factory=lambda: array("q"))
    erased: list[tuple[int, int]] = field(default_factory=list)
    slots: dict[int, int] = field(default_factory=dict)

    def hashes(self) -> list[bytes]:
        """The leaf hashes, each by itself."""
        whole = bytes(self.leaves)
        return [whole[at : at + HASH_BYTES] for at in range(0, len(whole), HASH_BYTES)]


def examine(rows: Iterable[StoredEvent], first: int, last: int, check: RowCheck | HashCheck) -> Section:
    """Look at the rows from ``first`` to ``last``, as the store hands them over in their order.

    Rows with numbers outside are findings, and otherwise not looked at. What is missing at the beginning and at the end is
    left to whoever sees the sections before and after.
    """
    section = Section(first, last, first)
    slots, leaves, gone = section.slots, section.leaves, section.gone
    expected = first
    for row in rows:
        seq = row[0]
        if seq != expected:
            missing = section.began is not None and expected <= last
            section.findings.extend(_out_of_sequence(seq, expected, last, missing=missing))
            if type(seq) is not int or seq < expected:
                continue
        if seq > last:
            if seq == expected:
                section.findings.add(Finding(seq, "beyond", f"the head says {last} events"))
            expected = seq + 1
            continue
        if section.began is None:
            section.began = seq
        facts, findings = check.look(row)
        if findings:
            section.findings.extend(findings)
        expected = seq + 1
        section.events += 1
        if facts is None:
            leaves += bytes(HASH_BYTES)
            continue
        leaves += facts.leaf
        slot = facts.slot
        slots[slot] = slots.get(slot, 0) + facts.weight
        if facts.bears and row[7] is None and row[8] is None:
            gone.append(seq)
        if facts.subject:
            # An event tells only of what came before it.
            section.erased += [(a, min(b, seq - 1)) for a, b in facts.subject if a < seq]
    section.expected = expected
    return section


def sections_of(rows: Iterable[StoredEvent], size: int, seed: bytes) -> Iterator[Section]:
    """All rows of a log as one section."""
    yield examine(rows, 1, size, RowCheck(Weights(seed)))


def _out_of_sequence(seq: object, expected: int, last: int, *, missing: bool) -> Iterator[Finding]:
    if type(seq) is not int:
        yield Finding(None, "gap", "an event stands under something that is no number")
    elif seq < expected:
        yield Finding(seq, "repeated", "the number is there twice, or below 1")
    else:
        if missing:
            yield gap(expected, min(seq - 1, last))
        if seq > last:
            yield Finding(seq, "beyond", f"the head says {last} events")


def gap(first: int, last: int) -> Finding:
    """Events that are missing."""
    return Finding(first, "gap", f"missing: {first}" if first == last else f"missing: {first} to {last}")
