"""``consentkit audit evidence``: events with their proofs in one file, for whoever must be shown."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from consentkit.audit.errors import EvidenceRefused
from consentkit.audit.evidence import About, Written, write
from consentkit.audit.keys import PublicKey, public_path, read_public
from consentkit.audit.reader import Reader
from consentkit.audit.search import LONGEST
from consentkit.audit.signing import Signing
from consentkit.cli.audit.moments import From, microseconds
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import WRONG, say, stop


def evidence(
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE.zip", help="Where the evidence goes.")],
    visitor: Annotated[
        str | None,
        typer.Option(metavar="ID|-", help="All events of a visitor; - reads the id from standard input."),
    ] = None,
    begin: From = None,
    end: Annotated[
        int | None,
        typer.Option("--until", metavar="TIME", parser=microseconds, help="Events before this moment."),
    ] = None,
    event: Annotated[
        list[str] | None, typer.Option("--event", metavar="ID", help="This event; may be given again.")
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="FILE.pub", help="Public key of the log; may be given again."),
    ] = None,
    sign_key: Annotated[
        Path | None,
        typer.Option("--sign-key", metavar="FILE", help="Sign a checkpoint first, with this private key."),
    ] = None,
) -> None:
    """Write an evidence file: events, notices, policies, proofs, checkpoints, keys, a page to read, and what checks it.

    Say which events: --visitor, or --from and --until, or --event. Unpacked, `python verify.py` checks it, without the log.
    Exit code: 0 written, 1 there are no such events, or no checkpoint covers them yet, 2 could not.
    """
    if visitor == "-":
        visitor = sys.stdin.readline(LONGEST).strip()
    try:
        about = About(visitor, begin, None if end is None else end - 1, tuple(event or ()))
    except ValueError as error:
        stop(f"{error}: --visitor, or --from and --until, or --event.")
    keys = _keys(key or (), sign_key)
    reader = Reader(audit, log)
    if sign_key is not None:
        Signing(audit, reader.log_id, sign_key).sign()
    try:
        done = _write(reader, about, to, keys)
    except EvidenceRefused as error:
        stop(f"Nothing was written: {error}.", WRONG)
    say(f"written: {done.events:,} event(s), proven by the checkpoint over {done.size:,}: {to}")
    if done.erased:
        say(f"the visitor's id of {done.erased:,} of them was erased")
    if visitor is not None:
        say("It names a visitor: hand it to nobody who may not know whose choices these are.")


def _keys(files: Sequence[Path], sign_key: Path | None) -> list[PublicKey]:
    beside = [public_path(sign_key)] if sign_key is not None and public_path(sign_key).exists() else []
    keys = list(dict.fromkeys(read_public([*files, *beside])))
    if not keys:
        stop("Say by which public key the log is checked: --key FILE.pub.")
    return keys


def _write(reader: Reader, about: About, to: Path, keys: Sequence[PublicKey]) -> Written:
    """All of the file or nothing; readable by its owner alone."""
    try:
        part, beside = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
    except OSError as error:
        stop(f"{to} cannot be written: {os.strerror(error.errno or 0)}")
    try:
        with os.fdopen(part, "w+b") as file:
            done = write(reader, about, file, keys)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, to)
    except OSError as error:
        stop(f"{to} cannot be written: {os.strerror(error.errno or 0)}")
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)
    return done
