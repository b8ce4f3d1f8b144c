"""``consentkit audit export``: the log for other people's tools."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
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
        rows = Passing(map(StoredEvent._make, reader.rows(after + 1, size)), wanted, tell, after, after)
        why = _write(jsonl(rows) if dialect is None else as_csv(rows, dialect, header=not after), rows)
    if why:
        warn(f"Stopped behind event {rows.written}: go on with --after {rows.written}")
        stop(why)


@dataclass(slots=True)
class Passing:
    """Lets through what is wanted, and knows how far it came.

    :param at: the last event looked at.
    :param written: the last one whose line was handed to the system.
    """

    rows: Iterable[StoredEvent]
    wanted: Wanted
    tell: Callable[[int], None]
    at: int
    written: int

    def __iter__(self) -> Iterator[StoredEvent]:
        for row in self.rows:
            self.at = row.seq
            if self.wanted.takes(row):
                yield row
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


def _write(lines: Iterable[str], rows: Passing) -> str:
    """Write lines, many at once; what was made is written, whatever ends it.

    :returns: why it ended early; empty where it did not.
    """
    part: list[tuple[str, int]] = []
    room, why = (1 if sys.stdout.isatty() else AT_ONCE), ""
    try:
        for line in lines:
            part.append((line, rows.at))
            if len(part) >= room:
                _put(part, rows)
        _put(part, rows)
    except AuditError as error:
        why = str(error)
    except KeyboardInterrupt:
        why = "Interrupted."
    except BrokenPipeError:
        raise  # who reads has enough
    except OSError as error:
        return _unwritable(error)
    try:
        _put(part, rows)
    except OSError as error:
        return _unwritable(error)
    return why


def _put(part: list[tuple[str, int]], rows: Passing) -> None:
    """To a file or pipe as it is, whatever the locale; to a terminal with nothing in it that would be obeyed."""
    if not part:
        return
    with _uninterrupted():
        if sys.stdout.isatty():
            for line, _ in part:
                say(line.rstrip("\r\n"))
        else:
            sys.stdout.buffer.write("".join(line for line, _ in part).encode())
            sys.stdout.buffer.flush()
        rows.written = part[-1][1]
        part.clear()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Holds Ctrl-C back: between a line and the note that it is written, it would make an event missing or double."""
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if caught:
        raise KeyboardInterrupt


def _unwritable(error: OSError) -> str:
    # What is left in the buffer would fail once more, in words of Python's, when it ends.
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())
    return (
        f"Standard output cannot be written: {os.strerror(error.errno or 0)}. The last line there may be cut."
    )
