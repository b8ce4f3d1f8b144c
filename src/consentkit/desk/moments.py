"""Moments as people type them, in the zone in which they see the desk."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from consentkit.desk.errors import BadInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def day(text: str, field: str) -> date | None:
    """A day such as ``2026-11-25``; ``None`` for no text.

    :param field: which field of the form; told where it is none.
    :raises BadInput: it is none.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("bad-moment", field=field, text=text) from None


def moment(text: str, field: str, zone: tzinfo, *, last: bool = False) -> int | None:
    """Microseconds since 1970, UTC, of a day or a minute; ``None`` for no text.

    :param last: the last microsecond of that day, minute or second instead of its first.
    :raises BadInput: it is none.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        if last:
            found = _end(text, found)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        return (found - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise BadInput("bad-moment", field=field, text=text) from None


def _end(text: str, found: datetime) -> datetime:
    if len(text) == len("2026-11-25"):
        # By the calendar: a day may have 23 or 25 hours.
        return datetime.combine(found, time.max)
    if found.second == 0 and found.microsecond == 0:
        return found.replace(second=59, microsecond=999_999)
    return found.replace(microsecond=999_999)
