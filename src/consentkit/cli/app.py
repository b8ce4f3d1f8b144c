"""The commands, and which module each comes from.

A command group that needs a database is imported when it is called, so that ``check`` costs no database and no server.
"""

from __future__ import annotations

import sys
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from consentkit.cli import check, cookie, demo, explain, init, leaks, schema
from consentkit.cli.output import UNABLE, say, warn
from consentkit.core.errors import ConsentkitError

LATER = {
    "audit": "consentkit.cli.audit",
    "db": "consentkit.cli.db",
    "desk": "consentkit.cli.desk",
    "receipt": "consentkit.cli.receipt",
    "services": "consentkit.cli.services",
}
"""Command groups by name, and the module whose ``app`` holds each."""


class LazyGroup(TyperGroup):
    """A group that imports some of its commands when they are called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *(name for name, module in LATER.items() if find_spec(module))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in LATER or not find_spec(LATER[cmd_name]):
            return super().get_command(ctx, cmd_name)
        later = import_module(LATER[cmd_name]).app
        later.rich_markup_mode = app.rich_markup_mode  # typer asks each app for its own
        group = typer.main.get_group(later)
        group.name = cmd_name
        return group


app = typer.Typer(
    cls=LazyGroup,
    name="consentkit",
    help="Consent that the server enforces and can prove.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(init.init)
app.command()(check.check)
app.command()(explain.explain)
app.command()(leaks.leaks)
app.command()(cookie.cookie)
app.command()(schema.schema)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(demo.demo)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"consentkit {metadata.version('consentkit')}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Consent that the server enforces and can prove."""


def main() -> int:
    """Run a command. What is wrong with the user's input or settings is one message, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # a terminal may know few characters
    try:
        app()
    except ConsentkitError as error:
        for line in str(error).splitlines():
            warn(line)
        return UNABLE
    return 0
