"""Every language has every message, whole and harmless, and is named as Unicode names it."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.pofile import read_po

from consentkit.languages import FOLDER, languages, messages

FILES = sorted(FOLDER.glob("*/*.po"))
OFFICIAL = set("bg hr cs da nl en et fi fr de el hu ga it lv lt mt pl pt ro sk sl es sv".split())  # noqa: SIM905
"""The official languages of the European Union (Regulation No 1 of 1958, art. 1; checked 2026-11)."""
NAMED_OTHERWISE = {
    "id": "Bahasa Indonesia",
    "ms": "Bahasa Melayu",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}
"""Where CLDR's name is a country's too, or is not one text."""


def of(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def test_there_are_forty_languages_and_all_official_ones_of_the_union() -> None:
    assert len(languages("notice")) >= 40
    assert set(languages("notice")).issuperset(OFFICIAL)
    assert {file.parent.name for file in FILES} == set(languages("notice"))


@pytest.mark.parametrize("file", FILES, ids=of)
def test_a_language_has_every_message_with_the_same_holes_and_nothing_that_is_no_text(file: Path) -> None:
    english = messages(file.stem, "en")  # type: ignore[arg-type]
    with file.open("rb") as opened:
        catalog = read_po(opened, abort_invalid=True)
    found = {each.context: each for each in catalog if each.id}

    assert found.keys() == english.keys()
    assert len(found) == len(catalog)
    assert not catalog.obsolete
    for name, text in english.items():
        message = found[name]
        assert message.id == text
        assert not message.fuzzy, name
        assert message.string.strip() == message.string != "", name
        assert sorted(re.findall(r"\{\w*\}", message.string)) == sorted(re.findall(r"\{\w*\}", text)), name
        assert not re.search(r"[<>&{}]", re.sub(r"\{[a-z]+\}", "", message.string)), name
        assert not any(unicodedata.category(char) in ("Cc", "Co", "Cs", "Cn") for char in message.string), (
            name
        )
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", message.string), name
        assert unicodedata.normalize("NFC", message.string) == message.string, name


@pytest.mark.parametrize("file", FILES, ids=of)
def test_a_file_says_its_language_and_its_plurals(file: Path) -> None:
    with file.open("rb") as opened:
        catalog = read_po(opened)

    assert str(catalog.locale).replace("_", "-") == file.parent.name
    assert catalog.num_plurals >= 1


@pytest.mark.parametrize("tag", languages("notice"))
def test_a_language_is_named_and_written_as_unicode_says(tag: str) -> None:
    language, locale = languages("notice")[tag], Locale.parse(tag, sep="-")
    zero = {"arabext": "۰", "beng": "০", "latn": "0"}[locale.default_numbering_system]

    assert language.name.casefold() == NAMED_OTHERWISE.get(tag, locale.display_name).casefold()
    assert language.name[0] == language.name[0].upper()
    assert language.direction == locale.text_direction
    assert (language.digits or "0")[0] == zero
    assert [unicodedata.digit(char) for char in language.digits or "0123456789"] == list(range(10))


def test_nobody_is_said_to_have_read_words_that_are_not_there() -> None:
    assert {"notice"} <= languages("notice")["en"].reviewed
    for tag, language in languages("notice").items():
        assert language.reviewed <= {"notice", "desk"}, tag


def test_an_unknown_language_has_no_words() -> None:
    with pytest.raises(KeyError):
        messages("notice", "../en")


def test_what_translators_get_is_up_to_date() -> None:
    tool = Path(__file__).parents[2] / "tools" / "languages.py"

    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")
