"""``consentkit audit`` and ``consentkit db`` as people and scripts call them."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stderr, redirect_stdout
from typing import NamedTuple

import pytest

from consentkit import cli
from consentkit.audit.batch import seal
from consentkit.audit.export import COLUMNS
from consentkit.audit.store import Store

ANSI = "news\x1b[31m.example\x9b"


class Done(NamedTuple):
    returncode: int
    stdout: bytes
    stderr: bytes


def run(*arguments, url=None):
    """What a command prints and how it ends, without a process of its own."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    argv, sys.argv = sys.argv, ["consentkit", *arguments, *(("--audit", url) if url else ())]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.run()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.argv = argv
    out.flush()
    err.flush()
    return Done(code or 0, out.buffer.getvalue(), err.buffer.getvalue())


def write(url, *events):
    store = Store(url, "", 5.0)
    store.append([seal(event, None, os.urandom(32)) for event in events])
    store.close()


@pytest.fixture
def filled(sqlite_url, make_event, make_refusal):
    write(
        sqlite_url,
        make_event(visitor="=1+1", site="Préférences, «تسويق»", services_denied=("youtube",)),
        make_refusal(signal="gpc", notice="", language=None, decided_after_ms=None),
        make_event(site=ANSI, act="save", granted=("functional",), denied=("analytics", "marketing")),
    )
    return sqlite_url


def test_json_lines_hold_the_fixed_columns_and_lose_nothing(filled):
    done = run("audit", "export", "--format", "jsonl", "--audit", filled)

    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert done.returncode == 0
    assert [tuple(line)[: len(COLUMNS)] for line in lines] == [COLUMNS] * 3
    assert lines[0]["site"] == "Préférences, «تسويق»"
    assert lines[0]["visitor"] == "=1+1"
    assert lines[0]["denied"] == ["service:youtube"]
    assert (lines[1]["visitor"], lines[1]["signal"], lines[1]["regime"]) == (None, "gpc", "opt-in")
    assert lines[2]["site"] == ANSI
    assert b"\x1b" not in done.stdout
    assert "\x9b" not in done.stdout.decode()


def test_csv_is_what_a_reader_of_rfc_4180_expects_and_runs_no_formula(filled):
    done = run("audit", "export", "--format", "csv", url=filled)

    text = done.stdout.decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert done.returncode == 0
    assert not done.stdout.startswith(b"\xef\xbb\xbf")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert text.count("\r\n") == 4
    assert rows[0]["visitor"] == "'=1+1"
    assert rows[0]["site"] == "Préférences, «تسويق»"
    assert rows[0]["granted"] == "functional analytics marketing"
    assert rows[0]["time"].endswith("Z")
    assert (rows[1]["visitor"], rows[1]["granted"], rows[1]["signal"]) == ("", "", "gpc")


def test_a_sound_log_exits_0_and_a_changed_one_1_with_the_number_and_what_broke(filled, tmp_path):
    assert run("audit", "verify", url=filled).returncode == 0
    with closing(sqlite3.connect(tmp_path / "consent.db", isolation_level=None)) as connection:
        connection.execute("UPDATE events SET act = 'accept' WHERE seq = 2")

    people, program = run("audit", "verify", url=filled), run("audit", "verify", "--json", url=filled)

    assert (people.returncode, program.returncode) == (1, 1)
    assert b"event 2: columns: act" in people.stdout
    told = json.loads(program.stdout)
    assert (told["ok"], told["findings"], told["first"]["seq"], told["first"]["what"]) == (
        False,
        1,
        2,
        "columns",
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("DELETE FROM events WHERE seq = 2", "event 2: gap"),
        ("DELETE FROM events WHERE seq = 3", "event 3: truncated"),
        ("UPDATE log_head SET size = 2", "event 3: beyond"),
        ("DELETE FROM log_head", "event 1: beyond"),
        ("UPDATE events SET canonical = 'text' WHERE seq = 1", "event 1: canonical"),
        ("UPDATE events SET seq = 'x' WHERE seq = 3", "truncated"),
        ("UPDATE events SET time = 'x' WHERE seq = 1", "event 1: columns"),
        ("UPDATE personal SET visitor = x'00ff' WHERE seq = 1", "event 1: personal"),
        ("UPDATE personal SET salt = 'text' WHERE seq = 1", "event 1: personal"),
        ("UPDATE events SET seq = -5 WHERE seq = 3", "event -5: repeated"),
        ("INSERT INTO documents VALUES ('notice', 'abc', x'00')", "document"),
    ],
)
def test_whatever_is_changed_has_a_name_and_no_traceback(filled, tmp_path, change, what):
    with closing(sqlite3.connect(tmp_path / "consent.db", isolation_level=None)) as connection:
        connection.execute(change)

    done = run("audit", "verify", url=filled)

    assert (done.returncode, done.stderr) == (1, b"")
    assert what in done.stdout.decode()


