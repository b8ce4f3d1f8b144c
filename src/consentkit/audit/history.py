"""What a visitor may see of the log: the receipts of their own choices, read from the store."""

from __future__ import annotations

import json
import re
from typing import Any

from consentkit.audit.errors import AuditError, LogLocationError, LogUnavailable
from consentkit.audit.event import VISITORS_ACTS
from consentkit.audit.finding import StoredEvent
from consentkit.audit.merkle import ProofError
from consentkit.audit.proofs import StoredTree
from consentkit.audit.reader import Reader, StoredCheckpoint
from consentkit.audit.receipt import Proof, Stated, make

MOST = 50
"""Receipts shown, the newest: a visitor has a handful; a script that took one's cookie has more."""
MOST_BYTES = 4 << 20
"""Of notices in the receipts of one answer; the newest stay."""
_EVENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class History:
    """Reads one log for one answer.

    :param timeout: seconds that a statement may wait.
    :raises LogUnavailable: the store cannot be read.
    :raises SchemaMismatch: its schema is not ours.
    """

    def __init__(self, url: str, log_id: str, *, timeout: float) -> None:
        self._reader = Reader(url, log_id, timeout=timeout)
        self._tree = StoredTree(self._reader)
        self._notices: dict[str, bytes | None] = {}

    def of_visitor(self, visitor: str, stated: Stated) -> list[dict[str, Any]]:
        """Receipts of all that a visitor chose, newest first; none of anybody else's."""
        rows = self._reader.of_visitor(visitor, MOST) if visitor and "\0" not in visitor else []
        return self._receipts([row for row in reversed(rows) if row.visitor == visitor], stated)

    def of_refusal(self, event_id: str, stated: Stated) -> list[dict[str, Any]]:
        """The receipt of a choice that bears nobody's id, by the id of its event, which was told once."""
        row = self._reader.find(event_id) if _EVENT_ID.fullmatch(event_id) else None
        return self._receipts([row] if row is not None and _is_nobodys(row) else [], stated)

    def _receipts(self, rows: list[StoredEvent], stated: Stated) -> list[dict[str, Any]]:
        head = self._reader.last_checkpoint() if rows else None
        found: list[dict[str, Any]] = []
        size = 0
        for row in rows:
            notice = self._notice(json.loads(row.canonical)["notice"])
            size += len(notice or b"")
            if size > MOST_BYTES and found:
                break
            found.append(make(self._reader.log_id, row, notice, stated, self._proof(row, head)))
        return found

    def _notice(self, name: str) -> bytes | None:
        if name not in self._notices:
            document = self._reader.document("notice", name) if name else None
            self._notices[name] = None if document is None else document.body
        return self._notices[name]

    def _proof(self, row: StoredEvent, head: StoredCheckpoint | None) -> Proof | None:
        if head is None or row.seq > head.size:
            return None
        return Proof(head.size, self._tree.inclusion(row.seq, head.size), head.note)


def receipts(
    url: str, log_id: str, *, visitor: str | None, event_id: str | None, stated: Stated, timeout: float
) -> list[dict[str, Any]]:
    """Receipts for whoever asks.

    :param visitor: the id in the asker's cookie, whose signature was checked.
    :param event_id: of one event: of this visitor, or of a choice that bears no id; ``None`` for all of this visitor's.
    :raises LogUnavailable: the store cannot be read, or what it holds is damaged.
    """
    try:
        history = History(url, log_id, timeout=timeout)
        own = history.of_visitor(visitor, stated) if visitor else []
        if event_id is None:
            return own
        asked = [one for one in own if one["receipt"]["dct:identifier"] == event_id]
        return asked or history.of_refusal(event_id, stated)
    except LogLocationError:
        return []  # nothing was written to this log yet
    except LogUnavailable:
        raise
    except (AuditError, ProofError, ValueError, KeyError, TypeError) as error:
        msg = f"receipts cannot be made of this log: {type(error).__name__}"
        raise LogUnavailable(msg) from None


def _is_nobodys(row: StoredEvent) -> bool:
    told = json.loads(row.canonical)
    return told["personal"] is None and told["act"] in VISITORS_ACTS
