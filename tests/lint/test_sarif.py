"""Findings as SARIF 2.1.0: what the standard requires, and where each finding stands."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
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


OBJECTS = {
    "log": {"version!": "2.1.0", "runs!": ["run"], "$schema": str},
    "run": {"tool!": "tool", "results": ["result"]},
    "tool": {"driver!": "toolComponent"},
    "toolComponent": {"name!": str, "version": str, "rules": ["reportingDescriptor"]},
    "reportingDescriptor": {
        "id!": str,
        "name": str,
        "shortDescription": "multiformatMessageString",
        "fullDescription": "multiformatMessageString",
        "help": "multiformatMessageString",
        "defaultConfiguration": "reportingConfiguration",
    },
    "multiformatMessageString": {"text!": str},
    "reportingConfiguration": {"level": ("none", "note", "warning", "error")},
    "result": {
        "message!": "message",
        "ruleId": str,
        "level": ("none", "note", "warning", "error"),
        "locations": ["location"],
    },
    "message": {"text!": str},
    "location": {"physicalLocation": "physicalLocation"},
    "physicalLocation": {"artifactLocation!": "artifactLocation", "region": "region"},
    "artifactLocation": {"uri": str},
    "region": {"startLine": int, "startColumn": int},
}
"""The standard's schema, as far as we write its objects: each key, and ! where it must be there. None may have another key
(OASIS, sarif-schema-2.1.0.json, against which the whole was checked too; checked 2026-11).
"""


def strays(value: object, form: object, path: str = "log") -> Iterator[str]:
    """Where a value is not of the standard's form."""
    if isinstance(form, str) and form in OBJECTS:
        keys = {key.removesuffix("!"): each for key, each in OBJECTS[form].items()}
        assert isinstance(value, dict)
        yield from (
            f"{path}.{key}: missing" for key in OBJECTS[form] if key[-1] == "!" and key[:-1] not in value
        )
        yield from (f"{path}.{key}: unknown" for key in value if key not in keys)
        for key in keys.keys() & value.keys():
            yield from strays(value[key], keys[key], f"{path}.{key}")
    elif isinstance(form, list):
        assert isinstance(value, list)
        for index, each in enumerate(value):
            yield from strays(each, form[0], f"{path}.{index}")
    elif isinstance(form, type):
        if type(value) is not form or (form is int and value < 1):
            yield f"{path}: {value!r}"
    elif value not in (form if isinstance(form, tuple) else (form,)):
        yield f"{path}: {value!r}"


def test_each_object_is_of_the_standards_form() -> None:
    log = told("conf/our consent.toml")

    assert list(strays(log, "log")) == []
    broken = {**log, "runs": [{**log["runs"][0], "results": [{"level": "bad", "ruleid": "R24"}]}]}
    assert len(list(strays(broken, "log"))) == 3


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
