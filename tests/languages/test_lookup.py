"""Which language on offer is the one that is wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.languages import languages
from consentkit.languages.lookup import LONGEST_FIELD, MOST_TAGS, accepted, look_up

OURS = tuple(languages("notice"))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("fr", "fr"),
        ("FR-ca", "fr"),
        ("pt-BR", "pt"),
        ("pt_PT", "pt"),
        ("de-CH-1996", "de"),
        ("ca-valencia", "ca"),
        ("en-u-ca-buddhist", "en"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-x-private", "zh-Hant"),
        ("zh-cmn-Hant", "zh-Hant"),
        ("yue", "zh-Hant"),
        ("no", "nb"),
        ("no-NO", "nb"),
        ("nn", "nb"),
        ("iw", "he"),
        ("in", "id"),
        ("mo", "ro"),
        ("sr-Latn", "sr"),
        ("sr-ME", "sr"),
        ("sh", "sr"),
        ("bs", "hr"),
        ("gsw", "de"),
        ("tl", None),
        ("eo", None),
        ("und", None),
        ("mul", None),
        ("*", None),
        ("", None),
        ("-", None),
        ("i-klingon", None),
        ("x-fr", None),
        ("français", None),
        ("fr\x00", None),
    ],
)
def test_a_tag_finds_what_its_readers_read(wanted: str, found: str | None) -> None:
    assert look_up([wanted], OURS) == found


def test_the_first_that_is_wanted_wins_however_loosely_it_fits() -> None:
    assert look_up(["eo", "nn", "fr"], OURS) == "nb"


@pytest.mark.parametrize(
    ("wanted", "offered", "found"),
    [
        ("pt-BR", ["pt", "pt-BR"], "pt-BR"),
        ("pt-AO", ["pt-BR", "pt"], "pt"),
        ("zh-TW", ["zh-Hans"], None),
        ("zh-TW", ["zh-Hant-HK", "zh-Hans"], "zh-Hant-HK"),
        ("zh-Hant-x-p", ["zh-Hant", "zh-Hant-x"], "zh-Hant"),
        ("sr-Latn", ["sr-Latn", "sr"], "sr-Latn"),
        ("nn", ["nn", "nb"], "nn"),
    ],
)
def test_the_closest_on_offer_is_taken(wanted: str, offered: list[str], found: str | None) -> None:
    assert look_up([wanted], offered) == found


@pytest.mark.parametrize(
    ("field", "tags"),
    [
        ("a;q=0.1, b, c;q=0.9, d, e;q=0", ("b", "d", "c", "a")),
        ("fr, fr;q=0.1, de;q=0.5", ("fr", "de")),
        ("fr;q=nonsense, ar;level=1, de;q=1.5, it;q=.5, es", ("es",)),
        ("*, fr;Q=0.5", ("fr",)),
        (" , ;q=1,,\t", ()),
    ],
    ids=["weights", "repeated", "malformed", "any", "empty"],
)
def test_tags_come_in_the_order_of_their_weight_then_of_their_place(
    field: str, tags: tuple[str, ...]
) -> None:
    assert accepted(field).tags == tags


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("fr;q=0, fr-CH, de;q=0.1", "de"),
        ("fr;q=0, *", None),
        ("*;q=0, de", "de"),
        ("iw;q=0, he-IL", None),
        ("no;q=0, nn, sv;q=0.1", "sv"),
        ("fr-CH;q=0, fr", "fr"),
        ("zh;q=0, zh-TW, en;q=0.5", "en"),
        ("zh;q=0, zh-Hant, en;q=0.5", "zh-Hant"),
    ],
)
def test_what_a_browser_refuses_is_not_given(field: str, found: str | None) -> None:
    wish = accepted(field)

    assert look_up(wish.tags, OURS, wish.refuses) == found


def test_a_long_field_is_read_as_far_as_its_last_whole_tag() -> None:
    long = ", ".join(["eo"] * 60) + ", fr" + "x" * 100_000

    assert accepted(long).tags == ("eo",)
    assert accepted("de" + " " * LONGEST_FIELD + ";q=0").tags == ()
    assert len(accepted(",".join(f"a{i}" for i in range(100))).tags) == MOST_TAGS


@given(st.text(max_size=80) | st.from_regex(r"([a-zA-Z0-9]{1,8}[-_,;=*. ]){0,12}", fullmatch=True))
def test_no_text_does_harm(text: str) -> None:
    wish = accepted(text)

    assert look_up([text, *wish.tags], OURS, wish.refuses) in (None, *OURS)
