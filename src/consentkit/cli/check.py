"""``consentkit check``: is this policy one that the server will take, and does it say what will really hold?"""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consentkit.catalogue.load import catalogue
from consentkit.cli.findings import notes_of, warnings_of
from consentkit.cli.output import stop
from consentkit.cli.progress import progress
from consentkit.core.errors import PolicyError
from consentkit.core.policy import Policy
from consentkit.policyfile import load_text, located, read
from consentkit.web.words import words_of

if TYPE_CHECKING:
    from consentkit.cli.reports import Verdict
    from consentkit.lint.judge import Finding
    from consentkit.lint.site import Site

LATELY = 30
"""Days in which services are looked for that the policy does not name."""


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The policy file.")] = Path("consent.toml"),
    *,
    form: Annotated[
        str, typer.Option("--format", metavar="text|json|sarif", help="How the result is written.")
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    templates: Annotated[
        list[Path] | None,
        typer.Option("--templates", metavar="FOLDER", help="A folder of the site's own templates."),
    ] = None,
    render: Annotated[
        bool, typer.Option("--render", help="Look at the notice in Chromium too (extra: scan).")
    ] = False,
    audit: Annotated[
        str | None,
        typer.Option(
            "--audit", metavar="URL", help="The log, for the services that were seen: sqlite:///FILE."
        ),
    ] = None,
) -> None:
    """Check a policy file: what is wrong, where, and what would be right; then what it comes to.

    The rules R01 and on look at the policy in each jurisdiction, and at the notice that it draws. Exit code: 0 fine
    (warnings too), 1 an error that a rule found, 2 a file that cannot be read or used.
    """
    from consentkit.cli.reports import Format, tell

    if form not in {each.value for each in Format}:
        stop(f"--format: found {form}; expected text, json or sarif.")
    for folder in templates or ():
        if not folder.is_dir():
            stop(f"--templates: found {folder}; expected a folder.")
    folders = [folder.resolve() for folder in templates or ()]
    verdict = judge(str(file), folders, render=render, audit=audit)
    tell(str(file), verdict, Format.JSON if as_json else Format(form))
    raise typer.Exit(verdict.code)


def judge(
    file: str, templates: Sequence[Path] = (), *, render: bool = False, audit: str | None = None
) -> Verdict:
    """What a server would say to this file at its start, and what else is worth telling.

    :param templates: folders of the site's own templates.
    :param render: look at the notice in a browser too.
    :param audit: address of the log, for the services that were seen; ``None``: none is looked for.
    """
    from consentkit.cli.reports import Verdict

    text = ""
    try:
        text = read(file)
        policy = load_text(text, file)
        words_of(policy)
    except PolicyError as error:
        return Verdict(None, errors=located(error.problems, text, file))
    linted, looked = _linted(policy, templates, render=render, audit=audit)
    return Verdict(
        policy,
        warnings=located(warnings_of(policy), text, file),
        notes=(*notes_of(policy, catalogue()), *looked),
        findings=[replace(each, problem=located([each.problem], text, file)[0]) for each in linted],
    )


def _linted(
    policy: Policy, templates: Sequence[Path], *, render: bool, audit: str | None
) -> tuple[list[Finding], list[str]]:
    """What the rules find, and what of the notice was looked at."""
    from jinja2 import TemplateError

    from consentkit.lint.judge import judge as linted
    from consentkit.lint.site import Site

    today = datetime.datetime.now(datetime.UTC).date()
    seen = _seen(audit) if audit else {}
    site = Site(policy, today, tuple(templates), seen=seen)
    try:
        found, looked = _rendered(site) if render else ([], [])
        return [*linted(site), *found], looked
    except TemplateError as error:
        stop(f"{getattr(error, 'name', None) or 'a template'}: {type(error).__name__}: {error.message}")


def _seen(audit: str) -> dict[str, int]:
    """How often each service was gated, or would have been, in the last days."""
    from consentkit.audit.counting import DAY
    from consentkit.audit.reader import Reader

    today = int(time.time()) // DAY
    seen: dict[str, int] = {}
    for each in Reader(audit).counts(today - LATELY, today):
        if each.kind == "gate":
            seen[each.name] = seen.get(each.name, 0) + each.n
    return seen


def _rendered(site: Site) -> tuple[list[Finding], list[str]]:
    """What the rules find in the notice as a browser shows it, and what of it was shown."""
    try:
        import asyncio

        from consentkit.scan.render import rendered, tour_of
    except ModuleNotFoundError:
        stop("--render needs: pip install 'consentkit[scan]'")
    tour = tour_of(site)
    with progress("looking", tour.stops, worth=1) as done:
        return asyncio.run(rendered(tour, done)), [str(tour)]
