"""Charts as SVG inside a page. Leather draws; the desk's style sheet colours, so that dark mode needs no second drawing.

Nothing in them is styled in place, which the desk's own policy for content would not let through. To who does not see them
they are one picture with a name: the numbers stand in a table beside each. Times run from left to right in every language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import leather  # type: ignore[import-untyped]
from leather import theme
from markupsafe import Markup

WIDTH, HEIGHT = 580, 250
"""Of a chart over time, in its own units: about pixels."""
ROW, FOOT = 24, 34
"""Height of a bar, and of what stands below the last."""
FEWEST = 9
"""Columns that there is room for, so that one day alone is no wall."""
COLUMNS = 130
"""Days or hours up to which each is a column; more are lines."""
TICKS = 6
"""Days or hours that have their name below."""
LONGEST = 18
"""Characters of a name beside a bar; the table has all of it."""
COLOURS = 6
"""Colours of the style sheet; it has ``--chart-0`` and on."""
_FRACTION = re.compile(r"(\d+\.\d)\d+")
_SLACK = 12
"""Units outside of the drawing that half a name may need."""

Told = Callable[[int], str]
"""Writes a number."""


class Line(NamedTuple):
    """How often one thing happened, in each day or hour, or to each name.

    :param name: what it is called.
    :param values: a count for each.
    """

    name: str
    values: Sequence[int]


def over_time(
    title: str, labels: Sequence[str], lines: Sequence[Line], told: Told, marked: Collection[int] = ()
) -> Markup:
    """Counts one upon the other in columns, or as lines where there are more than :data:`COLUMNS`.

    :param labels: names of the days or hours.
    :param marked: positions of those that stand out.
    """
    chart = leather.Chart()
    stacked = len(labels) <= COLUMNS
    sums = map(sum, zip(*(line.values for line in lines), strict=True))
    most = max(sums if stacked else (n for line in lines for n in line.values), default=0)
    # What stands out must be seen above the highest column too.
    counts = _counts(most + most // 12 + 1 if marked else most)
    top = int(counts.ticks()[-1])
    chart.set_y_scale(counts)
    chart.add_y_axis([each for each in counts.ticks() if each == int(each)], _told(told))
    if stacked:
        empty = range(max(0, FEWEST - len(labels)) // 2)
        places = (
            [f"<{place}" for place in empty],
            map(str, range(len(labels))),
            [f">{place}" for place in empty],
        )
        chart.set_x_scale(leather.Ordinal(list(chain(*places))))
        for place in marked:
            chart.add_series(leather.Series([(str(place), top)]), _Columns("var(--chart-mark)"))
        for number, line, sofar in _heaped(lines):
            rows = [
                (str(place), high, f"{labels[place]} · {line.name}: {told(n)}")
                for place, (n, high) in enumerate(zip(line.values, sofar, strict=True))
                if n
            ]
            if rows:
                chart.add_series(leather.Series(rows), _Columns(_colour(number)))
    else:
        chart.add_x_scale(0, len(labels) - 1)
        for place in marked:
            chart.add_series(leather.Series([(place, 0), (place, top)]), _Path("var(--chart-mark)", 5))
        for number, line in enumerate(lines):
            chart.add_series(leather.Series(list(enumerate(line.values))), _Path(_colour(number), 2))
    every = -(-len(labels) // TICKS)
    ticks = range(0, len(labels), every)
    chart.add_x_axis([str(place) if stacked else place for place in ticks], lambda at, *_: labels[int(at)])
    return _picture(chart, title, WIDTH, HEIGHT)


def by_name(title: str, names: Sequence[str], lines: Sequence[Line], told: Told) -> Markup:
    """Counts one behind the other in bars, a bar for each name."""
    chart = leather.Chart()
    counts = _counts(max(map(sum, zip(*(line.values for line in lines), strict=True)), default=0))
    chart.set_x_scale(counts)
    whole = [each for each in counts.ticks() if each == int(each)]
    chart.add_x_axis(whole[:: -(-len(whole) // TICKS)], _told(told))
    places = [str(place) for place in range(len(names))]
    chart.set_y_scale(leather.Ordinal(places[::-1]))
    chart.add_y_axis(tick_formatter=lambda at, *_: _short(names[int(at)]))
    for number, line, sofar in _heaped(lines):
        rows = [
            (far, place, f"{names[int(place)]} · {line.name}: {told(n)}")
            for place, n, far in zip(places, line.values, sofar, strict=True)
            if n
        ]
        if rows:
            chart.add_series(leather.Series(rows), _Bars(_colour(number)))
    return _picture(chart, title, WIDTH, ROW * len(names) + FOOT + 2 * int(WIDTH * theme.margin))


class _Columns(leather.Columns):  # type: ignore[misc]
    """Columns that tell their number to who points at them. The page has the legend."""

    def legend_to_svg(self, series: Any, palette: Any) -> list[Any]:
        return []

    def to_svg(self, *arguments: Any) -> ET.Element:
        return _named(super().to_svg(*arguments), arguments[4])


class _Bars(leather.Bars):  # type: ignore[misc]
    """Bars likewise."""

    def legend_to_svg(self, series: Any, palette: Any) -> list[Any]:
        return []

    def to_svg(self, *arguments: Any) -> ET.Element:
        return _named(super().to_svg(*arguments), arguments[4])


class _Path(leather.Line):  # type: ignore[misc]
    """A line. The page has the legend."""

    def legend_to_svg(self, series: Any, palette: Any) -> list[Any]:
        return []


def _named(group: ET.Element, series: Any) -> ET.Element:
    for shape, each in zip(group, series.data(), strict=True):
        for told in each.row[2:]:
            ET.SubElement(shape, "title").text = told
    return group


def _heaped(lines: Sequence[Line]) -> Iterable[tuple[int, Line, list[int]]]:
    """Each line by its number with the sums up to it, the last first: what is drawn later covers all but its end."""
    sofar = [0] * len(lines[0].values) if lines else []
    found = []
    for number, line in enumerate(lines):
        sofar = [before + n for before, n in zip(sofar, line.values, strict=True)]
        found.append((number, line, sofar))
    return reversed(found)


def _counts(most: int) -> Any:
    """A scale from zero to a round number."""
    return leather.Linear(0, leather.Linear(0, max(most, 1)).ticks()[-1])


def _told(told: Told) -> Callable[..., str]:
    return lambda value, *_: told(int(value))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _colour(number: int) -> str:
    return f"var(--chart-{number % COLOURS})"


def _picture(chart: Any, title: str, width: int, height: int) -> Markup:
    """The drawing, its margins cut off, its numbers no finer than can be seen."""
    margin = width * theme.margin
    box = (
        margin - _SLACK,
        margin - _SLACK,
        width - 2 * margin + 3 * _SLACK,
        height - 2 * margin + 2 * _SLACK,
    )
    picture = ET.Element("svg", {"class": "chart", "viewBox": " ".join(f"{each:g}" for each in box)})
    picture.attrib |= {"role": "img", "aria-label": title}
    picture.append(chart.to_svg_group(width, height))
    for element in picture.iter():
        for name, value in element.attrib.items():
            if name not in ("aria-label", "class", "fill", "stroke"):
                element.set(name, _FRACTION.sub(r"\1", value))
    return Markup(ET.tostring(picture, encoding="unicode"))  # noqa: S704 - escaped by its writer
