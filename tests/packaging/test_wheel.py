"""The wheel, not the tree: built, installed into an empty environment, and run from a folder of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this very tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel and what its demo needs."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = [
        environment / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*install, "--constraint", ROOT / "constraints.txt", f"{wheel}[demo]"], check=True)
    return environment / "bin"


def test_the_wheel_holds_templates_types_schema_and_migrations(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert "consentkit/py.typed" in names
    assert "consentkit/templates/notice/notice.html" in names
    assert "consentkit/newsroom/consent.toml" in names
    for wanted in (
        r"consentkit/audit/migrations/.*\.py",
        r"consentkit/web/client/.*\.js",
        r"consentkit/schema/.*\.json",
        r"consentkit/languages/zh-Hant/notice\.po",
        r"consentkit/languages/index\.toml",
    ):
        assert any(re.fullmatch(wanted, name) for name in names), wanted
    assert not any(name.startswith(("tests", "bench", "examples")) for name in names)


def test_an_installed_wheel_makes_and_checks_a_policy(installed: Path, tmp_path: Path) -> None:
    for command in (["--version"], ["init"], ["check"]):
        done = subprocess.run(
            [installed / "consentkit", *command], check=False, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    assert (tmp_path / "consent.toml").exists()


def test_an_installed_wheel_runs_the_demo(installed: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [installed / "consentkit", "demo", "--port", "0", "--third-port", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, f"the demo did not start:\n{said}"
        said += line
    address = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert address is not None
    page = patient(address[0])
    process.send_signal(signal.SIGINT)
    process.stdout.close()

    assert b'<span id="consentkit"' in page
    assert process.wait(timeout=20) == 0


def patient(address: str) -> bytes:
    """A page of a server that is just starting."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(address) as answer:
                body: bytes = answer.read()
                return body
        except OSError:
            subprocess.run(["sleep", "0.05"], check=True)
    raise AssertionError(f"{address} does not answer")
