"""Proofs out of a stored log: which hashes to read, so that no proof reads all events."""

from __future__ import annotations

from consentkit.audit import merkle
from consentkit.audit.errors import EventDamaged
from consentkit.audit.reader import Reader

RUN = 1 << merkle.STRIDE
"""Hashes read together."""
MOST_RUNS = 64
MOST = 8192
"""Hashes over parts of the tree that are kept."""


class StoredTree:
    """The tree of one log as it lies in the store.

    Hashes are read in runs and kept for a while, so that proofs of events side by side cost few reads; they take some MB at
    most.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._runs: dict[tuple[int, int], list[bytes]] = {}
        self._made: dict[tuple[int, int], bytes] = {}

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        """The proof that the event with this number is among the first ``size``.

        :raises ProofError: it is not.
        :raises EventDamaged: hashes are missing.
        """
        return merkle.inclusion_proof(seq - 1, size, self.hash_at)

    def consistency(self, size1: int, size2: int) -> list[bytes]:
        """The proof that the first ``size2`` events begin with the first ``size1``.

        :raises ProofError: not ``0 < size1 <= size2``.
        :raises EventDamaged: hashes are missing.
        """
        return merkle.consistency_proof(size1, size2, self.hash_at)

    def hash_at(self, level: int, position: int) -> bytes:
        """The hash over a full part of the tree."""
        key = level, position
        if key not in self._made:
            kept = level - level % merkle.STRIDE
            count = 1 << (level - kept)
            if len(self._made) >= MOST:
                self._made.clear()
            self._made[key] = merkle.root(self._hashes(kept, position * count, count))
        return self._made[key]

    def _hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """Hashes of a level that is kept, 128 at most, which lie in one run."""
        run, at = first // RUN, first % RUN
        key = level, run
        found = self._runs.get(key, [])[at : at + count]
        if len(found) != count:  # not read, or more of it is there by now
            if len(self._runs) >= MOST_RUNS:
                self._runs.clear()
            self._runs[key] = self._reader.hashes(level, run * RUN, RUN)
            found = self._runs[key][at : at + count]
        if len(found) != count:
            msg = "hashes of the tree are missing: `consentkit audit verify` says what is wrong"
            raise EventDamaged(msg)
        return found
