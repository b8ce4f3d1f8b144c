"""The visitor's own history, as a page and as receipts to keep.

Who asks is told by our cookie alone, whose signature was checked: whoever has it sees what was chosen with it. A refusal
bears no id; its receipt is found by the event's id, which was told once to whoever refused: by the JSON answer, or by a page
in answer to the form, if asked for there.
"""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from consentkit.audit.errors import AuditError
from consentkit.audit.event import now
from consentkit.audit.export import moment
from consentkit.audit.history import receipts
from consentkit.audit.log import AuditLog
from consentkit.audit.receipt import Stated
from consentkit.core.policy import Policy
from consentkit.web.answer import Answer, Header
from consentkit.web.form import JSON
from consentkit.web.notice import View
from consentkit.web.pages import Pages, as_json
from consentkit.web.request import Visit

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""Histories read at the same time in one process: each takes a thread and a connection. More are told to come back."""
TIMEOUT = 2.0
"""Seconds that the store may take for one statement."""
RETRY_AFTER = 5
"""Seconds."""
LONGEST_QUERY = 4096
"""Bytes."""


class Records:
    """Answers ``GET /record``."""

    def __init__(self, policy: Policy, pages: Pages, audit: AuditLog) -> None:
        self._policy = policy
        self._pages = pages
        self._audit = audit
        self._reading = 0

    async def answer(self, visit: Visit, view: View) -> Answer:
        """A page, or JSON where that is asked for; one receipt as a file with ``?event=ID&save``."""
        query = _query(visit)
        event_id = query.get("event", [None])[0]
        wants_json = JSON.encode() in visit.fields.get(b"accept", b"")
        try:
            found = await self._read(_visitor(visit), view, event_id)
        except AuditError as error:
            logger.warning("a visitor's history could not be read: %s", type(error).__name__)
            return self._away(view, wants_json)
        if "save" in query and event_id is not None:
            return _file(found)
        if wants_json:
            return as_json(200, {"receipts": found})
        return self._pages.record(view, [_entry(one) for one in found])

    async def at_once(
        self, view: View, back: str, event_id: str, visitor: str | None, headers: tuple[Header, ...]
    ) -> Answer | None:
        """The receipt of a choice that was made just now, to be kept without a request of its own; ``None``: not to be had.

        :param back: where its form would have led; the page has a link there.
        :param visitor: the id that its event bears, if any.
        :param headers: further header fields.
        """
        try:
            found = await self._read(visitor, view, event_id)
        except AuditError:
            return None
        entries = [{**_entry(one), "file": _inline(one)} for one in found]
        view = replace(view, next="" if back.startswith(view.prefix) else back)
        return self._pages.record(view, entries, headers, at_once=True) if entries else None

    async def _read(self, visitor: str | None, view: View, event_id: str | None) -> Sequence[dict[str, Any]]:
        if visitor is None and event_id is None:
            return ()
        if self._reading >= AT_ONCE:
            msg = "too many histories are read already"
            raise AuditError(msg)
        self._reading += 1
        try:
            return await asyncio.to_thread(
                receipts,
                self._audit.url,
                self._audit.log_id,
                visitor=visitor,
                event_id=event_id,
                stated=self._stated(view),
                timeout=TIMEOUT,
            )
        finally:
            self._reading -= 1

    def _stated(self, view: View) -> Stated:
        address = f"{self._policy.site.address}{view.prefix}/"
        return Stated(moment(now()), self._policy.grant_lifetime, address)

    def _away(self, view: View, wants_json: bool) -> Answer:
        retry = ((b"retry-after", b"%d" % RETRY_AFTER),)
        if wants_json:
            return as_json(503, {"error": "the history cannot be read now"}, retry)
        return self._pages.record(view, None, retry)


def _visitor(visit: Visit) -> str | None:
    decision = visit.read.decision
    return decision.visitor if decision else None


def _query(visit: Visit) -> dict[str, list[str]]:
    asked = visit.scope.get("query_string") or b""
    if len(asked) > LONGEST_QUERY:
        return {}
    return parse_qs(asked.decode("latin-1"), keep_blank_values=True)


def _file(found: Sequence[dict[str, Any]]) -> Answer:
    if not found:
        return as_json(404, {"error": "no such receipt"})
    name = found[0]["receipt"]["dct:identifier"]
    return as_json(
        200, found[0], ((b"content-disposition", f'attachment; filename="receipt-{name}.json"'.encode()),)
    )


def _inline(receipt: dict[str, Any]) -> str:
    """The file itself as an address."""
    body = json.dumps(receipt, separators=(",", ":")).encode()
    return f"data:application/json;base64,{b64encode(body).decode()}"


def _entry(receipt: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of a receipt; purposes by their names."""
    evidence = receipt["evidence"]
    event = json.loads(evidence["event"])
    return {
        "event": event["id"],
        "act": event["act"],
        "time": moment(event["time"]),
        "granted": event["granted"],
        "denied": event["denied"],
        "seq": evidence["seq"],
        "proven": evidence["proof"] is not None,
    }
