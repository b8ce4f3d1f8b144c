"""Whose personal part may go: a time after the end of the consent, and never before it could have ended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.commands import run

from consentkit.audit.retention import Borne, due, spans

DAY = 86_400
LIFETIME, KEEP = 180 * DAY, 365 * DAY


def events(*acts, visitor="v"):
    return [Borne(visitor, seq, day * DAY * 1_000_000, act, "p") for seq, (act, day) in enumerate(acts, 1)]


def numbers(rows, day, keep=KEEP):
    return sorted(due(rows, day * DAY * 1_000_000, keep, lambda _policy: LIFETIME))


@pytest.mark.parametrize(
    ("acts", "last_day_kept"),
    [
        ([("accept", 0)], {1: 180 + 364}),
        ([("accept", 0), ("withdraw", 10)], {1: 10 + 364, 2: 10 + 364}),
        ([("accept", 0), ("reject", 10)], {1: 10 + 364, 2: 10 + 364}),
        ([("accept", 0), ("save", 100)], {1: 100 + 364, 2: 100 + 180 + 364}),
        ([("accept", 0), ("save", 300)], {1: 180 + 364, 2: 300 + 180 + 364}),
        ([("accept", 0), ("supersede", 10)], {1: 180 + 364, 2: 10 + 364}),
        ([("accept", 10), ("save", 0)], {1: 10 + 364, 2: 180 + 364}),
    ],
    ids=["expired", "withdrawn", "refused", "replaced", "replaced late", "superseded", "clock went back"],
)
def test_the_time_counts_from_the_end_of_the_consent(acts, last_day_kept):
    rows = events(*acts)

    for seq, day in last_day_kept.items():
        assert seq not in numbers(rows, day)
        assert seq in numbers(rows, day + 1)


@pytest.mark.parametrize("act", ["accept", "save", "withdraw", "reject", "signal", "supersede"])
def test_nothing_goes_while_a_restored_cookie_would_still_be_believed(act):
    rows = events((act, 0), ("withdraw", 1))

    assert 1 not in numbers(rows, 179, keep=0)
    assert 1 in numbers(rows, 181, keep=0)


def test_another_visitor_ends_nobodys_consent():
    rows = [*events(("accept", 0), visitor="a"), *events(("withdraw", 1), visitor="b")]

    assert numbers(rows, 1 + 365) == [1]  # the withdrawal alone: both are number 1, only one is due
    assert len(list(due(rows, 366 * DAY * 1_000_000, KEEP, lambda _: LIFETIME))) == 1


ACTS = st.sampled_from(["accept", "save", "reject", "withdraw", "signal", "supersede"])


@given(st.lists(st.tuples(ACTS, st.integers(0, 900)), max_size=6), st.integers(0, 1500), st.integers(0, 500))
def test_rows_too_young_to_be_due_make_no_difference(acts, day, keep):
    rows = events(*acts)
    older = [row for row in rows if row.time <= (day - keep) * DAY * 1_000_000]

    assert numbers(rows, day, keep * DAY) == numbers(older, day, keep * DAY)


@given(st.lists(st.tuples(ACTS, st.integers(0, 900)), max_size=6), st.integers(0, 1500), st.integers(0, 500))
def test_no_setting_deletes_the_proof_of_what_may_be_in_use(acts, day, keep):
    rows = events(*acts)

    gone = numbers(rows, day, keep * DAY)

    assert all(rows[seq - 1].time + LIFETIME * 1_000_000 <= day * DAY * 1_000_000 for seq in gone)


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)), st.integers(1, 9))
def test_ranges_hold_all_that_is_wanted_and_nothing_that_is_left(wanted, others, most):
    present = sorted(wanted | others)

    found = list(spans(sorted(wanted), present, most))

    covered = [number for span in found for number in range(span.first, span.last + 1) if number in present]
    assert covered == sorted(wanted)
    assert [span.held for span in found] == [
        sum(span.first <= number <= span.last for number in wanted) for span in found
    ]
    assert all(span.held <= most for span in found)


def test_what_stands_side_by_side_is_one_range_over_events_that_bear_no_id():
    assert list(spans([1, 4, 9], [1, 4, 6, 9], 100)) == [(1, 4, 2), (9, 9, 1)]


@pytest.mark.parametrize(
    ("settings", "fine"),
    [
        ('retention = "179d"\n', False),
        ('retention = "180d"\n', True),
        ('lifetime = "30d"\nretention = "29d"\n', False),
        ('lifetime = "30d"\nretention = "30d"\n', True),
        ("", True),
    ],
)
def test_check_refuses_a_retention_that_would_delete_the_proof_of_a_choice_in_use(tmp_path, settings, fine):
    file = tmp_path / "consent.toml"
    site = '[site]\nname = "N"\naddress = "https://n.example"\n[controller]\nname = "N"\ncontact = "n"\n'
    file.write_text(settings + site)

    done = run("check", str(file))

    assert ("no less than lifetime" in done.out + done.err) is not fine, done
    assert (done.code == 0) is fine
