"""The words of the desk, by language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from consentkit.languages import languages, messages
from consentkit.web.words import Words


@cache
def words() -> Mapping[str, Words]:
    """The desk's words in each language that it has."""
    return {
        tag: Words(tag, one.name, one.direction, messages("desk", tag), one.comma)
        for tag, one in languages("desk").items()
    }
