"""What a person at a terminal sees of a long command, and what a pipe does not."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from consentkit.audit.sample import append_sample

EVENTS = 30_000
COMMAND = [sys.executable, "-c", "import sys; from consentkit import cli; sys.exit(cli.run())", "audit"]
CLEARED = "\x1b[1A\x1b[2K"
"""One line up, and empty: what is left of a bar."""


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('log') / 'consent.db'}"
    append_sample(url, "", EVENTS, 3)
    return url


def at_a_terminal(
    *words: str, out: Path | None = None, kind: str = "xterm", stop_at: str = ""
) -> tuple[int, str]:
    """How a command ends and what a terminal of 80 columns gets; ``stop_at``: interrupt it once this was drawn."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    stdout = theirs if out is None else os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdin=theirs,
        stdout=stdout,
        stderr=theirs,
        env={**os.environ, "TERM": kind, "COLUMNS": "80"},
    )
    os.close(theirs)
    if out is not None:
        os.close(stdout)
    seen = b""
    while piece := _read(ours):
        seen += piece
        if stop_at and re.search(stop_at.encode(), seen):
            process.send_signal(signal.SIGINT)
            stop_at = ""
    os.close(ours)
    return process.wait(), seen.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other end is closed
        return b""


def drawn(seen: str) -> list[int]:
    """The numbers of events that a bar told, in order."""
    return [int(number.replace(",", "")) for number in re.findall(r"([0-9,]+) of 30,000", seen)]


def test_verify_draws_a_bar_that_moves_and_goes(log):
    code, seen = at_a_terminal("verify", "--audit", log)

    assert code == 0
    told = drawn(seen)
    assert told == sorted(told)
    assert any(0 < number < EVENTS for number in told)
    assert seen.endswith(f"{CLEARED}sound: 30,000 events\r\n")


def test_export_into_a_file_draws_a_bar_on_the_terminal_alone(log, tmp_path):
    file = tmp_path / "events.jsonl"
    code, seen = at_a_terminal("export", "--audit", log, out=file)

    assert code == 0
    assert any(0 < number < EVENTS for number in drawn(seen))
    assert seen.rpartition(CLEARED)[2] == ""
    assert "\x1b" not in file.read_text()
    assert file.read_text().count("\n") == EVENTS


def test_export_to_the_terminal_itself_draws_no_bar_between_its_lines(log):
    code, seen = at_a_terminal("export", "--audit", log, "--after", str(EVENTS - 3))

    assert code == 0
    assert "\x1b" not in seen
    assert seen.count("\r\n") == 3


@pytest.mark.parametrize("words", [("verify",), ("export",)], ids=" ".join)
def test_a_pipe_gets_no_bar(log, words):
    done = subprocess.run([*COMMAND, *words, "--audit", log], capture_output=True, check=True)

    assert done.stderr == b""
    assert b"\x1b" not in done.stdout


def test_a_terminal_that_knows_no_bars_gets_the_result_alone(log):
    assert at_a_terminal("verify", "--audit", log, kind="dumb") == (0, "sound: 30,000 events\r\n")


def test_an_export_that_is_interrupted_says_where_to_go_on_and_the_rest_makes_it_whole(log, tmp_path):
    first, rest = tmp_path / "first.jsonl", tmp_path / "rest.jsonl"
    code, seen = at_a_terminal("export", "--audit", log, out=first, stop_at=r"[1-9],[05]00 of 30,000")
    said = re.search(r"\x1b\[2KStopped behind event (\d+): go on with --after \1\r\nInterrupted.\r\n$", seen)
    assert said, seen[-400:]
    at_a_terminal("export", "--audit", log, "--after", said[1], out=rest)

    assert code == 2
    assert 0 < first.read_text().count("\n") == int(said[1]) < EVENTS
    whole = subprocess.run([*COMMAND, "export", "--audit", log], capture_output=True, check=True, text=True)
    assert first.read_text() + rest.read_text() == whole.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
def test_an_export_onto_a_full_disk_ends_in_words(log):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "export", "--audit", log], stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == b"Stopped behind event 0: go on with --after 0"
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("options", [(), ("--format", "csv")], ids=["jsonl", "csv"])
def test_an_export_of_half_as_much_again_takes_no_more_memory(log, options):
    def most(*more: str) -> int:
        """Bytes that were in use at most."""
        measured = "import tracemalloc; tracemalloc.start(); from consentkit import cli\ntry: cli.run()\n"
        measured += "finally: print(tracemalloc.get_traced_memory()[1], file=__import__('sys').stderr)"
        command = [sys.executable, "-c", measured, "audit", "export", "--audit", log, *options, *more]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        return int(done.stderr)

    assert most() < 1.05 * most("--after", str(EVENTS // 3))
