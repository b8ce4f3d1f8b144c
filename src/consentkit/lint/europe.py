"""Which jurisdictions lie in the European Union and the EEA, by the rows' own word."""

from __future__ import annotations

from consentkit.jurisdictions import atlas


def in_europe(code: str) -> bool:
    """Whether a row is that of the EU, or lies within it. Iceland, Liechtenstein and Norway do, as the rows have it."""
    row = atlas().rows.get(code)
    return row is not None and atlas().lies_within(row, "EU")
