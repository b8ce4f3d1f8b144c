"""Plain data of which nobody knows yet whether it is right: what is not of the type looked for counts as empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def table(value: Any) -> Mapping[str, Any]:
    """The value where it is a table."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> Sequence[Any]:
    """The value where it is a list."""
    return value if isinstance(value, (list, tuple)) else ()
