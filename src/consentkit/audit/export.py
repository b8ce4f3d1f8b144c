"""Rows for other people's tools: JSON lines and CSV, with the columns that they rely on.

JSON lines are the lossless form. CSV is what RFC 4180 says, UTF-8 without a byte order mark; a cell that a spreadsheet
would run as a formula gets an apostrophe in front. A form for spreadsheets stands beside it. Pure: rows in, text out, one
at a time.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from consentkit.audit.errors import EventDamaged
from consentkit.audit.finding import StoredEvent
from consentkit.audit.spreadsheet import as_text, defused, delimiter
from consentkit.core.regime import STRICTNESS

COLUMNS = (
    "seq", "id", "time", "site", "visitor", "act", "granted", "denied", "regime", "jurisdiction", "signal",
    "policy", "notice", "language", "how",
)  # fmt: skip
_AS_TOLD = COLUMNS[9:]
REMEMBERED = 4096
"""Distinct answers to distinct questions kept while rows are told: a site has some hundreds."""
_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029]")
_EPOCH = date(1970, 1, 1)
_MINUTES = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1440)]
# Five cells with nothing in them that anybody would quote or run: nearly all rows. A comma inside one would make a sixth.
_PLAIN = re.compile(r"(?:,(?:[0-9A-Za-z][\w.:/-]*+)?){5},", re.ASCII)
_AFTER = b',"decided_after_ms":'
_ID, _PERSONAL, _TIME = b',"id":"', b',"personal":', b',"time":'


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events an export holds; what is ``None`` leaves all through.

    :param begin: microseconds since 1970, UTC; events from this moment on.
    :param end: events before this moment.
    :param site: as the events name it.
    :param act: as the events name it.
    :param jurisdiction: a code such as ``FR``; empty for events whose jurisdiction is unknown.
    """

    begin: int | None = None
    end: int | None = None
    site: str | None = None
    act: str | None = None
    jurisdiction: str | None = None

    def takes(self, row: StoredEvent) -> bool:
        """Whether an event belongs to it.

        :raises EventDamaged: a jurisdiction is asked for, and the stored bytes are no event.
        """
        return (
            (self.begin is None or row.time >= self.begin)
            and (self.end is None or row.time < self.end)
            and self.site in (None, row.site)
            and self.act in (None, row.act)
            and (self.jurisdiction is None or (told(row)["jurisdiction"] or "") == self.jurisdiction)
        )


@dataclass(frozen=True, slots=True)
class Dialect:
    """How CSV is written.

    :param delimiter: between cells.
    :param mark: whether the file begins with a byte order mark.
    :param cell: what is done to each text.
    """

    delimiter: str = ","
    mark: bool = False
    cell: Callable[[str], str] = defused


MACHINE = Dialect()
"""RFC 4180 (checked 2026-11): lines end in CR LF, UTF-8, no byte order mark."""


def spreadsheet(locale: str) -> Dialect:
    """What a spreadsheet of this locale opens by a double click: its delimiter, a byte order mark, and nothing rewritten.

    :raises ValueError: no locale.
    """
    return Dialect(delimiter(locale), True, lambda text: as_text(defused(text)))


def record(row: StoredEvent) -> dict[str, Any]:
    """An event as exports tell it.

    ``granted`` and ``denied`` list purposes, then exceptions as ``service:ID``. ``regime`` is the strictest of the
    event's. After the fixed columns come what only JSON lines carry: ``regimes``, ``decided_after_ms``, ``leaf``, and
    what acts of the log's own say: ``statement`` and ``subject``, where they have one.

    :raises EventDamaged: the stored bytes are no event.
    """
    values = told(row)
    try:
        return {
            "seq": row.seq,
            "id": row.id,
            "time": moment(row.time),
            "site": row.site,
            "visitor": row.visitor,
            "act": row.act,
            **_shared(values),
            "regimes": values["regimes"],
            "decided_after_ms": values["decided_after_ms"],
            "leaf": row.leaf.hex(),
            **{name: values[name] for name in ("statement", "subject") if name in values},
        }
    except (KeyError, TypeError, AttributeError):
        raise _damaged(row) from None


def told(row: StoredEvent) -> dict[str, Any]:
    """What an event commits to, by name.

    :raises EventDamaged: the stored bytes are no event.
    """
    try:
        values = json.loads(row.canonical)
    except (ValueError, TypeError, RecursionError):
        raise _damaged(row) from None
    if not isinstance(values, dict) or "jurisdiction" not in values:
        raise _damaged(row)
    return values


