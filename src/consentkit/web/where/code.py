"""Codes of places: ISO 3166-1 of a country, with the part of one that has a law of its own (ISO 3166-2)."""

from __future__ import annotations

import re

PARTED = frozenset({"CA", "US"})
"""Countries whose parts have laws of their own. Of all others no part is told: nobody needs it."""
NOWHERE = frozenset({"AP", "XX", "ZZ"})
"""Two letters that stand for no country: ``XX`` unknown at Cloudflare, ``ZZ`` at App Engine, ``AP`` some place in Asia in old
databases. ``T1`` (Tor), ``A1``, ``A2`` and ``UNKNOWN`` have not even the form. Checked 2026-11."""
NO_PART = frozenset({"", "?", "NO REGION", "XX", "ZZ", "UNKNOWN"})
"""What stands for a part that is not known: Fastly says ``?`` or ``NO REGION`` (client.geo.region, checked 2026-11)."""
FORM = re.compile(r"[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?")


def place(country: str, part: str = "") -> str | None:
    """The code of a place.

    :param country: its country, two letters in any case.
    :param part: the part of that country, with the country in front or not: ``CA``, ``US-CA`` or ``USCA``; empty where unknown.
    :returns: such as ``FR`` or ``US-CA``; ``None`` where either is malformed or the country is not known.
    """
    country = country.strip(" \t")
    if re.fullmatch(r"[A-Za-z]{2}", country) is None or country.upper() in NOWHERE:
        return None
    country = country.upper()
    # Upper case of ASCII alone: that of "ß" has two letters.
    part = part.strip(" \t")
    part = part.upper() if part.isascii() else part
    if country not in PARTED or part in NO_PART:
        return country
    if len(part) > 3:
        part = part.removeprefix(country).removeprefix("-")
    return f"{country}-{part}" if re.fullmatch(r"[A-Z0-9]{1,3}", part) else None


def known(found: object) -> str | None:
    """What a resolver returned, if it is a code; upper case, ``world`` aside."""
    if not isinstance(found, str):
        return None
    if found == "world":
        return found
    if FORM.fullmatch(found) is None or found[:2].upper() in NOWHERE:
        return None
    return found.upper()
