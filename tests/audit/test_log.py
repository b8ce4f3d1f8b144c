"""AuditLog on SQLite: what is acknowledged is there, once, in order."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from consentkit.audit.errors import EventRefused, LogUnavailable
from consentkit.audit.event import Document
from consentkit.audit.log import AuditLog


def rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def test_an_acknowledged_event_is_in_the_file_before_the_answer(log, make_event, tmp_path):
    event = make_event()

    recorded = await log.record(event)

    assert (recorded.id, recorded.seq, recorded.fresh) == (event.id, 1, True)
    assert rows(tmp_path / "consent.db", "SELECT seq, id, time, act, site FROM events") == [
        (1, event.id, event.time, "accept", "news.example")
    ]


async def test_events_in_flight_together_are_numbered_without_gaps_in_few_commits(log, make_event, tmp_path):
    recorded = await asyncio.gather(*[log.record(make_event()) for _ in range(300)])

    assert sorted(one.seq for one in recorded) == list(range(1, 301))
    assert rows(tmp_path / "consent.db", "SELECT count(*), max(seq) FROM events") == [(300, 300)]
    assert rows(tmp_path / "consent.db", "SELECT size FROM log_head") == [(300,)]
    assert log.health()["batches"] < 30


async def test_the_same_once_key_gives_one_event_and_its_first_place(log, make_event):
    first, second = await asyncio.gather(
        log.record(make_event(), once=b"form-1"), log.record(make_event(), once=b"form-1")
    )
    third = await log.record(make_event(), once=b"form-1")
    other = await log.record(make_event(), once=b"form-2")

    assert (first.id, first.seq) == (second.id, second.seq) == (third.id, third.seq)
    assert [first.fresh, second.fresh, third.fresh, other.fresh] == [True, False, False, True]
    assert other.seq == 2


async def test_a_document_is_stored_once_however_many_events_name_it(log, make_event, tmp_path):
    notice = Document.of("notice", b"We use cookies")

    for _ in range(3):
        await log.record(make_event(notice=notice.hash), documents=[notice])

    assert rows(tmp_path / "consent.db", "SELECT kind, hash, body FROM documents") == [
        ("notice", notice.hash, b"We use cookies")
    ]


async def test_a_closed_log_starts_anew_with_the_next_event(sqlite_url, make_event):
    log = AuditLog(sqlite_url, timeout=10.0)
    await log.record(make_event())
    await log.close()

    again = await log.record(make_event())

    assert again.seq == 2
    await log.close()


async def test_a_document_stored_with_an_event_is_found_by_its_hash(url, make_event):
    log = AuditLog(url, timeout=10.0)
    notice = Document.of("notice", b'{"asked":[]}')
    await log.record(make_event(), documents=[notice])

    assert await log.document("notice", notice.hash) == notice.body
    assert await log.document("policy", notice.hash) is None
    await log.close()


async def test_a_document_of_a_store_that_is_not_there_is_a_fault(sqlite_url, tmp_path):
    with pytest.raises(LogUnavailable):
        await AuditLog(sqlite_url, timeout=10.0).document("notice", "0" * 64)
    assert list(tmp_path.iterdir()) == []


async def test_making_a_log_touches_nothing(sqlite_url, tmp_path):
    log = AuditLog(sqlite_url, timeout=10.0)

    assert log.health() == {"store": "unopened", "queue": 0, "spooled": 0}
    assert list(tmp_path.iterdir()) == []
    await log.close()


async def test_health_counts_and_tells_no_place(log, make_event):
    await log.start()
    assert log.health()["store"] == "ok"
    await log.record(make_event())

    health = log.health()

    assert (health["store"], health["committed"], health["late"]) == ("ok", 1, 0)
    assert "consent.db" not in str(health)


@pytest.mark.parametrize(
    "change", [{"time": 2**53}, {"site": "\ud800"}, {"visitor": "a\0"}], ids=["time", "text", "nul"]
)
async def test_an_event_that_no_store_can_hold_is_refused_and_the_rest_is_served(log, make_event, change):
    bad, good = await asyncio.gather(
        log.record(make_event(**change)), log.record(make_event()), return_exceptions=True
    )

    assert isinstance(bad, EventRefused)
    assert good.seq == 1


async def test_an_id_used_for_two_events_is_refused_the_second_time(log, make_event):
    event = make_event()
    first = await log.record(event)
    same = await log.record(event)

    with pytest.raises(EventRefused, match="another event"):
        await log.record(make_event(id=event.id, act="save"))
    assert (same.seq, same.fresh) == (first.seq, False)
