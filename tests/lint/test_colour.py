"""Contrast, by the figures that WCAG's own examples give."""

import pytest

from consentkit.lint.colour import contrast, parse


@pytest.mark.parametrize(
    ("ink", "ground", "ratio"),
    [
        ("#000", "#fff", 21.0),
        ("#777777", "white", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("rgb(1, 2, 3)", "#010203", 1.0),
    ],
)
def test_a_contrast_is_the_one_of_the_standard(ink: str, ground: str, ratio: float) -> None:
    one, other = parse(ink), parse(ground)

    assert one
    assert other
    assert round(contrast(one, other), 2) == ratio
    assert contrast(one, other) == contrast(other, one)


@pytest.mark.parametrize("text", ["", "red-ish", "#12", "rgba(0, 0, 0, 0.5)", "var(--ink)"])
def test_what_is_no_opaque_colour_is_none(text: str) -> None:
    assert parse(text) is None
