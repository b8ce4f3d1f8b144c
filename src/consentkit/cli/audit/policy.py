"""``consentkit audit policy``: the versions of the policy under which choices were made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from consentkit.audit.policydiff import changes
from consentkit.audit.reader import Reader
from consentkit.audit.rollup import SLOT
from consentkit.audit.stats import FIRST, LAST
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.audit.papers import paper
from consentkit.cli.output import WRONG, say, stop

app = typer.Typer(name="policy", help="List and compare the policies in the log.", no_args_is_help=True)
_SHOWN = 16


@app.command("list")
def versions(audit: Url = DEFAULT, log: LogId = None) -> None:
    """List the policies under which choices were made, oldest first: first and last use (UTC), and how many choices.

    Exit code: 0 listed, 2 could not look.
    """
    reader = Reader(audit, log)
    used: dict[str, list[int]] = {}
    for key, count in reader.rollups(FIRST, LAST, "policy"):
        known = used.setdefault(key.name, [key.slot, key.slot, 0])
        known[1], known[2] = key.slot, known[2] + count.n
    stored = {name for kind, name, _ in reader.documents() if kind == "policy"}
    for name, (first, last, choices) in used.items():
        missing = "" if name in stored else "  (its text is not in the log)"
        say(f"{name[:_SHOWN]}  {_day(first)}  {_day(last)}  {choices:>10,}{missing}")
    if not used:
        say("No choice was made yet.")


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="Hash of one policy, or its beginning.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Hash of the other.")],
    audit: Url = DEFAULT,
    log: LogId = None,
) -> None:
    """Say what changed from one policy to another.

    Exit code: 0 told, 1 there is no such policy or a changed one, 2 could not look.
    """
    reader = Reader(audit, log)
    one, other = (_values(paper(reader, "policy", name)[1]) for name in (before, after))
    found = list(changes(one, other))
    for line in found:
        say(line)
    if not found:
        say("The two are the same.")


def _values(body: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(body)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        stop("The stored document is no policy.", WRONG)
    return values


def _day(slot: int) -> str:
    return datetime.fromtimestamp(slot * SLOT, UTC).date().isoformat()
