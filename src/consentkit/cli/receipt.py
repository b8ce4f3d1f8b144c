"""``consentkit receipt``: is a visitor's receipt true? Needs the public key and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from consentkit.audit.export import moment
from consentkit.audit.keys import read_public
from consentkit.audit.receipt import LARGEST, Checked
from consentkit.audit.receipt import verify as examine
from consentkit.cli.output import UNABLE, WRONG, say, stop, table

app = typer.Typer(name="receipt", help="Check what a visitor kept.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Check what a visitor kept."""  # without a callback, typer would make the only command the whole program


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="The receipt; - is standard input.")],
    key: Annotated[
        list[Path], typer.Option("--key", metavar="FILE.pub", help="Public key; may be given several times.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="The findings for a program.")] = False,
) -> None:
    """Check a receipt against the log's public key: no database, no network.

    Exit code: 0 true and in the log, 1 something is wrong, 2 could not check: no receipt, or no proof in it yet.
    """
    keys = read_public(key)
    checked = examine(_read(file), keys)
    code = WRONG if checked.faults else 0 if checked.proven else UNABLE
    if as_json:
        say(json.dumps({"ok": code == 0, "proven": checked.proven, "faults": list(checked.faults)}))
        raise typer.Exit(code)
    for fault in checked.faults:
        say(f"WRONG: {fault}")
    if checked.faults:
        raise typer.Exit(code)
    table(_rows(checked))
    if not checked.proven:
        stop(
            "No checkpoint covers this event yet: the receipt says what the site says, and proves nothing. Get it anew."
        )
    say("true: a signed checkpoint covers this event")


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read(LARGEST + 1)
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as error:
        stop(f"The receipt cannot be read: {error.strerror}.")


def _rows(checked: Checked) -> dict[str, str]:
    event = checked.event
    return {
        "event": str(event.get("id")),
        "time": moment(event["time"]) if isinstance(event.get("time"), int) else "-",
        "site": str(event.get("site")),
        "act": str(event.get("act")),
        "granted": _listed(event.get("granted")),
        "denied": _listed(event.get("denied")),
    }


def _listed(names: object) -> str:
    return ", ".join(map(str, names)) if isinstance(names, list) and names else "nothing"
