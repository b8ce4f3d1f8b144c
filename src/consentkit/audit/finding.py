"""What is looked at, and what can be wrong with it, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


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

    :param seq: number of the event, or of the first where it is about several; ``None`` where it is about none.
    :param what: a name of :data:`KINDS`.
    :param detail: one sentence, with nothing personal in it.
    """

    seq: int | None
    what: str
    detail: str


KINDS = {
    "gap": "an event is missing",
    "repeated": "a number is there twice, or below 1",
    "truncated": "the last events are missing",
    "beyond": "there are events that the head does not know",
    "leaf": "the canonical bytes are not those of the leaf hash",
    "canonical": "the canonical bytes are no event",
    "columns": "a column tells something else than the canonical bytes",
    "personal": "the personal part is not the one that the event commits to",
    "personal-gone": "the personal part is gone, and no event says that it was erased",
    "personal-back": "a personal part that was erased is there again",
    "edge": "the head's hashes are not those of the events",
    "subtree": "a stored hash of the tree is not that of the events",
    "rewritten": "the events are not those that were signed",
    "rolled-back": "the log holds fewer events than were signed",
    "fork": "two checkpoints over as many events disagree",
    "missing": "a checkpoint is missing",
    "unsigned": "a checkpoint bears no signature",
    "wrong-key": "a checkpoint is signed by none of the keys given",
    "forged": "a key that was given did not sign a checkpoint which says so",
    "origin": "a checkpoint is of another log",
    "checkpoint": "a stored checkpoint cannot be read, or its columns tell something else",
    "rollups": "what was counted is not what the events say",
    "document": "a notice or policy has another hash",
}
"""What can be found wrong, and what each means."""


@dataclass(slots=True)
class Findings:
    """The first finding, and how many there are: a damaged log may have as many as it has events."""

    first: Finding | None = None
    by_kind: dict[str, int] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Count one."""
        self.first = self.first or finding
        self.by_kind[finding.what] = self.by_kind.get(finding.what, 0) + 1

    def extend(self, findings: Iterable[Finding]) -> None:
        """Count several."""
        for finding in findings:
            self.add(finding)

    def merge(self, other: Findings) -> None:
        """Count those of what comes after."""
        self.first = self.first or other.first
        for kind, count in other.by_kind.items():
            self.by_kind[kind] = self.by_kind.get(kind, 0) + count

    @property
    def count(self) -> int:
        """How many."""
        return sum(self.by_kind.values())
