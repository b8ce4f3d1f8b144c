"""``consentkit audit export``: the log for other people's tools."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from consentkit.audit.export import as_csv, jsonl
from consentkit.audit.reader import Reader
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import say


class Format(StrEnum):
    """Forms of an export."""

    JSONL = "jsonl"
    CSV = "csv"


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
