"""Verifications in a process of their own, and what their rows tell."""

from __future__ import annotations

import sqlite3
import sys
import time

import pytest
from sqlalchemy import insert
from tests.audit.commands import write
from tests.audit.conftest import build_event

from consentkit.audit import verifications as verifying
from consentkit.audit.engine import locate, writing
from consentkit.audit.errors import CheckpointError, LogUnavailable
from consentkit.audit.event import now, uuid7
from consentkit.audit.keys import generate, read_private
from consentkit.audit.schema import verifications
from consentkit.audit.signing import Signing
from consentkit.audit.verifications import SILENT, Verifications

PATIENCE = 120.0


def until_ended(found, name):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        one = found.find(name)
        if one.ended is not None:
            return one
        time.sleep(0.05)
    raise AssertionError("the verification did not end")


def running(url, *, seen):
    values = {
        "begun": seen,
        "seen": seen,
        "ended": None,
        "state": "running",
        "size": 9,
        "done": 4,
        "report": "",
    }
    name = uuid7()
    with writing(locate(url), 5.0).begin() as connection:
        connection.execute(insert(verifications).values(log_id="", id=name, **values))
    return name


def test_a_verification_runs_by_itself_and_leaves_what_it_found(url, tmp_path):
    write(url, *(build_event() for _ in range(20)))
    generate(tmp_path / "log.key", "news.example")
    note = Signing(url, None, tmp_path / "log.key").sign().note
    ours = Verifications(url, "")

    name = ours.begin(20, kept=[note], keys=[str(read_private(tmp_path / "log.key").public)])
    found = until_ended(ours, name)

    assert (found.state, found.size, found.done) == ("sound", 20, 20)
    assert found.report == {
        "log": "", "ok": True, "size": 20, "events": 20, "erased": 0, "checkpoints": 1, "signatures_checked": True,
        "findings": 0, "kinds": {}, "first": None,
    }  # fmt: skip
    assert ours.newest() == [found]


def test_a_log_that_was_changed_is_found_wrong(sqlite_url, tmp_path):
    write(sqlite_url, *(build_event() for _ in range(20)))
    with sqlite3.connect(tmp_path / "consent.db") as connection:
        connection.execute("UPDATE events SET act = 'reject' WHERE seq = 7")
    connection.close()
    ours = Verifications(sqlite_url, "")

    ours.run(running(sqlite_url, seen=now()))

    [found] = ours.newest()
    assert found.state == "wrong"
    assert (found.report["first"]["seq"], found.report["first"]["what"]) == (7, "columns")


def test_while_one_runs_no_second_is_started(url):
    write(url, build_event())
    name = running(url, seen=now())

    assert Verifications(url, "").begin(1) == name
    assert len(Verifications(url, "").newest()) == 1


def test_one_that_fell_silent_has_stopped_and_blocks_nobody(sqlite_url):
    write(sqlite_url, build_event())
    silent = running(sqlite_url, seen=now() - int((SILENT + 5) * 1_000_000))
    ours = Verifications(sqlite_url, "")

    assert ours.find(silent).state == "stopped"
    name = ours.begin(1)

    assert name != silent
    assert until_ended(ours, name).state == "sound"


def test_how_far_it_is_stands_in_its_row_while_it_runs(sqlite_url, monkeypatch):
    write(sqlite_url, *(build_event() for _ in range(30)))
    ours, told = Verifications(sqlite_url, ""), []
    name = running(sqlite_url, seen=1)
    monkeypatch.setattr(verifying, "TELL_EVERY", 0.0)
    monkeypatch.setattr("consentkit.audit.verifying.PAGE", 10)
    write_row = ours._write

    def see(name, **values):
        write_row(name, **values)
        told.append(ours.find(name).done)

    monkeypatch.setattr(ours, "_write", see)
    ours.run(name)

    assert told[:3] == [10, 20, 30]
    assert ours.find(name).seen > 1


def test_a_process_that_cannot_do_it_is_told_as_failed(sqlite_url, monkeypatch, tmp_path):
    write(sqlite_url, build_event())
    ours = Verifications(sqlite_url, "")
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))

    failed = until_ended(ours, ours.begin(1))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    none = until_ended(ours, ours.begin(1))

    assert (failed.state, failed.report) == ("failed", {"error": "its process ended with 3"})
    assert none.state == "failed"
    assert str(tmp_path) not in none.report["error"]


def test_a_verification_that_ended_stays_as_it_ended(sqlite_url):
    write(sqlite_url, build_event())
    ours = Verifications(sqlite_url, "")
    name = running(sqlite_url, seen=now())
    ours.run(name)
    before = ours.find(name)

    ours._end(name, "failed", {})

    assert ours.find(name) == before


def test_what_is_no_checkpoint_starts_nothing(sqlite_url):
    write(sqlite_url, build_event())

    with pytest.raises(CheckpointError):
        Verifications(sqlite_url, "").begin(1, kept=[b"x"])
    assert Verifications(sqlite_url, "").newest() == []


def test_a_store_that_is_away_is_told_without_its_address(tmp_path):
    with pytest.raises(LogUnavailable) as caught:
        Verifications(f"sqlite:///{tmp_path / 'none' / 'consent.db'}", "").newest()
    assert str(tmp_path) not in str(caught.value)
