"""Somebody who can write to the store changes the log, and makes as much fit again as they please.

Each attack is found against the checkpoint that the officer kept. What is out of scope stands in
``docs/explanation/evidence.md``; :data:`OUT_OF_SCOPE` holds each of it, so that the page stays true.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from consentkit.audit.batch import seal
from consentkit.audit.checkpoint import Note, parse
from consentkit.audit.event import Event, leaf_hash, now, uuid7
from consentkit.audit.finding import KINDS
from consentkit.audit.keys import generate, public_path, read_public
from consentkit.audit.merkle import Edge
from consentkit.audit.signing import Signing, state_path
from consentkit.audit.store import Store
from consentkit.audit.verify import Report
from consentkit.audit.verifying import verify_log

IN_GERMAN = """CAST(replace(CAST(canonical AS TEXT), '"fr"', '"de"') AS BLOB)"""
EVENTS = 300  # more than one stored hash of the tree
SIGNED = 290


def event(number: int, **changes) -> Event:
    refuses = number % 3 == 0
    values = {
        "id": uuid7(),
        "time": now(),
        "site": "news.example",
        "act": "reject" if refuses else "accept",
        "policy": "a" * 64,
        "notice": "b" * 64,
        "how": "banner",
        "visitor": None if refuses else f"visitor-{number}",
        "granted": () if refuses else ("analytics",),
        "denied": ("analytics",) if refuses else (),
        "regimes": (("analytics", "opt-in"),),
        "jurisdiction": "FR",
        "language": "fr",
        "decided_after_ms": 1000 + number,
    }
    return Event(**{**values, **changes})


def write(path: Path, events: list[Event]) -> None:
    store = Store(f"sqlite:///{path}", "", 5.0)
    store.append([seal(one, None, os.urandom(32)) for one in events])
    store.close()


class Log:
    """A log, its key, and the checkpoint that the officer keeps."""

    def __init__(self, folder: Path) -> None:
        self.path, self.key = folder / "consent.db", folder / "key"
        self.url = f"sqlite:///{self.path}"
        generate(self.key, "news.example/consent")
        write(self.path, [event(n) for n in range(SIGNED)])
        self.kept = parse(Signing(self.url, None, self.key).sign().note)
        write(self.path, [event(n) for n in range(SIGNED, EVENTS)])
        self.keys = read_public([public_path(self.key)])

    def copy(self, folder: Path) -> Log:
        """The same log, key and kept checkpoint, in another folder."""
        other = object.__new__(Log)
        other.__dict__.update(self.__dict__)
        other.path = folder / "consent.db"
        other.url = f"sqlite:///{other.path}"
        other.key = folder / "key"
        for path in (self.path, self.key, public_path(self.key), state_path(self.key, "")):
            shutil.copy(path, folder / path.name)
        return other

    def do(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def verify(self, *, kept: bool = True, notes: tuple[Note, ...] = ()) -> Report:
        given = [*([self.kept] if kept else []), *notes]
        return verify_log(self.url, None, kept=given, keys=self.keys)[2]

    def fit_again(self) -> None:
        """Make everything in the store fit the events: leaves, head, stored hashes, roll-ups, as a writer would have."""
        with closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute("SELECT * FROM events ORDER BY seq").fetchall()
            edge = Edge()
            parts = edge.extend([leaf_hash(row[6]) for row in rows])
            connection.executemany(
                "UPDATE events SET leaf = ? WHERE seq = ?", [(leaf_hash(row[6]), row[1]) for row in rows]
            )
            connection.execute("UPDATE log_head SET size = ?, edge = ?", (edge.size, bytes(edge)))
            connection.execute("DELETE FROM subtrees")
            connection.executemany("INSERT INTO subtrees VALUES ('', ?, ?, ?)", parts)
            connection.commit()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Log:
    log = Log(tmp_path_factory.mktemp("whole"))
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return log


@pytest.fixture
def log(whole: Log, tmp_path: Path) -> Log:
    return whole.copy(tmp_path)


def test_the_untouched_log_is_sound(log):
    report = log.verify()

    assert (report.sound, report.events, report.checkpoints) == (True, EVENTS, 1)


FIELDS = {
    "events": ("seq", "id", "time", "act", "site", "canonical", "leaf"),
    "personal": ("seq", "salt", "visitor"),
    "log_head": ("size", "edge"),
    "subtrees": ("level", "position", "hash"),
    "rollups": ("slot", "kind", "name", "outcome", "n", "timed", "after_ms"),
    "checkpoints": ("size", "root", "note"),
}


def flipped(value):
    """The value with each of its bytes changed in one bit, in turn."""
    if isinstance(value, int):
        yield from (value ^ (1 << bit) for bit in range(0, 48, 8))
        return
    raw = value if isinstance(value, bytes) else value.encode()
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        yield changed if isinstance(value, bytes) else changed.decode("latin-1")


@pytest.mark.parametrize(("table", "field"), [(t, f) for t, names in FIELDS.items() for f in names])
def test_every_byte_of_every_stored_field_is_watched(tmp_path, table, field):
    """A small log: one byte of one field of one row is changed at a time."""
    small = object.__new__(Log)
    small.path, small.key = tmp_path / "consent.db", tmp_path / "key"
    small.url = f"sqlite:///{small.path}"
    generate(small.key, "k")
    write(small.path, [event(n) for n in range(256 if table == "subtrees" else 2)])
    small.kept = parse(Signing(small.url, None, small.key).sign().note)
    small.keys = read_public([public_path(small.key)])
    missed = []
    with closing(sqlite3.connect(small.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        names = [column[1] for column in connection.execute(f"PRAGMA table_info({table})")]
        at = names.index(field)
        for row in rows:
            for value in flipped(row[at]):
                connection.execute("BEGIN")
                connection.execute(f"DELETE FROM {table}")
                others = [other for other in rows if other is not row]
                changed = (*row[:at], value, *row[at + 1 :])
                marks = ", ".join("?" for _ in names)
                connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", [*others, changed])
                connection.execute("COMMIT")
                if small.verify().sound:
                    missed.append((row[:2], value))
        connection.execute(f"DELETE FROM {table}")
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    assert missed == []
    assert rows
    assert small.verify().sound


@pytest.mark.parametrize("fits", [False, True], ids=["as-it-is", "made-to-fit"])
@pytest.mark.parametrize("seq", [1, 2, 128, 256, 257, SIGNED - 1, SIGNED])
def test_a_deleted_event_is_found(log, seq, fits):
    log.do(f"DELETE FROM events WHERE seq = {seq}", f"DELETE FROM personal WHERE seq = {seq}")
    if fits:
        for table in ("events", "personal"):  # in two steps, so that no number is there twice on the way
            log.do(
                f"UPDATE {table} SET seq = -seq WHERE seq > {seq}",
                f"UPDATE {table} SET seq = -seq - 1 WHERE seq < 0",
            )
        log.fit_again()

    report = log.verify()

    if fits:
        assert report.by_kind["rewritten"] == 1
        assert report.first[:2] == (1, "rewritten")
    else:
        assert report.first[:2] == (seq, "gap")


@pytest.mark.parametrize("seq", [1, 255, 256, 288])
def test_two_events_that_changed_places_are_found_even_when_all_else_fits(log, seq):
    for table in ("events", "personal"):
        log.do(
            f"UPDATE {table} SET seq = -1 WHERE seq = {seq}",
            f"UPDATE {table} SET seq = {seq} WHERE seq = {seq + 1}",
            f"UPDATE {table} SET seq = {seq + 1} WHERE seq = -1",
        )
    assert not log.verify(kept=False).sound
    log.fit_again()

    assert log.verify().first.what == "rewritten"


def test_an_event_told_twice_is_found_even_when_all_else_fits(log):
    log.do(
        f"INSERT INTO events SELECT log_id, {EVENTS + 1}, id || 'x', time, act, site, canonical, leaf, NULL FROM events"
        " WHERE seq = 5"
    )
    assert log.verify().by_kind.keys() >= {"beyond"}
    log.fit_again()

    assert log.verify().first[:2] == (EVENTS + 1, "columns")


@pytest.mark.parametrize("left", [0, 1, 256, SIGNED - 1])
def test_a_cut_tail_is_found_even_when_all_else_fits(log, left):
    log.do(f"DELETE FROM events WHERE seq > {left}", f"DELETE FROM personal WHERE seq > {left}")
    assert log.verify().first[:2] == (left + 1, "truncated")
    log.fit_again()

    report = log.verify()

    assert report.by_kind["rolled-back"] == 1
    assert f"over {SIGNED}" in report.first.detail


def rewrite(log: Log, count: int, *, checkpoints: bool) -> None:
    """Another log in the place of this one, with hashes, roll-ups and all as a writer makes them."""
    log.do(
        *(f"DELETE FROM {table}" for table in ("events", "personal", "log_head", "subtrees", "rollups")),
        *(["DELETE FROM checkpoints"] if checkpoints else []),
    )
    write(log.path, [event(n, site="news.example") for n in range(count)])


@pytest.mark.parametrize("count", [SIGNED, EVENTS, EVENTS + 50])
def test_a_log_rewritten_whole_is_found(log, count):
    rewrite(log, count, checkpoints=True)

    assert log.verify(kept=False).first.what == "missing"
    assert log.verify().first[:2] == (1, "rewritten")


def test_a_rewritten_part_is_told_apart_from_what_was_signed_before(log):
    """Checkpoints in the log narrow down where a rewriting began."""
    write(log.path, [event(n) for n in range(60)])
    second = parse(Signing(log.url, None, log.key).sign().note)
    log.do(f"UPDATE events SET canonical = {IN_GERMAN} WHERE seq = 340")
    log.fit_again()

    assert log.verify(notes=(second,)).first[:2] == (SIGNED + 1, "rewritten")


def test_a_fork_is_found_by_two_checkpoints_that_the_key_signed(log, tmp_path):
    """A second log is grown from the same beginning, and the same key signs it: each officer is shown one of them."""
    (tmp_path / "fork").mkdir()
    fork = log.copy(tmp_path / "fork")
    write(fork.path, [event(n) for n in range(5)])
    one = parse(Signing(fork.url, None, fork.key).sign().note)
    write(log.path, [event(n) for n in range(5)])
    other = parse(Signing(log.url, None, log.key).sign().note)

    report = log.verify(notes=(one,))

    assert other.checkpoint.size == one.checkpoint.size
    assert report.first[1] == "fork"


def test_an_old_copy_that_was_put_back_is_found(log, whole, tmp_path):
    write(log.path, [event(n) for n in range(40)])
    newest = parse(Signing(log.url, None, log.key).sign().note)
    (tmp_path / "old").mkdir()
    old = whole.copy(tmp_path / "old")

    report = old.verify(notes=(newest,))

    assert report.first[1] == "rolled-back"
    assert f"holds {EVENTS} events" in report.first.detail


@pytest.mark.parametrize("everything", [False, True], ids=["one", "all"])
def test_a_personal_part_that_is_gone_without_an_event_that_says_so_is_found(log, everything):
    log.do("DELETE FROM personal" + ("" if everything else " WHERE seq = 2"))

    report = log.verify()

    assert report.first[:2] == (2, "personal-gone")
    assert report.by_kind["personal-gone"] == (200 if everything else 1)


def test_a_personal_part_moved_to_another_event_is_found(log):
    log.do("UPDATE personal SET visitor = (SELECT visitor FROM personal WHERE seq = 3) WHERE seq = 2")

    assert log.verify().first[:2] == (2, "personal")


def test_a_personal_part_that_comes_back_after_it_was_erased_is_found(log):
    with closing(sqlite3.connect(log.path)) as connection:
        row = connection.execute("SELECT * FROM personal WHERE seq = 2").fetchone()
    log.do("DELETE FROM personal WHERE seq = 2")
    write(log.path, [event(0, act="erase", visitor=None, subject=((2, 2),))])
    assert log.verify().sound
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("INSERT INTO personal VALUES (?, ?, ?, ?)", row)
        connection.commit()

    assert log.verify().first[:2] == (2, "personal-back")


def test_a_checkpoint_taken_out_of_the_log_is_missed(log):
    log.do("DELETE FROM checkpoints")

    assert log.verify().first[1] == "missing"


def test_a_checkpoint_signed_by_somebody_else_counts_for_nothing(log, tmp_path):
    stranger = tmp_path / "stranger"
    generate(stranger, "news.example/consent")
    rewrite(log, EVENTS, checkpoints=True)
    Signing(log.url, None, stranger).sign()

    report = log.verify()

    assert report.first[:2] == (1, "rewritten")
    assert report.by_kind["wrong-key"] == 1


OF_IT = "kind = 'language' AND name = 'fr' AND outcome = 'accept'"
OUT_OF_SCOPE = {
    "events after the last checkpoint": (
        f"UPDATE events SET canonical = {IN_GERMAN} WHERE seq = {SIGNED + 1}",
        f"UPDATE rollups SET n = n - 1, timed = timed - 1, after_ms = after_ms - {1000 + SIGNED} WHERE {OF_IT}",
        f"INSERT INTO rollups SELECT log_id, slot, kind, 'de', outcome, 1, 1, {1000 + SIGNED} FROM rollups WHERE {OF_IT}",
    ),
    "counts of the gate and of signals": ("INSERT INTO counts VALUES ('', 20000, 'gated', 'x', 'y', 1)",),
    "the keys by which double clicks are told": ("UPDATE events SET once = x'00' WHERE seq = 1",),
    "when the store took a checkpoint": ("UPDATE checkpoints SET time = time + 1",),
    "who signs for a log in the process": ("INSERT INTO leases VALUES ('', 'checkpoint', 'x', 1)",),
}


@pytest.mark.parametrize(("what", "statements"), OUT_OF_SCOPE.items(), ids=OUT_OF_SCOPE)
def test_what_is_not_found_stands_in_the_documentation(log, what, statements):
    log.do(*statements)
    log.fit_again()

    assert log.verify().sound
    page = Path(__file__).parents[2] / "docs/explanation/evidence.md"
    assert what in " ".join(page.read_text(encoding="utf-8").split())


def test_every_finding_has_its_line_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs/explanation/evidence.md").read_text(encoding="utf-8")

    assert [name for name in KINDS if f"`{name}`" not in page] == []
