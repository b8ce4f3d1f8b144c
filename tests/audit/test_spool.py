"""The spool: synced lines that are forgotten only once they are in the store."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from consentkit.audit.event import Document
from consentkit.audit.spool import Kept, Spool, from_line, to_line


def test_a_line_says_all_that_was_given(make_event):
    kept = Kept(
        make_event(language="ar", site="أخبار"), (Document.of("notice", bytes(range(256))),), b"\x00\xff"
    )

    assert from_line(to_line(kept)) == kept
    assert to_line(kept).count(b"\n") == 1


def test_lines_are_replayed_in_order_and_then_forgotten(tmp_path, make_refusal):
    spool = Spool(tmp_path / "x.spool")
    kept = [Kept(make_refusal()) for _ in range(3)]
    spool.append(kept[:2])
    spool.append(kept[2:])
    taken: list[Kept] = []

    assert (spool.waiting(), spool.count()) == (True, 3)
    assert spool.replay(taken.extend) == 3

    assert taken == kept
    assert (spool.waiting(), spool.count()) == (False, 0)


def test_what_the_store_does_not_take_stays(tmp_path, make_refusal):
    spool = Spool(tmp_path / "x.spool")
    spool.append([Kept(make_refusal())])

    def refuse(_kept):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        spool.replay(refuse)
    assert spool.count() == 1


def test_the_file_is_readable_by_its_owner_alone(tmp_path, make_refusal):
    old = os.umask(0)
    try:
        Spool(tmp_path / "x.spool").append([Kept(make_refusal())])
    finally:
        os.umask(old)

    assert (tmp_path / "x.spool").stat().st_mode & 0o777 == 0o600


def test_half_a_line_is_set_aside_and_the_rest_replayed(tmp_path, make_refusal, caplog):
    path = tmp_path / "x.spool"
    spool = Spool(path)
    good = Kept(make_refusal())
    half = to_line(Kept(make_refusal()))[:80]
    path.write_bytes(half)
    taken: list[Kept] = []

    spool.append([good])
    spool.replay(taken.extend)

    assert taken == [good]
    assert path.with_name("x.spool.damaged").read_bytes() == half + b"\n"
    assert "damaged" in caplog.text


def test_a_spool_that_was_never_written_is_empty(tmp_path):
    spool = Spool(tmp_path / "none.spool")

    assert (spool.waiting(), spool.count()) == (False, 0)


def _append_many(path: Path, kept: Kept) -> None:
    spool = Spool(path)
    for _ in range(50):
        spool.append([kept, kept])


def test_processes_that_share_a_spool_do_not_mix_their_lines(tmp_path, make_refusal):
    path = tmp_path / "x.spool"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_many, args=(path, Kept(make_refusal()))) for _ in range(2)]
    for worker in workers:
        worker.start()
    taken: list[Kept] = []
    while any(worker.is_alive() for worker in workers):
        Spool(path).replay(taken.extend)
    for worker in workers:
        worker.join()
    Spool(path).replay(taken.extend)

    assert len(taken) == 200
    assert not path.with_name("x.spool.damaged").exists()


def test_a_new_file_is_synced_and_so_is_its_name_in_the_folder(tmp_path, make_refusal, monkeypatch):
    synced = []
    sync = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda file: (synced.append(stat.S_ISDIR(os.fstat(file).st_mode)), sync(file))
    )
    spool = Spool(tmp_path / "x.spool")

    spool.append([Kept(make_refusal())])
    spool.append([Kept(make_refusal())])

    assert synced == [False, True, False]


def test_only_one_replays_at_a_time(tmp_path, make_refusal):
    path = tmp_path / "x.spool"
    Spool(path).append([Kept(make_refusal())])
    meanwhile = []

    handed = Spool(path).replay(lambda _: meanwhile.append(Spool(path).replay(lambda _: None)))

    assert (handed, meanwhile) == (1, [0])


def test_a_line_of_an_earlier_version_is_read(make_refusal):
    kept = Kept(make_refusal())

    assert from_line(to_line(kept).replace(b',"about":null', b"")) == kept


def test_acts_that_lie_in_it_are_told_where_they_have_a_key(tmp_path, make_refusal):
    spool = Spool(tmp_path / "x.spool")
    assert spool.acts() == []
    keyed = make_refusal()
    spool.append([Kept(keyed, once=b"view of a page"), Kept(make_refusal())])

    assert spool.acts() == [(keyed.id, keyed.time, b"view of a page")]
