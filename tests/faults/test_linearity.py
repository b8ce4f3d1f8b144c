"""Many processes, one log."""

from __future__ import annotations

import subprocess
import sys

from tests.faults.running import ROOT

from consentkit.audit.merkle import Edge
from consentkit.audit.reader import Reader
from consentkit.audit.upgrade import upgrade

APPENDER = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from tests.audit.conftest import build_event
from consentkit.audit.log import AuditLog
async def main():
    log = AuditLog(sys.argv[1], timeout=60.0)
    async def visitor():
        return [(await log.record(build_event())).seq for _ in range(20)]
    seqs = await asyncio.gather(*(visitor() for _ in range(25)))
    await log.close()
    print(*[seq for some in seqs for seq in some])
asyncio.run(main())
"""


def test_four_processes_number_two_thousand_events_without_a_gap_under_one_root(url):
    upgrade(url)
    processes = [
        subprocess.Popen([sys.executable, "-c", APPENDER, url, str(ROOT)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    told = [int(seq) for process in processes for seq in process.communicate()[0].split()]

    assert sorted(told) == list(range(1, 2001))
    reader = Reader(url)
    rows = list(reader.events())
    assert [row.seq for row in rows] == sorted(told)
    afresh = Edge(0, b"")
    afresh.extend([row.leaf for row in rows])
    assert reader.head() == (2000, bytes(afresh))
