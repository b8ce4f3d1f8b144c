"""The words of the desk, by language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from consentkit.languages import languages
from consentkit.web.words import Words

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = ("en", "fr", "ar")


@cache
def words() -> Mapping[str, Words]:
    """The desk's words in each language that it has."""
    texts: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    for file in sorted(FOLDER.glob("*.toml")):
        for key, told in tomllib.loads(file.read_text("utf-8")).items():
            for language in LANGUAGES:
                texts[language][key] = told.get(language, told["en"])
    known = languages("notice")
    return {tag: Words(tag, known[tag].name, known[tag].direction, texts[tag]) for tag in LANGUAGES}
