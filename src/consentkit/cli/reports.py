"""What ``consentkit check`` found, as text, JSON or SARIF."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from typing import Any

import typer

from consentkit.cli.output import FINE, UNABLE, WRONG, say, table, warn
from consentkit.core.cookie import LIMIT, largest
from consentkit.core.duration import DAY
from consentkit.core.errors import Problem
from consentkit.core.policy import Policy
from consentkit.lint.judge import Finding
from consentkit.lint.rule import Severity
from consentkit.lint.rules import RULES
from consentkit.lint.sarif import sarif


class Format(StrEnum):
    """How the result is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found.

    :param policy: the policy, or ``None`` where the file states none.
    :param errors: why it states none.
    :param warnings: what works and is probably not what was meant.
    :param notes: what it comes to where its author may not think of it.
    :param findings: what the linter's rules found, in the order of the file.
    """

    policy: Policy | None
    errors: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    notes: Sequence[str] = ()
    findings: Sequence[Finding] = ()

    @property
    def code(self) -> int:
        """How the command ends."""
        if self.policy is None:
            return UNABLE
        return WRONG if any(each.severity is Severity.ERROR for each in self.findings) else FINE


def tell(file: str, verdict: Verdict, form: Format) -> None:
    """Print it."""
    if form is Format.JSON:
        typer.echo(json.dumps(_report(file, verdict), indent=2))
    elif form is Format.SARIF:
        version = metadata.version("consentkit")
        parts = {"errors": verdict.errors, "warnings": verdict.warnings}
        typer.echo(
            json.dumps(sarif(file, version, rules=RULES, findings=verdict.findings, **parts), indent=2)
        )
    else:
        _print(file, verdict)


def _print(file: str, verdict: Verdict) -> None:
    for severity, problems in (("error", verdict.errors), ("warning", verdict.warnings)):
        for problem in problems:
            warn(f"{severity}: {problem}")
    for each in verdict.findings:
        show = say if each.severity is Severity.NOTE else warn
        where = f" ({each.where})" if each.where else ""
        show(f"{each.severity}: {each.rule.id} {each.rule.name}: {each.problem}{where}")
    if verdict.policy is not None:
        say(f"{file}: {'fine' if verdict.code == FINE else 'not fine'}")
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
    report: dict[str, Any] = {"file": file, "ok": verdict.code == FINE}
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
    report["findings"] = [_finding(each) for each in verdict.findings]
    return report


def _finding(each: Finding) -> dict[str, Any]:
    return {
        "rule": each.rule.id,
        "name": each.rule.name,
        "severity": str(each.severity),
        "jurisdictions": list(each.codes),
        **_plain(each.problem),
    }


def _plain(problem: Problem) -> dict[str, Any]:
    names = ("key", "line", "column", "found", "expected", "nearest")
    return {name: getattr(problem, name) for name in names}
