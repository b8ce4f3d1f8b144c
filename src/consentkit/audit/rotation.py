"""One key takes over from another, in the sight of the log."""

from __future__ import annotations

import os
from pathlib import Path

from consentkit.audit.batch import seal
from consentkit.audit.event import SALT_BYTES, Event, now, uuid7
from consentkit.audit.keys import PublicKey, append_public, generate, read_private
from consentkit.audit.reader import Reader
from consentkit.audit.signing import Signing, older_keys
from consentkit.audit.store import Store


def rotate(url: str, log_id: str | None, old: Path, new: Path, *, timeout: float = 10.0) -> PublicKey:
    """Make a new key under the old one's name, write a ``rotate`` event that tells it, and let both sign the log then.

    :param old: file of the private key that signed until now.
    :param new: where the new one goes; the file of its public key holds the older ones too.
    :raises LogNotExtended: the log does not begin with what the old key signed; no key was made.
    :raises AuditError: the log or a file cannot be used.
    """
    before = Signing(url, log_id, old, timeout=timeout).sign()
    outgoing = read_private(old)
    public = generate(new, outgoing.name)
    older = older_keys(old)
    append_public(new, [outgoing.public, *(key for key in older if key != outgoing.public)])
    _write(url, Reader(url, log_id).log_id, public, timeout)
    Signing(url, log_id, new, timeout=timeout).sign(before.note, beside=(outgoing,))
    return public


def _write(url: str, log_id: str, public: PublicKey, timeout: float) -> None:
    store = Store(url, log_id, timeout)
    event = Event(
        id=uuid7(),
        time=now(),
        site="",
        act="rotate",
        policy="",
        notice="",
        how="cli",
        statement=f"the key that signs from now on: {public}",
    )
    try:
        store.append([seal(event, None, os.urandom(SALT_BYTES))])
    finally:
        store.close()
