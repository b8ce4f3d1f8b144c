"""Numbers, times and dates as a language writes them: digits, plurals and order by Unicode CLDR, through Babel.

Babel keeps about a megabyte for each language that it was asked for, so what every notice needs does without. A language that
CLDR does not know is given the English forms.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Literal

from consentkit.languages import FOLDER, Language, languages

Unit = Literal["year", "month", "day", "hour", "minute", "second"]
UNITS: Mapping[Unit, int] = {
    "year": 31_536_000,
    "month": 2_592_000,
    "day": 86_400,
    "hour": 3_600,
    "minute": 60,
    "second": 1,
}
"""Seconds. A month has thirty days, as in a policy."""
CLOSE = 0.01
"""How far a time may be from what is said of it: 366 days are a year, 400 are not thirteen months."""

SMALL = 1000
"""A number below has no separators."""


def language_of(tag: str) -> Language:
    """A language, also one that we have no words of; named by its tag where CLDR does not know it."""
    ours = languages("notice").get(tag)
    locale = None if ours else _known_locale(tag)
    if locale is None:
        return ours or Language(tag, tag, "ltr")
    return Language(tag, locale.display_name or tag, "rtl" if locale.text_direction == "rtl" else "ltr")


def number(value: int, language: str) -> str:
    """A whole number, in the language's own digits."""
    from babel.numbers import format_decimal

    text = (
        str(value)
        if 0 <= value < SMALL
        else format_decimal(value, locale=_locale(language), numbering_system="default")
    )
    return _digits(text, language)


@lru_cache(512)
def duration(seconds: int, language: str) -> str:
    """A length of time in the largest unit that says it closely: ``13 Monate``, ``400 Tage``."""
    from babel.dates import format_timedelta

    unit = next(name for name, size in UNITS.items() if _is_close(seconds, size))
    count = round(seconds / UNITS[unit])
    locale = _locale(language)
    own = _own().get(language, {}).get(unit)
    if own:
        return str(own[locale.plural_form(count)].format(number(count, language)))
    span = datetime.timedelta(seconds=count * UNITS[unit])
    return _digits(format_timedelta(span, granularity=unit, threshold=10**9, locale=locale), language)


def moment(when: datetime.datetime, language: str) -> str:
    """A day and a time of day in UTC, which it names."""
    from babel.dates import format_datetime

    text = format_datetime(when, "long", tzinfo=datetime.UTC, locale=_locale(language))
    return _digits(text, language)


def _is_close(seconds: int, size: int) -> bool:
    count = round(seconds / size)
    return size == 1 or (count > 0 and abs(seconds - count * size) <= CLOSE * seconds)


def _digits(text: str, language: str) -> str:
    """A text with the language's own digits, which Babel knows and never writes."""
    ours = languages("notice").get(language)
    return (
        text.translate({ord("0") + place: digit for place, digit in enumerate(ours.digits)}) if ours else text
    )


def _locale(language: str) -> Any:
    return _known_locale(language) or _known_locale("en")


@cache
def _known_locale(tag: str) -> Any:
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


@cache
def _own() -> Mapping[str, Any]:
    """The forms of units that CLDR lacks, by language, unit and plural."""
    return tomllib.loads((FOLDER / "units.toml").read_text(encoding="utf-8"))
