"""A log of an older schema keeps all it held, and gets what the newer one keeps."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert, select

from consentkit.audit import schema
from consentkit.audit import upgrade as upgrading
from consentkit.audit.batch import seal
from consentkit.audit.engine import locate, reading, writing
from consentkit.audit.errors import EventDamaged, SchemaMismatch
from consentkit.audit.reader import Reader
from consentkit.audit.store import Store

_numbers = itertools.count()
OLDER = r"has schema 0001, and this version needs 0003: run `consentkit db upgrade --audit "


@pytest.fixture
def revision():
    """The schema of ``old_url``."""
    return "0001"


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request, tmp_path, revision):
    """A store of an older schema."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
    else:
        server = request.getfixturevalue("postgresql")
        name = f"old_{next(_numbers)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = server.get_uri(database=name)
    config = Config()
    config.set_main_option("script_location", str(Path(upgrading.__file__).with_name("migrations")))
    with writing(locate(url), 5.0).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return url


def fill(url, log_id, rows, *, without=()):
    with writing(locate(url), 5.0).begin() as connection:
        connection.execute(insert(schema.log_head).values(log_id=log_id, size=len(rows)))
        for seq, row in enumerate(rows, 1):
            if seq not in without:
                values = [log_id, seq, *row[:7]]
                connection.execute(
                    insert(schema.events).values(dict(zip(schema.events.columns.keys(), values, strict=True)))
                )


def kept(url, log_id):
    """What the new schema keeps of a log."""
    tables = (schema.log_head, schema.subtrees, schema.rollups)
    with reading(locate(url), 5.0).begin() as connection:
        return [
            sorted(
                tuple(row)[1:] for row in connection.execute(select(table).where(table.c.log_id == log_id))
            )
            for table in tables
        ]


def test_an_older_log_gets_the_tree_and_the_roll_ups_that_its_events_would_have_left(
    old_url, url, make_event, make_refusal
):
    rows = [
        seal(make_event(time=n * 10**9) if n % 3 else make_refusal(time=n * 10**9), None, os.urandom(32))
        for n in range(600)
    ]
    fill(old_url, "a", rows)
    fill(old_url, "b", [])

    assert upgrading.upgrade(old_url) == ("0001", schema.REVISION)
    store = Store(url, "a", 5.0)
    store.append(rows)
    store.close()
    assert kept(old_url, "a") == kept(url, "a")
    assert kept(old_url, "b") == [[(0, b"")], [], []]


@pytest.mark.parametrize("revision", ["0002"])
def test_a_log_of_the_schema_before_keeps_its_events_and_is_written_on(old_url, make_event):
    rows = [seal(make_event(time=n * 10**9), None, os.urandom(32)) for n in range(3)]
    with writing(locate(old_url), 5.0).begin() as connection:
        connection.execute(insert(schema.log_head).values(log_id="a", size=0, edge=b""))

    assert upgrading.upgrade(old_url) == ("0002", schema.REVISION)
    store = Store(old_url, "a", 5.0)
    store.append(rows)
    store.close()
    assert [row.id for row in Reader(old_url, "a").events()] == [row.id for row in rows]


def test_a_damaged_older_log_gets_no_tree_and_stays_as_it_was(old_url, make_event):
    fill(old_url, "a", [seal(make_event(), None, os.urandom(32)) for _ in range(5)], without={3})

    with pytest.raises(EventDamaged, match="is damaged"):
        upgrading.upgrade(old_url)
    with reading(locate(old_url), 5.0).begin() as connection:
        assert upgrading.revision(connection) == "0001"


@pytest.mark.parametrize("old_url", ["postgresql"], indirect=True)
def test_a_writer_refuses_an_older_schema_of_a_shared_database_with_the_command_to_run(old_url):
    with pytest.raises(SchemaMismatch, match=OLDER):
        Store(old_url, "", 5.0).open()


@pytest.mark.parametrize("old_url", ["sqlite"], indirect=True)
def test_a_file_of_one_machine_is_upgraded_by_the_first_writer_that_opens_it(old_url):
    store = Store(old_url, "", 5.0)
    store.open()
    store.close()

    with reading(locate(old_url), 5.0).begin() as connection:
        assert upgrading.revision(connection) == schema.REVISION


def test_a_reader_refuses_an_older_schema_with_the_command_to_run(old_url):
    with pytest.raises(SchemaMismatch, match=OLDER):
        list(Reader(old_url, "").events())
