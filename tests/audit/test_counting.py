"""What happens too often for events is counted, a row a day."""

from __future__ import annotations

import asyncio
import time

import pytest

from consentkit.audit import counting
from consentkit.audit.counting import Counting
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader

PIXEL, FONT = ("gated", "news.example/pixel", "rule-1"), ("gated", "fonts.example", "rule-2")


def today() -> int:
    return int(time.time()) // 86_400


def read(url):
    return {tuple(row[1:4]): row.n for row in Reader(url).counts(today() - 1, today())}


async def test_counts_of_all_threads_are_written_at_close_and_grow_the_row_of_the_day(url):
    log = AuditLog(url, timeout=10.0)
    await asyncio.gather(*(asyncio.to_thread(log.add_counts, {PIXEL: 2, FONT: 1}) for _ in range(20)))
    await log.close()
    log.add_counts({PIXEL: 5})
    await log.close()

    assert read(url) == {PIXEL: 45, FONT: 20}


async def test_counts_are_written_without_any_event_once_it_is_time(url, monkeypatch):
    monkeypatch.setattr(counting, "EVERY", 0.05)
    log = AuditLog(url, timeout=10.0)
    log.add_counts({PIXEL: 1})
    await log.start()

    async with asyncio.timeout(10):
        while not read(url):
            await asyncio.sleep(0.05)
    assert read(url) == {PIXEL: 1}
    await log.close()


def test_what_the_store_did_not_take_is_kept_and_counted_on():
    kept = Counting()
    kept.add({PIXEL: 1})

    def away(_day, _counts):
        kept.add({PIXEL: 10})
        raise OSError

    with pytest.raises(OSError):
        kept.flush(away)
    written = {}
    kept.flush(lambda _day, counts: written.update(counts))
    kept.flush(lambda _day, counts: written.update(counts))
    assert written == {PIXEL: 11}


def test_memory_is_bounded_and_no_count_is_lost_to_the_bound(monkeypatch):
    monkeypatch.setattr(counting, "MOST", 3)
    kept = Counting()
    for n in range(10):
        kept.add({("gated", f"host-{n}", "r"): 1})
    kept.add({("gated", "host-0", "r"): 1})

    written = {}
    kept.flush(lambda _day, counts: written.update(counts))

    assert written == {
        ("gated", "host-0", "r"): 2,
        ("gated", "host-1", "r"): 1,
        ("gated", "host-2", "r"): 1,
        ("gated", "", ""): 7,
    }


async def test_a_text_that_no_store_takes_is_cut_and_cleaned(url):
    log = AuditLog(url, timeout=10.0)
    log.add_counts({("gated", "a\0b" + "c" * 1000, "r"): 1, ("gated", "ab" + "c" * 1000, "r"): 1})
    await log.close()

    assert read(url) == {("gated", ("ab" + "c" * 1000)[:200], "r"): 2}
