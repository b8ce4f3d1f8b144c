"""``consentkit audit verify``: what broke, told to people and to programs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from consentkit.audit.checkpoint import LARGEST_NOTE, Note, parse
from consentkit.audit.errors import CheckpointError
from consentkit.audit.keys import read_public
from consentkit.audit.verifications import told
from consentkit.audit.verify import Report
from consentkit.audit.verifying import verify_log
from consentkit.audit.wholereader import WholeReader
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import WRONG, say, stop, warn
from consentkit.cli.progress import progress


def check(  # noqa: PLR0917 - options of a command, given by name
    audit: Url = DEFAULT,
    log: LogId = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that you kept; may be given again."),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="FILE.pub", help="Public key, or several; may be given again."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Look at hashes and checkpoints alone; half the time.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The findings for a program.")] = False,
) -> None:
    """Check that the log holds what was written, and, by a checkpoint that you kept, what was signed.

    Works while the log is written to. Without a checkpoint, somebody who rewrote all of the log is not found.
    Exit code: 0 sound, 1 something is wrong, 2 could not check.
    """
    keys = read_public(key or ())
    kept = [_note(path) for path in checkpoint or ()]
    with progress("verified", WholeReader(audit, log).size()) as done:
        log_id, size, report = verify_log(
            audit, log, kept=kept, keys=keys, processes=os.cpu_count() or 1, rows=not quick, progress=done
        )
    if as_json:
        say(json.dumps(told(log_id, size, report, signatures=bool(keys))))
    else:
        _tell(report, kept, keyed=bool(keys))
    if not report.sound:
        raise typer.Exit(WRONG)


def _note(path: Path) -> Note:
    try:
        with path.open("rb") as file:
            return parse(file.read(LARGEST_NOTE + 1))
    except OSError as error:
        stop(f"{path} cannot be read: {os.strerror(error.errno or 0)}")
    except CheckpointError as error:
        stop(f"{path}: {error}")


def _tell(report: Report, kept: Sequence[Note], *, keyed: bool) -> None:
    if report.checkpoints and not keyed:
        warn("signatures were not checked: give the public key with --key")
    if report.first is None:
        say(", ".join(_sound(report, kept)))
        return
    where = "" if report.first.seq is None else f"event {report.first.seq}: "
    say(f"WRONG: {where}{report.first.what}: {report.first.detail}")
    if report.findings > 1:
        kinds = ", ".join(f"{name} {count:,}" for name, count in report.by_kind.items())
        say(f"{report.findings:,} findings in {report.events:,} events: {kinds}")


def _sound(report: Report, kept: Sequence[Note]) -> Iterator[str]:
    yield f"sound: {report.events:,} events"
    if report.erased:
        yield f"of {report.erased:,} the personal part was erased"
    if report.checkpoints:
        yield f"{report.checkpoints:,} checkpoints"
    if kept:
        yield f"the first {max(note.checkpoint.size for note in kept):,} are those of the checkpoint given"
