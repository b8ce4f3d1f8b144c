"""By which words a text is known to say something. A phrase list knows no irony and no rewording: what it misses, a person
must see; what it finds, a person should read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("phrases.toml")


@cache
def _topics() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads(FILE.read_text("utf-8"))


def knows(language: str) -> bool:
    """Whether texts of a language can be judged by their words."""
    return _base(language) in _topics()["assumed"]


def said(topic: str, text: str, language: str) -> str | None:
    """The first phrase on a topic that stands in a text, as whole words; ``None`` for none, or an unknown language.

    :raises KeyError: there is no such topic.
    """
    low = " ".join(text.casefold().split())
    for phrase in _topics()[topic].get(_base(language), ()):
        if re.search(rf"(?<!\w){re.escape(phrase.strip())}", low):
            return phrase.strip()
    return None


def is_just(topic: str, text: str, language: str) -> bool:
    """Whether a text is nothing but a phrase on a topic."""
    low = " ".join(text.casefold().split()).strip(".!")
    return low in _topics()[topic].get(_base(language), ())


def _base(language: str) -> str:
    return language.partition("-")[0].lower()
