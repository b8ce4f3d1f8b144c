"""``consentkit audit``: look into the log of decisions, hand it on, and check it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from enum import StrEnum
from itertools import chain
from typing import Annotated, Any

import typer

from consentkit.audit.export import as_csv, jsonl, record
from consentkit.audit.reader import Reader
from consentkit.audit.sample import append_sample
from consentkit.audit.verify import Report, verify
from consentkit.cli.output import WRONG, say, stop, table

app = typer.Typer(name="audit", help="Look into the log of decisions.", no_args_is_help=True)

Url = Annotated[
    str,
    typer.Option(
        "--audit", metavar="URL", envvar="CONSENTKIT_AUDIT", help="The log: sqlite:///FILE or postgresql://…"
    ),
]
LogId = Annotated[
    str | None, typer.Option("--log", metavar="ID", help="Which log, where the store holds several.")
]
DEFAULT = "sqlite:///consent.db"


class Format(StrEnum):
    """Forms of an export."""

    JSONL = "jsonl"
    CSV = "csv"


@app.command()
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


@app.command()
def export(
    audit: Url = DEFAULT,
    log: LogId = None,
    form: Annotated[
        Format, typer.Option("--format", help="JSON lines lose nothing; CSV is for tables.")
    ] = Format.JSONL,
) -> None:
    """Write all events to standard output, oldest first.

    Exit code: 0 written, 2 could not.
    """
    rows = Reader(audit, log).events()
    _write(jsonl(rows) if form is Format.JSONL else as_csv(rows))


@app.command("verify")
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


@app.command()
def sample(
    events: Annotated[int, typer.Option(metavar="N", min=1, help="How many.")],
    days: Annotated[int, typer.Option(metavar="D", min=1, help="Over how many days up to now.")] = 30,
    audit: Url = DEFAULT,
    log: LogId = None,
) -> None:
    """Fill a log with made-up events; their site is sample.invalid.

    Exit code: 0 written, 2 could not.
    """
    say(f"{append_sample(audit, log or '', events, days):,} sample events written")


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


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "-"
    return "-" if value is None else str(value)


def _write(lines: Iterable[str]) -> None:
    """To a file or pipe as it is, whatever the locale; to a terminal with nothing in it that would be obeyed."""
    if sys.stdout.isatty():
        for line in lines:
            say(line.rstrip("\r\n"))
        return
    out = sys.stdout.buffer
    for line in lines:
        out.write(line.encode())
    out.flush()
