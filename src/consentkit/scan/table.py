"""What was found on pages, as lines for people and as data for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from consentkit.scan.judge import NOBODY, STAGES, Report

WITHOUT = "without"
TITLES = {WITHOUT: "without us", "before": "before", "rejected": "after reject", "accepted": "after accept"}
_SHOWN = 5
"""Addresses or errors of one kind that are shown; the rest are counted."""


def lines_of(reports: Sequence[Report]) -> Iterator[str]:
    """A table for each page, what is wrong with it below, and a last line on all."""
    for report in reports:
        yield from _page(report)
        yield ""
    yield summary(reports)


def summary(reports: Sequence[Report]) -> str:
    """One line on all pages."""
    leaks = sum(len(report.leaks) for report in reports)
    leaking = sum(bool(report.leaks) for report in reports)
    failed = sum(bool(report.trouble) for report in reports)
    text = (
        f"{len(reports)} pages: {leaks} leaks on {leaking} pages"
        if leaks
        else f"{len(reports)} pages: no leak"
    )
    return text + (f"; {failed} could not be looked at" if failed else "")


def data_of(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [asdict(report) for report in reports]


def _page(report: Report) -> Iterator[str]:
    yield report.page
    if report.trouble:
        yield f"  could not be looked at: {report.trouble}"
        return
    yield from _counts(report)
    for leak in report.leaks:
        why = "" if leak.listed else ", which the policy does not name"
        yield f"  LEAK {TITLES[leak.stage]}: {leak.service}{why}: {leak.address}"
    for stage in STAGES:
        when = TITLES[stage]
        yield from _some(f"lost {when}", report.lost.get(stage, ()))
        yield from _some(f"new {when}", report.added.get(stage, ()))
        yield from _some(f"error {when}", report.errors.get(stage, ()))


def _counts(report: Report) -> Iterator[str]:
    if not report.counts:
        yield "  asks nobody"
        return
    looked = {stage for row in report.counts.values() for stage in row}
    columns = [stage for stage in TITLES if stage in looked]
    names = sorted(report.counts, key=lambda name: (name == NOBODY, name))
    width = max(map(len, (*names, "service")))
    yield f"  {'service':<{width}}" + "".join(f"  {TITLES[stage]:>12}" for stage in columns)
    for name in names:
        row = report.counts[name]
        yield f"  {name:<{width}}" + "".join(f"  {row.get(stage, 0):>12}" for stage in columns)


def _some(what: str, found: Sequence[str]) -> Iterator[str]:
    for each in found[:_SHOWN]:
        yield f"  {what}: {each}"
    if len(found) > _SHOWN:
        yield f"  {what}: and {len(found) - _SHOWN} more"
