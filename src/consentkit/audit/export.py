"""Rows for other people's tools: JSON lines and CSV, with the columns that they rely on.

JSON lines are the lossless form. CSV is what RFC 4180 says, UTF-8 without a byte order mark; a cell that a spreadsheet
would run as a formula gets an apostrophe in front. Pure: rows in, text out, one at a time.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from consentkit.audit.errors import EventDamaged
from consentkit.audit.verify import StoredEvent
from consentkit.core.regime import STRICTNESS

COLUMNS = (
    "seq", "id", "time", "site", "visitor", "act", "granted", "denied", "regime", "jurisdiction", "signal",
    "policy", "notice", "language", "how",
)  # fmt: skip

# Full-width forms too: some spreadsheets read them as the ASCII ones.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record(row: StoredEvent) -> dict[str, Any]:
    """An event as exports tell it.

    ``granted`` and ``denied`` list purposes, then exceptions as ``service:ID``. ``regime`` is the strictest of the
    event's. After the fixed columns come what only JSON lines carry: ``regimes``, ``decided_after_ms``, ``leaf``.

    :raises EventDamaged: the stored bytes are no event.
    """
    try:
        return _told(row, json.loads(row.canonical))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        msg = f"event {row.seq} cannot be read: `consentkit audit verify` says what is wrong with it"
        raise EventDamaged(msg) from None


def _told(row: StoredEvent, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "id": row.id,
        "time": moment(row.time),
        "site": row.site,
        "visitor": row.visitor,
        "act": row.act,
        "granted": _answers(told, "granted"),
        "denied": _answers(told, "denied"),
        "regime": min(told["regimes"].values(), key=lambda name: STRICTNESS.get(name, -1), default=None),
        "jurisdiction": told["jurisdiction"],
        "signal": told["signal"],
        "policy": told["policy"],
        "notice": told["notice"],
        "language": told["language"],
        "how": told["how"],
        "regimes": told["regimes"],
        "decided_after_ms": told["decided_after_ms"],
        "leaf": row.leaf.hex(),
    }


def jsonl(rows: Iterable[StoredEvent]) -> Iterator[str]:
    """A line for each event, its end included."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for row in rows:
        # JSON may hold these as they are; a terminal would obey some of them.
        yield _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", encode(record(row))) + "\n"


def as_csv(rows: Iterable[StoredEvent]) -> Iterator[str]:
    """A header, then a line for each event; lines end in CR LF (RFC 4180, checked 2026-11)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    yield _taken(buffer)
    for row in rows:
        told = record(row)
        writer.writerow([_cell(told[name]) for name in COLUMNS])
        yield _taken(buffer)


def moment(microseconds: int) -> str:
    """RFC 3339 in UTC, with all six digits: no spreadsheet takes it for a number and rounds it."""
    try:
        when = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:  # beyond the year 9999: only a damaged row says so
        return str(microseconds)
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _answers(told: dict[str, Any], name: str) -> list[str]:
    return [*told[name], *(f"service:{service}" for service in told[f"services_{name}"])]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, list):
        value = " ".join(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
