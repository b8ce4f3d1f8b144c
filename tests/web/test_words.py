"""The words: their languages, their look-up, and a policy's own."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from consentkit.core.errors import PolicyError
from consentkit.core.policy import Policy
from consentkit.languages import languages, messages
from consentkit.web.notice import NoticeBook
from consentkit.web.words import Words, words_of

BASE: dict[str, Any] = {
    "site": {"name": "S", "address": "https://s.example"},
    "controller": {"name": "C", "contact": "c@s.example"},
}


def policy_of(**changes: Any) -> Policy:
    return Policy.model_validate({**BASE, **changes})


@pytest.mark.parametrize(
    ("page", "header", "language"),
    [
        ("fr", "ar", "fr"),
        ("fr-CH", None, "fr"),
        ("eo", "ar;q=0.5, fr;q=0.9", "fr"),
        (None, "fr;q=0, ar;q=0.1", "ar"),
        (None, "*", "en"),
        (None, "eo, pt-BR", "pt"),
        (None, "eo, tlh", "en"),
        (None, "en;q=0, fr-CH;q=0.1", "fr"),
        (None, "AR-eg", "ar"),
        ("", "", "en"),
        ("x" * 5000, "," * 5000, "en"),
        (None, "fr;q=nonsense, ar;level=1", "en"),
        ("zh-Hant-TW-u-co", None, "zh-Hant"),
        ("sk", "en", "sk"),
        ("en", "sk", "en"),
        ("sk-SK", "en", "sk"),
        ("und", "sk", "sk"),
    ],
)
def test_the_page_s_language_then_the_browser_s_then_the_policy_s(
    page: str | None, header: str | None, language: str
) -> None:
    assert NoticeBook(policy_of()).language(page, header) == language


@pytest.mark.parametrize(
    ("page", "content", "accept", "language"),
    [
        (None, "sk", "en", "sk"),
        ("", "sk", "en", "sk"),
        ("fr", "sk", "en", "fr"),
        ("eo", "tlh, cs", "en", "cs"),
        (None, "", "sk", "sk"),
        (None, "," * 100_000 + "sk", "ar", "ar"),
    ],
)
def test_the_response_s_language_counts_after_the_page_s_and_before_the_browser_s(
    page: str | None, content: str, accept: str, language: str
) -> None:
    assert NoticeBook(policy_of()).language(page, accept, content) == language


def test_the_languages_that_a_policy_names_are_the_only_ones() -> None:
    book = NoticeBook(policy_of(languages=["de", "fr"], language="de"))

    assert [book.language(page, "sk, fr") for page in ("sk", "fr", "de-AT", None)] == ["fr", "fr", "de", "fr"]


def test_a_policy_s_text_replaces_ours_in_its_language_alone() -> None:
    words = words_of(policy_of(texts={"fr": {"save": "Garder"}}))

    assert words["fr"]("save") == "Garder"
    assert words["en"]("save") == "Save choices"


def test_an_unknown_text_is_named_with_its_place_and_the_nearest() -> None:
    with pytest.raises(PolicyError) as caught:
        NoticeBook(policy_of(texts={"en": {"opt-in-acept": "Yes"}}))

    (problem,) = caught.value.problems
    assert (problem.key, problem.nearest) == ("texts.en.opt-in-acept", "opt-in-accept")


def test_a_language_of_the_policy_s_own_must_be_whole_and_is_named_as_it_names_itself() -> None:
    with pytest.raises(PolicyError, match=r"texts\.eo"):
        words_of(policy_of(texts={"eo": {"save": "Konservi"}}))
    whole = dict(messages("notice", "en"))

    words = words_of(policy_of(texts={"ps": whole, "tlh": whole}, language="ps"))

    assert (words["ps"].direction, words["ps"].name) == ("rtl", "پښتو")
    assert (words["tlh"].direction, words["tlh"].name) == ("ltr", "tlh")
    assert words["tlh"].duration(2 * 86_400) == "2 days"


def test_a_language_of_ours_needs_only_the_texts_that_a_site_changes() -> None:
    words = words_of(policy_of(texts={"de": {"save": "Behalten"}}))

    assert (words["de"]("save"), words["de"]("accept-all")) == (
        "Behalten",
        messages("notice", "de")["accept-all"],
    )


def test_all_languages_are_offered_unless_some_are_named() -> None:
    assert set(words_of(policy_of())) == set(languages("notice"))

    words = words_of(policy_of(languages=["de", "fr"], language="de"))

    assert list(words) == ["de", "fr"]
    assert "en" not in words


@pytest.mark.parametrize(
    ("changes", "key", "found", "nearest"),
    [
        ({"language": "eo"}, "language", "eo", None),
        ({"language": "zh-hans"}, "language", "zh-hans", "zh-Hans"),
        ({"languages": ["en", "zh-Hantt"]}, "languages.1", "zh-Hantt", "zh-Hant"),
        ({"languages": ["de", "fr"]}, "language", "en", None),
        ({"languages": ["en"], "texts": {"fr": {"save": "Garder"}}}, "texts.fr", "fr", None),
    ],
    ids=["default", "case", "unknown", "default-not-offered", "texts-for-nobody"],
)
def test_a_language_without_words_is_refused_with_its_place_and_the_nearest(
    changes: dict[str, Any], key: str, found: str, nearest: str | None
) -> None:
    with pytest.raises(PolicyError) as caught:
        NoticeBook(policy_of(**changes))

    (problem,) = caught.value.problems
    assert (problem.key, problem.found, problem.nearest) == (key, found, nearest)
    assert "one of " in problem.expected


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


@pytest.mark.parametrize(
    ("language", "value", "text"),
    [
        ("fr", "Lantern", "a Lantern b"),
        ("fr", "קול", "a \u2068קול\u2069 b"),
        ("ar", "Lantern", "a \u2068Lantern\u2069 b"),
        ("ar", "جريدة", "a جريدة b"),
        ("ar", 12, "a 12 b"),
        ("fa", 12, "a ۱۲ b"),
        ("de", 12_345, "a 12.345 b"),
    ],
)
def test_numbers_are_written_in_the_language_and_names_of_the_other_direction_stand_alone(
    language: str, value: object, text: str
) -> None:
    words = Words(language, "", languages("notice")[language].direction, {"x": "a {v} b"})

    assert words("x", v=value) == text


def test_a_list_has_the_language_s_comma_and_isolates_each_name() -> None:
    words = words_of(policy_of())

    assert words["ar"].listed(["Matomo", "إحصاءات"]) == "\u2068Matomo\u2069، إحصاءات"
    assert words["ja"].listed(["a", "b"]) == "a、b"
    assert words["ar"]("new-since", names=words["ar"].listed(["A", "B"])).count("\u2068") == 2


def test_a_record_s_time_is_said_in_the_language_and_names_its_zone() -> None:
    when = datetime.datetime(2026, 11, 25, 14, 54, tzinfo=datetime.UTC)

    assert words_of(policy_of())["de"].moment(when) == "25. November 2026, 14:54:00 UTC"


def test_only_the_languages_that_are_wanted_are_read() -> None:
    book = NoticeBook(policy_of())

    book.notice("fr")

    assert set(book.words._words) == {"fr"}


@pytest.mark.parametrize("language", ["en", "ar", "zh-Hant"])
def test_a_notice_is_known_by_its_hash_in_a_language_that_was_not_drawn_yet(language: str) -> None:
    wanted = NoticeBook(policy_of()).notice(language)
    book = NoticeBook(policy_of())

    assert not book.tells(wanted.hash)
    assert book.known(wanted.hash) == wanted
    assert book.known("0" * 64) is None
    assert book.tells("1" * 64)
