"""A cookie's ``Expires``, read as browsers read it (RFC 6265 section 5.1.1, kept by RFC 6265bis; checked 2026-11).

Stricter in one point: a number or a time that runs into a letter, ``00:00:00Z``, is none, since Chromium takes it for none. A
date that only we could read would let a cookie pass as deleted that a browser keeps.
"""

from __future__ import annotations

import re
from calendar import monthrange, timegm

MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
FIRST_YEAR = 1601

_TOKEN = re.compile(rb"[^\t -/;-@\[-`{-~]+")
_TIME = re.compile(rb"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})")
_DAY = re.compile(rb"[0-9]{1,2}")
_YEAR = re.compile(rb"[0-9]{2,4}")


def cookie_date(value: bytes) -> int | None:
    """Seconds since 1970 UTC, or ``None`` for what a browser would pass over."""
    clock: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _TOKEN.findall(value):
        if clock is None and (match := _TIME.fullmatch(token)):
            clock = (int(match[1]), int(match[2]), int(match[3]))
        elif day is None and (match := _DAY.fullmatch(token)):
            day = int(match[0])
        elif month is None and token[:3].lower() in MONTHS:
            month = MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := _YEAR.fullmatch(token)):
            year = _full(int(match[0]))
    if clock is None or day is None or month is None or year is None or year < FIRST_YEAR:
        return None
    if not (1 <= day <= monthrange(year, month)[1] and clock < (24,) and clock[1] < 60 and clock[2] < 60):
        return None
    return timegm((year, month, day, *clock))


def _full(year: int) -> int:
    if year < 70:
        return year + 2000
    return year + 1900 if year < 100 else year
