"""Checkpoints: the head of a tree as text that was signed.

The form is C2SP ``tlog-checkpoint`` within C2SP ``signed-note`` (v1.0.0; both checked 2026-11)::

    news.example/consent                              the origin: which log
    20852163                                          its size
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=      its root, base64

    — news.example/consent Az3grl…                    signatures: key's name, base64 of key id and signature

Strict on what is read: a number or a hash has one spelling. Signatures of keys that were not given are ignored, so that a
log can be signed by an old and a new key, and by witnesses. Not done here: extension lines are refused, which the
specification advises against; other signatures than Ed25519 count as those of unknown keys.

Pure: what signs and what verifies is passed in.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol
from urllib.parse import quote

from consentkit.audit.errors import CheckpointError
from consentkit.audit.merkle import HASH_BYTES, LARGEST_SIZE

LARGEST_NOTE = 1 << 18
"""Bytes; room for sixteen signatures of the largest kind, which the specification asks for, three times over."""
MOST_SIGNATURES = 64
KEY_ID_BYTES = 4

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Signature(NamedTuple):
    """A line below a note.

    :param name: of the key.
    :param key_id: four bytes that tell keys of one name apart.
    """

    name: str
    key_id: bytes
    signature: bytes


class Verifier(Protocol):
    """A public key."""

    @property
    def name(self) -> str:
        """As in the signature's line."""

    @property
    def key_id(self) -> bytes:
        """Four bytes."""

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether the key's owner signed this."""


class Signer(Protocol):
    """A private key."""

    @property
    def name(self) -> str:
        """As in the signature's line."""

    @property
    def key_id(self) -> bytes:
        """Four bytes."""

    def sign(self, text: bytes) -> bytes:
        """The signature over this."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says.

    :param origin: which log; see :func:`origin_of`.
    :param size: number of events.
    :param root: of the tree over their leaves.
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


Standing = Literal["signed", "unsigned", "wrong-key", "forged"]
"""``wrong-key``: signed, but by none of the keys given. ``forged``: a key that was given did not sign this."""


class Note(NamedTuple):
    """A checkpoint as it was read, signatures and all."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]

    def standing(self, keys: Sequence[Verifier]) -> Standing:
        """What the signatures are worth to whoever trusts these keys.

        One bad signature of a key that was given spoils the note, as the specification advises.
        """
        if not self.signatures:
            return "unsigned"
        text = self.checkpoint.text()
        known = {(key.name, key.key_id): key for key in keys}
        ours = [(known.get(one[:2]), one.signature) for one in self.signatures]
        verdicts = [key.verify(text, signature) for key, signature in ours if key is not None]
        if not verdicts:
            return "wrong-key"
        return "signed" if all(verdicts) else "forged"


def origin_of(key_name: str, log_id: str) -> str:
    """The first line of a log's checkpoints: the key's name, and the log's where the store holds several."""
    return f"{key_name}/{quote(log_id, safe='')}" if log_id else key_name


def sign(checkpoint: Checkpoint, *signers: Signer) -> bytes:
    """The checkpoint as a signed note."""
    text = checkpoint.text()
    lines = [
        f"— {one.name} {base64.b64encode(one.key_id + one.sign(text)).decode()}\n".encode() for one in signers
    ]
    return b"".join([text, b"\n", *lines])


def parse(data: bytes) -> Note:
    """Read a note that holds a checkpoint. What it says counts for nothing before :meth:`Note.standing`.

    A text without any signature is read too, so that it can be named for what it is.

    :raises CheckpointError: it is no checkpoint; the message tells where it stops being one.
    """
    text = _decoded(data)
    body, blank, below = text.rpartition("\n\n")
    if not blank:
        return Note(_checkpoint(text), ())
    return Note(_checkpoint(body + "\n"), _signatures(below))


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST_NOTE:
        raise _no(f"it is longer than {LARGEST_NOTE} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _no("it is no UTF-8") from None
    if _CONTROL.search(text):
        raise _no("it holds a control character")
    if not text.endswith("\n"):
        raise _no("its last line does not end")
    return text


def _checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")[:-1]
    if len(lines) != 3:
        raise _no(f"expected origin, size and root, each on a line of its own; found {len(lines)} line(s)")
    origin, size, root = lines
    if not origin:
        raise _no("the origin is empty")
    if not _SIZE.fullmatch(size) or int(size) > LARGEST_SIZE:
        raise _no("the second line is no size: a decimal number without leading zeros")
    hash_ = _from_base64(root)
    if hash_ is None or len(hash_) != HASH_BYTES:
        raise _no(f"the third line is no root: {HASH_BYTES} bytes in base64")
    return Checkpoint(origin, int(size), hash_)


def _signatures(below: str) -> tuple[Signature, ...]:
    lines = below.split("\n")[:-1]
    if len(lines) > MOST_SIGNATURES:
        raise _no(f"it has more than {MOST_SIGNATURES} signatures")
    return tuple(map(_signature, lines))


def _signature(line: str) -> Signature:
    match = _SIGNATURE_LINE.fullmatch(line)
    raw = _from_base64(match[2]) if match else None
    if match is None or raw is None or len(raw) <= KEY_ID_BYTES:
        raise _no("a line below the blank one is no signature: expected a dash, a key's name and base64")
    return Signature(match[1], raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


def _from_base64(text: str) -> bytes | None:
    """Bytes of base64 in its one spelling: Python also takes left-over bits that are not zero."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == text else None


def _no(why: str) -> CheckpointError:
    return CheckpointError(f"this is no checkpoint: {why}")
