"""Nothing is signed but what begins with what was signed before; one worker of many signs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

import pytest
from sqlalchemy import text

from consentkit.audit.batch import seal
from consentkit.audit.checkpoint import parse
from consentkit.audit.checkpointer import TASK
from consentkit.audit.engine import locate, writing
from consentkit.audit.errors import CheckpointError, KeyFileError, LogNotExtended
from consentkit.audit.keys import generate, public_path, read_public
from consentkit.audit.lease import Lease
from consentkit.audit.log import AuditLog
from consentkit.audit.merkle import verify_inclusion
from consentkit.audit.proofs import StoredTree
from consentkit.audit.reader import Reader
from consentkit.audit.rotation import rotate
from consentkit.audit.signing import Signing, state_path
from consentkit.audit.store import Store
from consentkit.audit.verifying import verify_log


@pytest.fixture
def key(tmp_path):
    generate(tmp_path / "key", "news.example/consent")
    return tmp_path / "key"


@pytest.fixture
def append(url, make_event):
    def append(count, log_id=""):
        store = Store(url, log_id, 5.0)
        store.append([seal(make_event(), None, os.urandom(32)) for _ in range(count)])
        store.close()

    return append


def change(url, statement):
    with writing(locate(url), 5.0).begin() as connection:
        connection.execute(text(statement))


def test_a_checkpoint_is_signed_kept_in_the_log_and_beside_its_key(url, key, append):
    append(300)
    signed = Signing(url, None, key).sign()

    note = parse(signed.note)
    assert note.standing(read_public([public_path(key)])) == "signed"
    assert (note.checkpoint.origin, note.checkpoint.size) == ("news.example/consent", 300)
    assert [one.note for one in Reader(url).checkpoints()] == [signed.note]
    assert state_path(key, "").read_bytes() == signed.note


def test_a_log_that_grew_is_signed_again_and_one_that_did_not_is_not_stored_twice(url, key, append):
    append(300)
    first = Signing(url, None, key).sign()
    again = Signing(url, None, key).sign(first.note)
    append(1)
    Signing(url, None, key).sign(first.note)

    assert again == first
    assert [one.size for one in Reader(url).checkpoints()] == [300, 301]
    assert Reader(url).covering(300).size == 300
    assert Reader(url).covering(301).size == 301
    assert Reader(url).covering(302) is None


def test_the_empty_log_is_signed_and_a_first_event_extends_it(url, key, append):
    append(0)
    Signing(url, "", key).sign()
    append(1)

    assert Signing(url, "", key).sign().checkpoint.size == 1


@pytest.mark.parametrize("where", ["beside-the-key", "in-the-log", "given"])
def test_a_log_that_lost_events_is_not_signed_whichever_copy_is_left(url, key, append, where):
    append(20)
    signed = Signing(url, None, key).sign()
    for table in ("log_head", "events", "personal", "rollups"):
        change(url, f"DELETE FROM {table}")
    append(10)
    if where != "in-the-log":
        change(url, "DELETE FROM checkpoints")
    if where != "beside-the-key":
        state_path(key, "").unlink()

    with pytest.raises(LogNotExtended, match="20 were signed"):
        Signing(url, None, key).sign(*([signed.note] if where == "given" else []))


def test_a_log_that_was_rewritten_is_not_signed(url, key, append):
    append(20)
    Signing(url, None, key).sign()
    for table in ("log_head", "events", "personal", "rollups", "checkpoints"):
        change(url, f"DELETE FROM {table}")
    append(30)

    with pytest.raises(LogNotExtended, match="does not begin with the 20 events"):
        Signing(url, None, key).sign()


def test_a_damaged_head_is_not_signed(url, key, append):
    append(20)
    change(url, "UPDATE log_head SET size = 21")

    with pytest.raises(LogNotExtended, match="damaged"):
        Signing(url, None, key).sign()


def test_a_copy_of_another_key_or_log_is_refused(url, key, append, tmp_path):
    append(5)
    append(5, "other")
    generate(tmp_path / "stranger", "stranger")
    stranger = Signing(url, "other", tmp_path / "stranger").sign()
    other = Signing(url, "other", tmp_path / "key2") if generate(tmp_path / "key2", "k") else None

    with pytest.raises(CheckpointError, match="wrong-key"):
        Signing(url, "", key).sign(stranger.note)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        Signing(url, "", key).sign(b"something else")
    change(url, "DELETE FROM checkpoints")
    with pytest.raises(CheckpointError, match="another log"):
        Signing(url, "", tmp_path / "key2").sign(other.sign().note)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
def test_stored_hashes_prove_every_kind_of_event(url, append, size):
    append(size)
    reader = Reader(url)
    tree = StoredTree(reader)
    leaves = reader.hashes(0, 0, size)

    from consentkit.audit.merkle import root

    for seq in {1, size, size // 2 + 1, min(size, 257)}:
        proof = tree.inclusion(seq, size)
        assert verify_inclusion(seq - 1, size, leaves[seq - 1], proof, root(leaves))


def test_a_key_takes_over_from_another_and_old_checkpoints_can_still_be_checked(url, key, append, tmp_path):
    append(10)
    old = parse(Signing(url, None, key).sign().note)
    new = tmp_path / "new"
    public = rotate(url, None, key, new)
    append(10)
    newest = parse(Signing(url, None, new).sign().note)

    both = read_public([public_path(new)])
    assert [one.standing(both) for one in (old, newest)] == ["signed", "signed"]
    assert newest.standing(read_public([public_path(key)])) == "wrong-key"
    [event] = Reader(url).events(11, 11)
    assert (event.act, str(public) in event.canonical.decode()) == ("rotate", True)
    turn = parse(next(one.note for one in Reader(url).checkpoints(11)))
    assert [turn.standing([one]) for one in both] == ["signed", "signed"]
    _, size, report = verify_log(url, None, kept=[old, newest], keys=both)
    assert (size, report.sound, report.checkpoints) == (21, True, 3)


def test_a_lease_is_one_holders_until_it_ends_or_is_given_back(url, append):
    append(1)
    first, second = (Lease(url, "", TASK, 0.4) for _ in range(2))

    assert [first.take(), second.take(), first.take()] == [True, False, True]
    first.release()
    assert [second.take(), first.take()] == [True, False]
    time.sleep(0.5)
    assert [first.take(), second.take()] == [True, False]


async def until(condition, seconds=15.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


async def test_a_log_with_a_key_signs_by_itself_and_tells_the_loggers(url, key, make_event, caplog):
    caplog.set_level("INFO", logger="consentkit.checkpoint")
    log = AuditLog(url, timeout=10.0, checkpoint_key=key, checkpoint_every=(1000, 0.2))
    await log.record(make_event())
    reader = Reader(url)

    await until(lambda: reader.last_checkpoint() is not None)
    await until(lambda: "note" in caplog.text)
    await log.close()

    told = json.loads(caplog.records[-1].message)
    assert (told["size"], told["note"].encode()) == (1, reader.last_checkpoint().note)
    assert reader.last_checkpoint().size == 1


async def test_many_events_are_signed_before_the_time_is_up(url, key, make_event):
    log = AuditLog(url, timeout=10.0, checkpoint_key=key, checkpoint_every=(5, 1.0))
    await log.record(make_event())
    reader = Reader(url)
    await until(lambda: reader.last_checkpoint() is not None)
    change(url, f"UPDATE checkpoints SET time = {2**52}")  # signed just now, and for ever

    for _ in range(5):
        await log.record(make_event())
    await until(lambda: reader.last_checkpoint().size == 6)
    await log.close()


WORKER = """
import asyncio, logging, sys
sys.path.insert(0, sys.argv[3])
logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s", stream=sys.stdout)
from conftest import build_event
from consentkit.audit.log import AuditLog
async def main():
    log = AuditLog(sys.argv[1], timeout=20.0, checkpoint_key=sys.argv[2], checkpoint_every=(1, 0.2))
    while True:
        await log.record(build_event())
        await asyncio.sleep(0.02)
