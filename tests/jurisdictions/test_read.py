"""Files of rows into an atlas: handed down, placed, and refused with file and line."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.errors import PolicyError
from consentkit.core.jurisdiction import Binding, Reject
from consentkit.jurisdictions import ROWS, Atlas, atlas, read

WORLD = """\
code = "world"
name = "All other places"
functional = "opt-in"
analytics = "opt-in"
marketing = "opt-in"
ask_again = "6mo"
lifetime = "6mo"
checked = 2026-11-25
confidence = "low"
stricter = ["lifetime"]

[[sources]]
act = "An act"
"""
FRANCE = """\
code = "FR"
name = "France"
within = "world"
like = "world"
covers = ["RE"]
lifetime = "3mo"

[[rules]]
valid_until = 2026-12-31
age = 15

[[rules]]
valid_from = 2027-01-01
age = 16
lifetime = "1mo"
"""
Reader = Callable[[Mapping[str, str]], Atlas]


@pytest.fixture
def reading(tmp_path: Path) -> Reader:
    def read_all(files: Mapping[str, str]) -> Atlas:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return read(tmp_path.glob("*.toml"))

    return read_all


def test_a_rule_says_it_itself_or_its_file_does_or_the_one_that_it_is_like(reading: Reader) -> None:
    before, after = reading({"world.toml": WORLD, "FR.toml": FRANCE}).rows["FR"].rules

    months = 30 * 86_400
    assert (before.age, before.lifetime, before.ask_again) == (15, 3 * months, 6 * months)
    assert (after.age, after.lifetime, after.ask_again) == (16, months, 6 * months)
    assert before.reject is Reject.EQUAL
    assert before.sources[0].act == "An act"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "world",
            '"opt-in"',
            '"opt in"',
            'world.toml:3: functional: found "opt in"; expected one of "opt-in"',
        ),
        ("world", '"low"', '"lw"', 'world.toml:9: confidence: found "lw"; expected one of "high", "medium"'),
        ("world", "[[sources]]\nact = ", "notes = ", "FR.toml: sources: found nothing; expected a value"),
        (
            "world",
            '[[sources]]\nact = "An act"',
            "sources = []",
            "world.toml:12: sources: found an empty list",
        ),
        (
            "world",
            '["lifetime"]',
            '["life"]',
            "world.toml:10: stricter: found a list of 1; expected names of a",
        ),
        ("world", "2026-11-25", "2026", "world.toml:8: checked: found 2026; expected a date such as"),
        (
            "FR",
            'like = "world"',
            'like = "EU"',
            'FR.toml:4: like: found "EU"; expected the code of another row',
        ),
        (
            "FR",
            'like = "world"',
            'like = "FR"',
            'FR.toml:4: like: found "FR"; expected the code of another row',
        ),
        (
            "FR",
            'like = "world"',
            'like = ["world"]',
            "FR.toml:4: like: found a list of 1; expected the code of",
        ),
        ("FR", 'within = "world"', 'within = "EU"', 'FR.toml:3: within: found "EU"; expected the code of a'),
        ("FR", 'within = "world"', 'within = "FR"', 'FR.toml:3: within: found "FR"; expected the code of a'),
        ("FR", 'code = "FR"', 'code = "world"', 'world.toml:1: code: found "world" a second time; expected'),
        ("FR", 'code = "FR"', 'code = "fr"', 'FR.toml:1: code: found "fr"; expected a code such as "FR"'),
        (
            "FR",
            'code = "FR"',
            'code = ["FR"]',
            "FR.toml:1: code: found a list of 1; expected text in quotes.",
        ),
        ("FR", '["RE"]', '["world"]', 'FR.toml:5: covers: found "world"; expected codes that no other row'),
        ("FR", '["RE"]', '["RE", "RE"]', 'FR.toml:5: covers: found "RE"; expected codes that no other row'),
        ("FR", "lifetime", "lifetme", "FR.toml:6: lifetme: found a key that nobody reads"),
        (
            "FR",
            "age = 15",
            "aeg = 15",
            "FR.toml:10: rules.0.aeg: found a key that nobody reads; expected one of",
        ),
        (
            "FR",
            "age = 15",
            'marketing = "none"',
            'FR.toml:10: rules.0.marketing: found "none"; expected one of',
        ),
        (
            "FR",
            "age = 15",
            'shows = ["clsoe"]',
            'FR.toml:10: rules.0.shows.0: found "clsoe"; expected one of',
        ),
        ("FR", "2026-12-31", "2026-12-30", "FR.toml:8: rules: found rules that do not follow one another"),
        ("FR", "2026-12-31", "2027-12-31", "FR.toml:8: rules: found rules that do not follow one another"),
        (
            "FR",
            "valid_until = 2026-12-31",
            "",
            "FR.toml:8: rules: found rules that do not follow one another",
        ),
        (
            "FR",
            "age = 15",
            "valid_from = 2027-12-31",
            "FR.toml:8: rules.0: found a table; expected valid_until",
        ),
        (
            "FR",
            "age = 16",
            "valid_until = 2030-01-01",
            "FR.toml:8: rules: found rules that do not follow one",
        ),
        ("FR", "code = ", "code ", "FR.toml:1:6: found text that is not TOML"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(
    reading: Reader, file: str, old: str, new: str, message: str
) -> None:
    texts = {"world": WORLD, "FR": FRANCE}
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new, 1)

    with pytest.raises(PolicyError) as caught:
        reading({f"{name}.toml": text for name, text in texts.items()})

    assert str(caught.value).startswith(message)


def test_what_is_wrong_with_a_rule_is_told_without_what_follows_from_it(reading: Reader) -> None:
    with pytest.raises(PolicyError) as caught:
        reading({"world.toml": WORLD, "FR.toml": FRANCE.replace("age = 15", "age = 150")})

    assert [problem.key for problem in caught.value.problems] == ["rules.0.age"]


def test_a_wrong_value_is_told_where_it_stands_in_the_file_that_this_one_is_like(reading: Reader) -> None:
    with pytest.raises(PolicyError) as caught:
        reading({"world.toml": WORLD.replace('"6mo"', '"six"', 1), "FR.toml": FRANCE})

    [problem] = caught.value.problems
    assert (problem.file, problem.line, problem.key) == ("world.toml", 6, "ask_again")


def test_a_row_like_one_that_is_like_another_is_refused(reading: Reader) -> None:
    third = 'code = "BE"\nname = "Belgium"\nwithin = "world"\nlike = "FR"\n'

    with pytest.raises(PolicyError, match=r"BE\.toml:4: like"):
        reading({"world.toml": WORLD, "FR.toml": FRANCE, "BE.toml": third})


def test_rows_that_lie_in_a_circle_are_refused(reading: Reader) -> None:
    second = 'code = "BE"\nname = "Belgium"\nwithin = "FR"\nlike = "world"\n'

    with pytest.raises(PolicyError, match=r"BE\.toml:3: within"):
        reading(
            {
                "world.toml": WORLD,
                "FR.toml": FRANCE.replace('within = "world"', 'within = "BE"'),
                "BE.toml": second,
            }
        )


def test_each_row_stands_in_a_file_of_its_code() -> None:
    assert {file.stem for file in ROWS.glob("*.toml")} == {*atlas().rows}


def test_every_row_lies_within_the_world() -> None:
    rows = atlas().rows

    for code in rows:
        chain = [code]
        while (above := rows[chain[-1]].within) is not None:
            chain.append(above)
        assert chain[-1] == "world"
        assert len(chain) <= 3


def test_territories_are_codes_of_no_row() -> None:
    covered = [part for row in atlas().rows.values() for part in row.covers]

    assert len(covered) == len(set(covered))
    assert not {*covered} & {*atlas().rows}
    assert dict(atlas().territories) == {
        "AX": "FI",
        **dict.fromkeys(("GF", "GP", "MF", "MQ", "RE", "YT"), "FR"),
    }


@pytest.mark.parametrize(
    ("code", "first_day"),
    [
        ("GB", date(2026, 2, 5)),
        ("CL", date(2026, 12, 1)),
        ("US-OK", date(2027, 1, 1)),
        ("US-LA", date(2027, 1, 1)),
        ("US-AL", date(2027, 5, 1)),
        ("IN", date(2027, 5, 13)),
        ("US-VT", date(2028, 1, 1)),
    ],
)
def test_a_new_law_holds_from_its_day(code: str, first_day: date) -> None:
    row = atlas().rows[code]

    before, after = row.on(first_day - timedelta(days=1)), row.on(first_day)

    assert before is row.rules[0]
    assert after is row.rules[1]
    assert before != after


def test_every_other_row_has_one_rule() -> None:
    several = {code for code, row in atlas().rows.items() if len(row.rules) > 1}

    assert several == {"GB", "CL", "US-OK", "US-LA", "US-AL", "IN", "US-VT"}


@given(day=st.dates(date(2020, 1, 1), date(2035, 12, 31)), code=st.sampled_from(sorted(atlas().rows)))
def test_some_rule_holds_on_every_day(day: date, code: str) -> None:
    row = atlas().rows[code]

    assert row.on(day).holds(day)
    assert sum(rule.holds(day) for rule in row.rules) == 1


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("FR", "FR"),
        ("RE", "FR"),
        ("AX", "FI"),
        ("GI", "GI"),
        ("US", "US"),
        ("US-CA", "US-CA"),
        ("US-ZZ", "US"),
        ("US-WA", "US"),
        ("CA", "CA"),
        ("CA-QC", "CA-QC"),
        ("CA-ON", "CA"),
        ("FR-IDF", "FR"),
        ("RE-1", "FR"),
        ("EU", "EU"),
        ("world", "world"),
    ],
)
def test_a_code_has_its_own_row_or_its_countrys_or_that_whose_law_holds_there(code: str, row: str) -> None:
    found = atlas().row(code)

    assert found is not None
    assert found.code == row


@pytest.mark.parametrize(
    "code", ["", "fr", "us-ca", "XX", "T1", "ZZ-CA", "-", "-CA", "FR ", "../FR", "France", "\0"]
)
def test_a_code_of_another_form_or_of_nowhere_has_no_row(code: str) -> None:
    assert atlas().row(code) is None


@given(st.text())
def test_no_text_makes_an_atlas_raise(code: str) -> None:
    found = atlas().row(code)

    assert found is None or found.code in atlas().rows


def test_a_group_holds_its_members_and_the_world_holds_all() -> None:
    assert {row.code for row in atlas().among(["CA"])} == {"CA", "CA-QC"}
    assert {"EU", "FR", "NO", "IS", "LI"} <= {row.code for row in atlas().among(["EU"])}
    assert len([*atlas().among(["EU"])]) == 1 + 27 + 3
    assert {row.code for row in atlas().among(["world"])} == {*atlas().rows}


def test_a_signal_counts_where_the_state_of_a_visitor_is_unknown() -> None:
    """A phone behind a relay tells its country alone, and may be Californian."""
    row = atlas().row("US-ZZ")

    assert row is not None
    assert row.rules[0].gpc is not Binding.NO
