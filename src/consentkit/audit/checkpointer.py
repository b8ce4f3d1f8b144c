"""Signs checkpoints in the process that serves the site: one worker of all of them, by a lease.

What this is worth: the key lies on the machine that writes the log, so whoever takes that machine over can sign a log that
they rewrote. Against anybody else who can write to the store it does what a checkpoint made elsewhere does, provided that
copies leave the machine: each note is also a line of the logger ``consentkit.checkpoint``, for wherever the site sends its
log lines.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from consentkit.audit.background import Background
from consentkit.audit.event import now
from consentkit.audit.lease import Lease
from consentkit.audit.reader import Reader
from consentkit.audit.signing import Signing

copies = logging.getLogger("consentkit.checkpoint")

TASK = "checkpoint"
LONGEST_PAUSE = 15.0
"""Seconds between looks at the log."""
LEASE = 4
"""A lease lasts as many pauses, and :data:`SHORTEST_LEASE` seconds at least: a busy machine may be late."""
SHORTEST_LEASE = 2.0


class Checkpointer(Background):
    """A thread that looks at the log now and then. Made in the process that uses it.

    :param key: file of the private key.
    :param every: sign after so many new events, or after so many seconds if there is any new event.
    """

    def __init__(self, url: str, log_id: str, key: Path, every: tuple[int, float]) -> None:
        self._url, self._log_id, self._key = url, log_id, key
        self._events, self._seconds = every
        self._every = max(0.05, min(LONGEST_PAUSE, self._seconds / 4))
        self._lease: Lease | None = None
        super().__init__(
            "consentkit-checkpoint",
            self._every,
            look=self._sign_if_due,
            leave=self._give_back,
            trouble="no checkpoint",
        )

    def _sign_if_due(self) -> None:
        if self._lease is None:
            Reader(self._url, self._log_id)  # refuses a store whose schema is not ours
            self._lease = Lease(self._url, self._log_id, TASK, max(SHORTEST_LEASE, self._every * LEASE))
        if self._lease.take() and self._due():
            signed = Signing(self._url, self._log_id, self._key).sign()
            copies.info("%s", json.dumps({"size": signed.checkpoint.size, "note": signed.note.decode()}))

    def _due(self) -> bool:
        reader = Reader(self._url, self._log_id)
        size, last = reader.size(), reader.last_checkpoint()
        fresh = size - (last.size if last else 0)
        waited = now() - last.time if last else 0
        # A clock that went back must not stop us for as long as it did.
        late = last is None or waited >= self._seconds * 1_000_000 or waited < 0
        return fresh >= self._events or (fresh > 0 and late) or fresh < 0

    def _give_back(self) -> None:
        if self._lease is not None:
            self._lease.release()
