"""Lengths of time as people write them: ``180d``, ``6mo``, ``2h``."""

from __future__ import annotations

import re
from typing import Any

DAY = 86_400
"""Seconds in a day."""
UNITS = {"s": 1, "min": 60, "h": 3_600, "d": DAY, "w": 7 * DAY, "mo": 30 * DAY, "y": 365 * DAY}
"""Seconds in a unit. A month counts 30 days and a year 365: the shorter reading where a limit is meant."""


def parse_duration(value: Any) -> Any:
    """A length of time in seconds.

    :param value: a whole number of seconds, or text: a whole number and a unit (``s min h d w mo y``).
    :raises ValueError: where text has another form. Other types pass through, for the caller to judge.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"([0-9]{1,9}) ?(s|min|h|d|w|mo|y)", value)
    if match is None:
        raise ValueError('a length of time such as "180d", "6mo" or "2h"')
    return int(match[1]) * UNITS[match[2]]