asyncio.run(main())
"""


async def test_one_of_several_workers_signs_and_another_takes_over_when_it_is_killed(url, key, append):
    append(0)
    reader = Reader(url)
    here = os.path.dirname(__file__)
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, url, str(key), here, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    seen: list[int] = []

    async def watch(number):
        async for line in workers[number].stdout:
            if b"consentkit.checkpoint" in line:
                seen.append(number)
            assert b"ERROR" not in line

    watchers = [asyncio.create_task(watch(number)) for number in range(3)]
    try:
        await until(lambda: len(seen) > 4)
        assert len(set(seen)) == 1
        first = seen[0]
        workers[first].kill()
        await workers[first].wait()
        await watchers[first]
        before = len(seen)
        await until(lambda: len(seen) > before + 2)
        assert len(set(seen[before:])) == 1
        assert seen[-1] != first
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.kill()
            await worker.wait()
    await asyncio.gather(*watchers)
    _, _, report = verify_log(url, None, keys=read_public([public_path(key)]))
    assert report.sound
    assert len(list(reader.checkpoints())) > 5


async def test_a_key_that_others_can_read_stops_the_start(url, key):
    key.chmod(0o644)
    log = AuditLog(url, timeout=10.0, checkpoint_key=key)

    with pytest.raises(KeyFileError, match="chmod 600"):
        await log.start()
    await log.close()
