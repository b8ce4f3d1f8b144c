from __future__ import annotations

import pytest

from consentkit.web.viewword import UNKNOWN, made_at, new_word


def test_words_are_never_alike_and_stand_in_the_order_of_time() -> None:
    words = [new_word() for _ in range(1000)]

    assert len(set(words)) == 1000
    assert [made_at(word) for word in words] == sorted(made_at(word) for word in words)
    assert made_at(words[0]) != UNKNOWN


def test_a_word_that_a_script_counted_on_was_made_when_its_page_was() -> None:
    word = new_word()

    assert made_at(f"{word}-2") == made_at(word)


@pytest.mark.parametrize("word", ["", "short", "é" * 20, "!" * 20, "a" * 19])
def test_any_other_text_was_made_at_no_time(word: str) -> None:
    assert made_at(word) == UNKNOWN