def test_what_cannot_be_read_exits_2_with_one_message(tmp_path):
    (tmp_path / "damaged.db").write_bytes(b"x" * 5000)
    for url in (
        f"sqlite:///{tmp_path / 'none.db'}",
        f"sqlite:///{tmp_path / 'damaged.db'}",
        "ftp://x",
        "nonsense",
    ):
        for command in ("verify", "export", "show"):
            done = run("audit", command, "--audit", url)

            assert (done.returncode, done.stdout) == (2, b"")
            assert 1 <= len(done.stderr.splitlines()) <= 2
            assert b"Traceback" not in done.stderr
    assert not (tmp_path / "none.db").exists()


def test_show_tells_the_newest_and_one_by_id(filled):
    newest = run("audit", "show", "--last", "1", url=filled)
    identity = newest.stdout.split()[-1].decode()
    one, none = (
        run("audit", "show", "--id", identity, url=filled),
        run("audit", "show", "--id", "none", url=filled),
    )

    assert len(newest.stdout.splitlines()) == 1
    assert (one.returncode, none.returncode) == (0, 1)
    assert b"functional" in one.stdout
    assert b"\x1b" not in one.stdout + newest.stdout


def on_a_terminal(url, *arguments):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from consentkit.cli import run; run()", *arguments, "--audit", url]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL):
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 65536):
                seen += part
        except OSError:  # the end of a terminal
            pass
    os.close(ours)
    return seen


@pytest.mark.parametrize(
    "arguments",
    [("export", "--format", "csv"), ("export",), ("show",), ("verify",)],
    ids=["csv", "jsonl", "show", "verify"],
)
def test_no_terminal_is_told_what_to_do_by_what_is_stored(filled, arguments):
    seen = on_a_terminal(filled, "audit", *arguments)

    assert len(seen.splitlines()) >= 1
    assert b"\x1b" not in seen
    assert b"\xc2\x9b" not in seen


def test_an_export_cut_short_by_its_reader_is_no_fault(sqlite_url):
    run("audit", "sample", "--events", "3000", "--days", "3", url=sqlite_url)
    command = f"{sys.executable} -c 'from consentkit.cli import run; run()' audit export --audit {sqlite_url} | head -n 1"

    done = subprocess.run(command, shell=True, capture_output=True, check=False)

    assert len(done.stdout.splitlines()) == 1
    assert b"Traceback" not in done.stderr


def test_the_log_may_be_named_by_the_environment(filled):
    command = [
        sys.executable,
        "-c",
        "import sys; from consentkit.cli import run; sys.exit(run())",
        "audit",
        "verify",
    ]

    done = subprocess.run(
        command, env={**os.environ, "CONSENTKIT_AUDIT": filled}, capture_output=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, b"sound: 3 events\n")


def test_a_sample_is_marked_as_one_and_sound(sqlite_url):
    assert run("audit", "sample", "--events", "2500", "--days", "7", url=sqlite_url).returncode == 0

    lines = [json.loads(line) for line in run("audit", "export", url=sqlite_url).stdout.splitlines()]
    assert len(lines) == 2500
    assert {line["site"] for line in lines} == {"sample.invalid"}
    assert {line["act"] for line in lines} == {"accept", "reject", "save", "withdraw"}
    assert all(line["visitor"] is None for line in lines if line["act"] == "reject")
    assert run("audit", "verify", url=sqlite_url).returncode == 0


def test_an_upgrade_lays_the_schema_and_says_what_it_found(postgresql, make_event):
    import psycopg

    with psycopg.connect(postgresql.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE upgraded")
    url = postgresql.get_uri(database="upgraded")

    before = run("audit", "verify", "--audit", url)
    first, second = run("db", "upgrade", "--audit", url), run("db", "upgrade", "--audit", url)

    assert (before.returncode, first.returncode, second.returncode) == (2, 0, 0)
    assert b"consentkit db upgrade --audit" in before.stderr
    assert b"before: none" in first.stdout
    assert b"up to date" in second.stdout
    write(url, make_event())
    assert run("audit", "verify", "--audit", url).stdout.startswith(b"sound: 1 event")
