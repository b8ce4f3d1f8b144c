"""``consentkit audit stats``: how often what was decided, by day or hour of a time zone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from consentkit.audit.reader import Reader
from consentkit.audit.stats import Line, by_day, by_hour, slots, summed
from consentkit.cli.audit.moments import day, zone
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import say, stop


class By(StrEnum):
    """What is counted."""

    ACT = "act"
    PURPOSE = "purpose"
    JURISDICTION = "jurisdiction"
    LANGUAGE = "language"
    NOTICE = "notice"
    POLICY = "policy"
    SIGNAL = "signal"
    HOW = "how"


def stats(
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    by: Annotated[By, typer.Option(help="What is counted.")] = By.ACT,
    where: Annotated[
        ZoneInfo | None,
        typer.Option("--zone", metavar="NAME", parser=zone, help="Time zone of the days; UTC where absent."),
    ] = None,
    begin: Annotated[
        date | None, typer.Option("--from", metavar="DAY", parser=day, help="The first day.")
    ] = None,
    end: Annotated[date | None, typer.Option("--to", metavar="DAY", parser=day, help="The last day.")] = None,
    hourly: Annotated[bool, typer.Option("--hourly", help="By hour instead of by day.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Count decisions by day, from sums that the log keeps: no event is read.

    Exit code: 0 counted, 2 could not.
    """
    if begin is not None and end is not None and begin > end:
        stop("--to must not come before --from.")
    clock = where or UTC
    reader = Reader(audit, log)
    rows = reader.rollups(*slots(begin, end, clock), by.value)
    lines = summed(rows, by_hour(clock) if hourly else by_day(clock))
    if as_json:
        say(json.dumps(_for_programs(reader.log_id, by, str(where or "UTC"), lines)))
    elif lines:
        _tell(lines)
    else:
        say("Nothing was decided in this time.")


def _tell(lines: Sequence[Line]) -> None:
    wide = max(len(line.name) for line in lines)
    acts = max(len(line.outcome) for line in lines)
    for line in lines:
        named = f"{line.name or '-':<{wide}}  " if wide else ""
        chosen = f"  {_seconds(line)} s to choose" if line.tally.timed else ""
        say(f"{line.period}  {named}{line.outcome:<{acts}}  {line.tally.n:>10,}{chosen}")


def _seconds(line: Line) -> str:
    return f"{line.tally.after_ms / line.tally.timed / 1000:.1f}"


def _for_programs(log_id: str, by: By, clock: str, lines: Sequence[Line]) -> dict[str, object]:
    return {
        "log": log_id,
        "by": by.value,
        "zone": clock,
        "lines": [
            {
                "period": line.period,
                "name": line.name,
                "outcome": line.outcome,
                "n": line.tally.n,
                "mean_ms": round(line.tally.after_ms / line.tally.timed) if line.tally.timed else None,
            }
            for line in lines
        ],
    }
