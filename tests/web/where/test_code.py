"""Codes of places."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.jurisdictions import atlas
from consentkit.web.where.code import PARTED, known, place


@pytest.mark.parametrize(
    ("country", "part", "code"),
    [
        ("FR", "", "FR"),
        ("de", "", "DE"),
        (" it\t", "", "IT"),
        ("EU", "", "EU"),
        ("FR", "IDF", "FR"),
        ("FR", "Île-de-France", "FR"),
        ("US", "CA", "US-CA"),
        ("us", "ca", "US-CA"),
        ("US", "US-CA", "US-CA"),
        ("US", "USCA", "US-CA"),
        ("CA", "QC", "CA-QC"),
        ("US", "", "US"),
        ("US", "?", "US"),
        ("US", "NO REGION", "US"),
        ("US", "XX", "US"),
        ("US", "unknown", "US"),
    ],
)
def test_a_place_is_its_country_and_the_part_that_has_a_law(country, part, code):
    assert place(country, part) == code


@pytest.mark.parametrize(
    "country",
    [
        "",
        " ",
        "XX",
        "xx",
        "T1",
        "A1",
        "A2",
        "AP",
        "ZZ",
        "UNKNOWN",
        "DEU",
        "D",
        "D\u017f",
        "FR,DE",
        "FR, FR",
        "F R",
        "FR\n",
    ],
)
def test_what_names_no_country_is_unknown(country):
    assert place(country, "CA") is None


@pytest.mark.parametrize(
    "part", ["California", "\xdf", "C A", "CA,NY", "DE-CA", "-CA", "US--CA", "CA\n", "US-", "US-CALI"]
)
def test_a_malformed_part_of_a_country_with_several_laws_makes_the_place_unknown(part):
    assert place("US", part) is None


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ("FR", "FR"),
        ("fr", "FR"),
        ("us-ca", "US-CA"),
        ("world", "world"),
        ("World", None),
        ("XX", None),
        ("xx-1", None),
        ("France", None),
        ("\xdf", None),
        ("", None),
        (None, None),
        (b"FR", None),
        (33, None),
    ],
)
def test_what_a_resolver_returns_is_a_code_or_unknown(found, code):
    assert known(found) == code


def test_every_part_that_has_a_row_lies_in_a_country_whose_parts_are_told():
    rows = atlas()

    parted = {code.partition("-")[0] for code in (*rows.rows, *rows.territories) if "-" in code}

    assert parted <= PARTED


@given(st.text(), st.text())
def test_no_text_makes_anything_but_a_code(country, part):
    found = place(country, part)

    assert found is None or re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", found)
    assert found is None or known(found) == found
