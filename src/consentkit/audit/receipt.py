"""The visitor's paper: a decision, what it commits to, and the proof that it stands in the log.

A receipt is one JSON document. ``receipt`` is for people and other programs (:mod:`consentkit.audit.consentrecord`);
``evidence`` is what shows that it is true:

- ``event``: the very bytes that the log commits to, as text; ``leaf``: their hash; ``seq``: their number; ``log``: which log;
- ``salt`` and ``visitor``: what opens the event's commitment to the visitor's id, and nobody else's;
- ``notice``: the very bytes of the notice, which the event names by hash;
- ``stated``: what neither event nor notice tells, and which is the server's word alone;
- ``proof``: once a checkpoint covers the event: its signed note, and the hashes that lead from the leaf to its root.

Verifying needs the public key and nothing else: no database, no network. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from consentkit.audit import checkpoint, merkle
from consentkit.audit.checkpoint import Verifier, origin_of
from consentkit.audit.consentrecord import consent_receipt
from consentkit.audit.errors import CheckpointError, ReceiptError
from consentkit.audit.event import leaf_hash, personal_hash
from consentkit.audit.finding import StoredEvent

FORM = "consentkit-receipt/1"
LARGEST = 4 << 20
"""Bytes. A policy with 1,500 services makes receipts of some 2 MB."""
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a server says of itself in a receipt.

    :param created: moment at which the receipt was made, as text.
    :param lifetime: seconds for which a choice holds.
    :param preferences: address where it is changed.
    """

    created: str
    lifetime: int
    preferences: str

    def values(self) -> dict[str, Any]:
        """As it stands in the receipt."""
        return {"created": self.created, "lifetime": self.lifetime, "preferences": self.preferences}


class Proof(NamedTuple):
    """That an event is in the log as it was when somebody signed its head.

    :param size: of the tree.
    :param hashes: as :func:`consentkit.audit.merkle.inclusion_proof` makes them.
    :param note: the checkpoint as it was signed.
    """

    size: int
    hashes: Sequence[bytes]
    note: bytes


class Checked(NamedTuple):
    """What verifying a receipt came to.

    :param faults: what is wrong, a sentence each; none where all is well.
    :param proven: whether a checkpoint covers the event; without one a receipt says what the server says, no more.
    :param event: what was decided, as the event tells it.
    """

    faults: tuple[str, ...]
    proven: bool
    event: dict[str, Any]


def make(
    log_id: str, row: StoredEvent, notice: bytes | None, stated: Stated, proof: Proof | None
) -> dict[str, Any]:
    """The receipt of an event.

    :param notice: the document that the event names; ``None`` where the log has none.
    :raises ReceiptError: the stored event is damaged.
    """
    values = stated.values()
    try:
        told = json.loads(row.canonical)
        shown = None if notice is None else json.loads(notice)
        readable = consent_receipt(told, shown, row.visitor, values)
        texts = row.canonical.decode(), None if notice is None else notice.decode()
    except _DAMAGED:
        msg = f"event {row.seq} cannot be read: `consentkit audit verify` says what is wrong with it"
        raise ReceiptError(msg) from None
    return {
        "form": FORM,
        "receipt": readable,
        "evidence": {
            "log": log_id,
            "seq": row.seq,
            "event": texts[0],
            "leaf": row.leaf.hex(),
            "visitor": row.visitor,
            "salt": None if row.salt is None else row.salt.hex(),
            "notice": texts[1],
            "stated": values,
            "proof": None if proof is None else _told(proof),
        },
    }


def _told(proof: Proof) -> dict[str, Any]:
    return {
        "size": proof.size,
        "hashes": [one.hex() for one in proof.hashes],
        "checkpoint": proof.note.decode(),
    }


def verify(data: bytes, keys: Sequence[Verifier]) -> Checked:
    """Check a receipt as it was saved.

    :param keys: public keys of the log, old ones too.
    :raises ReceiptError: it is no receipt, or a part is missing or of another kind.
    """
    saved = _parse(data)
    try:
        evidence = saved["evidence"]
        event = json.loads(evidence["event"])
        if not isinstance(event, dict) or not isinstance(evidence["log"], str):
            raise TypeError
        faults = [*_event_faults(evidence, event), *_record_faults(saved["receipt"], evidence, event)]
        proof = evidence["proof"]
        if proof is not None:
            faults += _proof_faults(evidence, proof, keys)
    except _DAMAGED:
        msg = "the receipt is damaged: a part is missing, or is not what it should be"
        raise ReceiptError(msg) from None
    return Checked(tuple(faults), proof is not None, event)


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST:
        msg = f"this is no receipt: it is longer than {LARGEST:,} bytes"
        raise ReceiptError(msg)
    try:
        saved = json.loads(data)
    except (ValueError, RecursionError):
        msg = "this is no receipt: it is no JSON"
        raise ReceiptError(msg) from None
    if not isinstance(saved, dict) or saved.get("form") != FORM:
        msg = f"this is no receipt: its form is not {FORM!r}"
        raise ReceiptError(msg)
    return saved


def _event_faults(evidence: dict[str, Any], event: dict[str, Any]) -> Iterator[str]:
    if leaf_hash(evidence["event"].encode()) != bytes.fromhex(evidence["leaf"]):
        yield "the event is not the one that the leaf was made of"
    commitment, visitor, salt = event["personal"], evidence["visitor"], evidence["salt"]
    opened = None if visitor is None and salt is None else personal_hash(bytes.fromhex(salt), visitor)
    if opened is not None and opened != commitment:
        yield "the visitor's id or its salt is not the one that the event commits to"
    notice = evidence["notice"]
    if notice is not None and sha256(notice.encode()).hexdigest() != event["notice"]:
        yield "the notice is not the one that the event names"


def _record_faults(readable: Any, evidence: dict[str, Any], event: dict[str, Any]) -> Iterator[str]:
    notice = evidence["notice"]
    shown = None if notice is None else json.loads(notice)
    if readable != consent_receipt(event, shown, evidence["visitor"], evidence["stated"]):
        yield "what the receipt says is not what its event and notice say"


def _proof_faults(evidence: dict[str, Any], proof: dict[str, Any], keys: Sequence[Verifier]) -> Iterator[str]:
    try:
        note = checkpoint.parse(proof["checkpoint"].encode())
    except CheckpointError as error:
        yield str(error)
        return
    standing = note.standing(keys)
    if standing != "signed":
        yield _STANDINGS[standing]
    head = note.checkpoint
    if keys and head.origin not in {origin_of(key.name, evidence["log"]) for key in keys}:
        yield "the checkpoint is of another log"
    if head.size != proof["size"]:
        yield "the proof is for another checkpoint"
    leaf, hashes = bytes.fromhex(evidence["leaf"]), [bytes.fromhex(one) for one in proof["hashes"]]
    try:
        included = merkle.verify_inclusion(evidence["seq"] - 1, head.size, leaf, hashes, head.root)
    except merkle.ProofError:
        included = False
    if not included:
        yield "the proof does not lead from the event to the checkpoint"


_STANDINGS = {
    "unsigned": "nobody signed the checkpoint",
    "wrong-key": "none of the keys given signed the checkpoint",
    "forged": "the checkpoint's signature is not good",
}
