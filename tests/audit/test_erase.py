"""Forgetting a visitor: what goes, what stays, and what is left in the files."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from tests.audit.commands import run, write
from tests.audit.conftest import build_event, build_refusal

from consentkit.audit import erase as erasing
from consentkit.audit.erase import erase, retain
from consentkit.audit.errors import EventRefused, LogUnavailable
from consentkit.audit.event import Document, now, uuid7
from consentkit.audit.log import default_spool
from consentkit.audit.reader import Reader
from consentkit.audit.remains import files, holds
from consentkit.audit.spool import Kept, Spool

ANN, BOB = "ann-4fJ9xQ2wLm7", "bob-8sK3vR6tYn1"
DAY = 86_400
LONG_AGO = now() - 2000 * DAY * 1_000_000


def rows(url):
    return list(Reader(url).events())


def act_of(row):
    told = json.loads(row.canonical)
    return told["act"], told.get("statement"), told.get("subject")


@pytest.fixture
def filled(url):
    write(
        url,
        build_event(visitor=ANN),
        build_event(visitor=BOB),
        build_refusal(),
        build_event(visitor=ANN, act="save"),
        build_event(visitor=ANN, act="withdraw", granted=()),
    )
    return url


def test_every_event_of_the_visitor_loses_its_personal_part_and_one_event_tells_which(filled):
    done = erase(filled, "", ANN, reason="asked for on 25 November")

    found = rows(filled)
    assert done.parts == 3
    assert [row.visitor for row in found] == [None, BOB, None, None, None, None]
    assert [row.salt is None for row in found] == [True, False, True, True, True, True]
    assert act_of(found[5]) == ("erase", "asked for on 25 November", [[1, 1], [4, 5]])
    assert done.records[0].seq == 6


def test_verify_passes_and_counts_what_was_erased(filled):
    erase(filled, "", ANN)

    done = run("audit", "verify", "--json", url=filled)

    told = json.loads(done.out)
    assert (done.code, told["ok"], told["erased"]) == (0, True, 3)


def test_an_erasure_is_whole_or_not_at_all(filled, monkeypatch):
    monkeypatch.setattr(erasing, "seal", lambda *_: (_ for _ in ()).throw(EventRefused("no")))

    with pytest.raises(EventRefused):
        erase(filled, "", ANN)

    assert [row.visitor for row in rows(filled)] == [ANN, BOB, None, ANN, ANN]


@pytest.mark.parametrize(
    "visitor", ["", "nobody", "ann-4fJ9xQ2wLm", "a\0b", "%", "' OR 1=1 --", "x" * 100_000]
)
def test_who_is_not_in_the_log_leaves_it_as_it_is(filled, visitor):
    done = erase(filled, "", visitor)

    assert done == (0, ())
    assert len(rows(filled)) == 5


@pytest.mark.parametrize("reason", [f"for {ANN}", "x" * 501])
def test_a_reason_that_says_who_or_is_endless_is_refused(filled, reason):
    with pytest.raises(EventRefused, match="reason"):
        erase(filled, "", ANN, reason=reason)

    assert len(rows(filled)) == 5


def test_another_log_of_the_store_keeps_its_own(filled):
    write(filled, build_event(visitor=ANN), log_id="other")

    erase(filled, "", ANN)

    assert [row.visitor for row in Reader(filled, "other").events()] == [ANN]


def test_decisions_go_on_while_visitors_are_erased(filled):
    """Whoever erases takes the head of the log as any writer does: no number is missing or there twice."""
    visitors = [f"visitor-{number:03d}" for number in range(20)]
    write(filled, *(build_event(visitor=visitor) for visitor in visitors))
    threads = [
        threading.Thread(target=lambda: [write(filled, build_event(visitor=BOB)) for _ in range(20)]),
        threading.Thread(target=lambda: [erase(filled, "", visitor) for visitor in visitors]),
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = rows(filled)
    assert [row.seq for row in found] == list(range(1, 5 + 20 + 20 + 20 + 1))
    assert {row.visitor for row in found if row.visitor} == {ANN, BOB}
    assert run("audit", "verify", url=filled).code == 0


@pytest.mark.parametrize("options", [(), ("--vacuum",)], ids=["zeroed", "written anew"])
def test_the_raw_files_hold_no_trace_of_who_was_erased(sqlite_url, options):
    """Ids in the order in which they come and out of it, so that pages of the index are split in all ways."""
    visitors = [f"{number * 7919 % 3000:06d}-{number:06d}-Qx7" for number in range(3000)]
    for start in range(0, 3000, 100):
        write(sqlite_url, *(build_event(visitor=visitor) for visitor in visitors[start : start + 100]))
    gone = visitors[1500]
    place = default_spool(sqlite_url, "")
    before = [holds(file, gone) for file in files(sqlite_url, place)]

    done = run("audit", "erase", gone, "--yes", *options, url=sqlite_url)

    raw = b"".join(file.read_bytes() for file in Path(make_url(sqlite_url).database).parent.iterdir())
    assert any(before)
    assert (done.code, done.err) == (0, "")
    assert gone.encode() not in raw
    assert visitors[1501].encode() in raw


def test_a_trace_that_is_left_is_named_and_a_vacuum_removes_it(sqlite_url):
    write(sqlite_url, build_event(visitor=ANN), build_event(visitor=BOB))
    file = Path(make_url(sqlite_url).database)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute("CREATE TABLE copy (text)")
        connection.execute("INSERT INTO copy VALUES (?)", (ANN,))
        connection.execute("DELETE FROM copy")

    first = run("audit", "erase", ANN, "--yes", url=sqlite_url)
    traced = holds(file, ANN)
    write(sqlite_url, build_event(visitor=ANN))
    second = run("audit", "erase", ANN, "--yes", "--vacuum", url=sqlite_url)

    assert first.code == 1
    assert file.name in first.err
    assert "--vacuum" in first.err
    assert traced
    assert second.code == 0
    assert not holds(file, ANN)


def test_while_events_of_the_visitor_wait_in_the_spool_nothing_is_erased(filled):
    place = default_spool(filled, "")
    Spool(place).append([Kept(build_event(visitor=ANN, act="withdraw", id=uuid7()))])
    try:
        with pytest.raises(LogUnavailable, match="spool"):
            erase(filled, "", ANN)
        assert [row.visitor for row in rows(filled)] == [ANN, BOB, None, ANN, ANN]
    finally:
        place.unlink()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((ANN,), 2, "confirm with --yes"),
        (("nobody", "--yes"), 1, "no events of this visitor"),
        ((ANN, "--yes", "--reason", ANN), 2, "must not name the visitor"),
        ((ANN, "--yes", "--log", "none"), 2, "no log 'none'"),
    ],
    ids=["not confirmed", "unknown", "reason names", "no such log"],
)
def test_what_cannot_be_done_is_said_in_a_line(sqlite_url, arguments, code, told):
    write(sqlite_url, build_event(visitor=ANN))

    done = run("audit", "erase", *arguments, url=sqlite_url)

    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert rows(sqlite_url)[0].visitor == ANN


def test_the_id_can_come_by_standard_input_so_that_no_shell_remembers_it(sqlite_url):
    write(sqlite_url, build_event(visitor=ANN))

    done = run("audit", "erase", "-", "--yes", url=sqlite_url, answers=f"{ANN}\n")

    assert done.code == 0
    assert ANN not in done.out + done.err
    assert rows(sqlite_url)[0].visitor is None


POLICY = Document.of("policy", b'{"lifetime":15552000}')


def test_retention_deletes_what_ended_long_ago_and_one_event_tells_which(url):
    write(
        url,
        build_event(visitor=ANN, time=LONG_AGO, policy=POLICY.hash),
        build_refusal(time=LONG_AGO),
        build_event(visitor=BOB, time=LONG_AGO, policy=POLICY.hash),
        build_event(visitor=BOB, policy=POLICY.hash),
        papers=[POLICY],
    )

    counted = retain(url, "", 1000 * DAY, only_count=True)
    done = retain(url, "", 1000 * DAY)
    again = retain(url, "", 1000 * DAY)

    found = rows(url)
    assert (counted.parts, counted.records) == (2, ())
    assert done.parts == 2
    assert [row.visitor for row in found] == [None, None, None, BOB, None]
    assert act_of(found[4]) == ("retain", "consents that ended more than 1000 days before", [[1, 3]])
    assert again == (0, ())
    assert run("audit", "verify", url=url).code == 0


def test_retention_goes_in_small_transactions_each_with_an_event(sqlite_url, monkeypatch):
    monkeypatch.setattr(erasing, "AT_ONCE", 4)
    monkeypatch.setattr(erasing, "MOST_RANGES", 2)
    monkeypatch.setattr(erasing, "PAGE", 3)
    write(
        sqlite_url,
        *(
            build_event(visitor=f"v{number % 9}", time=now() if number % 5 == 3 else LONG_AGO + number)
            for number in range(30)
        ),
    )
    young = {row.seq for row in rows(sqlite_url) if row.time > LONG_AGO + 100}

    done = retain(sqlite_url, "", 1000 * DAY)

    found = rows(sqlite_url)
    assert done.parts == 24
    assert {row.seq for row in found if row.visitor} == young
    assert len(done.records) == len(found) - 30 > 5
    assert run("audit", "verify", url=sqlite_url).code == 0


def test_a_policy_that_the_log_does_not_hold_counts_as_the_longest_possible(sqlite_url):
    write(
        sqlite_url,
        build_event(visitor=ANN, time=now() - 390 * DAY * 1_000_000),
        build_event(visitor=BOB, time=now() - 410 * DAY * 1_000_000),
    )

    done = retain(sqlite_url, "", DAY)

    assert done.parts == 1
    assert [row.visitor for row in rows(sqlite_url)][:2] == [ANN, None]


@pytest.mark.parametrize(
    ("policy", "options", "code", "told"),
    [
        (None, (), 2, "--policy FILE"),
        (None, ("--after", "soon"), 2, "a length of time"),
        (None, ("--after", "0d"), 2, "above 0"),
        ("", ("--policy",), 0, "kept for good"),
        ('retention = "5y"\n', ("--policy",), 0, "1 personal part(s) deleted, told by event(s) 3"),
        ('retention = "5y"\n', ("--dry-run", "--policy"), 0, "1 personal part(s) would be deleted"),
        ("", ("--after", "10d", "--policy"), 2, "as long as a choice may hold"),
        (None, ("--after", "5y"), 0, "1 personal part(s) deleted"),
        (None, ("--after", "20y"), 0, "0 personal part(s) deleted"),
    ],
)
def test_the_command_for_a_timer(sqlite_url, tmp_path, policy, options, code, told):
    write(sqlite_url, build_event(visitor=ANN, time=now() - 2500 * DAY * 1_000_000), build_event(visitor=BOB))
    file = tmp_path / "consent.toml"
    if policy is not None:
        site = '[site]\nname = "N"\naddress = "https://n.example"\n[controller]\nname = "N"\ncontact = "n"\n'
        file.write_text(policy + site)
        options = (*options, str(file))

    done = run("audit", "retain", *options, url=sqlite_url)

    assert done.code == code, done
    assert told in " ".join((done.out + done.err).split())
