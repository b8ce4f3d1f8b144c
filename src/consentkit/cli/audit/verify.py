"""``consentkit audit verify``: what broke, told to people and to programs."""

from __future__ import annotations

import json
from itertools import chain
from typing import Annotated, Any

import typer

from consentkit.audit.reader import Reader
from consentkit.audit.verify import Report, verify
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import WRONG, say


def check(
    audit: Url = DEFAULT,
    log: LogId = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings for a program.")] = False,
) -> None:
    """Check that the log holds what was written: numbers, hashes, and the personal parts beside them.

    Works while the log is written to. What a rewriter of the whole log could hide is not seen here.
    Exit code: 0 sound, 1 something is wrong, 2 could not check.
    """
    reader = Reader(audit, log)
    size = reader.size()
    report = verify(chain(reader.events(1, size), reader.beyond()), size, reader.documents())
    if as_json:
        say(json.dumps(_for_programs(reader.log_id, size, report)))
    else:
        _tell(report)
    if not report.sound:
        raise typer.Exit(WRONG)


def _tell(report: Report) -> None:
    erased = f", of {report.erased:,} the personal part is gone" if report.erased else ""
    if report.first is None:
        say(f"sound: {report.events:,} events{erased}")
        return
    where = "" if report.first.seq is None else f"event {report.first.seq}: "
    say(f"WRONG: {where}{report.first.what}: {report.first.detail}")
    if report.findings > 1:
        kinds = ", ".join(f"{name} {count:,}" for name, count in report.by_kind.items())
        say(f"{report.findings:,} findings in {report.events:,} events: {kinds}")


def _for_programs(log_id: str, size: int, report: Report) -> dict[str, Any]:
    return {
        "log": log_id,
        "ok": report.sound,
        "size": size,
        "events": report.events,
        "erased": report.erased,
        "findings": report.findings,
        "kinds": report.by_kind,
        "first": None if report.first is None else report.first._asdict(),
    }
