"""A checkpoint from elsewhere beside the log as it is now."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.audit.commands import write
from tests.audit.conftest import build_event

from consentkit.audit.checkpoint import Checkpoint, sign
from consentkit.audit.compare import compare
from consentkit.audit.errors import CheckpointError
from consentkit.audit.keys import generate, read_private
from consentkit.audit.merkle import EMPTY_ROOT
from consentkit.audit.reader import Reader
from consentkit.audit.signing import Signing


@pytest.fixture
def key(tmp_path) -> Path:
    generate(tmp_path / "log.key", "news.example")
    return tmp_path / "log.key"


def public(key):
    return [read_private(key).public]


def test_a_log_that_went_on_begins_with_what_was_signed(url, key):
    write(url, *(build_event() for _ in range(5)))
    note = Signing(url, None, key).sign().note
    write(url, *(build_event() for _ in range(300)))

    found = compare(Reader(url), note, public(key))

    assert (found.verdict, found.standing, found.size, found.checkpoint.size) == ("begins", "signed", 305, 5)
    assert found.sound
    assert not compare(Reader(url), note).sound  # without a key anybody may have written it


def test_another_log_of_as_many_events_is_a_rewritten_one(url, sqlite_url, tmp_path, key):
    other = f"sqlite:///{tmp_path / 'other.db'}"
    write(url, *(build_event() for _ in range(5)))
    note = Signing(url, None, key).sign().note
    write(other, *(build_event() for _ in range(9)))

    assert compare(Reader(other), note, public(key)).verdict == "rewritten"


def test_fewer_events_than_were_signed_are_a_log_that_was_rolled_back(tmp_path, sqlite_url, key):
    write(sqlite_url, *(build_event() for _ in range(5)))
    note = Signing(sqlite_url, None, key).sign().note
    short = f"sqlite:///{tmp_path / 'short.db'}"
    write(short, build_event())

    found = compare(Reader(short), note, public(key))

    assert (found.verdict, found.sound) == ("rolled-back", False)


def test_a_tree_that_cannot_be_read_is_said_to_be_damaged(tmp_path, sqlite_url, key):
    write(sqlite_url, *(build_event() for _ in range(5)))
    note = Signing(sqlite_url, None, key).sign().note
    write(sqlite_url, build_event())
    with sqlite3.connect(tmp_path / "consent.db") as connection:
        connection.execute("UPDATE log_head SET edge = x'00'")
    connection.close()

    assert compare(Reader(sqlite_url), note, public(key)).verdict == "damaged"


def test_what_another_key_signed_and_what_was_changed_is_told(sqlite_url, tmp_path, key):
    write(sqlite_url, build_event())
    note = Signing(sqlite_url, None, key).sign().note
    generate(tmp_path / "other.key", "other.example")
    head = Checkpoint("news.example", 1, bytes(32))
    forged = note.replace(note.splitlines()[2], head.text().splitlines()[2], 1)

    assert compare(Reader(sqlite_url), note, public(tmp_path / "other.key")).standing == "wrong-key"
    assert compare(Reader(sqlite_url), forged, public(key)).standing == "forged"
    assert compare(Reader(sqlite_url), head.text(), public(key)).standing == "unsigned"


def test_a_checkpoint_of_another_log_of_this_key_says_nothing_of_this_one(sqlite_url, key):
    write(sqlite_url, build_event())
    note = sign(Checkpoint("news.example/other", 1, bytes(32)), read_private(key))

    assert compare(Reader(sqlite_url), note, public(key)).verdict == "other-log"


@pytest.mark.parametrize(("root", "verdict"), [(EMPTY_ROOT, "begins"), (bytes(32), "rewritten")])
def test_every_log_begins_with_an_empty_one(sqlite_url, key, root, verdict):
    write(sqlite_url, build_event())
    note = sign(Checkpoint("news.example", 0, root), read_private(key))

    assert compare(Reader(sqlite_url), note, public(key)).verdict == verdict


def test_what_is_no_checkpoint_is_refused(sqlite_url):
    write(sqlite_url, build_event())

    with pytest.raises(CheckpointError):
        compare(Reader(sqlite_url), b"\xff" * 100)
