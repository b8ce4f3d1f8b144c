"""``consentkit audit export``: the log for other people's tools."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from consentkit.audit.errors import AuditError
from consentkit.audit.event import ACTS
from consentkit.audit.export import MACHINE, Dialect, Wanted, as_csv, jsonl, spreadsheet
from consentkit.audit.finding import StoredEvent
from consentkit.audit.wholereader import WholeReader
from consentkit.cli.audit.moments import From, To
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import say, stop, warn
from consentkit.cli.progress import progress

AT_ONCE = 500
"""Lines written together: some 200 KB."""


class Format(StrEnum):
    """Forms of an export."""

    JSONL = "jsonl"
    CSV = "csv"


def export(
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    form: Annotated[
        Format, typer.Option("--format", help="JSON lines lose nothing; CSV is for tables.")
    ] = Format.JSONL,
    begin: From = None,
    end: To = None,
    site: Annotated[str | None, typer.Option(help="Events of this site alone.")] = None,
    act: Annotated[str | None, typer.Option(help=f"Events of this act alone: {', '.join(ACTS)}.")] = None,
    jurisdiction: Annotated[
        str | None, typer.Option(metavar="CODE", help='Events of this one alone; "" for unknown.')
    ] = None,
    after: Annotated[
        int, typer.Option(metavar="SEQ", min=0, help="Go on behind this event, without a header.")
    ] = 0,
    locale: Annotated[
        str | None,
        typer.Option("--spreadsheet", metavar="LOCALE", help="CSV as spreadsheets of de, fr-CH … open it."),
    ] = None,
) -> None:
    """Write events to standard output, oldest first.

    Exit code: 0 written, 2 could not.
    """
    if act is not None and act not in ACTS:
        stop(f"There is no such act; one of {', '.join(ACTS)}.")
    if begin is not None and end is not None and begin >= end:
        stop("--to must come after --from.")
    dialect = _dialect(form, locale)
    reader = WholeReader(audit, log)
    wanted = Wanted(begin, end, site, act, jurisdiction)
    size = reader.size()
    with progress("export", 0 if sys.stdout.isatty() else size) as tell:
        rows = Passing(map(StoredEvent._make, reader.rows(after + 1, size)), wanted, tell)
        lines = jsonl(rows) if dialect is None else as_csv(rows, dialect, header=not after)
        try:
            _write(lines)
        except (AuditError, KeyboardInterrupt) as error:
            warn(f"Stopped behind event {rows.written}: go on with --after {rows.written}")
            if isinstance(error, AuditError):
                raise
            stop("Interrupted.")


@dataclass(slots=True)
class Passing:
    """Lets through what is wanted, and knows how far it came."""

    rows: Iterable[StoredEvent]
    wanted: Wanted
    tell: Callable[[int], None]
    written: int = 0

    def __iter__(self) -> Iterator[StoredEvent]:
        for row in self.rows:
            if self.wanted.takes(row):
                yield row
            self.written = row.seq
            if not row.seq % AT_ONCE:
                self.tell(row.seq)


def _dialect(form: Format, locale: str | None) -> Dialect | None:
    if locale is None:
        return MACHINE if form is Format.CSV else None
    if form is not Format.CSV:
        stop("--spreadsheet goes with --format csv.")
    try:
        return spreadsheet(locale)
    except ValueError as error:
        stop(f"--spreadsheet wants {error}.")


def _write(lines: Iterable[str]) -> None:
    """To a file or pipe as it is, whatever the locale; to a terminal with nothing in it that would be obeyed."""
    if sys.stdout.isatty():
        for line in lines:
            say(line.rstrip("\r\n"))
        return
    out = sys.stdout.buffer
    source = iter(lines)
    while part := "".join(islice(source, AT_ONCE)):
        out.write(part.encode())
    out.flush()
