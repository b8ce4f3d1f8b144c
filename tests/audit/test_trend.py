"""How people chose over time, in any time zone, out of sums that the store makes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.audit.commands import write
from tests.audit.conftest import build_event, build_refusal

from consentkit.audit.event import Document, Event
from consentkit.audit.reader import Reader
from consentkit.audit.rollup import Count
from consentkit.audit.stats import by_day, by_hour, summed
from consentkit.audit.trend import (
    KINDS,
    MOST,
    Mark,
    Thing,
    When,
    extent,
    overview,
    series,
    totals,
)

PARIS, SANTIAGO = ZoneInfo("Europe/Paris"), ZoneInfo("America/Santiago")
ACCEPTED = Thing("", "accept")


def micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def hourly(first: datetime, hours: int) -> list[Event]:
    """One event an hour from a moment on."""
    return [build_event(time=micros(first + timedelta(hours=hour))) for hour in range(hours)]


def numbers(found, thing=ACCEPTED) -> dict[str, int]:
    return {
        period: count.n for period, count in zip(found.periods, found.lines[thing], strict=True) if count.n
    }


@pytest.mark.parametrize(
    ("zone", "begin", "hours", "days"),
    [
        (PARIS, datetime(2026, 3, 27, 23, tzinfo=UTC), 71, {"2026-03-28": 24, "2026-03-29": 23, "2026-03-30": 24}),
        (PARIS, datetime(2026, 10, 23, 22, tzinfo=UTC), 73, {"2026-10-24": 24, "2026-10-25": 25, "2026-10-26": 24}),
        (SANTIAGO, datetime(2026, 9, 5, 4, tzinfo=UTC), 47, {"2026-09-05": 24, "2026-09-06": 23}),
        (SANTIAGO, datetime(2026, 4, 4, 3, tzinfo=UTC), 49, {"2026-04-04": 25, "2026-04-05": 24}),
    ],
    ids=["spring", "autumn", "spring at midnight", "autumn at midnight"],
)  # fmt: skip
def test_each_day_is_there_once_with_23_or_25_hours_and_nothing_is_lost(url, zone, begin, hours, days):
    """K75 of our cases."""
    write(url, *hourly(begin, hours))
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    by_days, by_hours = (When(first, last, zone, hourly) for hourly in (False, True))

    found, detailed = (series(Reader(url), when, "act") for when in (by_days, by_hours))

    assert numbers(found) == days
    assert list(found.periods) == sorted(days)
    assert len(detailed.periods) == len(set(detailed.periods)) == hours
    assert [count.n for count in detailed.lines[ACCEPTED]] == [1] * hours


def test_the_hourly_view_shows_two_o_clock_twice_in_autumn_and_never_in_spring(sqlite_url):
    write(sqlite_url, *hourly(datetime(2026, 10, 24, 22, tzinfo=UTC), 25))

    autumn = series(
        Reader(sqlite_url), When(date(2026, 10, 25), date(2026, 10, 25), PARIS, hourly=True), "act"
    )
    spring = When(date(2026, 3, 29), date(2026, 3, 29), PARIS, hourly=True).periods

    twice = [period for period in autumn.periods if "T02:00" in period]
    assert twice == ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"]
    assert [numbers(autumn)[period] for period in twice] == [1, 1]
    assert not [period for period in spring if "T02:00" in period]


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Paris", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca"]
)  # fmt: skip
@pytest.mark.parametrize("by_the_hour", [False, True], ids=["days", "hours"])
def test_the_store_sums_as_summing_each_roll_up_does(zone, by_the_hour, a_year):
    reader, clock = Reader(a_year), ZoneInfo(zone)
    when = (
        When(date(2026, 1, 1), date(2026, 12, 31), clock)
        if not by_the_hour
        else When(date(2026, 3, 20), date(2026, 4, 20), clock, hourly=True)
    )

    lines = summed(reader.rollups(*when.slots, "act"), (by_hour if by_the_hour else by_day)(clock))
    found = series(reader, when, "act")

    assert {
        (period, thing.outcome): count
        for thing, counts in found.lines.items()
        for period, count in zip(found.periods, counts, strict=True)
        if count.n
    } == {(line.period, line.outcome): line.tally for line in lines}


@pytest.fixture(scope="module")
def a_year(tmp_path_factory):
    """An event each 53 minutes of a year."""
    url = f"sqlite:///{tmp_path_factory.mktemp('trend') / 'consent.db'}"
    begin = datetime(2025, 12, 31, tzinfo=UTC)
    make = (build_event, build_refusal)
    write(url, *(make[n % 2](time=micros(begin + n * timedelta(minutes=53))) for n in range(10_000)))
    return url


BAR, BOX = (
    Document.of("notice", json.dumps({"kind": "notice", "layout": layout}).encode())
    for layout in ("bar", "box")
)


def test_everything_about_a_time_is_told_at_once(url):
    time = micros(datetime(2026, 5, 1, 12, tzinfo=UTC))
    day = 86_400_000_000
    write(
        url,
        build_event(time=time, notice=BAR.hash, decided_after_ms=1000),
        build_event(time=time, notice=BOX.hash, decided_after_ms=3000, language="de"),
        build_refusal(time=time, notice=BOX.hash, jurisdiction="US-CA", signal="gpc", decided_after_ms=None),
        build_event(time=time + day, act="withdraw", granted=(), notice="", decided_after_ms=None),
        build_refusal(time=time + day, act="erase", denied=(), policy="", notice="", subject=((1, 1),)),
        build_event(time=time + 9 * day),
        papers=(BAR, BOX),
    )

    found = overview(Reader(url), When(date(2026, 5, 1), date(2026, 5, 3)))

    assert numbers(found.acts) == {"2026-05-01": 2}
    assert numbers(found.acts, Thing("", "erase")) == {"2026-05-02": 1}
    assert found.acts.lines[ACCEPTED][1:] == (Count(0, 0, 0), Count(0, 0, 0))
    assert (found.decisions, found.withdrawals, found.gpc_share) == (4, 1, 0.25)
    assert (found.mean_ms(), found.mean_ms("accept"), found.mean_ms("reject")) == (2000.0, 2000.0, None)
    assert {thing: count.n for thing, count in found.totals["layout"].items()} == {
        Thing("", "withdraw"): 1,
        Thing("bar", "accept"): 1,
        Thing("box", "accept"): 1,
        Thing("box", "reject"): 1,
    }
    assert found.totals["purpose"][Thing("analytics", "granted")].n == 2
    assert found.totals["jurisdiction"][Thing("US-CA", "reject")].n == 1
    assert found.totals["language"][Thing("de", "accept")].n == 1


def test_layouts_have_a_line_each_over_time(sqlite_url):
    time = micros(datetime(2026, 5, 1, 12, tzinfo=UTC))
    other = Document.of("notice", BAR.body + b" ")
    write(
        sqlite_url,
        *(build_event(time=time, notice=paper.hash) for paper in (BAR, other, BOX)),
        papers=(BAR, BOX, other),
    )

    found = series(Reader(sqlite_url), When(date(2026, 5, 1), date(2026, 5, 1)), "layout")

    assert {thing.name: counts[0].n for thing, counts in found.lines.items()} == {"bar": 2, "box": 1}


def test_a_time_without_any_decision_is_empty_and_no_error(url):
    write(url)

    found = overview(Reader(url, ""), When(date(2026, 5, 1), date(2026, 5, 2)))

    assert found.acts == series(Reader(url, ""), found.when, "act")
    assert (found.acts.periods, found.acts.lines) == (("2026-05-01", "2026-05-02"), {})
    assert (found.decisions, found.gpc_share, found.mean_ms(), found.marks) == (0, None, None, [])
    assert extent(Reader(url, "")) is None


OLD, NEW = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    ("decided", "marks"),
    [
        ([(1, OLD), (2, OLD)], []),
        ([(1, OLD), (2, NEW)], [(2, NEW)]),
        ([(1, OLD), (5, NEW)], [(5, NEW)]),
        ([(1, OLD), (2, NEW), (3, OLD)], [(2, NEW), (3, OLD)]),
        ([(1, OLD), (2, OLD), (2, NEW), (2, OLD), (3, NEW)], [(2, NEW)]),
        ([(-9, OLD), (1, NEW)], [(1, NEW)]),
        ([(-9, OLD), (-8, NEW), (1, NEW)], []),
        ([(1, NEW)], []),
    ],
    ids=["one", "new", "after silence", "and back", "workers one after another", "since before", "known before", "first"],
)  # fmt: skip
def test_a_change_of_policy_is_marked_where_the_new_one_first_decided(url, decided, marks):
    def noon(day: int) -> int:
        return micros(datetime(2026, 5, 10, 12, tzinfo=UTC) + timedelta(days=day))

    write(url, *(build_event(time=noon(day) + n, policy=policy) for n, (day, policy) in enumerate(decided)))

    found = overview(Reader(url), When(date(2026, 5, 10), date(2026, 5, 20), PARIS))

    assert list(found.marks) == [Mark(noon(day), f"2026-05-{10 + day}", policy) for day, policy in marks]


def test_the_extent_of_a_log_is_told_in_days_of_the_zone(url):
    write(url, *hourly(datetime(2026, 5, 1, 23, tzinfo=UTC), 1))

    assert extent(Reader(url)) == (date(2026, 5, 1), date(2026, 5, 1))
    assert extent(Reader(url), PARIS) == (date(2026, 5, 2), date(2026, 5, 2))


class CountingReader(Reader):
    """Counts the rows that it read."""

    read = 0

    @contextmanager
    def asking(self):
        with super().asking() as ask:

            def count(query, values=None):
                rows = ask(query, values)
                self.read += len(rows)
                return rows

            yield count


def test_what_is_read_are_sums_however_many_quarters_of_an_hour_they_are_of(a_year):
    reader = CountingReader(a_year)

    found = overview(reader, When(date(2026, 1, 1), date(2026, 12, 31), PARIS))

    assert found.decisions > 9_000
    assert reader.read < 4 * 365  # two acts and a policy on each day, and a handful of sums


@pytest.mark.parametrize(
    ("first", "last", "by_the_hour", "says"),
    [
        (date(2026, 1, 2), date(2026, 1, 1), False, "ends before"),
        (date.min, date.max, False, f"more than {MOST:,} days"),
        (date(2026, 1, 1), date(2026, 12, 31), True, f"more than {MOST:,} hours"),
    ],
    ids=["backwards", "all of time", "too many hours"],
)
def test_a_time_that_nobody_could_look_at_is_refused_in_words(first, last, by_the_hour, says):
    with pytest.raises(ValueError, match=says):
        When(first, last, hourly=by_the_hour)


def test_a_kind_that_nobody_counts_is_refused_in_words(sqlite_url):
    write(sqlite_url)

    for ask in (series, totals):
        with pytest.raises(ValueError, match="one of act, purpose"):
            ask(Reader(sqlite_url, ""), When.recent(), "; DROP TABLE rollups")
    assert set(totals(Reader(sqlite_url, ""), When.recent())) == set(KINDS)
