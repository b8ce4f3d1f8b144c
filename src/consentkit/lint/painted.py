"""What the rules say of a layer as a browser has painted it: sizes, contrasts, colours, and the order of the buttons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from consentkit.lint.colour import ENOUGH, Colour, contrast
from consentkit.lint.judge import Finding, once
from consentkit.lint.rule import Found
from consentkit.lint.rules import by_id
from consentkit.lint.rules.places import seen
from consentkit.lint.site import Layer

ALIKE = 0.97
"""Share of the other's size from which two buttons count as equal: browsers round."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button as it is painted.

    :param left: CSS pixels from the window's left edge.
    :param top: CSS pixels from its upper edge.
    :param width: in CSS pixels.
    :param height: in CSS pixels.
    :param font_size: in CSS pixels.
    :param weight: of its font, 100 to 900.
    :param ink: colour of its text.
    :param ground: colour behind it.
    :param framed: whether it lies within the notice's frame.
    :param prose: whether it stands in running text.
    """

    left: float
    top: float
    width: float
    height: float
    font_size: float
    weight: int
    ink: Colour
    ground: Colour
    framed: bool = True
    prose: bool = False


@dataclass(frozen=True, slots=True)
class Painted:
    """A layer in a window.

    :param layer: which.
    :param window: width in CSS pixels.
    :param accept: its button to accept.
    :param reject: its button to reject.
    """

    layer: Layer
    window: int
    accept: Button
    reject: Button

    @property
    def rejects_first(self) -> bool:
        """Whether the button to reject comes first: above, or before in the direction of reading."""
        a, r = self.accept, self.reject
        if abs(a.top - r.top) > min(a.height, r.height) / 2:
            return r.top < a.top
        return (r.left < a.left) is not self._right_to_left

    @property
    def _right_to_left(self) -> bool:
        outermost = next((each["dir"] for each in self.layer.page.all() if each.has("dir")), "ltr")
        return outermost == "rtl"


def judge_painted(views: Iterable[Painted]) -> list[Finding]:
    """All that R02 and R04 to R07 find in what was painted."""
    views = list(views)
    found = {
        "R02": _aside(views),
        "R04": _smaller(views),
        "R05": _unreadable(views),
        "R06": _nudges(views),
        "R07": _flips(views),
    }
    return [finding for name, each in found.items() for finding in once(by_id[name], each)]


def _aside(views: Iterable[Painted]) -> Iterator[Found]:
    for view in views:
        outside = view.accept.framed and not view.reject.framed
        if outside or (view.reject.prose and not view.accept.prose):
            where = "outside the frame" if outside else "in running text"
            yield seen(view.layer, f"refusing {where}", "a button beside the one to accept")


def _smaller(views: Iterable[Painted]) -> Iterator[Found]:
    for view in views:
        a, r = view.accept, view.reject
        smaller = [
            name
            for name, mine, other in (
                ("area", r.width * r.height, a.width * a.height),
                ("font size", r.font_size, a.font_size),
                ("weight", r.weight, a.weight),
            )
            if mine < ALIKE * other
        ]
        if smaller:
            yield seen(view.layer, f"reject with less {', '.join(smaller)}", "the size and weight of accept")


def _unreadable(views: Iterable[Painted]) -> Iterator[Found]:
    for view in views:
        ratio = contrast(view.reject.ink, view.reject.ground)
        if ratio < ENOUGH:
            yield seen(view.layer, f"a contrast of {ratio:.1f}:1 for reject", f"at least {ENOUGH}:1")


def _nudges(views: Iterable[Painted]) -> Iterator[Found]:
    for view in views:
        if view.reject.ground != view.accept.ground:
            yield seen(view.layer, "another ground for reject than for accept", "the same colours for both")


def _flips(views: Iterable[Painted]) -> Iterator[Found]:
    first: dict[tuple[str, str], bool] = {}
    for view in views:
        keys = [(code, view.layer.language) for code in view.layer.codes or ("",)]
        if any(first.setdefault(key, view.rejects_first) is not view.rejects_first for key in keys):
            yield seen(
                view.layer, f"another order at {view.window} pixels", "one order in every layer and window"
            )
