"""How well one colour is read on another (WCAG 2.2, relative luminance and contrast ratio; checked 2026-11)."""

from __future__ import annotations

import re

ENOUGH = 4.5
"""The least contrast for text of usual size (WCAG 2.2, success criterion 1.4.3, checked 2026-11)."""
Colour = tuple[int, int, int]
NAMES: dict[str, Colour] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
}
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})")
_RGB = re.compile(r"rgba?\((\d{1,3}),? (\d{1,3}),? (\d{1,3})(?:,? 1)?\)")


def parse(text: str) -> Colour | None:
    """An opaque colour as CSS writes it: ``#abc``, ``#aabbcc``, ``rgb(1, 2, 3)`` or one of few names; else ``None``."""
    text = text.strip().lower()
    if text in NAMES:
        return NAMES[text]
    if match := _HEX.fullmatch(text):
        digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if match := _RGB.fullmatch(text):
        return int(match[1]), int(match[2]), int(match[3])
    return None


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
