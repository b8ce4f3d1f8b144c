"""The desk's page at ``/gate``: what was held back from visitors' browsers, how often, on whose rule, and for whom nobody asks.

All of it comes from counts by day, UTC; they name services, hosts and cookies, and nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import NamedTuple

from starlette.responses import Response

from consentkit.audit.reader import DayCount, Reader
from consentkit.audit.trend import When
from consentkit.catalogue.entry import FREE_KINDS
from consentkit.catalogue.load import catalogue
from consentkit.core.policy import Policy
from consentkit.core.service import Service
from consentkit.desk import figures
from consentkit.desk.figures import Time
from consentkit.desk.page import Visit
from consentkit.desk.period import Asked, asked, cells
from consentkit.desk.route import Page
from consentkit.desk.tallies import LINES, OTHERS, Row, Table

MOST = 200
"""Rules, hosts or cookies that a page lists; the file has all."""
HELD = ("gate", "cookie", "link")
"""Kinds of counts that tell of something held back: elements of pages, cookies, preloads."""
UNKNOWN = ("unknown", "reported")
"""What third parties go by that nobody knows: held back, or only told of."""
MARKUP = "markup"
"""The rule of what a page says of itself."""
_EPOCH = date(1970, 1, 1)


class Held(NamedTuple):
    """What was held back on one rule.

    :param kind: of :data:`HELD`, or ``unknown``.
    :param name: the service's id, or one of :data:`UNKNOWN`.
    :param rule: an address, a cookie's name, or :data:`MARKUP`.
    """

    kind: str
    name: str
    rule: str


class Line(NamedTuple):
    """A rule as the page tells it.

    :param standing: key of the words that say on whose account.
    :param purposes: what visitors would have to grant.
    """

    service: str
    what: str
    standing: str
    purposes: tuple[str, ...]
    rule: str
    times: str


async def show(visit: Visit) -> Response:
    """The page."""
    wanted = asked(visit, UTC)
    counts = await visit.ask(look, wanted)
    sums = summed(counts)
    policy = visit.desk.policy
    known = {held: n for held, n in sums.items() if held.kind in HELD and held.name not in UNKNOWN}
    strangers = [(held, n) for held, n in sums.items() if held.name in UNKNOWN]
    query = {name: value for name, value in wanted.query("").items() if name in ("from", "to")}
    return visit.page(
        "gate.html",
        asked=query,
        figure=_figure(visit, wanted, counts, visit.at("/gate.csv", **query, of="days")) if known else None,
        lines=[_line(visit, held, n) for held, n in list(known.items())[:MOST]],
        unnamed=[_service(visit, name, n) for name, n in unnamed(policy, sums)],
        hosts=[(held, visit.words.number(n)) for held, n in strangers if held.kind != "cookie"][:MOST],
        cookies=[(held, visit.words.number(n)) for held, n in strangers if held.kind == "cookie"][:MOST],
        silent=[_service(visit, name, _times(sums, name)) for name in silent(policy)],
        treated={"unlisted": policy.unlisted, "unknown": policy.unknown, "cookies": policy.unknown_cookies},
        most=MOST,
        file=visit.at("/gate.csv", **query),
    )


async def table(visit: Visit) -> Response:
    """All rules as a file, or the numbers of the chart."""
    wanted = asked(visit, UTC)
    counts = await visit.ask(look, wanted)
    if visit.query("of") == "days":
        return figures.table_file(visit, "gate-by-day", by_day(wanted, counts), "day")
    rows = ((_day(each.day), each.kind, each.name, each.rule, each.n) for each in counts)
    return figures.as_file(visit, "gate", ("day", "kind", "service", "rule", "times"), rows)


def look(reader: Reader, wanted: Asked) -> list[DayCount]:
    """Ask the log.

    :raises LogUnavailable: it cannot be read.
    """
    return list(reader.counts(*((each - _EPOCH).days for each in (wanted.when.first, wanted.when.last))))


def summed(counts: Iterable[DayCount]) -> dict[Held, int]:
    """How often, on each rule, the most frequent first."""
    found: Counter[Held] = Counter()
    for each in counts:
        found[Held(each.kind, each.name, each.rule)] += each.n
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def by_day(wanted: Asked, counts: Sequence[DayCount]) -> Table:
    """For each day how often each of the most frequent services was held back."""
    held = [each for each in counts if each.kind in HELD and each.name not in UNKNOWN]
    totals: Counter[str] = Counter()
    for each in held:
        totals[each.name] += each.n
    names = [name for name, _ in totals.most_common()]
    columns = tuple(names) if len(names) <= LINES + 1 else (*names[:LINES], OTHERS)
    days: dict[str, Counter[str]] = {
        period: Counter() for period in When(wanted.when.first, wanted.when.last).periods
    }
    for each in held:
        days[_day(each.day)][each.name if each.name in columns else OTHERS] += each.n
    rows = [Row(day, tuple(n[column] for column in columns)) for day, n in days.items()]
    return Table("service", columns, tuple(rows), named=True)


def unnamed(policy: Policy, sums: Mapping[Held, int]) -> Iterator[tuple[str, int]]:
    """Services that pages asked for, that the catalogue knows and the policy does not name, and how often."""
    entries = catalogue().entries
    for name in dict.fromkeys(held.name for held in sums):
        if name in entries and name not in policy.services and entries[name].kind not in FREE_KINDS:
            yield name, _times(sums, name)


def silent(policy: Policy) -> Iterator[str]:
    """Services of the policy that keep nothing in a browser: fonts and their like, which still receive its address."""
    for name, service in policy.services.items():
        if not service.cookies and not service.storage:
            yield name


def _times(sums: Mapping[Held, int], name: str) -> int:
    return sum(n for held, n in sums.items() if held.name == name)


def _figure(visit: Visit, wanted: Asked, counts: Sequence[DayCount], file: str) -> figures.Figure:
    days = Time(cells(visit, When(wanted.when.first, wanted.when.last), {}))
    return figures.over_time(visit, visit.words("gate-days"), by_day(wanted, counts), days, file)


def _line(visit: Visit, held: Held, n: int) -> Line:
    policy = visit.desk.policy
    service = policy.services.get(held.name)
    if held.rule == MARKUP:
        standing = "standing-markup"
    elif service is not None:
        standing = "standing-named"
    else:
        standing = "standing-unnamed"
    purposes = service.purposes if service else ()
    return Line(
        _title(policy, held.name) or visit.words("unknown"),
        f"held-{held.kind}",
        standing,
        purposes,
        held.rule,
        visit.words.number(n),
    )


def _service(visit: Visit, name: str, n: int) -> dict[str, object]:
    service = _known(visit.desk.policy, name)
    return {
        "id": name,
        "title": _title(visit.desk.policy, name),
        "vendor": service.vendor if service else "",
        "purposes": service.purposes if service else (),
        "times": visit.words.number(n),
    }


def _known(policy: Policy, name: str) -> Service | None:
    return policy.services.get(name) or catalogue().entries.get(name)


def _title(policy: Policy, name: str) -> str:
    service = _known(policy, name)
    return (service.title if service else "") or name


def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).isoformat()


PAGES = (Page("/gate", show, nav="gate"), Page("/gate.csv", table))
