"""Sums as the tables of the overview."""

from __future__ import annotations

from consentkit.audit.event import VISITORS_ACTS
from consentkit.audit.rollup import Count
from consentkit.audit.trend import Series, Thing
from consentkit.desk.tallies import LINES, OTHERS, Row, by_name, over_time

ONCE = Count(1, 1, 2000)


def test_a_share_is_told_of_those_who_chose() -> None:
    sums = {
        Thing("FR", "accept"): Count(3, 2, 5000),
        Thing("FR", "reject"): Count(1, 0, 0),
        Thing("FR", "withdraw"): Count(5, 0, 0),
        Thing("FR", "signal"): Count(7, 0, 0),
    }

    (row,) = by_name("jurisdiction", sums).rows

    assert row == Row("FR", (3, 1, 0, 5, 7), 0.75, 2500.0)
    assert row.total == 16


def test_who_only_withdrew_is_no_share_of_anything() -> None:
    (row,) = by_name("jurisdiction", {Thing("", "withdraw"): Count(1, 0, 0)}).rows

    assert (row.share, row.mean_ms) == (None, None)


def test_a_purpose_is_granted_or_denied_and_has_no_time_to_choose() -> None:
    sums = {Thing("ads", "granted"): ONCE, Thing("ads", "denied"): Count(3, 3, 9000)}

    found = by_name("purpose", sums)

    assert (found.columns, found.rows) == (("granted", "denied"), (Row("ads", (1, 3), 0.25),))


def test_the_most_frequent_name_comes_first_and_equals_by_name() -> None:
    sums = {Thing("b", "accept"): ONCE, Thing("a", "accept"): ONCE, Thing("c", "reject"): Count(2, 0, 0)}

    assert [row.name for row in by_name("language", sums).rows] == ["c", "a", "b"]


def test_acts_of_the_logs_own_are_no_decisions() -> None:
    lines = {Thing("", "accept"): (ONCE, Count(0, 0, 0)), Thing("", "erase"): (ONCE, ONCE)}

    found = over_time("act", Series(("1", "2"), lines))

    assert found.columns == VISITORS_ACTS
    assert [row.total for row in found.rows] == [1, 0]


def test_over_time_a_name_counts_with_all_acts_and_a_purpose_where_it_was_granted() -> None:
    lines = {Thing("FR", "accept"): (ONCE,), Thing("FR", "reject"): (ONCE,)}
    purposes = {Thing("ads", "granted"): (ONCE,), Thing("ads", "denied"): (Count(9, 0, 0),)}

    places, granted = (
        over_time("jurisdiction", Series(("1",), lines)),
        over_time("purpose", Series(("1",), purposes)),
    )

    assert (places.columns, places.rows) == (("FR",), (Row("1", (2,)),))
    assert (granted.columns, granted.rows) == (("ads",), (Row("1", (1,)),))


def test_beyond_a_few_names_the_rest_is_summed_and_nothing_is_lost() -> None:
    lines = {Thing(f"n{n}", "accept"): (Count(n, 0, 0), ONCE) for n in range(1, 12)}

    found = over_time("notice", Series(("1", "2"), lines))

    assert found.columns == ("n11", "n10", "n9", "n8", "n7", OTHERS)
    assert len(found.columns) == LINES + 1
    assert [row.total for row in found.rows] == [66, 11]


def test_one_name_more_than_a_few_is_shown_by_its_name() -> None:
    lines = {Thing(f"n{n}", "accept"): (ONCE,) for n in range(LINES + 1)}

    assert OTHERS not in over_time("notice", Series(("1",), lines)).columns


def test_nothing_is_a_row_for_each_day_and_no_column() -> None:
    found = over_time("language", Series(("1", "2"), {}))

    assert (found.columns, found.rows, found.total) == ((), (Row("1", ()), Row("2", ())), 0)
    assert by_name("language", {}).rows == ()
