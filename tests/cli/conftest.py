import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from consentkit.cli import run


class Ended(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ended]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command line in an empty folder: ``cli("check", "consent.toml", stdin="…")``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONSENTKIT_SECRET_KEY", raising=False)

    def call(*arguments: str, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["consentkit", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        try:
            code = run()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        return Ended(code, *capsys.readouterr())

    return call
