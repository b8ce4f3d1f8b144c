"""A checkpoint that was kept elsewhere, held against a log: does the log still begin with what was signed?

Looks at the head and a few hashes of the tree, so it takes a moment whatever the size of the log. That the events are those
of the tree, a verification of the whole log tells (:mod:`consentkit.audit.verifying`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from consentkit.audit.checkpoint import Checkpoint, Standing, Verifier, origin_of, parse
from consentkit.audit.errors import EventDamaged
from consentkit.audit.merkle import EMPTY_ROOT, Edge, ProofError, verify_consistency
from consentkit.audit.proofs import StoredTree
from consentkit.audit.reader import Reader

Verdict = Literal["begins", "rewritten", "rolled-back", "damaged", "other-log"]


class Compared(NamedTuple):
    """What came of it.

    :param checkpoint: what the note says.
    :param standing: what its signatures are worth; ``None`` where no key was given to check them with.
    :param verdict: ``begins``: the log begins with all that was signed. ``rewritten``: it does not. ``rolled-back``: it holds
        fewer events than were signed. ``damaged``: its tree cannot be read. ``other-log``: the note is of another log.
    :param size: events of the log now.
    """

    checkpoint: Checkpoint
    standing: Standing | None
    verdict: Verdict
    size: int

    @property
    def sound(self) -> bool:
        """Whether it shows that nothing of what was signed has changed."""
        return self.verdict == "begins" and self.standing == "signed"


def compare(reader: Reader, note: bytes, keys: Sequence[Verifier] = ()) -> Compared:
    """Hold a checkpoint against a log.

    :param note: as it was signed.
    :param keys: public keys of the log, old ones too.
    :raises CheckpointError: it is no checkpoint.
    :raises LogUnavailable: the store cannot be read.
    """
    read = parse(note)
    standing = read.standing(keys) if keys else None
    head = reader.head()
    origins = {origin_of(key.name, reader.log_id) for key in keys}
    if origins and read.checkpoint.origin not in origins and standing != "wrong-key":
        verdict: Verdict = "other-log"
    else:
        verdict = _verdict(reader, read.checkpoint, head.size, head.edge)
    return Compared(read.checkpoint, standing, verdict, head.size)


def _verdict(reader: Reader, signed: Checkpoint, size: int, edge: bytes | None) -> Verdict:
    if signed.size > size:
        return "rolled-back"
    if signed.size == 0:
        return "begins" if signed.root == EMPTY_ROOT else "rewritten"
    try:
        root = Edge(size, edge or b"").root()
        proof = StoredTree(reader).consistency(signed.size, size)
    except (ProofError, EventDamaged):
        return "damaged"
    return "begins" if verify_consistency(signed.size, size, proof, signed.root, root) else "rewritten"
