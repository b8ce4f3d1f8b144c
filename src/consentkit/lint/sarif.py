"""Findings as SARIF 2.1.0, for the services that show them beside the code.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, sections 3.13, 3.14, 3.19, 3.27 and 3.49; checked 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from consentkit.core.errors import Problem
from consentkit.lint.judge import Finding
from consentkit.lint.rule import Rule, Severity

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
INVALID = "policy"
"""Id of what is wrong with the file itself, which no rule is about."""
UNMEANT = "unmeant"
"""Id of what works and is probably not what was meant."""


def sarif(
    file: str,
    version: str,
    *,
    rules: Sequence[Rule],
    findings: Iterable[Finding],
    errors: Iterable[Problem] = (),
    warnings: Iterable[Problem] = (),
) -> dict[str, Any]:
    """One run over one policy file.

    :param version: consentkit's own.
    :param rules: all that were tried.
    :param errors: why the file states no policy.
    :param warnings: what works and is probably not what was meant.
    """
    results = [
        *(_result(INVALID, Severity.ERROR, each, file) for each in errors),
        *(_result(UNMEANT, Severity.WARNING, each, file) for each in warnings),
        *(_result(each.rule.id, each.severity, each.problem, file, each.where) for each in findings),
    ]
    driver = {
        "name": "consentkit",
        "version": version,
        "rules": [
            {"id": INVALID, "shortDescription": {"text": "The file states no policy."}},
            {"id": UNMEANT, "shortDescription": {"text": "It works, and is probably not what was meant."}},
            *map(_rule, rules),
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.does},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.does} {rule.why} Example: {rule.example} Sources: {'; '.join(rule.sources)}."
        },
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _result(rule: str, severity: Severity, problem: Problem, file: str, where: str = "") -> dict[str, Any]:
    told = f"{problem.key}: " if problem.key else ""
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line}
        if problem.column is not None:
            place["region"]["startColumn"] = problem.column
    text = f"{told}found {problem.found}; expected {problem.expected}{f' ({where})' if where else ''}"
    return {
        "ruleId": rule,
        "level": str(severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    """A file's name as a URI reference: as it was given where that is relative, so that it points into the repository."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
