"""Both stores keep the same promises by the same code."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from consentkit.audit import schema
from consentkit.audit import upgrade as upgrading
from consentkit.audit.batch import arrange, cut, seal
from consentkit.audit.engine import locate, reading, writing
from consentkit.audit.errors import EventRefused, LogLocationError, LogUnavailable, SchemaMismatch
from consentkit.audit.event import Document
from consentkit.audit.reader import Reader
from consentkit.audit.store import Clash, Store
from consentkit.audit.verify import verify


def sealed(event, once=None):
    return seal(event, once, os.urandom(32))


def report_of(url, log_id=None):
    reader = Reader(url, log_id)
    size = reader.size()
    return verify([*reader.events(1, size), *reader.beyond()], size, reader.documents())


@pytest.fixture
def store(url):
    store = Store(url, "", 5.0)
    yield store
    store.close()


@pytest.mark.parametrize("count", [1, 3, 256, 700])
def test_a_batch_of_any_size_is_read_back_as_it_was_written(store, url, make_event, make_refusal, count):
    events = [make_event(visitor=f"v{n}") if n % 2 else make_refusal() for n in range(count)]
    rows = [sealed(event) for event in events]

    places = store.append(rows)

    assert [(place.id, place.seq, place.fresh) for place in places] == [
        (event.id, seq, True) for seq, event in enumerate(events, 1)
    ]
    read = list(Reader(url).events())
    assert [one[1:] for one in read] == [(*row[:6], row.salt, row.visitor) for row in rows]
    assert report_of(url).sound


def test_an_id_that_is_there_already_clashes_and_a_look_finds_its_place(store, make_event):
    rows = [sealed(make_event()) for _ in range(3)]
    store.append(rows)
    mixed = [rows[1], sealed(make_event())]

    with pytest.raises(Clash):
        store.append(mixed)
    places = store.append(mixed, look=True)

    assert [(place.seq, place.fresh) for place in places] == [(2, True), (4, True)]


def test_the_same_act_under_another_salt_is_known_and_another_act_is_refused(store, make_event):
    event = make_event()
    store.append([sealed(event)])

    again, other = store.append([sealed(event), sealed(make_event(id=event.id, act="save"))], look=True)

    assert (again.seq, again.fresh) == (1, False)
    assert isinstance(other, EventRefused)


def test_logs_of_one_store_are_numbered_each_by_itself(url, make_event):
    first, second = Store(url, "a.example", 5.0), Store(url, "b.example", 5.0)
    for store in (first, second, first):
        store.append([sealed(make_event())])
    first.close()
    second.close()

    assert Reader(url, "a.example").size() == 2
    assert Reader(url, "b.example").size() == 1
    with pytest.raises(LogLocationError, match="several logs"):
        Reader(url)
    with pytest.raises(LogLocationError, match="no log 'c'"):
        Reader(url, "c")
    assert report_of(url, "a.example").sound


def test_writers_side_by_side_leave_no_gap_and_no_fork(url, make_event):
    def write():
        store = Store(url, "", 10.0)
        for _ in range(25):
            store.append([sealed(make_event()) for _ in range(3)])
        store.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    report = report_of(url)
    assert (report.sound, report.events) == (True, 300)


def test_a_document_is_stored_once_also_by_a_second_writer(url, make_event):
    notice = Document.of("notice", bytes(range(256)))
    for _ in range(2):
        store = Store(url, "", 5.0)
        store.append([sealed(make_event())], [notice])
        store.append([sealed(make_event())], [notice])
        store.close()

    reader = Reader(url)
    assert list(reader.documents()) == [("notice", notice.hash, notice.body)]
    assert reader.document("notice", notice.hash) == notice
    assert reader.document("policy", notice.hash) is None


def test_one_event_is_found_by_its_id_and_the_newest_by_number(store, url, make_event):
    rows = [sealed(make_event()) for _ in range(5)]
    store.append(rows)
    reader = Reader(url)

    assert reader.find(rows[2].id).seq == 3
    assert reader.find("none") is None
    assert [row.seq for row in reader.last(2)] == [4, 5]
    assert [row.seq for row in reader.events(2, 3)] == [2, 3]


def test_a_reader_cannot_write(store, url, make_event):
    store.append([sealed(make_event())])

    with reading(locate(url), 1.0).connect() as connection, pytest.raises(Exception, match=r"read-?only"):
        connection.execute(text("DELETE FROM events"))


def test_the_migrations_lay_the_schema_that_the_code_uses(store, url, make_event):
    store.append([sealed(make_event())])

    with reading(locate(url), 1.0).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_the_newest_migration_is_the_one_that_the_code_asks_for():
    config = Config()
    config.set_main_option("script_location", os.path.join(os.path.dirname(upgrading.__file__), "migrations"))

    assert ScriptDirectory.from_config(config).get_current_head() == schema.REVISION


def test_a_store_made_by_a_newer_version_is_refused(store, url, make_event):
    store.append([sealed(make_event())])
    with writing(locate(url), 1.0).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for use in (Store(url, "", 1.0).open, lambda: Reader(url), lambda: upgrading.upgrade(url)):
        with pytest.raises(SchemaMismatch, match="newer consentkit"):
            use()


def test_an_empty_postgresql_database_is_refused_with_the_command_to_run(postgresql, make_event):
    url = postgresql.get_uri(database="template1").replace("postgres:@", "postgres:secret@")

    with pytest.raises(SchemaMismatch, match=r"consentkit db upgrade --audit postgresql://") as refused:
        Store(url, "", 1.0).open()
    assert "secret" not in str(refused.value)


def test_a_reader_creates_nothing(tmp_path):
    with pytest.raises(LogUnavailable, match="no such file"):
        Reader(f"sqlite:///{tmp_path / 'none.db'}")

    assert list(tmp_path.iterdir()) == []


def test_the_sqlite_file_and_its_companions_are_private_and_synced_in_full(tmp_path, sqlite_url, make_event):
    store = Store(sqlite_url, "", 1.0)
    store.append([sealed(make_event())])

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert store._connection is not None
    pragmas = [
        store._connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        for name in ("journal_mode", "synchronous")
    ]
    assert pragmas == ["wal", 2]
    store.close()


def test_a_log_file_replaced_while_open_is_noticed(tmp_path, sqlite_url, make_event, caplog):
    store = Store(sqlite_url, "", 1.0)
    store.append([sealed(make_event())])
    (tmp_path / "consent.db").rename(tmp_path / "moved.db")
    for name in ("consent.db-wal", "consent.db-shm"):
        (tmp_path / name).unlink()

    [place] = store.append([sealed(make_event())])

    assert place.seq == 1
    assert "replaced or removed" in caplog.text
    with closing(sqlite3.connect(tmp_path / "consent.db")) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)
    store.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://host/db", "expected sqlite or postgresql"),
        ("nonsense", "does not parse"),
        ("sqlite://", "would not outlive"),
        ("sqlite:///:memory:", "would not outlive"),
    ],
)
def test_a_url_that_cannot_be_a_log_is_refused_in_words(url, says):
    with pytest.raises(LogLocationError, match=says):
        locate(url)


def test_a_nul_is_refused_on_every_store(make_event):
    for change in ({"site": "a\0b"}, {"visitor": "a\0b"}):
        with pytest.raises(EventRefused):
            sealed(make_event(**change))


def test_a_backslash_u0000_that_was_typed_is_no_nul(make_event):
    assert sealed(make_event(site="a\\u0000b")).site == "a\\u0000b"


def test_repeats_within_a_batch_are_told_from_new_rows(make_event):
    rows = [sealed(make_event(), once=b"a"), sealed(make_event(), once=b"a"), sealed(make_event(), once=b"b")]

    fresh, places = arrange([*rows, rows[2]], [], 10)

    assert fresh == [rows[0], rows[2]]
    assert [(place.seq, place.fresh) for place in places] == [(10, True), (10, False), (11, True), (11, True)]


@pytest.mark.parametrize("count", [0, 1, 5, 16, 17, 27, 256, 1000])
def test_a_batch_is_cut_into_few_sizes_that_cover_it(count):
    cuts = list(cut(count, 256))

    assert sum(size for _, size in cuts) == count
    assert [start for start, _ in cuts] == [sum(size for _, size in cuts[:n]) for n in range(len(cuts))]
    assert all(size in {*range(17), 32, 64, 128, 256} for _, size in cuts)
