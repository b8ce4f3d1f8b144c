"""``consentkit audit export`` as officers and scripts call it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from tests.audit.commands import run, write


@pytest.fixture
def filled(sqlite_url, make_event, make_refusal):
    write(
        sqlite_url,
        make_event(time=1_795_590_000_000_000),
        make_refusal(time=1_795_593_600_000_000, jurisdiction=None),
        make_event(time=1_795_597_200_000_000, site="b.example", jurisdiction="US-CA"),
    )
    return sqlite_url


def numbers(done):
    return [json.loads(line)["seq"] for line in done.out.splitlines()]


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        ((), [1, 2, 3]),
        (("--from", "2026-11-25T08:00:00Z"), [2, 3]),
        (("--from", "2026-11-25T09:00:00+01:00", "--to", "2026-11-25T08:30:00+00:00"), [2]),
        (("--site", "b.example"), [3]),
        (("--act", "reject"), [2]),
        (("--jurisdiction", "FR"), [1]),
        (("--jurisdiction", ""), [2]),
        (("--after", "2"), [3]),
        (("--after", "9"), []),
    ],
)
def test_options_choose_events(filled, options, seqs):
    done = run("audit", "export", *options, url=filled)

    assert (done.code, numbers(done)) == (0, seqs)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--from", "yesterday"), "a moment with its zone"),
        (("--from", "2026-11-25"), "a moment with its zone"),
        (("--to", "2026-11-25T08:00:00"), "a moment with its zone"),
        (("--from", "2026-11-25T08:00:00Z", "--to", "2026-11-25T08:00:00Z"), "after --from"),
        (("--act", "agree"), "no such act"),
        (("--spreadsheet", "de"), "--format csv"),
        (("--format", "csv", "--spreadsheet", "german"), "a locale such as"),
        (("--after", "-1"), "--after"),
    ],
    ids=" ".join,
)
def test_nonsense_is_refused_with_what_was_expected(filled, options, told):
    done = run("audit", "export", *options, url=filled)

    assert (done.code, done.out) == (2, "")
    assert told in " ".join(done.err.split())


def test_a_part_and_the_rest_make_the_whole(filled):
    whole = run("audit", "export", "--format", "csv", url=filled).out
    part = whole[: whole.index("\n2,") + 1]

    rest = run("audit", "export", "--format", "csv", "--after", "1", url=filled).out

    assert part + rest == whole


def test_who_meets_a_damaged_event_is_told_where_to_go_on(filled, tmp_path):
    with closing(sqlite3.connect(tmp_path / "consent.db", isolation_level=None)) as connection:
        connection.execute("UPDATE events SET canonical = x'00' WHERE seq = 2")

    done = run("audit", "export", url=filled)

    assert done.code == 2
    assert "event 2 cannot be read" in done.err
    assert "--after 1" in done.err
    assert numbers(done) == [1]
    assert "Traceback" not in done.err
