"""Sums of what was decided, by day and hour of a time zone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.audit.commands import run, write
from tests.audit.conftest import build_event

from consentkit.audit.rollup import tally, told_of
from consentkit.audit.stats import by_day, by_hour, slots, summed

PARIS, SANTIAGO = ZoneInfo("Europe/Paris"), ZoneInfo("America/Santiago")


def hourly(first, hours):
    """The roll-ups of one event an hour from a moment on, UTC."""
    events = [
        build_event(time=int((first + timedelta(hours=hour)).timestamp() * 1_000_000))
        for hour in range(hours)
    ]
    return sorted(tally((told_of(event), event.decided_after_ms) for event in events).items())


def acts(rows):
    return [(key, count) for key, count in rows if key.kind == "act"]


@pytest.mark.parametrize(
    ("zone", "first", "hours", "days"),
    [
        (
            PARIS,
            datetime(2026, 3, 27, 23, tzinfo=UTC),
            71,
            {"2026-03-28": 24, "2026-03-29": 23, "2026-03-30": 24},
        ),
        (
            PARIS,
            datetime(2026, 10, 23, 22, tzinfo=UTC),
            73,
            {"2026-10-24": 24, "2026-10-25": 25, "2026-10-26": 24},
        ),
        (SANTIAGO, datetime(2026, 9, 5, 4, tzinfo=UTC), 47, {"2026-09-05": 24, "2026-09-06": 23}),
        (SANTIAGO, datetime(2026, 4, 4, 3, tzinfo=UTC), 49, {"2026-04-04": 25, "2026-04-05": 24}),
    ],
    ids=["spring", "autumn", "spring at midnight", "autumn at midnight"],
)
def test_days_of_23_and_25_hours_are_whole(zone, first, hours, days):
    """K75 of our cases."""
    lines = summed(acts(hourly(first, hours)), by_day(zone))

    assert {line.period: line.tally.n for line in lines} == days


def test_an_hour_that_clocks_show_twice_is_two_hours_and_one_they_skip_is_none():
    spring = summed(acts(hourly(datetime(2026, 3, 29, tzinfo=UTC), 3)), by_hour(PARIS))
    autumn = summed(acts(hourly(datetime(2026, 10, 24, 23, tzinfo=UTC), 4)), by_hour(PARIS))

    assert [line.period for line in spring] == [
        "2026-03-29T01:00+01:00",
        "2026-03-29T03:00+02:00",
        "2026-03-29T04:00+02:00",
    ]
    assert [line.period for line in autumn] == [
        "2026-10-25T01:00+02:00",
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00",
    ]


@pytest.mark.parametrize(
    "zone", ["Europe/Paris", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe"]
)
@pytest.mark.parametrize(
    "day", [date(2026, 3, 29), date(2026, 4, 4), date(2026, 4, 5), date(2026, 9, 6)], ids=str
)
def test_the_slots_of_a_day_are_that_day_and_no_other(zone, day):
    clock = ZoneInfo(zone)

    first, last = slots(day, day, clock)

    name = by_day(clock)
    assert {name(slot) for slot in range(first, last + 1)} == {day.isoformat()}
    assert day.isoformat() not in (name(first - 1), name(last + 1))


@pytest.mark.parametrize("day", [date.min, date.max, date(1970, 1, 1)], ids=str)
def test_the_ends_of_the_calendar_are_days_too(day):
    assert isinstance(slots(day, day, PARIS), tuple)


@pytest.fixture
def filled(sqlite_url, make_event, make_refusal):
    at = int(datetime(2026, 11, 24, 23, 30, tzinfo=UTC).timestamp() * 1_000_000)
    write(
        sqlite_url,
        make_event(time=at, decided_after_ms=1000),
        make_event(time=at + 1, decided_after_ms=3000, language=None),
        make_refusal(time=at + 7_200_000_000),
    )
    return sqlite_url


def test_the_command_counts_in_the_days_of_a_zone(filled):
    utc = json.loads(run("audit", "stats", "--json", url=filled).out)
    paris = json.loads(run("audit", "stats", "--json", "--zone", "Europe/Paris", url=filled).out)

    told = [(line["period"], line["outcome"], line["n"], line["mean_ms"]) for line in utc["lines"]]
    assert told == [("2026-11-24", "accept", 2, 2000), ("2026-11-25", "reject", 1, 1400)]
    assert {line["period"] for line in paris["lines"]} == {"2026-11-25"}
    assert paris["zone"] == "Europe/Paris"


def test_the_command_counts_purposes_languages_and_days_that_were_asked_for(filled):
    purposes = run("audit", "stats", "--by", "purpose", url=filled)
    languages = run("audit", "stats", "--by", "language", "--to", "2026-11-24", url=filled)
    none = run("audit", "stats", "--from", "2027-01-01", url=filled)

    assert purposes.out.splitlines()[0].split()[:4] == ["2026-11-24", "analytics", "granted", "2"]
    assert [line.split()[:4] for line in languages.out.splitlines()] == [
        ["2026-11-24", "-", "accept", "1"],
        ["2026-11-24", "fr", "accept", "1"],
    ]
    assert (none.code, none.out) == (0, "Nothing was decided in this time.\n")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--zone", "Paris"), "a time zone of the IANA database"),
        (("--zone", "../etc/passwd"), "a time zone of the IANA database"),
        (("--zone", "Europe"), "a time zone of the IANA database"),
        (("--zone", "\0"), "a time zone of the IANA database"),
        (("--from", "24.11.2026"), "a day such as"),
        (("--from", "2026-11-25", "--to", "2026-11-24"), "must not come before"),
        (("--by", "age"), "--by"),
    ],
    ids=repr,
)
def test_nonsense_is_refused_with_what_was_expected(filled, options, told):
    done = run("audit", "stats", *options, url=filled)

    assert (done.code, done.out) == (2, "")
    assert told in " ".join(done.err.split())
