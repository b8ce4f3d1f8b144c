"""An event as the desk's pages tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from consentkit.audit.event import ACTS, VISITORS_ACTS
from consentkit.audit.finding import StoredEvent
from consentkit.audit.sample import SITE
from consentkit.core.errors import printable
from consentkit.desk.page import Visit


class Said(BaseModel):
    """What an event's bytes must say to be shown at all: whoever can write to the store can make them say anything."""

    model_config = ConfigDict(strict=True)

    act: str
    decided_after_ms: int | None
    denied: list[str]
    granted: list[str]
    how: str
    jurisdiction: str | None
    language: str | None
    notice: str
    personal: str | None
    policy: str
    regimes: dict[str, str]
    services_denied: list[str]
    services_granted: list[str]
    signal: str | None
    site: str
    statement: str = ""
    subject: list[tuple[int, int]] = []


def said(row: StoredEvent) -> Said | None:
    """What an event says; ``None`` where its bytes are no event, or one of another act."""
    if not isinstance(row.canonical, bytes):
        return None
    try:
        found = Said.model_validate_json(row.canonical)
    except ValidationError:
        return None
    return found if found.act == row.act and found.act in ACTS else None


def told(visit: Visit, row: StoredEvent) -> dict[str, Any]:
    """What a template shows of an event. Who it is of, officers alone are told.

    A row that cannot be read is shown as such, and hides no other.
    """
    values = said(row)
    if values is None:
        told: dict[str, Any] = {
            "readable": False,
            "sample": False,
            "act": printable(str(row.act)),
            "purposes": {},
            "visitor": None,
            "who": "",
        }
    else:
        told = {
            **values.model_dump(),
            "readable": True,
            "sample": row.site == SITE,
            "own": row.act not in VISITORS_ACTS,
            "purposes": {**dict.fromkeys(values.granted, True), **dict.fromkeys(values.denied, False)},
            "services": {
                **dict.fromkeys(values.services_granted, True),
                **dict.fromkeys(values.services_denied, False),
            },
            "visitor": row.visitor if visit.officer else None,
            "who": _who(values.personal, row, visit),
        }
    return {**told, "seq": row.seq, "id": row.id, "leaf": row.leaf, "when": _when(visit, row.time)}


def ranges_of(rows: Iterable[StoredEvent]) -> tuple[tuple[int, int], ...]:
    """The numbers of events as ranges, in order."""
    spans: list[tuple[int, int]] = []
    for seq in sorted({row.seq for row in rows}):
        if spans and seq == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], seq)
        else:
            spans.append((seq, seq))
    return tuple(spans)


def _who(commitment: str | None, row: StoredEvent, visit: Visit) -> str:
    """Key of the words that say whose event it is."""
    if row.act not in VISITORS_ACTS:
        return "who-log"
    if commitment is None:
        return "who-nobody"
    if not visit.officer:
        return "who-hidden"
    return "who-erased" if row.visitor is None else ""


def _when(visit: Visit, time: int) -> str:
    try:
        return visit.moment(time)
    except (ValueError, OverflowError, OSError, TypeError):
        return str(time)
