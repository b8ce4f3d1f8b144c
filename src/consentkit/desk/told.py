"""An event as the desk's pages tell it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from consentkit.audit.event import VISITORS_ACTS
from consentkit.audit.finding import StoredEvent
from consentkit.audit.sample import SITE
from consentkit.core.errors import printable
from consentkit.desk.page import Visit


def told(visit: Visit, row: StoredEvent) -> dict[str, Any]:
    """What a template shows of an event. Who it is of, officers alone are told.

    A row that cannot be read is shown as such, and hides no other.
    """
    try:
        values = json.loads(row.canonical)
        told = {
            **values,
            "readable": True,
            "sample": row.site == SITE,
            "own": row.act not in VISITORS_ACTS,
            "purposes": {
                **dict.fromkeys(values["granted"], True),
                **dict.fromkeys(values["denied"], False),
            },
            "services": {
                **dict.fromkeys(values["services_granted"], True),
                **dict.fromkeys(values["services_denied"], False),
            },
            "statement": values.get("statement", ""),
            "subject": values.get("subject", []),
            "visitor": row.visitor if visit.officer else None,
            "who": _who(values["personal"], row, visit),
        }
    except (ValueError, KeyError, TypeError):
        told = {
            "readable": False,
            "sample": False,
            "act": printable(str(row.act)),
            "purposes": {},
            "visitor": None,
            "who": "",
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
