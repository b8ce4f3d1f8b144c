"""Proofs out of a stored log: which hashes to read, so that no proof reads all events."""

from __future__ import annotations

from consentkit.audit import merkle
from consentkit.audit.errors import EventDamaged
from consentkit.audit.reader import Reader


class StoredTree:
    """The tree of one log as it lies in the store. Hashes read once are kept: make one for a few proofs, not for ever."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._read: dict[tuple[int, int], bytes] = {}

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
        """The hash over a full part of the tree; at most 128 hashes are read for it."""
        key = level, position
        if key not in self._read:
            kept = level - level % merkle.STRIDE
            count = 1 << (level - kept)
            hashes = self._reader.hashes(kept, position * count, count)
            if len(hashes) != count:
                msg = "hashes of the tree are missing: `consentkit audit verify` says what is wrong"
                raise EventDamaged(msg)
            self._read[key] = merkle.root(hashes)
        return self._read[key]
