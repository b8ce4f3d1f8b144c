"""``consentkit leaks``, with a real Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consentkit.cli.app import app
from consentkit.scan.serve import Folder, serving

pytestmark = pytest.mark.browser

POLICY = """
use = ["google-analytics"]
unlisted = "{unlisted}"
[site]
name = "The Paper"
address = "https://paper.example"
[controller]
name = "Paper Ltd"
contact = "privacy@paper.example"
"""
PAGE = """<!doctype html><html><head><title>x</title>
<script src="https://www.google-analytics.com/analytics.js"></script>
<script src="https://static.hotjar.com/c/hotjar-1.js"></script>
</head><body><img src="https://news.example/i.png" alt=""></body></html>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "page.html").write_text(PAGE)
    for unlisted in ("gate", "allow"):
        (tmp_path / f"{unlisted}.toml").write_text(POLICY.format(unlisted=unlisted))
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["leaks", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_service_that_is_asked_before_a_choice_is_named_and_ends_with_one(folder: Path) -> None:
    code, output, _ = run(str(folder / "pages"), "--policy", str(folder / "allow.toml"))

    assert code == 1
    leak = "hotjar, which the policy does not name: https://static.hotjar.com/c/hotjar-1.js"
    assert f"LEAK before: {leak}" in output
    assert f"LEAK after reject: {leak}" in output
    assert "LEAK before: google" not in output


def test_a_table_tells_each_service_at_each_stage(folder: Path) -> None:
    code, output, _ = run(str(folder / "pages"), "--policy", str(folder / "gate.toml"), "--json")

    [page] = json.loads(output)
    everywhere = dict.fromkeys(("without", "before", "rejected", "accepted"), 1)
    assert code == 0
    assert page["page"] == "/page.html"
    assert page["counts"] == {
        "google-analytics": {"without": 1, "accepted": 1},
        "hotjar": {"without": 1},
        "(others)": everywhere,
    }
    assert page["leaks"] == []
    assert page["lost"] == page["added"] == page["errors"] == {"before": [], "rejected": [], "accepted": []}


def test_without_a_policy_every_service_that_is_found_is_named(folder: Path, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    code, output, told = run("pages", "--json")

    [page] = json.loads(output)
    assert code == 0
    assert page["counts"]["hotjar"] == {"without": 1, "accepted": 1}
    assert "no policy file" in told


def test_a_site_that_is_up_is_looked_at_as_it_is(folder: Path) -> None:
    with serving([Folder(folder / "pages")]) as [origin]:
        code, output, _ = run(f"{origin}/page.html", "--refuse", "--policy", str(folder / "gate.toml"))

    assert code == 1
    assert "LEAK before: google-analytics: https://www.google-analytics.com/analytics.js" in output
    assert "after reject" not in output


@pytest.mark.parametrize("place", ["none", "empty", "http://127.0.0.1:1/"])
def test_what_cannot_be_looked_at_ends_with_two(folder: Path, place: str, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir()
    code, output, told = run(place, "--policy", "gate.toml")

    assert code == 2
    assert "Traceback" not in output + told
