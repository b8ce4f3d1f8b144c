"""The charts, as whoever reads their SVG finds them."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from consentkit.desk.charts import COLUMNS, FEWEST, HEIGHT, WIDTH, Line, by_name, over_time

HOSTILE = "</svg><script>alert(1)</script>\"'&"


def read(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)


def rects(svg: ET.Element) -> list[ET.Element]:
    return svg.findall(".//g[@class='series columns']/rect") + svg.findall(".//g[@class='series bars']/rect")


def titles(svg: ET.Element) -> list[str | None]:
    return [each.text for each in svg.iter("title")]


def labels(svg: ET.Element) -> list[str]:
    return [each.text or "" for each in svg.iter("text")]


def test_columns_stand_one_upon_the_other() -> None:
    svg = read(over_time("Choices", ["1", "2"], [Line("yes", [3, 1]), Line("no", [1, 0])], str))

    heights = {title: float(rect.get("height") or 0) for rect in rects(svg) for title in titles(rect)}
    assert set(heights) == {"1 · yes: 3", "2 · yes: 1", "1 · no: 1"}
    # The later is drawn first and reaches to the sum: what of it is seen above the earlier is its own.
    assert heights["1 · no: 1"] == pytest.approx(4 * heights["2 · yes: 1"], abs=0.2)
    assert heights["1 · yes: 3"] == pytest.approx(3 * heights["2 · yes: 1"], abs=0.2)
    assert titles(svg).index("1 · no: 1") < titles(svg).index("1 · yes: 3")


def test_a_chart_is_one_picture_with_a_name_and_takes_its_colours_from_the_style_sheet() -> None:
    drawn = over_time("Choices & co", ["1"], [Line("yes", [1])], str, [0])

    assert 'role="img" aria-label="Choices &amp; co"' in drawn
    assert 'fill="var(--chart-0)"' in drawn
    assert 'fill="var(--chart-mark)"' in drawn
    assert "style" not in drawn
    assert "<script" not in drawn


def test_text_of_others_stays_text() -> None:
    for drawn in (
        over_time(HOSTILE, [HOSTILE], [Line(HOSTILE, [1])], str),
        by_name(HOSTILE, [HOSTILE], [Line(HOSTILE, [1])], str),
    ):
        svg = read(drawn)

        assert svg.get("aria-label") == HOSTILE
        assert titles(svg) == [f"{HOSTILE} · {HOSTILE}: 1"]
        assert "<script" not in drawn


def test_a_marked_day_has_a_ground_of_full_height() -> None:
    svg = read(over_time("Choices", ["1", "2"], [Line("yes", [1, 2])], str, [1]))

    ground = [rect for rect in rects(svg) if rect.get("fill") == "var(--chart-mark)"]
    assert len(ground) == 1
    assert float(ground[0].get("height") or 0) == max(float(each.get("height") or 0) for each in rects(svg))


def test_one_day_alone_is_a_column_and_no_wall() -> None:
    svg = read(over_time("Choices", ["1"], [Line("yes", [1])], str))

    (rect,) = rects(svg)
    assert float(rect.get("width") or 0) < WIDTH / (FEWEST - 2)


def test_more_days_than_there_is_room_for_are_lines() -> None:
    days = [str(day) for day in range(COLUMNS + 1)]

    svg = read(
        over_time("Choices", days, [Line("yes", range(len(days))), Line("no", [0] * len(days))], str, [3])
    )

    paths = svg.findall(".//g[@class='series lines']/path")
    assert [path.get("stroke") for path in paths] == ["var(--chart-mark)", "var(--chart-0)", "var(--chart-1)"]
    assert rects(svg) == []


@pytest.mark.parametrize("days", [1, 2, 7, 30, 90, COLUMNS, COLUMNS + 1, 4000])
def test_days_are_named_so_that_their_names_have_room(days: int) -> None:
    svg = read(over_time("Choices", [f"day {day}" for day in range(days)], [Line("yes", [1] * days)], str))

    named = [each for each in labels(svg) if each.startswith("day")]
    assert "day 0" in named
    assert 1 <= len(named) <= 6


@pytest.mark.parametrize("most", [1, 2, 3, 10, 999, 1_000_000])
def test_numbers_beside_a_chart_are_whole(most: int) -> None:
    for drawn in (
        over_time("Choices", ["1"], [Line("yes", [most])], lambda n: f"#{n}"),
        by_name("Choices", ["a"], [Line("yes", [most])], lambda n: f"#{n}"),
    ):
        told = [int(each[1:]) for each in labels(read(drawn)) if each.startswith("#")]

        assert len(told) == len(set(told)) > 1
        assert max(told) >= most * 0.5


def test_each_name_is_a_bar_the_first_above() -> None:
    svg = read(by_name("By", ["FR", "a name that is too long to stand there"], [Line("yes", [2, 1])], str))

    first, second = rects(svg)
    assert float(first.get("y") or 0) < float(second.get("y") or 0)
    assert [title for title in titles(svg) if title] == [
        "FR · yes: 2",
        "a name that is too long to stand there · yes: 1",
    ]
    assert "a name that is to…" in labels(svg)


def test_a_chart_of_years_by_day_stays_small() -> None:
    days = 4000

    drawn = over_time("Choices", ["1"] * days, [Line(str(n), [n] * days) for n in range(5)], str)

    assert len(drawn) < 400_000
    assert f"{WIDTH}" in drawn
    assert f"{HEIGHT}" in drawn
