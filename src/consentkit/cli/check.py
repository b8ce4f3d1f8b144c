"""``consentkit check``: is this policy one that the server will take, and does it say what will really hold?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from consentkit.cli.findings import Finding, Severity, findings
from consentkit.cli.output import FINE, UNABLE, WRONG, say, table, warn
from consentkit.core.cookie import LIMIT, largest
from consentkit.core.duration import DAY
from consentkit.core.errors import PolicyError
from consentkit.core.policy import Policy
from consentkit.policyfile import load_text, located, read
from consentkit.web.words import words_of


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The policy file.")] = Path("consent.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check a policy file: what is wrong, where, and what would be right; then what it comes to.

    Exit code: 0 fine (warnings too), 1 an error in a valid file, 2 a file that cannot be read or used.
    """
    policy, found = _judge(file)
    code = _code(policy, found)
    if as_json:
        typer.echo(json.dumps(_report(file, policy, found, code), indent=2))
    else:
        _print(file, policy, found)
    raise typer.Exit(code)


def _judge(file: Path) -> tuple[Policy | None, list[Finding]]:
    text = ""
    try:
        text = read(file)
        policy = load_text(text, str(file))
        words_of(policy)
    except PolicyError as error:
        return None, [
            Finding(Severity.ERROR, problem) for problem in located(error.problems, text, str(file))
        ]
    return policy, [
        replace(finding, problem=problem)
        for finding in findings(policy)
        for problem in located([finding.problem], text, str(file))
    ]


def _code(policy: Policy | None, found: list[Finding]) -> int:
    if policy is None:
        return UNABLE
    return WRONG if any(finding.severity is Severity.ERROR for finding in found) else FINE


def _summary(policy: Policy) -> dict[str, str]:
    purposes = ", ".join(f"{name} ({regime})" for name, regime in policy.regimes.items())
    return {
        "site": f"{policy.site.name} ({policy.site.address})",
        "purposes": purposes,
        "services": ", ".join(policy.services) or "none",
        "lifetime": f"{policy.cookie_lifetime / DAY:g} days",
        "cookie": f"at most {largest(policy):,} of {LIMIT:,} bytes",
        "version": policy.version,
        "asked": policy.asked,
    }


def _print(file: Path, policy: Policy | None, found: list[Finding]) -> None:
    for finding in found:
        warn(f"{finding.severity}: {finding.problem}")
    if policy is not None:
        errors = sum(finding.severity is Severity.ERROR for finding in found)
        say(f"{file}: {'fine' if not errors else 'not usable'}")
        table(_summary(policy))


def _report(file: Path, policy: Policy | None, found: list[Finding], code: int) -> dict[str, Any]:
    report: dict[str, Any] = {"file": str(file), "ok": code == FINE}
    if policy is not None:
        report |= {
            "site": policy.site.model_dump(),
            "regimes": dict(policy.regimes),
            "services": list(policy.services),
            "lifetime": policy.cookie_lifetime,
            "cookie": {"largest": largest(policy), "limit": LIMIT},
            "version": policy.version,
            "asked": policy.asked,
        }
    return report | {"findings": [finding.as_dict() for finding in found]}
