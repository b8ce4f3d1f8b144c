"""Numbers, lengths of time and dates in a language."""

from __future__ import annotations

import datetime

import pytest

from consentkit.languages import languages
from consentkit.languages.spoken import UNITS, duration, language_of, moment, number

DAY = 86_400
ROOT = {"y", "m", "d", "h", "s", "min"}
"""What CLDR's root says for units that a language does not have."""


@pytest.mark.parametrize(
    ("language", "days", "text"),
    [
        ("de", 390, "13 Monate"),
        ("fr", 390, "13\xa0mois"),
        ("pl", 60, "2 miesiące"),
        ("pl", 390, "13 miesięcy"),
        ("sl", 60, "2 meseca"),
        ("sl", 90, "3 meseci"),
        ("ar", 60, "شهران"),
        ("ar", 180, "6 أشهر"),
        ("ar", 390, "13 شهرًا"),
        ("mt", 60, "xahrejn"),
        ("mt", 180, "6 xhur"),
        ("mt", 390, "13-il xahar"),
        ("fa", 390, "۱۳ ماه"),
        ("bn", 390, "১৩ মাস"),
        ("zh-Hans", 390, "13个月"),
        ("tlh", 390, "13 months"),
    ],
)
def test_a_length_of_time_has_the_language_s_plural_and_digits(language: str, days: int, text: str) -> None:
    assert duration(days * DAY, language) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 second"),
        (90, "90 seconds"),
        (1_800, "30 minutes"),
        (7_200, "2 hours"),
        (DAY, "1 day"),
        (30 * DAY, "1 month"),
        (180 * DAY, "6 months"),
        (365 * DAY, "1 year"),
        (366 * DAY, "1 year"),
        (400 * DAY, "400 days"),
        (34_186_698, "396 days"),
        (730 * DAY, "2 years"),
    ],
)
def test_a_length_of_time_is_said_in_the_largest_unit_that_is_close(seconds: int, text: str) -> None:
    assert duration(seconds, "en") == text


@pytest.mark.parametrize("language", languages("notice"))
def test_every_language_has_words_for_each_unit(language: str) -> None:
    for size in UNITS.values():
        word = "".join(char for char in duration(3 * size, language) if not char.isdecimal()).strip()

        assert word
        assert word not in ROOT


def test_a_large_number_has_the_language_s_separators() -> None:
    assert [number(12_345, tag) for tag in ("en", "de", "fa", "tlh")] == [
        "12,345",
        "12.345",
        "۱۲٬۳۴۵",
        "12,345",
    ]


def test_a_moment_is_told_in_utc_and_says_so() -> None:
    when = datetime.datetime(2026, 11, 25, 15, 54, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))

    assert moment(when, "sk") == "25. novembra 2026, 14:54:00 UTC"
    assert "۱۴:۵۴" in moment(when, "fa")


@pytest.mark.parametrize(
    ("tag", "name", "direction"),
    [("de", "Deutsch", "ltr"), ("yi", "ייִדיש", "rtl"), ("tlh", "tlh", "ltr"), ("de-u-co", "de-u-co", "ltr")],
)
def test_a_language_that_we_have_no_words_of_is_named_as_far_as_it_is_known(
    tag: str, name: str, direction: str
) -> None:
    found = language_of(tag)

    assert (found.name, found.direction) == (name, direction)
