"""Findings as SARIF 2.1.0: what the standard requires, and where each finding stands."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import pytest

from consentkit.core.errors import Problem
from consentkit.lint.judge import judge
from consentkit.lint.rules import RULES
from consentkit.lint.sarif import sarif
from consentkit.lint.site import Site
from consentkit.policyfile import load_text, located

TEXT = """\
jurisdictions = ["FR"]
lifetime = "300d"
[site]
name = "News"
address = "https://news.example"
[controller]
name = "News Ltd"
contact = "privacy@news.example"
[purposes.analytics]
[services.stats]
vendor = "Stats Ltd"
purposes = ["analytics"]
hosts = ["stats.example"]
"""


def told(file: str) -> dict:
    found = judge(Site(load_text(TEXT), datetime.date(2026, 11, 25)))
    placed = [replace(each, problem=located([each.problem], TEXT, file)[0]) for each in found]
    error = Problem.at(("layuot",), '"x"', "a key")
    return json.loads(json.dumps(sarif(file, "1.2", rules=RULES, findings=placed, errors=[error])))


def test_what_the_standard_requires_is_there() -> None:
    log = told("consent.toml")

    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    [run] = log["runs"]
    assert (run["tool"]["driver"]["name"], run["tool"]["driver"]["version"]) == ("consentkit", "1.2")
    known = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(known) == len(set(known)) == 47
    assert {result["ruleId"] for result in run["results"]} <= set(known)
    assert all(result["level"] in ("error", "warning", "note") for result in run["results"])
    assert all(result["message"]["text"] for result in run["results"])


def test_a_finding_has_its_file_and_line() -> None:
    error, late = told("conf/our consent.toml")["runs"][0]["results"]

    assert late["ruleId"] == "R24"
    assert late["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "conf/our%20consent.toml"},
        "region": {"startLine": 2},
    }
    assert (
        late["message"]["text"]
        == "lifetime: found 300 days; expected at most 180 days, to which it is cut (FR)"
    )
    assert "region" not in error["locations"][0]["physicalLocation"]


@pytest.mark.parametrize("file", ["/srv/site/consent.toml"])
def test_an_absolute_name_is_a_whole_address(file: str) -> None:
    [result, _] = told(file)["runs"][0]["results"]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"file://{file}"
