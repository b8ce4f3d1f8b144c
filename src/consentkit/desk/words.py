"""The words of the desk, by language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from consentkit.languages import languages, messages
from consentkit.web.words import Words

FOLDER = Path(__file__).parent / "texts"


@cache
def words() -> Mapping[str, Words]:
    """The desk's words in each language that it has."""
    texts = {tag: dict(messages("desk", tag)) for tag in languages("desk")}
    for file in sorted(FOLDER.glob("*.toml")):
        for key, told in tomllib.loads(file.read_text("utf-8")).items():
            for tag, found in texts.items():
                found.setdefault(key, told[tag])
    return {tag: Words(tag, one.name, one.direction, texts[tag]) for tag, one in languages("desk").items()}
