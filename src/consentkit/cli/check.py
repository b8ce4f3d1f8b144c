"""``consentkit check``: is this policy one that the server will take, and does it say what will really hold?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from consentkit.catalogue.load import catalogue
from consentkit.cli.findings import notes_of, warnings_of
from consentkit.cli.output import FINE, UNABLE, say, table, warn
from consentkit.core.cookie import LIMIT, largest
from consentkit.core.duration import DAY
from consentkit.core.errors import PolicyError, Problem
from consentkit.core.policy import Policy
from consentkit.policyfile import load_text, located, read
from consentkit.web.words import words_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found.

    :param policy: the policy, or ``None`` where the file states none.
    :param errors: why it states none.
    :param warnings: what works and is probably not what was meant.
    :param notes: what it comes to where its author may not think of it.
    """

    policy: Policy | None
    errors: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    notes: Sequence[str] = ()


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The policy file.")] = Path("consent.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check a policy file: what is wrong, where, and what would be right; then what it comes to.

    Exit code: 0 fine (warnings too), 2 a file that cannot be read or used.
    """
    verdict = judge(str(file))
    if as_json:
        typer.echo(json.dumps(_report(str(file), verdict), indent=2))
    else:
        _print(str(file), verdict)
    raise typer.Exit(UNABLE if verdict.policy is None else FINE)


def judge(file: str) -> Verdict:
    """What a server would say to this file at its start, and what else is worth telling."""
    text = ""
    try:
        text = read(file)
        policy = load_text(text, file)
        words_of(policy)
    except PolicyError as error:
        return Verdict(None, errors=located(error.problems, text, file))
    warnings = located(warnings_of(policy), text, file)
    return Verdict(policy, warnings=warnings, notes=tuple(notes_of(policy, catalogue())))


def _print(file: str, verdict: Verdict) -> None:
    for severity, problems in (("error", verdict.errors), ("warning", verdict.warnings)):
        for problem in problems:
            warn(f"{severity}: {problem}")
    if verdict.policy is not None:
        say(f"{file}: fine")
        table(_summary(verdict.policy))
    for note in verdict.notes:
        say(f"note: {note}.")


def _summary(policy: Policy) -> dict[str, str]:
    return {
        "site": f"{policy.site.name} ({policy.site.address})",
        "purposes": ", ".join(f"{name} ({regime})" for name, regime in policy.regimes.items()),
        "services": ", ".join(policy.services) or "none",
        "others": f"unlisted {policy.unlisted}, unknown {policy.unknown}, unknown cookies {policy.unknown_cookies}",
        "csp": policy.csp,
        "lifetime": f"{policy.cookie_lifetime / DAY:g} days",
        "cookie": f"at most {largest(policy):,} of {LIMIT:,} bytes",
        "version": policy.version,
        "asked": policy.asked,
    }


def _report(file: str, verdict: Verdict) -> dict[str, Any]:
    report: dict[str, Any] = {"file": file, "ok": verdict.policy is not None}
    if policy := verdict.policy:
        report |= {
            "site": policy.site.model_dump(),
            "regimes": dict(policy.regimes),
            "services": list(policy.services),
            "lifetime": policy.cookie_lifetime,
            "cookie": {"largest": largest(policy), "limit": LIMIT},
            "version": policy.version,
            "asked": policy.asked,
        }
    report["errors"] = [_plain(problem) for problem in verdict.errors]
    report["warnings"] = [_plain(problem) for problem in verdict.warnings]
    report["notes"] = list(verdict.notes)
    return report


def _plain(problem: Problem) -> dict[str, Any]:
    names = ("key", "line", "column", "found", "expected", "nearest")
    return {name: getattr(problem, name) for name in names}
