"""Vendors' files into a catalogue: handed down, found again, and refused with their place."""

from pathlib import Path

import pytest

from consentkit.catalogue.load import EMPTY, VENDORS, catalogue, entries_of, read
from consentkit.core.errors import PolicyError

GOOD = """\
vendor = "Stats Ltd"
source = "https://stats.example/docs"
checked = 2026-11-25

[services.stats]
title = "Counting House"
purposes = ["analytics"]
addresses = ["cdn.stats.example"]
examples = ["https://cdn.stats.example/"]
cookies = [{ name = "_sts" }, { pattern = "^_fam_[0-9]+$" }]

[services.stats-pro]
vendor = "Pro Ltd"
purposes = ["analytics"]
hosts = ["pro.example"]
"""


def test_what_stands_at_the_top_holds_for_each_service_that_does_not_say_otherwise() -> None:
    entries = entries_of(GOOD, "stats.toml")

    assert {name: entry.vendor for name, entry in entries.items()} == {
        "stats": "Stats Ltd",
        "stats-pro": "Pro Ltd",
    }
    assert {entry.source for entry in entries.values()} == {"https://stats.example/docs"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"Stats Ltd"', '"', "stats.toml:1:11: found text that is not TOML"),
        (
            "checked = 2026-11-25",
            "checked = 3.5",
            "stats.toml:3: checked: found 3.5; expected a date such as 2026-11-25.",
        ),
        (
            '["analytics"]',
            '["Analytics"]',
            'stats.toml:7: services.stats.purposes.0: found "Analytics"; expected a name in',
        ),
        (
            "title",
            "titel",
            "stats.toml:6: services.stats.titel: found a key that nobody reads; expected one of ",
        ),
        ("checked", "chequed", "stats.toml:3: chequed: found a key that nobody reads; expected one of "),
        (
            'source = "https://stats.example/docs"\n',
            "",
            "stats.toml:4: services.stats.source: found nothing; expected a value: Where",
        ),
        (
            '["cdn.stats.example"]',
            '[""]',
            'stats.toml:8: services.stats.addresses.0: found ""; expected an address such as',
        ),
    ],
    ids=["no TOML", "at the top", "purpose", "key", "key at the top", "missing", "empty pattern"],
)
def test_a_broken_file_is_refused_with_line_found_and_expected(old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        entries_of(GOOD.replace(old, new, 1), "stats.toml")

    assert str(caught.value).startswith(message)


def test_a_fault_at_the_top_is_told_once() -> None:
    with pytest.raises(PolicyError) as caught:
        entries_of(GOOD.replace("2026-11-25", "3.5"), "stats.toml")

    assert len(caught.value.problems) == 1


def test_an_id_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")

    with pytest.raises(
        PolicyError, match=r"^b\.toml:5: services\.stats: found a second time; expected an id of its own"
    ):
        read(tmp_path.glob("*.toml"))


@pytest.mark.parametrize("word", ["stats", "counting", "STATS LTD", "cdn.stats", "_sts", "_fam"])
def test_a_service_is_found_by_what_is_known_of_it(tmp_path: Path, word: str) -> None:
    file = tmp_path / "stats.toml"
    file.write_text(GOOD, encoding="utf-8")

    assert "stats" in dict(read([file]).find(word))
    assert read([file]).find("nobody") == []


def test_the_catalogue_is_read_once_in_the_order_of_its_ids() -> None:
    entries = catalogue().entries

    assert catalogue() is catalogue()
    assert list(entries) == sorted(entries)
    assert EMPTY.find("") == []


@pytest.mark.parametrize("file", sorted(VENDORS.glob("*.toml")), ids=lambda file: file.stem)
def test_a_vendors_file_is_good(file: Path) -> None:
    assert entries_of(file.read_text(encoding="utf-8"), file.name)
