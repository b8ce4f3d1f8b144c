"""What commands print, and how they end: 0 fine, 1 found wrong, 2 could not run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import typer

from consentkit.core.errors import printable

FINE, WRONG, UNABLE = 0, 1, 2


def say(text: str = "") -> None:
    """Print one line, with nothing in it that a terminal would obey."""
    typer.echo(printable(text))


def warn(text: str) -> None:
    """Print one line to standard error."""
    typer.echo(printable(text), err=True)


def stop(text: str, code: int = UNABLE) -> NoReturn:
    """Say why a command cannot go on, line by line, and end it."""
    for line in text.splitlines():
        warn(line)
    raise typer.Exit(code)


def table(rows: Mapping[str, Any]) -> None:
    """Print names and values in two columns."""
    width = max(map(len, rows), default=0)
    for name, value in rows.items():
        say(f"  {name:<{width}}  {value}")
