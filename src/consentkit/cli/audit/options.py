"""What the commands on the log have in common."""

from __future__ import annotations

from typing import Annotated

import typer

Url = Annotated[
    str,
    typer.Option(
        "--audit", metavar="URL", envvar="CONSENTKIT_AUDIT", help="The log: sqlite:///FILE or postgresql://…"
    ),
]
LogId = Annotated[
    str | None, typer.Option("--log", metavar="ID", help="Which log, where the store holds several.")
]
DEFAULT = "sqlite:///consent.db"
