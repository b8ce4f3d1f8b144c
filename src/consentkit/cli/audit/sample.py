"""``consentkit audit sample``: made-up events to try things on."""

from __future__ import annotations

from typing import Annotated

import typer

from consentkit.audit.sample import append_sample
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import say


def sample(
    events: Annotated[int, typer.Option(metavar="N", min=1, help="How many.")],
    days: Annotated[int, typer.Option(metavar="D", min=1, help="Over how many days up to now.")] = 30,
    audit: Url = DEFAULT,
    log: LogId = None,
) -> None:
    """Fill a log with made-up events; their site is sample.invalid.

    Exit code: 0 written, 2 could not.
    """
    say(f"{append_sample(audit, log or '', events, days):,} sample events written")
