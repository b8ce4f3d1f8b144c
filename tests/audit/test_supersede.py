"""The event that tells that a grant was never in force."""

from __future__ import annotations

import asyncio

from consentkit.audit.batch import Known, seal
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.spool import Kept, Spool
from consentkit.audit.supersede import key_of, numbered, superseding, without_keys_of

SALT = bytes(32)


def test_it_names_the_grant_by_id_and_number_and_opens_and_closes_nothing(make_event):
    grant = make_event(services_granted=("player",), services_denied=("counter",))

    told = numbered(superseding(grant, None), 7)

    assert (told.act, told.statement, told.subject) == ("supersede", grant.id, ((7, 7),))
    assert told.id != grant.id
    assert told.visitor == grant.visitor
    assert not told.granted + told.denied + told.services_granted + told.services_denied


def test_a_row_loses_its_key_where_that_stands_for_a_superseded_event_and_else_keeps_it(make_event):
    rows = [seal(make_event(), once, SALT) for once in (b"a", b"b", None)]
    found = [Known("first", 1, b"a", b""), Known("second", 2, b"b", b"")]

    assert [row.once for row in without_keys_of(rows, found, {key_of("first")})] == [None, b"b", None]
    assert [row.once for row in without_keys_of(rows, found, set())] == [b"a", b"b", None]


async def test_an_event_is_superseded_once_whoever_finds_it(log, sqlite_url, make_event):
    grant = make_event()
    recorded = await log.record(grant)
    await asyncio.gather(*(log.supersede(grant, recorded) for _ in range(3)))
    await log.close()

    assert [row.act for row in Reader(sqlite_url).events()] == ["accept", "supersede"]


async def test_a_key_of_a_superseded_event_does_not_answer_for_it(log, make_event):
    first, again = make_event(), make_event()
    recorded = await log.record(first, once=b"one click")
    await log.supersede(first, recorded)

    place = await log.record(again, once=b"one click")

    assert (place.id, place.seq, place.fresh) == (again.id, 3, True)


async def test_what_is_in_doubt_is_written_with_its_number_or_not_at_all(url, tmp_path, make_event):
    spool = tmp_path / "a.spool"
    log = AuditLog(url, timeout=20.0, spool=spool)
    there, nowhere = make_event(), make_event()
    await log.record(make_event())
    await log.record(there)
    await log.close()
    Spool(spool).append(
        [Kept(superseding(one, None), (), key_of(one.id), one.id) for one in (there, nowhere)]
    )
    again = AuditLog(url, timeout=20.0, spool=spool)
    await again.start()
    await again.close()

    *_, last = Reader(url).events()
    assert last.act == "supersede"
    assert Reader(url).size() == 3
    assert f'"statement":"{there.id}","subject":[[2,2]]'.encode() in last.canonical
    assert not Spool(spool).waiting()
