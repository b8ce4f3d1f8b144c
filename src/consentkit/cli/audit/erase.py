"""``consentkit audit erase``: forget a visitor, and say so in the log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from consentkit.audit.erase import LARGEST_REASON
from consentkit.audit.erase import erase as forget
from consentkit.audit.log import default_spool
from consentkit.audit.reader import Reader
from consentkit.audit.remains import files, holds, settle
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import UNABLE, WRONG, say, stop, warn

SETTLING = 10.0
"""Seconds that the write-ahead log of SQLite may take to be let go."""

Spool = Annotated[
    Path | None,
    typer.Option("--spool", metavar="FILE", help="The site's spool, where it is not at the default place."),
]
Vacuum = Annotated[
    bool, typer.Option("--vacuum", help="SQLite: write the file anew; grants wait or fail while it lasts.")
]


def erase(
    visitor: Annotated[
        str, typer.Argument(metavar="VISITOR|-", help="The visitor's id; - reads it from standard input.")
    ],
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, for the log; never who.", show_default=False)
    ] = "",
    vacuum: Vacuum = False,
    spool: Spool = None,
) -> None:
    """Delete the id and salt of every event of a visitor. The events stay; verify still passes, and counts them.

    Exit code: 0 erased, 1 no such visitor or a trace is left, 2 could not.
    """
    wanted = sys.stdin.readline(LARGEST_REASON).strip() if visitor == "-" else visitor
    if not yes and not (sys.stdin.isatty() and typer.confirm("Erase for good?", err=True)):
        stop("Nothing was erased: confirm with --yes.", UNABLE)
    reader = Reader(audit, log)
    place = spool or default_spool(audit, reader.log_id)
    done = forget(audit, reader.log_id, wanted, reason=reason, spool=place)
    if not done.parts:
        stop("There are no events of this visitor.", WRONG)
    say(f"erased: {done.parts:,} personal part(s), told by event {done.records[0].seq}")
    settled = settle(audit, SETTLING, vacuum=vacuum)
    left = [file.name for file in files(audit, place) if holds(file, wanted)]
    if left:
        warn(f"The id still stands in: {', '.join(left)}.")
        warn("Somebody reads from the log." if not settled else "Repeat with --vacuum at a quiet hour.")
        raise typer.Exit(WRONG)


def tidy(audit: str, *, vacuum: bool) -> None:
    """After many were erased: let the files forget too, as far as that can be done now."""
    if not settle(audit, SETTLING, vacuum=vacuum):
        warn("Somebody reads from the log: its write-ahead log is emptied later, by SQLite itself.")
