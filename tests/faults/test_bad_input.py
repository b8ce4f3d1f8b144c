"""What no store and no clock should do, and what the log makes of it."""

from __future__ import annotations

import json
import os
import time

import pytest
from tests.audit.commands import run
from tests.faults.running import events_of

from consentkit.audit.errors import AuditError, EventRefused
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.spool import Kept, Spool
from consentkit.audit.verifying import verify_log


async def test_a_clock_that_went_back_leaves_a_log_that_verifies(url, make_event):
    log = AuditLog(url, timeout=20.0)
    today = make_event()
    for back in (0, 3_600, 86_400 * 400):
        await log.record(make_event(time=today.time - back * 1_000_000))
    await log.close()

    times = [event["time"] for event in events_of(url)]
    assert times == sorted(times, reverse=True)
    assert verify_log(url, None)[2].sound


async def test_an_id_seen_twice_with_other_content_in_the_spool_is_one_line_and_holds_up_nobody(
    sqlite_url, tmp_path, make_refusal, caplog
):
    log = AuditLog(sqlite_url, timeout=20.0)
    first, other = make_refusal(), make_refusal()
    await log.record_refusal(first)
    await log.close()
    Spool(tmp_path / "consent.db.spool").append([Kept(make_refusal(id=first.id, language="de")), Kept(other)])
    again = AuditLog(sqlite_url, timeout=20.0)
    await again.start()
    await again.close()

    assert [event["id"] for event in events_of(sqlite_url)] == [first.id, other.id]
    assert events_of(sqlite_url)[0]["language"] == "fr"
    assert "an event of the spool was not written" in caplog.text
    with pytest.raises(EventRefused):
        await again.record(make_refusal(id=first.id, language="de"))
    await again.close()


async def test_a_file_that_is_damaged_while_it_is_open_fails_grants_in_words(
    sqlite_url, tmp_path, make_event, caplog
):
    log = AuditLog(sqlite_url, timeout=20.0)
    for _ in range(300):
        await log.record(make_event())
    await log.close()
    file = tmp_path / "consent.db"
    size = file.stat().st_size
    with file.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(os.urandom(size - 4096))
    again = AuditLog(sqlite_url, timeout=2.0)

    with pytest.raises(AuditError):
        await again.record(make_event())
    await again.close()

    assert "Traceback" not in caplog.text
    with pytest.raises(AuditError):
        list(Reader(sqlite_url).events())


async def test_a_spool_that_is_full_takes_nothing_more_and_says_so(
    sqlite_url, tmp_path, monkeypatch, locked, make_event, make_refusal, caplog
):
    monkeypatch.setattr("consentkit.audit.spool.LARGEST", 2000)
    log = AuditLog(sqlite_url, timeout=0.5)
    await log.start()
    with locked(sqlite_url):
        kept = [await log.record_refusal(make_refusal()) for _ in range(5)]

    assert kept[0] is not None
    assert kept[-1] is None
    assert log.health()["lost"] >= 1
    assert "neither logged nor spooled: OSError (File too large)" in caplog.text
    await log.close()


async def test_counts_of_a_site_whose_folder_is_gone_are_one_line_and_no_traceback(tmp_path, caplog):
    folder = tmp_path / "gone"
    folder.mkdir()
    log = AuditLog(f"sqlite:///{folder / 'consent.db'}", timeout=1.0)
    log.add_counts({("gate", "counter", "host"): 3})
    folder.rmdir()
    await log.close()

    [line] = caplog.records
    assert line.getMessage().startswith("counts cannot be written at the end")
    assert line.exc_info is None


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", ":no/such"])
async def test_the_time_zone_of_a_server_changes_nothing_in_the_log(
    sqlite_url, make_event, monkeypatch, zone
):
    event = make_event(time=1_795_590_000_123_456)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        log = AuditLog(sqlite_url, timeout=20.0)
        await log.record(event)
        await log.close()
        [line] = run("audit", "export", url=sqlite_url).out.splitlines()
        counted = json.loads(run("audit", "stats", "--json", url=sqlite_url).out)
        checked = run("audit", "verify", url=sqlite_url)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert events_of(sqlite_url)[0]["time"] == event.time
    assert json.loads(line)["time"] == "2026-11-25T07:00:00.123456Z"
    assert json.loads(run("audit", "stats", "--json", url=sqlite_url).out) == counted
    assert checked.code == 0
