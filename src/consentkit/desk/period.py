"""The time that an overview is of: what was asked for, and what its days and hours are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from babel import Locale
from babel.dates import format_skeleton

from consentkit.audit.rollup import SLOT
from consentkit.audit.stats import slots
from consentkit.audit.trend import MOST, RECENT, When
from consentkit.desk.errors import BadInput
from consentkit.desk.figures import Cell
from consentkit.desk.moments import day
from consentkit.desk.page import Visit, known_zone

HOURLY_DAYS = 2
"""Days that are shown by hour where nobody says how."""
HOUR = 3600 // SLOT
FIRST, LAST = date(1970, 1, 1), date(9998, 12, 31)
"""Days that can be asked for: the log knows none before, and calendars end."""


class Asked(NamedTuple):
    """A time, as the form asks for it.

    :param by: ``day`` or ``hour``; empty where the number of days decides.
    :param site: another site than that of the desk; empty for its own.
    """

    when: When
    by: str
    site: str = ""

    def query(self, zone: str) -> Mapping[str, str]:
        """The same as the address of a page says it."""
        return {
            "from": self.when.first.isoformat(),
            "to": self.when.last.isoformat(),
            "by": self.by,
            "zone": zone,
            "site": self.site,
        }


def asked(visit: Visit, clock: tzinfo | None = None) -> Asked:
    """What a page is asked to show; the last days where it is not.

    :param clock: whose days; absent, those of the zone in which the page is seen.
    :raises BadInput: it cannot be meant.
    """
    zone, by = visit.query("zone"), visit.query("by")
    if zone and not known_zone(zone):
        raise BadInput("bad-zone", zone=zone[:64])
    if by not in ("", "day", "hour"):
        raise BadInput("bad-by", by=by)
    site = visit.query("site")
    if site and site not in visit.desk.sites:
        raise BadInput("bad-site", site=site)
    first, last = day(visit.query("from"), "from"), day(visit.query("to"), "to")
    for each in filter(None, (first, last)):
        if not FIRST <= each <= LAST:
            raise BadInput("bad-moment", field="from" if each is first else "to", text=each.isoformat())
    where = clock or visit.zone
    last = last or max(datetime.now(where).date(), first or FIRST)
    first = first or max(last - timedelta(days=RECENT - 1), FIRST)
    if last < first:
        raise BadInput("bad-range")
    hourly = by == "hour" if by else (last - first).days < HOURLY_DAYS
    try:
        return Asked(When(first, last, where, hourly), by, site)
    except ValueError:
        raise BadInput("bad-many", most=MOST) from None


def cells(visit: Visit, when: When, marks: Mapping[str, str]) -> list[Cell]:
    """What the days or hours are called, and what is to be said of them.

    :param marks: of days or hours, by their name.
    """
    told = _hour if when.hourly else _day
    locale = Locale.parse(visit.words.language, sep="-")
    shown = Counter(period[:16] for period in when.periods)
    found = []
    for period in when.periods:
        notes = [marks[period]] if period in marks else []
        if when.hourly and shown[period[:16]] > 1:
            notes.append(visit.words("hour-twice"))
        elif not when.hourly and (hours := hours_of(period, when.zone)) != 24:
            notes.append(visit.words("day-hours", n=hours))
        label = told(period, locale, when, twice=shown[period[:16]] > 1)
        found.append(Cell(period.replace("T", " ", 1), label, "", " · ".join(notes)))
    return found


def hours_of(period: str, zone: tzinfo) -> int:
    """How long a day is by its clocks."""
    found = date.fromisoformat(period)
    first, last = slots(found, found, zone)
    return (last - first + 1) // HOUR


def _day(period: str, locale: Locale, when: When, *, twice: bool) -> str:
    skeleton = "MMMd" if (when.last - when.first).days < 366 else "yMMMd"
    return str(format_skeleton(skeleton, datetime.fromisoformat(period), locale=locale))


def _hour(period: str, locale: Locale, when: When, *, twice: bool) -> str:
    found = datetime.fromisoformat(period)
    clock = f"{found:%H:%M}{period[16:] if twice else ''}"
    if when.first == when.last:
        return clock
    return f"{format_skeleton('MMMd', found.replace(tzinfo=None), locale=locale)} {clock}"
