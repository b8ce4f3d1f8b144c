"""The desk's page at ``/``: how people chose, over any time, from sums that the log keeps.

One question to the store tells all of it; a second one where a kind is wanted over time. No event is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.responses import Response

from consentkit.audit.reader import Reader
from consentkit.audit.trend import Mark, Overview, Series, When, overview, series
from consentkit.desk import figures, tallies
from consentkit.desk.errors import BadInput
from consentkit.desk.figures import SHORT, Cell, Time, percent, seconds
from consentkit.desk.page import Visit
from consentkit.desk.period import Asked, asked, cells
from consentkit.desk.route import Page
from consentkit.desk.tallies import CHOICES, Table

SPLITS = ("act", "purpose", "jurisdiction", "language", "layout", "policy", "notice", "signal")
"""What can be shown over time, the acts first."""
KINDS = ("purpose", "jurisdiction", "language", "layout", "policy", "notice", "signal")
"""What is summed by name, in the order of the page."""
DAYS = (7, 30, 90, 365)
"""Up to today, one click away."""


class Seen(NamedTuple):
    """All that the page shows.

    :param lines: the kind that is wanted over time.
    """

    found: Overview
    lines: Series


async def show(visit: Visit) -> Response:
    """The page."""
    wanted, split = asked(visit), _split(visit)
    seen = await _ask(visit, wanted, split)
    query = wanted.query(visit.zone_name)
    marks = _by_period(seen.found.marks)
    time = Time(
        cells(visit, wanted.when, {name: _marked(visit, policies) for name, policies in marks.items()}),
        [place for place, name in enumerate(wanted.when.periods) if name in marks],
    )
    title = visit.words(f"time-{split}")
    file = visit.at("/overview.csv", **query, split=split, of="time")
    main = figures.over_time(visit, title, tallies.over_time(split, seen.lines), time, file)
    return visit.page(
        "overview.html",
        asked=query,
        split=split,
        splits=SPLITS,
        sites=visit.desk.sites,
        main=main,
        kinds=[_kind(visit, seen.found, kind, query) for kind in KINDS],
        numbers=_numbers(visit, seen.found),
        marks=[_mark(visit, mark) for mark in seen.found.marks],
        ranges=[(days, _recent(visit, days, split, wanted.site)) for days in DAYS],
        empty=not seen.found.decisions,
    )


async def table(visit: Visit) -> Response:
    """The numbers of one chart as a file."""
    wanted, of = asked(visit), visit.query("of")
    if of == "time":
        split = _split(visit)
        lines = (await _ask(visit, wanted, split)).lines
        first = "hour" if wanted.when.hourly else "day"
        return figures.table_file(visit, f"{split}-by-{first}", tallies.over_time(split, lines), first)
    if of not in KINDS:
        raise BadInput("bad-split", split=of)
    found = (await _ask(visit, wanted, "act")).found
    return figures.table_file(visit, of, tallies.by_name(of, found.totals[of]), of)


def look(reader: Reader, when: When, split: str) -> Seen:
    """Ask the log.

    :raises LogUnavailable: it cannot be read.
    """
    found = overview(reader, when)
    return Seen(found, found.acts if split == "act" else series(reader, when, split))


async def _ask(visit: Visit, wanted: Asked, split: str) -> Seen:
    return await asyncio.to_thread(lambda: look(visit.desk.reader(wanted.site or None), wanted.when, split))


def _split(visit: Visit) -> str:
    split = visit.query("split") or "act"
    if split not in SPLITS:
        raise BadInput("bad-split", split=split)
    return split


def _kind(visit: Visit, found: Overview, kind: str, query: Mapping[str, str]) -> figures.Figure:
    summed: Table = tallies.by_name(kind, found.totals[kind])
    file = visit.at("/overview.csv", **query, of=kind)
    return figures.by_name(visit, visit.words(f"kind-{kind}"), summed, file)


def _numbers(visit: Visit, found: Overview) -> list[tuple[str, str, str]]:
    """The key figures: what is counted, how much, and of what."""
    words = visit.words
    chose = tallies.by_name("act", found.totals["act"])
    n = dict(
        zip(chose.columns, map(sum, zip(*(row.counts for row in chose.rows), strict=True)), strict=False)
    )
    chosen = sum(n.get(each, 0) for each in CHOICES)
    shares = [(f"figure-{act}", percent(words, tallies.share(n.get(act, 0), chosen)), "") for act in CHOICES]
    return [
        ("figure-decisions", words.number(found.decisions), ""),
        *shares,
        ("figure-withdraw", words.number(found.withdrawals), ""),
        ("figure-gpc", percent(words, found.gpc_share), ""),
        (
            "figure-time",
            seconds(words, found.mean_ms()),
            words(
                "figure-time-by",
                accept=seconds(words, found.mean_ms("accept")),
                reject=seconds(words, found.mean_ms("reject")),
            ),
        ),
    ]


def _by_period(marks: Sequence[Mark]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mark in marks:
        found.setdefault(mark.period, []).append(mark.policy[:SHORT])
    return found


def _marked(visit: Visit, policies: Sequence[str]) -> str:
    return visit.words("mark-at", policy=visit.words.listed(policies))


def _mark(visit: Visit, mark: Mark) -> tuple[str, Cell]:
    return visit.moment(mark.time), figures.name_of(visit, "policy", mark.policy)


def _recent(visit: Visit, days: int, split: str, site: str) -> str:
    when = When.recent(visit.zone, days)
    query = Asked(when, "", site).query(visit.zone_name)
    return visit.at("/", **query, split=split if split != "act" else "")


PAGES = (Page("/", show, nav="overview"), Page("/overview.csv", table))
