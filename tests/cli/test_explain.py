"""``consentkit explain``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consentkit.cli.app import app

POLICY = """
use = ["google-analytics"]
[site]
name = "The Paper"
address = "https://paper.example"
[controller]
name = "Paper Ltd"
contact = "privacy@paper.example"
"""
PAGE = b"""<!doctype html>
<script src="https://www.google-analytics.com/analytics.js"></script>
<p>
<script src="https://static.hotjar.com/x.js"></script><img src="//nobody.example/x">
<iframe data-category="marketing" src="/own"></iframe>
<script src="/own.js"></script>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "consent.toml").write_text(POLICY)
    (tmp_path / "page.html").write_bytes(PAGE)
    return tmp_path


def run(folder: Path, place: str, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["explain", place, "--policy", str(folder / "consent.toml"), *more])
    return result.exit_code, result.output


@pytest.mark.parametrize(("consent", "verdict"), [("none", "gated"), ("all", "runs"), ("analytics", "runs")])
def test_each_tag_is_told_with_its_line_rule_service_purpose_and_verdict(folder, consent, verdict) -> None:
    code, output = run(folder, str(folder / "page.html"), "--consent", consent, "--json")

    found = json.loads(output)
    assert code == 0
    assert [(each["line"], each["service"], each["verdict"]) for each in found] == [
        (2, "google-analytics", verdict),
        (4, "hotjar", "shut for good"),
        (4, "unknown", "reported"),
        (5, "marketing", "runs" if consent == "all" else "gated"),
    ]
    assert found[0]["purposes"] == ["analytics"]
    assert found[0]["rule"] == "www.google-analytics.com"
    assert found[0]["tag"] == '<script src="https://www.google-analytics.com/analytics.js">'


def test_people_are_told_how_to_ask_for_what_is_shut_for_good(folder) -> None:
    code, output = run(folder, str(folder / "page.html"))

    assert code == 0
    assert 'use = ["hotjar"]' in output


@pytest.mark.parametrize("place", ["missing.html", "file:///etc/hosts", "http://127.0.0.1:1/"])
def test_a_page_that_cannot_be_read_ends_with_two_and_no_traceback(folder, place) -> None:
    code, output = run(folder, place)

    assert code == 2
    assert "Traceback" not in output


def test_an_unknown_purpose_ends_with_two_and_names_those_there_are(folder) -> None:
    code, output = run(folder, str(folder / "page.html"), "--consent", "sales")

    assert code == 2
    assert "analytics" in output


@pytest.fixture
def served() -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_page_is_fetched_from_its_address(folder, served) -> None:
    code, output = run(folder, served)

    assert code == 0
    assert "2: <script" in output
