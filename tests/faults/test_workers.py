"""Workers that are killed or stopped while they serve: what a client was told holds."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.faults.running import Site, events_of, judge, load, running

from consentkit.audit.upgrade import upgrade
from consentkit.web.viewword import new_word

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")


@asynccontextmanager
async def two(url: str, folder: Path, timeout: float = 20.0) -> AsyncIterator[tuple[Site, Site]]:
    """Two servers on one store; the first waits long for it, the second as long as is said."""
    upgrade(url)
    with running(url, folder, timeout=20.0) as patient, running(url, folder, timeout=timeout) as other:
        await patient.ready()
        await other.ready()
        yield patient, other


async def test_nothing_acknowledged_is_lost_when_random_workers_of_four_are_killed(url, tmp_path, rounds):
    upgrade(url)
    with running(url, tmp_path, workers=4, timeout=5.0) as site:
        await site.ready()
        stop = asyncio.Event()
        visitors = asyncio.create_task(load(site, 16, stop))
        killed = 0
        for _ in range(rounds(5, 200)):
            seen, deadline = len(site.told), time.monotonic() + 20
            while len(site.told) < seen + 20 and time.monotonic() < deadline:
                await asyncio.sleep(0.01)
            if alive := site.workers():
                os.kill(random.choice(alive), signal.SIGKILL)
                killed += 1
        stop.set()
        await visitors

    assert killed >= rounds(4, 150)
    assert sum(one.status == 200 for one in site.told) > 10 * killed
    judge(url, site.told)


async def test_a_grant_that_a_worker_holds_up_does_not_follow_a_refusal_taken_by_another(
    sqlite_url, tmp_path, locked
):
    view = new_word()
    async with two(sqlite_url, tmp_path) as (slow, quick):
        with locked(sqlite_url):
            grant = asyncio.create_task(slow.choose("accept", view))
            await asyncio.sleep(1.0)
            slow.process.send_signal(signal.SIGSTOP)
        refused = await quick.choose("reject", view)
        slow.process.send_signal(signal.SIGCONT)
        granted = await grant

    assert (refused.status, granted.status, granted.error) == (200, 409, "a later choice holds")
    assert granted.cookies == []
    reject, accept, supersede = events_of(sqlite_url)
    assert (reject["act"], accept["act"], supersede["act"]) == ("reject", "accept", "supersede")
    assert (supersede["subject"], supersede["statement"]) == ([[2, 2]], accept["id"])
    judge(sqlite_url, slow.told + quick.told)


async def test_a_grant_does_not_follow_a_refusal_that_lies_in_the_spool_of_another_worker(
    sqlite_url, tmp_path, locked
):
    view = new_word()
    async with two(sqlite_url, tmp_path, timeout=0.3) as (slow, hasty):
        with locked(sqlite_url):
            grant = asyncio.create_task(slow.choose("accept", view))
            await asyncio.sleep(1.0)
            refused = await hasty.choose("reject", view)
        granted = await grant
        await slow.choose("accept")

    assert (refused.status, granted.status) == (200, 409)
    acts = [event["act"] for event in events_of(sqlite_url)]
    assert acts.count("supersede") == acts.count("reject") == 1
    judge(sqlite_url, slow.told + hasty.told)


async def test_a_server_that_stands_still_and_goes_on_has_told_nobody_what_does_not_hold(
    url, tmp_path, rounds
):
    upgrade(url)
    with running(url, tmp_path, timeout=0.5) as site:
        await site.ready()
        stop = asyncio.Event()
        visitors = asyncio.create_task(load(site, 8, stop))
        for _ in range(rounds(2, 20)):
            await asyncio.sleep(0.5)
            site.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(0.8)
            site.process.send_signal(signal.SIGCONT)
        stop.set()
        await visitors

    unheard = [one for one in site.told if one.status != 200]
    assert all(one.status == 503 for one in unheard)
    judge(url, site.told)


async def test_a_second_click_that_another_worker_records_first_holds_and_is_not_superseded(
    sqlite_url, tmp_path, locked
):
    view = new_word()
    async with two(sqlite_url, tmp_path) as (slow, quick):
        with locked(sqlite_url):
            first = asyncio.create_task(slow.choose("accept", view))
            await asyncio.sleep(1.0)
            slow.process.send_signal(signal.SIGSTOP)
        second = await quick.choose("accept", view)
        slow.process.send_signal(signal.SIGCONT)
        await first

    assert [each.status for each in (await first, second)] == [200, 200]
    assert (await first).event == second.event
    assert [event["act"] for event in events_of(sqlite_url)] == ["accept"]
