"""The frame of the command line: what is imported, what is said, how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from consentkit.cli.app import LATER

HEAVY = ("sqlalchemy", "alembic", "starlette", "uvicorn", "jinja2", "asyncio")
LOOK = """
import sys
from consentkit.cli import run
sys.argv = ["consentkit", *sys.argv[1:]]
try:
    run()
except SystemExit as end:
    print("code", end.code)
print("modules", *sys.modules)
"""


def python(program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["init", "check", "cookie --new-key", "schema", "--version"])
def test_a_command_about_the_policy_imports_no_database_and_no_server(tmp_path: Path, command: str) -> None:
    if command == "check":
        python(LOOK, "init", folder=tmp_path)

    ended = python(LOOK, *command.split(), folder=tmp_path)

    assert "code 0" in ended.stdout
    modules = {name.partition(".")[0] for name in ended.stdout.rpartition("modules ")[2].split()}
    assert "pydantic" in modules
    drawn = {"jinja2"} if command == "check" else set()  # it judges the notice as it is drawn
    assert modules.isdisjoint({*HEAVY} - drawn)


def test_without_the_extra_one_line_tells_what_to_install(tmp_path: Path) -> None:
    program = "import sys; sys.modules['typer'] = None\nfrom consentkit.cli import run\nsys.exit(run())"

    ended = python(program, "--version", folder=tmp_path)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == 'The command line needs one more thing: pip install "consentkit[cli]"\n'


def test_a_module_of_our_own_that_is_missing_is_a_fault_and_not_an_extra(tmp_path: Path) -> None:
    program = "import sys; sys.modules['consentkit.policyfile'] = None\nfrom consentkit.cli import run\nrun()"

    ended = python(program, folder=tmp_path)

    assert ended.returncode == 1
    assert "consentkit.policyfile" in ended.stderr


def test_the_version_is_the_packages(cli) -> None:
    from importlib.metadata import version

    assert cli("--version") == (0, f"consentkit {version('consentkit')}\n", "")


def test_without_a_command_the_commands_are_shown(cli) -> None:
    ended = cli()

    assert all(name in ended.out + ended.err for name in ("init", "check", "cookie", "demo", "schema"))


def test_the_help_of_a_group_that_is_imported_late_looks_like_all_others(cli) -> None:
    whole, group = cli("--help"), cli("audit", "--help")

    shown = [line.split()[0] for line in whole.out.partition("Commands:\n")[2].splitlines()]
    assert shown[-len(LATER) :] == list(LATER)
    assert group.code == 0
    assert "Usage: consentkit audit" in group.out
    assert "│" not in group.out


def test_an_option_that_nobody_knows_could_not_run(cli) -> None:
    ended = cli("check", "--jsn")

    assert ended.code == 2
    assert "Did you mean --json" in ended.err or "Possible options: --json" in ended.err


def test_a_misspelt_command_is_corrected(cli) -> None:
    ended = cli("chek")

    assert ended.code == 2
    assert "Did you mean 'check'" in ended.err


def test_the_installed_command_runs_this() -> None:
    command = Path(sys.executable).parent / "consentkit"

    ended = subprocess.run([command, "--help"], capture_output=True, text=True, timeout=60, check=True)

    assert "Usage: consentkit" in ended.stdout


def test_output_that_a_terminal_cannot_show_is_escaped_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "ж.toml").write_text("x = 1\n", encoding="utf-8")

    ended = subprocess.run(
        [sys.executable, "-c", LOOK, "check", "ж.toml"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
    )

    assert b"code 2" in ended.stdout
    assert b"\\u0436.toml" in ended.stderr
    assert b"Traceback" not in ended.stderr
