"""Moments and days on the command line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(text: str) -> int:
    """A moment with its zone, in microseconds since 1970, UTC.

    :raises typer.BadParameter: it is none, or its zone is not told.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        msg = "expected a moment with its zone, such as 2026-11-25T00:00:00+01:00 or 2026-11-25T00:00:00Z"
        raise typer.BadParameter(msg)
    return (found - _EPOCH) // _MICROSECOND


def day(text: str) -> date:
    """A day of the calendar.

    :raises typer.BadParameter: it is none.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        msg = "expected a day such as 2026-11-25"
        raise typer.BadParameter(msg) from None


def zone(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database.

    :raises typer.BadParameter: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = "expected a time zone of the IANA database, such as Europe/Paris or UTC"
        raise typer.BadParameter(msg) from None


From = Annotated[
    int | None,
    typer.Option("--from", metavar="TIME", parser=microseconds, help="Events from this moment on."),
]
To = Annotated[
    int | None, typer.Option("--to", metavar="TIME", parser=microseconds, help="Events before this moment.")
]
