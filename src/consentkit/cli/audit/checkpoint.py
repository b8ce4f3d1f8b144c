"""``consentkit audit keygen``, ``checkpoint`` and ``rotate``: the log's head, signed and kept elsewhere."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from consentkit.audit.errors import EventDamaged, LogNotExtended
from consentkit.audit.keys import generate, new_name, public_path
from consentkit.audit.rotation import rotate as take_over
from consentkit.audit.signing import Signed, Signing, write_whole
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import UNABLE, WRONG, say, stop, warn

COMMAND_TIMEOUT = 60
"""Seconds."""
STANDARD_OUTPUT = "-"

Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="File of the private key.")]


def keygen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes.")],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the key, and so of the log; one is made up else."),
    ] = None,
) -> None:
    """Make a key that signs checkpoints: FILE, for its owner alone, and FILE.pub for whoever checks them.

    Exit code: 0 made, 2 could not.
    """
    public = generate(file, new_name() if name is None else name)
    say(f"private key: {file} (keep it where the site's processes cannot read it)")
    say(f"public key:  {public_path(file)}")
    say(str(public))


def checkpoint(
    key: Key,
    audit: Url = DEFAULT,
    log: LogId = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Where the checkpoint goes; - is standard output."),
    ] = None,
    command: Annotated[
        str | None, typer.Option("--command", metavar="CMD", help="A command that gets it on standard input.")
    ] = None,
) -> None:
    """Sign the log as it is now, if it begins with what was signed before. The log keeps a copy.

    The checkpoint that FILE holds already, the last one beside the key and the last one in the log are compared.
    Exit code: 0 signed, 1 the log is not an extension of what was signed, 2 could not.
    """
    if to is None and command is None:
        stop("Say where the checkpoint goes: --to FILE, --to - or --command CMD.")
    file = None if to is None or str(to) == STANDARD_OUTPUT else to
    try:
        signed = Signing(audit, log, key).sign(*_kept(file))
    except (LogNotExtended, EventDamaged) as error:
        stop(f"NOT SIGNED: {error}", WRONG)
    _deliver(signed, file, command, out=to is not None and file is None)


def rotate(
    key: Key,
    new: Annotated[Path, typer.Option("--new", metavar="FILE", help="Where the new private key goes.")],
    audit: Url = DEFAULT,
    log: LogId = None,
) -> None:
    """Make a key that takes over from another. Both sign the log once, and an event in it says so.

    FILE.pub holds the new public key and the older ones, so that older checkpoints can still be checked.
    Exit code: 0 made, 1 the log is not an extension of what was signed, 2 could not.
    """
    try:
        public = take_over(audit, log, key, new)
    except (LogNotExtended, EventDamaged) as error:
        stop(f"NOT SIGNED: {error}", WRONG)
    say(f"new private key: {new}")
    say(f"public keys:     {public_path(new)}")
    say(str(public))
    say(f"Destroy {key} once nothing signs with it.")


def _kept(file: Path | None) -> list[bytes]:
    if file is None or not file.exists():
        return []
    try:
        data = file.read_bytes()
    except OSError as error:
        stop(f"{file} cannot be read: {os.strerror(error.errno or 0)}")
    return [data] if data else []


def _deliver(signed: Signed, file: Path | None, command: str | None, *, out: bool) -> None:
    if file is not None:
        try:
            write_whole(file, signed.note)
        except OSError as error:
            stop(f"{file} cannot be written: {os.strerror(error.errno or 0)}")
    if command is not None:
        _pipe(signed.note, command)
    if out:
        sys.stdout.buffer.write(signed.note)
        sys.stdout.buffer.flush()
    else:
        say(f"signed: {signed.checkpoint.size:,} events")


def _pipe(note: bytes, command: str) -> None:
    try:
        # The command is the operator's own, and no shell reads it.
        done = subprocess.run(shlex.split(command), input=note, timeout=COMMAND_TIMEOUT, check=False)  # noqa: S603
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        stop(f"the command could not be run, or did not end: {type(error).__name__}")
    if done.returncode:
        warn(f"the command ended with {done.returncode}")
        raise typer.Exit(UNABLE)
