"""The words: their languages, their look-up, and a policy's own."""

from __future__ import annotations

import re
from typing import Any

import pytest

from consentkit.core.errors import PolicyError
from consentkit.core.policy import Policy
from consentkit.web.notice import NoticeBook
from consentkit.web.words import Words, accepted, built_in, look_up, words_of

BASE: dict[str, Any] = {
    "site": {"name": "S", "address": "https://s.example"},
    "controller": {"name": "C", "contact": "c@s.example"},
}


def policy_of(**changes: Any) -> Policy:
    return Policy.model_validate({**BASE, **changes})


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_every_language_has_every_text_with_the_same_holes(language: str) -> None:
    english, other = built_in()["en"].messages, built_in()[language].messages

    assert other.keys() == english.keys()
    for name, text in english.items():
        assert set(re.findall(r"\{\w+\}", other[name])) == set(re.findall(r"\{\w+\}", text)), name
        assert other[name].strip()


@pytest.mark.parametrize(
    ("page", "header", "language"),
    [
        ("fr", "ar", "fr"),
        ("fr-CH", None, "fr"),
        ("de", "ar;q=0.5, fr;q=0.9", "fr"),
        (None, "fr;q=0, ar;q=0.1", "ar"),
        (None, "*", "en"),
        (None, "de, pt-BR", "en"),
        (None, "AR-eg", "ar"),
        ("", "", "en"),
        ("x" * 5000, "," * 5000, "en"),
        (None, "fr;q=nonsense, ar;level=1", "en"),
        ("zh-Hant-TW-u-co", None, "en"),
    ],
)
def test_the_page_s_language_then_the_browser_s_then_the_policy_s(
    page: str | None, header: str | None, language: str
) -> None:
    assert NoticeBook(policy_of()).language(page, header) == language


def test_a_single_letter_goes_with_what_follows_it() -> None:
    assert look_up(["zh-Hant-x-private"], {"zh-Hant": 0, "zh-Hant-x": 0}) == "zh-Hant"


def test_tags_come_in_the_order_of_their_weight_then_of_their_place() -> None:
    assert accepted("a;q=0.1, b, c;q=0.9, d, e;q=0") == ["b", "d", "c", "a"]


def test_a_policy_s_text_replaces_ours_in_its_language_alone() -> None:
    words = words_of(policy_of(texts={"fr": {"save": "Garder"}}))

    assert words["fr"]("save") == "Garder"
    assert words["en"]("save") == "Save choices"


def test_an_unknown_text_is_named_with_its_place_and_the_nearest() -> None:
    with pytest.raises(PolicyError) as caught:
        NoticeBook(policy_of(texts={"en": {"opt-in-acept": "Yes"}}))

    (problem,) = caught.value.problems
    assert (problem.key, problem.nearest) == ("texts.en.opt-in-acept", "opt-in-accept")


def test_a_language_of_the_policy_s_own_must_be_whole() -> None:
    with pytest.raises(PolicyError, match=r"texts\.de"):
        words_of(policy_of(texts={"de": {"save": "Speichern"}}))
    whole = dict(built_in()["en"].messages)

    assert words_of(policy_of(texts={"he": whole}, language="he"))["he"].direction == "rtl"


def test_a_default_language_without_words_is_refused() -> None:
    with pytest.raises(PolicyError, match="one of ar, en, fr"):
        words_of(policy_of(language="eo"))


def test_only_holes_that_were_given_are_filled() -> None:
    words = Words("en", "English", "ltr", {"a": "{site} {0} {site.__class__} %s {unknown}"})

    assert words("a", site="{site}") == "{site} {0} {site.__class__} %s {unknown}"


def test_a_purpose_of_the_site_s_own_is_named_by_the_policy_then_by_its_id() -> None:
    book = NoticeBook(
        policy_of(
            purposes={"maps": {"title": {"en": "Maps", "fr": "Cartes"}}, "paid-ads": {}, "analytics": {}}
        )
    )

    assert book.purpose("maps", "fr")["title"] == "Cartes"
    assert book.purpose("maps", "ar")["title"] == "Maps"
    assert book.purpose("paid-ads", "ar")["title"] == "Paid ads"
    assert book.purpose("analytics", "fr")["title"] == "Statistiques"
