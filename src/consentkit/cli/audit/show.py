"""``consentkit audit show``: the newest events, or one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from consentkit.audit.export import record
from consentkit.audit.reader import Reader
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import WRONG, say, stop, table


def show(
    audit: Url = DEFAULT,
    log: LogId = None,
    last: Annotated[int, typer.Option(metavar="N", min=1, help="How many of the newest events.")] = 20,
    event: Annotated[str | None, typer.Option("--id", metavar="ID", help="One event by its id.")] = None,
) -> None:
    """Show the newest events, or one.

    Exit code: 0 shown, 1 no such event, 2 could not look.
    """
    reader = Reader(audit, log)
    if event is not None:
        found = reader.find(event)
        if found is None:
            stop("There is no event with this id.", WRONG)
        table({name: _shown(value) for name, value in record(found).items()})
        return
    rows = reader.last(last)
    for row in rows:
        told = record(row)
        say("  ".join(_shown(told[name]) for name in ("seq", "time", "act", "granted", "jurisdiction", "id")))
    if not rows:
        say("The log is empty.")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "-"
    return "-" if value is None else str(value)
