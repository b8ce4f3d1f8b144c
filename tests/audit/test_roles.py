"""Roles of PostgreSQL: each can do its work, and no more."""

from __future__ import annotations

import itertools
import os
import time

import psycopg
import pytest
from sqlalchemy.engine import make_url
from tests.audit.commands import run, write
from tests.audit.conftest import VISITOR, build_event, build_refusal

from consentkit.audit.compare import compare
from consentkit.audit.deliveries import Outbox
from consentkit.audit.erase import erase
from consentkit.audit.errors import LogUnavailable
from consentkit.audit.keys import generate
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.roles import LONGEST_NAME, RIGHTS, ROLES, sql
from consentkit.audit.schema import metadata
from consentkit.audit.search import Search, page
from consentkit.audit.signing import Signing
from consentkit.audit.trend import When, series
from consentkit.audit.upgrade import upgrade
from consentkit.audit.verifications import Verifications
from consentkit.audit.webhook import Webhook

_numbers = itertools.count()


def with_roles(url):
    """The log's URL for whoever logs in with each role, and for the owner."""
    number = next(_numbers)
    names = {role: f'ck {role} "{os.getpid()}-{number}" \\ \' $$' for role in ROLES}
    write(url, build_event(), build_refusal())
    options = [part for role, name in names.items() for part in (f"--{role}", name)]
    script = run("audit", "roles", *options).out
    found = {"owner": url}
    with psycopg.connect(url, autocommit=True) as owner:
        for _ in range(2):  # it may be run again
            owner.execute(script.encode())
        for role, name in names.items():
            quoted, login = '"' + name.replace('"', '""') + '"', f"{role}_{os.getpid()}_{number}"
            owner.execute(f"CREATE ROLE {login} LOGIN IN ROLE {quoted}".encode())
            found[role] = make_url(url).set(username=login).render_as_string(hide_password=False)
    return found


@pytest.fixture
def urls(postgresql_url):
    return with_roles(postgresql_url)


