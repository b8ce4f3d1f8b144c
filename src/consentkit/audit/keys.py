"""Keys that sign checkpoints: Ed25519, in files, in the text form that tools for signed notes use.

``FILE`` holds ``PRIVATE+KEY+name+id+key`` and is readable by its owner alone; ``FILE.pub`` holds ``name+id+key``, a line for
each public key. The form is that of Go's ``sumdb/note``; the key id is that of C2SP ``signed-note`` (checked 2026-11).
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from consentkit.audit.checkpoint import KEY_ID_BYTES
from consentkit.audit.errors import EvidenceExtraMissing, KeyFileError

ED25519 = b"\x01"
KEY_BYTES = 32
LARGEST_FILE = 65_536
"""Bytes; some 600 public keys."""

_NAME = re.compile(r"[^\s+]{1,200}")
_PUBLIC = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})")
_PRIVATE = re.compile(r"PRIVATE\+KEY\+" + _PUBLIC.pattern)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Checks signatures.

    :param name: whose key it is; neither white space nor ``+``.
    :param key: 32 bytes.
    """

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return _key_id(self.name, self.key)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether the private key signed this text."""
        ed25519, invalid = _ed25519(), _invalid_signature()
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text)
        except (invalid, ValueError):
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.key).decode()}"


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Signs.

    :param name: whose key it is.
    :param seed: 32 secret bytes; never shown by ``repr``.
    """

    name: str
    seed: bytes

    @property
    def public(self) -> PublicKey:
        """What checks its signatures."""
        return PublicKey(self.name, self._key().public_key().public_bytes_raw())

    @property
    def key_id(self) -> bytes:
        """That of the public key."""
        return self.public.key_id

    def sign(self, text: bytes) -> bytes:
        """64 bytes, the same for the same text."""
        return bytes(self._key().sign(text))

    def __repr__(self) -> str:
        return f"PrivateKey({self.name!r})"

    def _key(self) -> Any:
        return _ed25519().Ed25519PrivateKey.from_private_bytes(self.seed)


def new_name() -> str:
    """A name that no other log has."""
    return f"consentkit/{secrets.token_hex(6)}"


def generate(path: Path, name: str) -> PublicKey:
    """Make a key: ``path`` holds the private one, ``path.pub`` the public one.

    :raises KeyFileError: the name cannot be a key's, or one of the files is there already or cannot be written.
    :raises EvidenceExtraMissing: ``cryptography`` is not installed.
    """
    if not _NAME.fullmatch(name):
        msg = f"{name!r} cannot be a key's name: it holds white space or +, or is empty or too long"
        raise KeyFileError(msg)
    key = PrivateKey(name, secrets.token_bytes(KEY_BYTES))
    public = key.public
    beside = public_path(path)
    for one in (path, beside):
        if one.exists():
            msg = f"{one} is there already: a key is never written over"
            raise KeyFileError(msg)
    secret = f"PRIVATE+KEY+{name}+{key.key_id.hex()}+{base64.b64encode(ED25519 + key.seed).decode()}\n"
    _write_new(path, secret, 0o600)
    _write_new(beside, f"{public}\n", 0o644)
    return public


def append_public(path: Path, keys: Sequence[PublicKey]) -> None:
    """Add older public keys to the file beside a private key.

    :raises KeyFileError: it cannot be written.
    """
    beside = public_path(path)
    try:
        with beside.open("a", encoding="utf-8") as file:
            file.writelines(f"{key}\n" for key in keys)
    except OSError as error:
        msg = f"{beside} cannot be written: {os.strerror(error.errno or 0)}"
        raise KeyFileError(msg) from None


def public_path(path: Path) -> Path:
    """Where the public key of a private one lies."""
    return path.with_name(f"{path.name}.pub")


def read_private(path: Path) -> PrivateKey:
    """The key in a file.

    :raises KeyFileError: it cannot be read, others can read it, or it holds no private key. The message never holds any
        of its content.
    :raises EvidenceExtraMissing: ``cryptography`` is not installed.
    """
    text = _read(path, private=True)
    match = _PRIVATE.fullmatch(text.removesuffix("\n"))
    seed = _key_of(match[3]) if match else None
    if match is None or seed is None:
        msg = f"{path} holds no private key as `consentkit audit keygen` writes it"
        raise KeyFileError(msg)
    key = PrivateKey(match[1], seed)
    if key.key_id.hex() != match[2]:
        msg = f"{path} is damaged: its key is not the one that its id names"
        raise KeyFileError(msg)
    return key


def read_public(paths: Sequence[Path]) -> list[PublicKey]:
    """All public keys in these files, a line each.

    :raises KeyFileError: a file cannot be read, or a line is no public key.
    """
    return [_public(path, line) for path in paths for line in _read(path).splitlines() if line.strip()]


def parse_public(line: str) -> PublicKey | None:
    """The key that a line of text tells; ``None`` where it tells none."""
    match = _PUBLIC.fullmatch(line)
    raw = _key_of(match[3]) if match else None
    if match is None or raw is None or _key_id(match[1], raw).hex() != match[2]:
        return None
    return PublicKey(match[1], raw)


def _public(path: Path, line: str) -> PublicKey:
    key = parse_public(line)
    if key is None:
        kind = "a private key: give the file that ends in .pub" if "PRIVATE" in line else "no public key"
        msg = f"{path} holds a line that is {kind}"
        raise KeyFileError(msg)
    return key


def _key_id(name: str, key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + ED25519 + key).digest()[:KEY_ID_BYTES]


def _key_of(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw[1:] if len(raw) == 1 + KEY_BYTES and raw[:1] == ED25519 else None


def _read(path: Path, *, private: bool = False) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if private and os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                msg = f"{path} can be read by others: run `chmod 600 {path}`, and make a new key if they may have read it"
                raise KeyFileError(msg)
            return file.read(LARGEST_FILE).decode()
    except OSError as error:
        msg = f"{path} cannot be read: {os.strerror(error.errno or 0)}"
        raise KeyFileError(msg) from None
    except UnicodeDecodeError:
        msg = f"{path} holds no key: it is no text"
        raise KeyFileError(msg) from None


def _write_new(path: Path, text: str, mode: int) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        msg = f"{path} cannot be written: {os.strerror(error.errno or 0)}"
        raise KeyFileError(msg) from None


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ModuleNotFoundError:
        raise EvidenceExtraMissing from None
    return ed25519


def _invalid_signature() -> type[Exception]:
    from cryptography.exceptions import InvalidSignature

    return InvalidSignature
