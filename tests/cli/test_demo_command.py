"""``consentkit demo``: finds the newsroom and hands it the rest of the line."""

import subprocess
import sys
from pathlib import Path

import pytest

from consentkit.cli import demo


def test_what_the_demo_needs_and_is_not_there_is_named(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NEEDED", ("starlette", "no_such_server"))

    ended = cli("demo")

    assert ended.code == 2
    assert ended.err == "The demo needs no_such_server: pip install no_such_server\n"


def test_an_installation_without_the_newsroom_says_so(
    cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(demo, "INSTALLED", "consentkit.no_such_room")
    monkeypatch.setattr(demo, "__file__", str(tmp_path / "src" / "consentkit" / "cli" / "demo.py"))

    ended = cli("demo")

    assert ended.code == 2
    assert "not part of this installation" in ended.err


def test_the_newsrooms_own_options_reach_it() -> None:
    command = Path(sys.executable).parent / "consentkit"

    ended = subprocess.run(
        [command, "demo", "--no-such-option"], capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert "unrecognized arguments: --no-such-option" in ended.stderr
