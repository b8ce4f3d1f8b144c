"""How a site's notice looks: a few values, each of a form that cannot leave its place, and readable together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from consentkit.core.errors import Problem
from consentkit.core.form import Form
from consentkit.core.plain import table
from consentkit.core.value import Value

Colour = Annotated[str, Form(r"#([0-9A-Fa-f]{3}){1,2}", 'a colour such as "#1f6f4a", in hexadecimal digits')]
"""Hexadecimal and nothing else, so that contrasts can be told before anybody has to read them."""
Length = Annotated[
    str, Form(r"(0|[0-9]{1,2}(\.[0-9]{1,2})?(px|em|rem))", 'a length such as "8px", "0.5em" or "0"')
]
Fonts = Annotated[
    str,
    Form(
        r"(?=.{1,200}$)([A-Za-z][A-Za-z0-9-]*|\"[A-Za-z0-9 -]+\")( *, *([A-Za-z][A-Za-z0-9-]*|\"[A-Za-z0-9 -]+\"))*",
        "names of fonts, a comma between, in double quotes where they hold blanks; at most 200 characters",
    ),
]
LIGHT = {
    "paper": "#fff",
    "ink": "#1c2128",
    "soft": "#535b66",
    "line": "#d3d8de",
    "fill": "#2a3340",
    "on": "#fff",
}
DARK = {
    "paper": "#1e2228",
    "ink": "#eceff2",
    "soft": "#adb5bf",
    "line": "#3c434d",
    "fill": "#dfe4ea",
    "on": "#16191d",
}
"""The colours of ours that a theme replaces."""
READ = (("ink", "paper", 5.0), ("soft", "paper", 5.0), ("on", "fill", 4.5), ("fill", "paper", 3.0))
"""What is seen on what, and the least contrast of the two: 4.5 for text, 3 for a switch (WCAG 2.2, 1.4.3 and 1.4.11, level AA;
checked 2026-11). The ground of the visitor's pages is a little darker than the paper, so text on it needs more."""


class Colours(Value):
    """The colours of one scheme. Absent: ours."""

    paper: Colour | None = None
    """Behind the text."""
    ink: Colour | None = None
    """The text."""
    soft: Colour | None = None
    """Text of less weight."""
    line: Colour | None = None
    """Borders."""
    fill: Colour | None = None
    """The buttons, accepting and refusing alike."""
    on: Colour | None = None
    """The words on a button."""

    @property
    def colours(self) -> dict[str, str]:
        """The colours that are given, by name."""
        return {name: value for name in LIGHT if (value := getattr(self, name)) is not None}


class Theme(Colours):
    """How the notice and the visitor's pages look. Colours given here are for a light scheme."""

    round: Length | None = None
    """The radius of a button's corners; a card has more of it."""
    font: Fonts | None = None
    """The fonts, e.g. `"Source Sans 3", sans-serif`. They must be there: the notice loads none."""
    dark: Colours = Colours()
    """The colours for a dark scheme."""

    @property
    def shape(self) -> dict[str, str]:
        """What is the same in both schemes, by name."""
        return {name: value for name in ("round", "font") if (value := getattr(self, name)) is not None}


def unreadable(theme: Mapping[str, Any]) -> Iterator[Problem]:
    """Where a theme's text cannot be read on what is behind it.

    :param theme: the table as plain data; what is of a wrong form is passed over, and reported where it is judged.
    """
    for at, given, ours in ((("theme",), theme, LIGHT), (("theme", "dark"), table(theme.get("dark")), DARK)):
        for text, ground, least in READ:
            named = [name for name in (text, ground) if isinstance(given.get(name), str)]
            found = (
                _contrast(given.get(text) or ours[text], given.get(ground) or ours[ground]) if named else None
            )
            if found is not None and found < least:
                yield Problem.at(
                    (*at, named[0]),
                    f'"{given[named[0]]}": {text} on {ground} has a contrast of {found:.1f}',
                    f"at least {least}",
                )


def _contrast(one: Any, other: Any) -> float | None:
    """The contrast ratio of WCAG 2.2; ``None`` where one is no colour."""
    lights = [_luminance(colour) for colour in (one, other)]
    if None in lights:
        return None
    dark, light = sorted(light for light in lights if light is not None)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Any) -> float | None:
    digits = colour.removeprefix("#") if isinstance(colour, str) else ""
    wide = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    try:
        red, green, blue = bytes.fromhex(wide)
    except ValueError:
        return None
    return sum(
        weight * _linear(part / 255) for weight, part in ((0.2126, red), (0.7152, green), (0.0722, blue))
    )


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
