"""Is a log what was written, and what was signed? Names what broke. Pure: what was read comes in, findings go out.

What is found without a checkpoint: a number missing or twice, canonical bytes that are not those of the leaf, columns that
tell something else than the canonical bytes, a personal part that is not the one committed to or is gone without an event
that says so, hashes of the tree, roll-ups and documents that are not those of the events. Whoever can write to the store
can make all of that fit again; what was signed and is kept elsewhere they cannot, and that finds a rewritten log, a cut
tail, a fork and an old copy.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from operator import itemgetter
from typing import NamedTuple

from consentkit.audit.finding import Finding, Findings, StoredEvent
from consentkit.audit.rollup import SLOT
from consentkit.audit.rowcheck import check
from consentkit.audit.section import Section, gap, sections_of
from consentkit.audit.treecheck import Mark, TreeCheck

__all__ = ["Claims", "Finding", "Mark", "Report", "StoredEvent", "check", "conclude", "verify"]

Run = tuple[int, int]
"""First and last number of events that were erased, as an event says."""


class Claims(NamedTuple):
    """What the store, and those who signed, say of the events; all of it as of one moment.

    :param size: number of events by the head.
    :param edge: the head's hashes.
    :param parts: stored hashes of the tree, by level and position.
    :param marks: checkpoints.
    :param slots: fingerprints of the roll-ups, by quarter of an hour; ``None`` leaves them aside.
    :param trouble: what was found wrong in reading these.
    """

    size: int
    edge: bytes | None
    parts: Mapping[tuple[int, int], bytes]
    marks: Sequence[Mark]
    slots: Mapping[int, int] | None
    trouble: Sequence[Finding] = ()


class Later(NamedTuple):
    """What must be asked of the store only where something seems wrong.

    :param erased: runs that events after the ones looked at name: a log in use may have erased meanwhile.
    :param back: the number of an event with a personal part between two numbers, both included, if there is any.
    """

    erased: Callable[[], Iterable[Run]]
    back: Callable[[int, int], int | None]


@dataclass(slots=True)
class Report:
    """What :func:`conclude` saw.

    :param events: rows read.
    :param erased: events whose personal part was erased, and an event says so.
    :param by_kind: how many findings of each kind.
    :param first: the first finding; ``None`` where all is well.
    """

    events: int = 0
    erased: int = 0
    checkpoints: int = 0
    _findings: Findings = field(default_factory=Findings)

    @property
    def first(self) -> Finding | None:
        """The first finding, events before all else; ``None`` where all is well."""
        return self._findings.first

    @property
    def by_kind(self) -> dict[str, int]:
        """How many findings of each kind."""
        return self._findings.by_kind

    @property
    def findings(self) -> int:
        """How many there are."""
        return self._findings.count

    @property
    def sound(self) -> bool:
        """Whether nothing was found wrong."""
        return self.first is None


NOTHING_LATER = Later(lambda: (), lambda _first, _last: None)


def verify(
    rows: Iterable[StoredEvent], size: int, documents: Iterable[tuple[str, str, bytes]] = ()
) -> Report:
    """Look at rows without what the store says of the tree and the roll-ups.

    :param rows: in the order of their numbers.
    :param size: what the log's head says.
    :param documents: kind, hash and body of each.
    """
    return conclude(sections_of(rows, size, b""), size, documents=documents)


def conclude(
    sections: Iterable[Section],
    size: int,
    claims: Claims | None = None,
    *,
    documents: Iterable[tuple[str, str, bytes]] = (),
    later: Later | None = NOTHING_LATER,
) -> Report:
    """Put together what was seen of the sections, in their order, and what is claimed of the whole.

    :param claims: ``None`` leaves the tree, the checkpoints and the roll-ups aside.
    :param later: ``None`` where personal parts could not be read: whether they are there is not looked at then.
    """
    report = Report()
    whole = _Whole(report, size, claims)
    for section in sections:
        whole.take(section)
    whole.end(documents, later)
    return report


class _Whole:
    def __init__(self, report: Report, size: int, claims: Claims | None) -> None:
        self._report, self._size, self._claims = report, size, claims
        self._tree = TreeCheck(mark.size for mark in claims.marks) if claims else None
        self._missing: int | None = None
        self._gone = array("q")
        self._erased: list[Run] = []
        self._slots: dict[int, int] = {}

    def take(self, section: Section) -> None:
        report = self._report
        if section.began is not None:
            expected = section.first if self._missing is None else self._missing
            if section.began > expected:
                report._findings.add(gap(expected, section.began - 1))
            self._missing = None
        if self._missing is None and section.expected <= section.last:
            self._missing = section.expected
        report._findings.merge(section.findings)
        report.events += section.events
        self._gone.extend(section.gone)
        self._erased.extend(section.erased)
        if self._tree is not None:
            self._tree.extend(section.hashes())
            for slot, weight in section.slots.items():
                self._slots[slot] = self._slots.get(slot, 0) + weight

    def end(self, documents: Iterable[tuple[str, str, bytes]], later: Later | None) -> None:
        findings = self._report._findings
        if self._missing is not None:
            text = f"the head says {self._size} events, the rows end at {self._missing - 1}"
            findings.add(Finding(self._missing, "truncated", text))
        if later is not None:
            findings.extend(self._erasures(later))
        if self._claims is not None and self._tree is not None:
            claims, tree = self._claims, self._tree
            self._report.checkpoints = len({mark[:2] for mark in claims.marks})
            findings.extend(tree.against_marks(claims.marks, claims.size))
            findings.extend(claims.trouble)
            findings.extend(tree.against_head(claims.size, claims.edge))
            findings.extend(tree.against_parts(claims.parts))
            if claims.slots is not None:
                findings.extend(_counted(self._slots, claims.slots))
        findings.extend(_documents(documents))

    def _erasures(self, later: Later) -> Iterator[Finding]:
        spans = _spans(self._erased)
        unexplained = [seq for seq in self._gone if not _within(seq, spans)]
        if unexplained:
            meanwhile = _spans(later.erased())
            unexplained = [seq for seq in unexplained if not _within(seq, meanwhile)]
        self._report.erased = len(self._gone) - len(unexplained)
        for seq in unexplained:
            yield Finding(
                seq, "personal-gone", "the personal part is gone, and no event says that it was erased"
            )
        for first, last in spans:
            back = later.back(first, last)
            if back is not None:
                yield Finding(
                    back, "personal-back", "the personal part is there, and an event says that it was erased"
                )


def _spans(runs: Iterable[Run]) -> list[Run]:
    """The same numbers in runs that neither touch nor overlap, in order."""
    spans: list[Run] = []
    for first, last in sorted(runs):
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(spans[-1][1], last))
        else:
            spans.append((first, last))
    return spans


def _within(number: int, spans: Sequence[Run]) -> bool:
    at = bisect_right(spans, number, key=itemgetter(0)) - 1
    return at >= 0 and number <= spans[at][1]


def _counted(events: Mapping[int, int], rollups: Mapping[int, int]) -> Iterator[Finding]:
    for slot in sorted(events.keys() | rollups.keys()):
        if events.get(slot, 0) != rollups.get(slot, 0):
            when = _moment(slot)
            yield Finding(
                None, "rollups", f"the quarter of an hour from {when} counts something else than its events"
            )


def _moment(slot: int) -> str:
    try:
        return datetime.fromtimestamp(slot * SLOT, UTC).strftime("%Y-%m-%dT%H:%MZ")
    except (ValueError, OverflowError, OSError):
        return f"slot {slot}"


def _documents(documents: Iterable[tuple[str, str, bytes]]) -> Iterator[Finding]:
    for kind, name, body in documents:
        if not isinstance(body, bytes) or sha256(body).hexdigest() != name:
            yield Finding(None, "document", f"the {kind} stored as {str(name)[:12]} has another hash")
