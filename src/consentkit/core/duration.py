"""Lengths of time as people write them: ``180d``, ``6mo``, ``2h``."""

from __future__ import annotations

import re
from typing import Any

DAY = 86_400
"""Seconds in a day."""
UNITS = {"s": 1, "min": 60, "h": 3_600, "d": DAY, "w": 7 * DAY, "mo": 30 * DAY, "y": 365 * DAY}
"""Seconds in a unit. A month counts 30 days and a year 365: the shorter reading where a limit is meant."""


FORM = "[0-9]{1,9} ?(s|min|h|d|w|mo|y)"
"""A length of time in text: a whole number and a unit."""


def parse_duration(value: Any) -> int:
    """A length of time in seconds.

    :param value: a whole number of seconds, or text: a whole number and a unit (``s min h d w mo y``).
    :raises ValueError: for anything else; its text says what was expected.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = re.fullmatch(FORM, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('a length of time such as "180d", "6mo" or "2h"')
    return int(match[0].removesuffix(match[1])) * UNITS[match[1]]
