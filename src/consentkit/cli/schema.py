"""``consentkit schema``: the policy's JSON Schema, for editors."""

from __future__ import annotations

import typer

from consentkit.policyfile import schema_text


def schema() -> None:
    """Print the JSON Schema of a policy file, for editors that complete and check while one types."""
    typer.echo(schema_text(), nl=False)