def jsonl(rows: Iterable[StoredEvent]) -> Iterator[str]:
    """A line for each event, its end included."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for row in rows:
        # JSON may hold these as they are; a terminal would obey some of them.
        yield _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", encode(record(row))) + "\n"


def as_csv(rows: Iterable[StoredEvent], dialect: Dialect = MACHINE, *, header: bool = True) -> Iterator[str]:
    """A header, then a line for each event.

    :param header: whether the first line (and the byte order mark, where the dialect has one) is written: not where the
        text is to continue an earlier one.
    :raises EventDamaged: the stored bytes of a row are no event.
    """
    line = _Lines(dialect)
    if header:
        yield ("\ufeff" if dialect.mark else "") + line.of(COLUMNS) + "\r\n"
    for row in rows:
        yield line.tell(row)


class _Lines:
    """Writes rows as CSV, remembering the text of what many have in common: a third of the time of doing it anew."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._buffer = io.StringIO()
        self._writer = csv.writer(self._buffer, delimiter=dialect.delimiter)
        self._ends: dict[tuple[bytes, bytes, bytes], str] = {}

    def tell(self, row: StoredEvent) -> str:
        """One line, its end included."""
        key = _alike(row.canonical)
        end = self._ends.get(key) if key is not None else None
        if end is None:
            end = self._end(row)
            if len(self._ends) >= REMEMBERED:
                self._ends.clear()
            if key is not None:
                self._ends[key] = end
        return f"{row.seq}{self._own(row)}{end}\r\n"

    def _own(self, row: StoredEvent) -> str:
        own = (row.id, moment(row.time), row.site, row.visitor or "", row.act)
        if self._dialect is MACHINE:
            text = f",{','.join(own)},"
            if _PLAIN.fullmatch(text):
                return text
        mark = self._dialect.delimiter
        return f"{mark}{self.of(own)}{mark}"

    def of(self, values: Iterable[Any]) -> str:
        """Cells with their delimiters, without an end."""
        self._writer.writerow(map(self._cell, values))
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        # Not by an empty end of line: the writer quotes only those line breaks that stand in it.
        return text.removesuffix("\r\n")

    def _end(self, row: StoredEvent) -> str:
        try:
            return self.of(_shared(told(row)).values())
        except (KeyError, TypeError, AttributeError):
            raise _damaged(row) from None

    def _cell(self, value: Any) -> Any:
        if isinstance(value, list):
            value = " ".join(value)
        return self._dialect.cell(value) if isinstance(value, str) else value


def _alike(canonical: bytes) -> tuple[bytes, bytes, bytes] | None:
    """The parts of canonical bytes that events have in common; ``None`` where they are not found.

    A name with its quotes never stands inside a text, where a quote has a backslash in front; and ``id`` comes before
    ``regimes``, whose purposes may have any name.
    """
    if not isinstance(canonical, bytes):
        return None
    after = canonical.find(b",", canonical.find(_AFTER) + len(_AFTER))
    id_ = canonical.find(_ID, after)
    personal = canonical.find(_PERSONAL, id_)
    time = canonical.rfind(_TIME)
    told_, asked = canonical.find(b",", id_ + len(_ID)), canonical.find(b",", personal + len(_PERSONAL))
    if not 0 < after < id_ < told_ <= personal < asked <= time:
        return None
    return canonical[after:id_], canonical[told_:personal], canonical[asked:time]


def moment(microseconds: int) -> str:
    """RFC 3339 in UTC, with all six digits: no spreadsheet takes it for a number and rounds it."""
    try:
        day, rest = divmod(microseconds, 86_400_000_000)
        minutes, rest = divmod(rest, 60_000_000)
        return f"{_day(day)}T{_MINUTES[minutes]}:{rest // 1_000_000:02d}.{rest % 1_000_000:06d}Z"
    except (OverflowError, TypeError):  # beyond the year 9999, or no number: only a damaged row says so
        return str(microseconds)


@lru_cache(maxsize=1024)
def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).isoformat()


def _shared(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "granted": _answers(values, "granted"),
        "denied": _answers(values, "denied"),
        "regime": min(values["regimes"].values(), key=lambda name: STRICTNESS.get(name, -1), default=None),
        **{name: values[name] for name in _AS_TOLD},
    }


def _answers(values: dict[str, Any], name: str) -> list[str]:
    return [*values[name], *(f"service:{service}" for service in values[f"services_{name}"])]


def _damaged(row: StoredEvent) -> EventDamaged:
    msg = f"event {row.seq} cannot be read: `consentkit audit verify` says what is wrong with it"
    return EventDamaged(msg)
