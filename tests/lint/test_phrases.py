"""What a text says, by its words."""

import pytest

from consentkit.lint.phrases import is_just, knows, said


@pytest.mark.parametrize(
    ("topic", "text", "language", "phrase"),
    [
        ("assumed", "By  USING this site", "en", "by using"),
        ("assumed", "en poursuivant votre visite", "fr-CA", "en poursuivant"),
        ("assumed", "baby using", "en", None),
        ("assumed", "By using this site", "sv", None),
        ("withdrawal", "You can change your mind", "en-GB", "change your mind"),
        ("close", "Accept ×", "en", "×"),
    ],
)
def test_a_phrase_is_found_as_whole_words_in_its_language(topic, text, language, phrase) -> None:
    assert said(topic, text, language) == phrase


def test_a_text_that_is_nothing_but_a_phrase() -> None:
    assert is_just("bare", " On. ", "en")
    assert not is_just("bare", "On my site", "en")


def test_only_some_languages_are_judged() -> None:
    assert knows("fr-CA")
    assert not knows("sv")
