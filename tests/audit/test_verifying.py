"""A whole log is checked as it was when the check began, in one process or several, whatever state it is in."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import delete
from tests.audit.commands import run

from consentkit.audit import verifying
from consentkit.audit.batch import seal
from consentkit.audit.checkpoint import Checkpoint, sign
from consentkit.audit.keys import generate, public_path, read_private, read_public
from consentkit.audit.schema import personal
from consentkit.audit.signing import Signing
from consentkit.audit.store import Store
from consentkit.audit.verifying import verify_log

COUNT = 900


@pytest.fixture
def filled(url, make_event, make_refusal):
    store = Store(url, "", 10.0)
    store.append(
        [
            seal(make_event(visitor=f"v{n}") if n % 4 else make_refusal(), None, os.urandom(32))
            for n in range(COUNT)
        ]
    )
    store.close()
    return url


def change(url, *statements):
    from sqlalchemy import text

    from consentkit.audit.engine import locate, writing

    with writing(locate(url), 5.0).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


DAMAGE = {
    "none": (),
    "gap-within": ("DELETE FROM events WHERE seq BETWEEN 300 AND 310",),
    "gap-over-sections": ("DELETE FROM events WHERE seq BETWEEN 200 AND 800",),
    "cut": ("DELETE FROM events WHERE seq > 500",),
    "emptied": ("DELETE FROM events",),
    "changed": ("UPDATE events SET site = 'x' WHERE seq = 777",),
    "gone": ("DELETE FROM personal WHERE seq IN (2, 899)",),
    "counted": ("UPDATE rollups SET n = n + 1 WHERE kind = 'act'",),
    "no-head": ("DELETE FROM log_head",),
    "head-too-small": ("UPDATE log_head SET size = 700",),
    "head-too-large": ("UPDATE log_head SET size = 4000000000000000000",),
    "head-below-0": ("UPDATE log_head SET size = -1",),
    "no-edge": ("UPDATE log_head SET edge = NULL",),
    "subtree": ("UPDATE subtrees SET position = 7 WHERE position = 1",),
    "far-away": ("UPDATE events SET seq = 4000000000000000000 WHERE seq = 900",),
    "far-away-and-head": (
        "UPDATE events SET seq = 4000000000000000000 WHERE seq = 900",
        "UPDATE log_head SET size = 4000000000000000000",
    ),
}
FINDS = {
    "none": None,
    "gap-within": (300, "gap"),
    "gap-over-sections": (200, "gap"),
    "cut": (501, "truncated"),
    "emptied": (1, "truncated"),
    "changed": (777, "columns"),
    "gone": (2, "personal-gone"),
    "counted": (None, "rollups"),
    "no-head": (1, "beyond"),
    "head-too-small": (701, "beyond"),
    "head-too-large": (901, "truncated"),
    "head-below-0": (1, "beyond"),
    "no-edge": (None, "edge"),
    "subtree": (257, "subtree"),
    "far-away": (4 * 10**18, "beyond"),
    "far-away-and-head": (900, "gap"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_damage_has_its_name_however_many_sections_the_log_is_cut_into(filled, monkeypatch, damage):
    change(filled, *DAMAGE[damage])
    _, _, whole = verify_log(filled, None)
    monkeypatch.setattr(verifying, "PAGE", 128)
    _, _, cut = verify_log(filled, None)

    first = whole.first
    assert (first and first[:2]) == FINDS[damage]
    assert (cut.first, cut.events, cut.erased) == (first, whole.events, whole.erased)
    # A gap that spans sections is one finding still.
    assert cut.by_kind == whole.by_kind


@pytest.mark.parametrize("rows", [True, False], ids=["every-row", "quick"])
@pytest.mark.parametrize("damage", ["none", "gap-over-sections"])
def test_several_processes_see_what_one_sees(filled, monkeypatch, damage, rows):
    change(filled, *DAMAGE[damage])
    monkeypatch.setattr(verifying, "SECTION", 128)
    done: list[int] = []
    _, _, one = verify_log(filled, None, rows=rows)
    monkeypatch.setattr(verifying, "SIDE_BY_SIDE", 1)
    _, size, several = verify_log(filled, None, rows=rows, processes=2, progress=done.append)

    assert (one.first, one.by_kind, one.events) == (several.first, several.by_kind, several.events)
    assert done == sorted(done)
    assert done[-1] == size == COUNT


def test_a_log_in_use_is_sound_while_it_grows_and_forgets(filled, make_event):
    """Personal parts are erased as the command does it, by an event in the same transaction."""
    stop = threading.Event()

    def use():
        store = Store(filled, "", 10.0)
        seq = 1
        while not stop.is_set():
            store.append([seal(make_event(), None, os.urandom(32)) for _ in range(5)])

            def forget(connection, seq=seq):
                connection.execute(delete(personal).where(personal.c.seq == seq))
                about = make_event(act="erase", visitor=None, subject=((seq, seq),))
                return [seal(about, None, os.urandom(32))]

            store.change(forget)
            seq += 1
        store.close()

    user = threading.Thread(target=use)
    user.start()
    try:
        reports = [verify_log(filled, None)[2] for _ in range(15)]
    finally:
        stop.set()
        user.join()

    assert [report.first for report in reports] == [None] * 15
    assert reports[-1].events > reports[0].events
    assert reports[-1].erased > 0


@pytest.fixture
def key(tmp_path):
    generate(tmp_path / "key", "news.example/consent")
    return tmp_path / "key"


def test_a_kept_checkpoint_and_its_key_make_a_sound_log_sound(filled, key, tmp_path):
    kept = tmp_path / "kept.txt"
    assert run("audit", "checkpoint", "--key", str(key), "--to", str(kept), url=filled).code == 0

    done = run(
        "audit", "verify", "--checkpoint", str(kept), "--key", str(public_path(key)), "--quick", url=filled
    )

    assert (done.code, done.err) == (0, "")
    assert "the first 900 are those of the checkpoint given" in done.out


def test_signatures_that_were_not_checked_are_said_to_be(filled, key, tmp_path):
    kept = tmp_path / "kept.txt"
    run("audit", "checkpoint", "--key", str(key), "--to", str(kept), url=filled)

    done = run("audit", "verify", "--checkpoint", str(kept), url=filled)

    assert done.code == 0
    assert "signatures were not checked" in done.err


CHECKPOINTS = {
    "unsigned": (lambda key: Checkpoint("news.example/consent", COUNT, bytes(32)).text(), "unsigned"),
    "wrong-key": (
        lambda key: sign(Checkpoint("x", 1, bytes(32)), read_private(key.with_name("other"))),
        "wrong-key",
    ),
    "another-log": (lambda key: sign(Checkpoint("x", 1, bytes(32)), read_private(key)), "origin"),
    "never-stored": (
        lambda key: sign(Checkpoint("news.example/consent", 0, bytes(32)), read_private(key)),
        "rewritten",
    ),
    "of-the-future": (
        lambda key: sign(Checkpoint("news.example/consent", COUNT + 1, bytes(32)), read_private(key)),
        "rolled-back",
    ),
}


@pytest.mark.parametrize(("make", "what"), CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_a_checkpoint_that_does_not_fit_is_named(filled, key, tmp_path, make, what):
    generate(key.with_name("other"), "other")
    (tmp_path / "kept.txt").write_bytes(make(key))

    done = run(
        "audit",
        "verify",
        "--checkpoint",
        str(tmp_path / "kept.txt"),
        "--key",
        str(public_path(key)),
        url=filled,
    )

    assert done.code == 1
    assert what in done.out


def test_a_key_without_any_checkpoint_finds_one_missing(filled, key):
    done = run("audit", "verify", "--key", str(public_path(key)), url=filled)

    assert (done.code, "missing" in done.out) == (1, True)


def test_what_cannot_be_checked_ends_with_2_and_one_line(filled, key, tmp_path):
    (tmp_path / "words.txt").write_text("no checkpoint\n")
    public = str(public_path(key))
    for options in (
        ("--checkpoint", str(tmp_path / "words.txt"), "--key", public),
        ("--checkpoint", str(tmp_path / "none.txt"), "--key", public),
        ("--checkpoint", str(tmp_path), "--key", public),
        ("--key", str(key)),
        ("--key", str(tmp_path / "none.pub")),
    ):
        done = run("audit", "verify", *options, url=filled)

        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_a_checkpoint_command_tells_apart_what_went_wrong(filled, key, tmp_path):
    kept = tmp_path / "kept.txt"
    options = ("audit", "checkpoint", "--key", str(key))

    assert run(*options, url=filled).code == 2
    assert run(*options, "--to", str(tmp_path / "no" / "folder"), url=filled).code == 2
    assert run(*options, "--command", "false", url=filled).code == 2
    assert run(*options, "--command", "no-such-command", url=filled).code == 2
    assert run(*options, "--to", "-", "--command", f"tee {kept}", url=filled).out.startswith(
        "news.example/consent\n900\n"
    )
    assert kept.read_bytes().startswith(b"news.example/consent\n900\n")
    kept.write_text("no checkpoint\n")
    assert run(*options, "--to", str(kept), url=filled).code == 2
    kept.unlink()
    change(filled, "UPDATE log_head SET size = 1, edge = (SELECT leaf FROM events WHERE seq = 1)")
    refused = run(*options, "--to", str(kept), url=filled)
    assert (refused.code, kept.exists()) == (1, False)
    assert "NOT SIGNED" in refused.err


def test_a_damaged_file_ends_with_2_and_one_line(tmp_path, make_event):
    url, path = f"sqlite:///{tmp_path / 'consent.db'}", tmp_path / "consent.db"
    store = Store(url, "", 5.0)
    store.append([seal(make_event(), None, os.urandom(32)) for _ in range(300)])
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    for page in range(20, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = os.urandom(64)
    path.write_bytes(data)

    done = run("audit", "verify", url=url)

    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "SQLITE_CORRUPT" in done.err


def test_a_clock_that_went_back_breaks_nothing(filled, key, make_event):
    store = Store(filled, "", 5.0)
    store.append([seal(make_event(time=1), None, os.urandom(32))])
    store.close()
    signed = Signing(filled, None, key).sign()

    _, _, report = verify_log(filled, None, keys=read_public([public_path(key)]))

    assert signed.checkpoint.size == COUNT + 1
    assert report.sound
