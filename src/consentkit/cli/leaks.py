"""``consentkit leaks``: what pages ask of others before and after a choice, seen in a real browser."""

from __future__ import annotations

import json
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from consentkit.cli.output import FINE, UNABLE, WRONG, say, stop, warn
from consentkit.core.policy import Policy
from consentkit.policyfile import load

NEEDED = ("playwright", "uvicorn")
USUAL = Path("consent.toml")


def leaks(
    place: Annotated[
        str, typer.Argument(metavar="FOLDER|URL", help="A folder of pages, or an http address.")
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="The policy file. Absent: consent.toml where there is one, else one that names what is found.",
        ),
    ] = None,
    refuse: Annotated[
        bool,
        typer.Option("--refuse", help="With a URL: refuse requests to others instead of letting them go."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Open pages in Chromium and show what they ask of others: without us, before a choice, after each choice.

    Exit code: 0 no leak, 1 a service was asked that may not run, 2 could not run.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        stop(f"Looking for leaks needs {' and '.join(missing)}: pip install 'consentkit[scan]'")
    import asyncio

    from consentkit.scan import leaks as scan
    from consentkit.scan.browse import NoBrowserError
    from consentkit.scan.table import data_of, lines_of

    rules = _policy(policy)
    logger = logging.getLogger("consentkit")
    before = logger.level
    logger.setLevel(logging.ERROR)  # the tables tell of unlisted and unknown ones
    try:
        if place.lower().startswith(("http://", "https://")):
            warn(f"GET {place}, as a visitor; requests to others {'are refused' if refuse else 'go out'}")
            reports = [asyncio.run(scan.of_site(place, rules, refuse=refuse))]
        else:
            reports = asyncio.run(scan.of_folder(_folder(place), rules))
    except NoBrowserError as error:
        stop(str(error))
    finally:
        logger.setLevel(before)
    if as_json:
        typer.echo(json.dumps(data_of(reports), indent=2))
    else:
        for line in lines_of(reports):
            say(line)
    if any(report.trouble for report in reports):
        raise typer.Exit(UNABLE)
    raise typer.Exit(WRONG if any(report.leaks for report in reports) else FINE)


def _policy(file: Path | None) -> Policy | None:
    if file is None and not USUAL.is_file():
        warn("no policy file: as if it named every service that is found")
        return None
    return load(file or USUAL)


def _folder(place: str) -> Path:
    from consentkit.scan.serve import Folder

    root = Path(place)
    if not root.is_dir():
        stop(f"{place}: no such folder")
    if not Folder(root).pages():
        stop(f"{place}: no page in it (.html, .htm, .xhtml)")
    return root
