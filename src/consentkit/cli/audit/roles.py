"""``consentkit audit roles``: SQL that makes the roles of a PostgreSQL log."""

from __future__ import annotations

from typing import Annotated

import typer

from consentkit.audit.roles import DEFAULT_NAMES, sql
from consentkit.cli.output import say, stop


def roles(
    writer: Annotated[str, typer.Option(metavar="NAME", help="The site.")] = DEFAULT_NAMES["writer"],
    reader: Annotated[
        str, typer.Option(metavar="NAME", help="Statistics and exports that name no visitor.")
    ] = DEFAULT_NAMES["reader"],
    officer: Annotated[
        str, typer.Option(metavar="NAME", help="Reads everything, verifies, signs.")
    ] = DEFAULT_NAMES["officer"],
    eraser: Annotated[str, typer.Option(metavar="NAME", help="Forgets visitors.")] = DEFAULT_NAMES["eraser"],
) -> None:
    """Print SQL that makes roles for a log in PostgreSQL, and gives each what its work needs and no more.

    Exit code: 0 printed, 2 could not.
    """
    names = {"writer": writer, "reader": reader, "officer": officer, "eraser": eraser}
    try:
        lines = list(sql(names))
    except ValueError as error:
        stop(f"The roles cannot be named so: {error}.")
    for line in lines:
        say(line)
