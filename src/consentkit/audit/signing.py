"""Signing the head of a log: only where it begins with what was signed before.

A signer remembers. The last checkpoint lies beside its key in ``KEY.last``, and in the log; a copy that somebody else keeps may
be shown to it. Whichever of them is no beginning of the log as it is now, the log was rewritten, cut or rolled back, and
nothing is signed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import insert

from consentkit.audit.checkpoint import Checkpoint, Note, origin_of, parse, sign
from consentkit.audit.engine import STORE_ERRORS, cause, locate, writing
from consentkit.audit.errors import CheckpointError, LogNotExtended, LogUnavailable
from consentkit.audit.event import now
from consentkit.audit.keys import PrivateKey, PublicKey, public_path, read_private, read_public
from consentkit.audit.merkle import EMPTY_ROOT, Edge, ProofError, verify_consistency
from consentkit.audit.proofs import StoredTree
from consentkit.audit.reader import Reader
from consentkit.audit.schema import checkpoints

logger = logging.getLogger(__name__)


class Signed(NamedTuple):
    """A checkpoint, and the note that was made of it."""

    checkpoint: Checkpoint
    note: bytes


class Signing:
    """Signs one log with one key.

    :param url: of the log.
    :param log_id: which log; ``None`` takes the only one.
    :param key: file of the private key. The file of its public key may hold older ones too, which signed this log before
        this one did.
    :raises AuditError: the log or the key cannot be used.
    """

    def __init__(self, url: str, log_id: str | None, key: Path, *, timeout: float = 10.0) -> None:
        self._url = url
        self._timeout = timeout
        self._key: PrivateKey = read_private(key)
        self._keys = (self._key.public, *older_keys(key))
        self._reader = Reader(url, log_id, timeout=timeout)
        self._origin = origin_of(self._key.name, self._reader.log_id)
        self._state = state_path(key, self._reader.log_id)

    def sign(self, *kept: bytes, beside: tuple[PrivateKey, ...] = ()) -> Signed:
        """Sign the log as it is now, and put the note into the log.

        :param kept: notes of earlier checkpoints from elsewhere, which the log must begin with too.
        :param beside: keys that sign too: the one before, where this one takes over.
        :raises LogNotExtended: the log does not begin with what was signed before, or its tree is damaged.
        :raises CheckpointError: what was kept is no checkpoint of this log and key.
        :raises LogUnavailable: the store cannot be read or written.
        """
        head = self._reader.head()
        root = _root(head.size, head.edge)
        stored = self._reader.last_checkpoint()
        earlier = [("given", note) for note in kept]
        earlier += [("beside the key", note) for note in _read_state(self._state)]
        earlier += [("in the log", stored.note)] if stored else []
        tree = StoredTree(self._reader)
        for where, data in earlier:
            self._require_beginning(tree, self._own(where, data), where, head.size, root)
        signed = Signed(Checkpoint(self._origin, head.size, root), b"")
        signed = signed._replace(note=sign(signed.checkpoint, *beside, self._key))
        if stored is None or stored.note != signed.note:
            self._store(signed)
        _write_state(self._state, signed.note)
        return signed

    def _own(self, where: str, data: bytes) -> Checkpoint:
        note: Note = parse(data)
        standing = note.standing(self._keys)
        if standing != "signed":
            msg = f"the last checkpoint {where} is not one that this key signed ({standing}): nothing was signed"
            raise CheckpointError(msg)
        if note.checkpoint.origin != self._origin:
            msg = f"the last checkpoint {where} is of another log: nothing was signed"
            raise CheckpointError(msg)
        return note.checkpoint

    @staticmethod
    def _require_beginning(tree: StoredTree, earlier: Checkpoint, where: str, size: int, root: bytes) -> None:
        if earlier.size > size:
            msg = (
                f"the log holds {size} events, and {earlier.size} were signed (the checkpoint {where}): it was cut or rolled"
                " back, and nothing was signed"
            )
            raise LogNotExtended(msg)
        if not _begins_with(tree, earlier, size, root):
            msg = (
                f"the log does not begin with the {earlier.size} events that were signed (the checkpoint {where}): it was"
                " rewritten, and nothing was signed"
            )
            raise LogNotExtended(msg)

    def _store(self, signed: Signed) -> None:
        size, root = signed.checkpoint.size, signed.checkpoint.root
        values = {
            "log_id": self._reader.log_id,
            "size": size,
            "time": now(),
            "root": root,
            "note": signed.note,
        }
        try:
            with writing(locate(self._url), self._timeout).begin() as connection:
                connection.execute(insert(checkpoints).values(values))
        except STORE_ERRORS as error:
            msg = f"the store did not take the checkpoint: {cause(error)}"
            raise LogUnavailable(msg) from None


def older_keys(key: Path) -> list[PublicKey]:
    """All public keys in the file beside a private one; none where there is no such file."""
    beside = public_path(key)
    return read_public([beside]) if beside.exists() else []


def state_path(key: Path, log_id: str) -> Path:
    """Where the last checkpoint that a key signed is kept; a file for each log."""
    mark = f".{hashlib.sha256(log_id.encode()).hexdigest()[:8]}" if log_id else ""
    return key.with_name(f"{key.name}{mark}.last")


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file so that whoever reads it sees all of the old or all of the new, also after a crash.

    :raises OSError: it was not replaced.
    """
    file, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        os.replace(beside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _root(size: int, edge: bytes | None) -> bytes:
    try:
        return Edge(size, edge or b"").root()
    except ProofError:
        msg = "the tree of the log is damaged: `consentkit audit verify` says what is wrong"
        raise LogNotExtended(msg) from None


def _begins_with(tree: StoredTree, earlier: Checkpoint, size: int, root: bytes) -> bool:
    if earlier.size == 0:
        return earlier.root == EMPTY_ROOT
    return verify_consistency(earlier.size, size, tree.consistency(earlier.size, size), earlier.root, root)


def _read_state(path: Path) -> list[bytes]:
    try:
        return [path.read_bytes()]
    except FileNotFoundError:
        return []
    except OSError as error:
        msg = f"{path} cannot be read: {os.strerror(error.errno or 0)}"
        raise CheckpointError(msg) from None


def _write_state(path: Path, note: bytes) -> None:
    try:
        write_whole(path, note)
    except OSError as error:
        # Secrets are often mounted read-only. The copy in the log is left, and the one kept elsewhere.
        logger.warning("the last checkpoint is not kept beside its key: %s", cause(error))
