"""``consentkit audit``: look into the log of decisions, hand it on, and check it. A module for each command."""

from __future__ import annotations

import typer

from consentkit.cli.audit import (
    checkpoint,
    erase,
    evidence,
    export,
    notice,
    policy,
    retain,
    roles,
    sample,
    show,
    stats,
    verify,
)

app = typer.Typer(name="audit", help="Look into the log of decisions.", no_args_is_help=True)
app.command()(show.show)
app.command()(export.export)
app.command()(stats.stats)
app.command()(notice.notice)
app.add_typer(policy.app)
app.command("verify")(verify.check)
app.command()(checkpoint.keygen)
app.command()(checkpoint.checkpoint)
app.command()(checkpoint.rotate)
app.command()(evidence.evidence)
app.command()(erase.erase)
app.command()(retain.retain)
app.command()(roles.roles)
app.command()(sample.sample)
