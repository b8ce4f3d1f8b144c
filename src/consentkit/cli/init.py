"""``consentkit init``: a policy that works at once."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from consentkit.cli.output import say, stop
from consentkit.cli.starter import starter


def new_key() -> str:
    """A fresh secret key: 48 random bytes in 64 characters."""
    return secrets.token_urlsafe(48)


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")] = Path("consent.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
) -> None:
    """Write a commented policy file that works at once."""
    try:
        with file.open("w" if force else "x", encoding="utf-8", newline="\n") as target:
            target.write(starter(str(file)))
    except FileExistsError:
        stop(f"{file}: there is one already; --force replaces it.")
    except OSError as error:
        stop(f"{file}: cannot be written ({(error.strerror or 'unknown error').lower()}).")
    say(f"Wrote {file}. Next:")
    say("  1. Fill in [site] and [controller], name your services, and look it over:")
    say(f"       consentkit check {file}")
    say("  2. Add one line to your app:")
    say(f'       app.add_middleware(ConsentMiddleware, policy="{file}")')
    say("  3. Give the server a secret key, the same in every process, and keep it out of the repository:")
    say(f"       export CONSENTKIT_SECRET_KEY={new_key()}")
