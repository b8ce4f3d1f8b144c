from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.duration import UNITS, parse_duration


@given(st.integers(0, 999_999_999), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " "]))
def test_a_number_and_a_unit_are_that_many_seconds(number: int, unit: str, blank: str) -> None:
    assert parse_duration(f"{number}{blank}{unit}") == number * UNITS[unit]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("180d", 15_552_000),
        ("6mo", 15_552_000),
        ("2h", 7_200),
        ("90min", 5_400),
        ("1y", 31_536_000),
        ("4w", 2_419_200),
    ],
)
def test_lengths_as_people_write_them(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@given(st.integers())
def test_a_whole_number_is_seconds_already(number: int) -> None:
    assert parse_duration(number) == number


@pytest.mark.parametrize(
    "value",
    [
        "",
        "d",
        "180",
        "180 days",
        "-1d",
        "1.5d",
        "1d ",
        "1D",
        "1m",
        "1d\n",
        "٣d",
        "9999999999d",
        True,
        1.0,
        None,
        date(2026, 1, 1),
    ],
)
def test_anything_else_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(ValueError, match="such as"):
        parse_duration(value)
