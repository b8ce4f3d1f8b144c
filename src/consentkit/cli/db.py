"""``consentkit db``: the schema of the log."""

from __future__ import annotations

import typer

from consentkit.audit.upgrade import upgrade
from consentkit.cli.audit.options import DEFAULT, Url
from consentkit.cli.output import say

app = typer.Typer(name="db", help="Care for the log's database.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Care for the log's database."""  # without a callback, typer would make the only command the whole program


@app.command("upgrade")
def bring_up(audit: Url = DEFAULT) -> None:
    """Bring the schema of the log up to this version's. A SQLite log does so by itself.

    Exit code: 0 up to date now, 2 could not.
    """
    before, after = upgrade(audit)
    if before == after:
        say(f"the log is up to date: schema {after}")
    else:
        say(f"the log has schema {after} now; before: {before or 'none'}")