@pytest.fixture(scope="module")
def untouched(postgresql):
    """The same, for tests that change nothing."""
    with psycopg.connect(postgresql.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE log_of_roles")
    url = postgresql.get_uri(database="log_of_roles")
    upgrade(url)
    return with_roles(url)


def allowed(url, statement):
    """Whether a statement is taken; nothing of it stays."""
    with psycopg.connect(url) as connection:
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return False
        finally:
            connection.rollback()
    return True


WRITES = {
    "change an event": "UPDATE events SET act = 'x'",
    "delete an event": "DELETE FROM events",
    "empty the log": "TRUNCATE events",
    "change who it was": "UPDATE personal SET visitor = 'x'",
    "change a notice": "UPDATE documents SET body = ''",
    "delete a notice": "DELETE FROM documents",
    "forge a checkpoint": "UPDATE checkpoints SET size = 0",
    "delete a checkpoint": "DELETE FROM checkpoints",
    "change the tree": "UPDATE subtrees SET hash = ''",
    "delete sums": "DELETE FROM rollups",
    "delete the head": "DELETE FROM log_head",
    "change the schema": "ALTER TABLE events ADD COLUMN x int",
    "drop it": "DROP TABLE events CASCADE",
    "make tables": "CREATE TABLE x (y int)",
    "switch schemas": "UPDATE alembic_version SET version_num = 'x'",
}


@pytest.mark.parametrize("statement", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("role", ROLES)
def test_nobody_but_the_owner_rewrites_the_log(untouched, role, statement):
    assert not allowed(untouched[role], statement)


@pytest.mark.parametrize(
    ("statement", "who"),
    [
        ("SELECT * FROM personal", {"writer", "officer", "eraser"}),
        ("DELETE FROM personal", {"eraser"}),
        ("INSERT INTO personal VALUES ('', 9, '', 'v')", {"writer"}),
        ("INSERT INTO documents VALUES ('notice', 'x', '')", {"writer"}),
        ("INSERT INTO counts VALUES ('', 1, 'k', 'n', 'r', 1)", {"writer"}),
        ("INSERT INTO checkpoints VALUES ('', 1, 1, '', '')", {"writer", "officer"}),
        ("INSERT INTO events SELECT '', 9, 'i', time, act, site, canonical, leaf FROM events LIMIT 1",
         {"writer", "officer", "eraser"}),
        ("SELECT * FROM desk_access", {"officer"}),
        ("INSERT INTO desk_access VALUES ('', 'i', 'session', 'officer', 1, 2, 1, NULL)", {"officer"}),
        ("INSERT INTO verifications VALUES ('', 'i', 1, 1, NULL, 'running', 1, 0, '')", {"officer"}),
        ("INSERT INTO followers VALUES ('', 'n', 1)", {"writer"}),
        ("INSERT INTO deliveries VALUES ('', 'h', 1, 1, 0, 1, NULL, '')", {"writer"}),
        ("SELECT * FROM deliveries", {"writer", "officer"}),
        ("SELECT canonical FROM events", set(ROLES)),
        ("SELECT * FROM rollups", set(ROLES)),
    ],
)  # fmt: skip
def test_what_is_for_some_is_for_no_others(untouched, statement, who):
    assert {role for role in ROLES if allowed(untouched[role], statement)} == who


async def test_the_site_records_as_the_writer(urls):
    log = AuditLog(urls["writer"], timeout=5.0)

    recorded = await log.record(build_event())
    log.add_counts({("gated", "youtube", "host"): 3})
    await log.close()

    assert recorded.seq == 3
    assert [row.visitor for row in Reader(urls["writer"]).of_visitor(VISITOR, 9)] == [VISITOR] * 2
    assert sum(one.n for one in Reader(urls["owner"]).counts(0, 99_999)) == 3


def test_the_reader_gets_statistics_and_an_export_that_names_nobody(urls):
    stats = run("audit", "stats", "--by", "purpose", url=urls["reader"])
    export = run("audit", "export", "--format", "csv", url=urls["reader"])

    assert (stats.code, export.code) == (0, 0)
    assert len(export.out.splitlines()) == 3
    assert VISITOR not in export.out
    assert VISITOR in run("audit", "export", url=urls["officer"]).out


def test_who_may_not_see_visitors_finds_decisions_and_none_by_visitor(urls):
    reader = Reader(urls["reader"])

    found = page(reader, Search(jurisdiction="FR"))

    assert [row.visitor for row in found.items] == [None, None]
    assert series(reader, When.recent(), "act").lines
    with pytest.raises(LogUnavailable, match="InsufficientPrivilege"):
        page(reader, Search(visitor=VISITOR))
    assert len(page(Reader(urls["officer"]), Search(visitor=VISITOR)).items) == 1


def test_the_officer_has_a_verification_run_and_compares_a_checkpoint(urls, tmp_path):
    ours = Verifications(urls["officer"], "")
    generate(tmp_path / "k", "k.example")
    note = Signing(urls["officer"], "", tmp_path / "k").sign().note

    name = ours.begin(2)
    deadline = time.monotonic() + 120
    while ours.find(name).ended is None and time.monotonic() < deadline:
        time.sleep(0.05)

    assert ours.find(name).state == "sound"
    assert compare(Reader(urls["officer"]), note).verdict == "begins"


def test_the_site_tells_a_webhook_as_the_writer(urls):
    outbox = Outbox(urls["writer"], "", Webhook("https://hook.example", ("whsec_" + "A" * 32,)))
    outbox.enter()
    write(urls["writer"], build_event(act="withdraw", granted=()))

    outbox.enter()

    assert outbox.due(9) == [3]


def test_the_officer_verifies_and_signs(urls, tmp_path):
    key = tmp_path / "log.key"
    run("audit", "keygen", str(key))

    signed = run(
        "audit", "checkpoint", "--key", str(key), "--to", str(tmp_path / "head"), url=urls["officer"]
    )
    checked = run(
        "audit", "verify", "--key", f"{key}.pub", "--checkpoint", str(tmp_path / "head"), url=urls["officer"]
    )

    assert signed.code == 0, signed.err
    assert checked.code == 0, checked.out


def test_the_eraser_forgets_and_says_so(urls):
    done = run("audit", "erase", VISITOR, "--yes", url=urls["eraser"])
    late = run("audit", "retain", "--after", "5y", url=urls["eraser"])

    assert (done.code, late.code) == (0, 0), done.err + late.err
    assert [row.visitor for row in Reader(urls["owner"]).events()] == [None] * 3


@pytest.mark.parametrize("role", ["writer", "reader", "officer"])
def test_nobody_else_forgets(urls, role):
    with pytest.raises(LogUnavailable, match=r"InsufficientPrivilege \(42501\)"):
        erase(urls[role], "", VISITOR)

    assert [row.visitor for row in Reader(urls["owner"]).events()] == [VISITOR, None]


def test_every_table_is_thought_of():
    assert set().union(*RIGHTS.values()) == {*metadata.tables, "alembic_version"}


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "x" * (LONGEST_NAME + 1), "é" * 32])
def test_a_name_that_would_be_cut_or_hidden_is_refused(name):
    with pytest.raises(ValueError, match="a role's name"):
        list(sql({"writer": name}))


def test_two_roles_of_one_name_are_refused():
    done = run("audit", "roles", "--writer", "x", "--reader", "x")

    assert (done.code, done.out) == (2, "")
    assert "the same name" in done.err
