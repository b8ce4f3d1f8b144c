"""Exports: what other people's tools are given, whatever the events hold."""

from __future__ import annotations

import csv
import io
import json
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.conftest import build_event, build_refusal

from consentkit.audit.batch import seal
from consentkit.audit.errors import EventDamaged
from consentkit.audit.export import (
    COLUMNS,
    MACHINE,
    Wanted,
    as_csv,
    jsonl,
    moment,
    record,
    spreadsheet,
)
from consentkit.audit.finding import StoredEvent
from consentkit.audit.spreadsheet import as_text, defused, delimiter

SALT = bytes(range(32))
HOSTILE = {
    "formula": '=HYPERLINK("https://evil.example","x")',
    "minus": "-1+1",
    "full width": "＝1+1",
    "behind a delimiter of another locale": "a;=1+1",
    "behind a line break": "a\r\n=1+1",
    "behind a tab": "a\t@SUM(A1)",
    "tab first": "\t=1",
    "quotes": 'say "hello", then; leave',
    "escape": "\x1b[31mred\x9b",
    "arabic": "تسويق",
    "accents": "Préférences",
    "line separator": "a\u2028b",
    "null bytes of json": "\\u0000",
    "only blanks": "   ",
}


def stored(*events):
    rows = (seal(event, None, SALT) for event in events)
    return [
        StoredEvent(seq, *row[:4], row.canonical, row.leaf, row.salt, row.visitor)
        for seq, row in enumerate(rows, 1)
    ]


def parsed(lines, **dialect):
    text = "".join(lines).removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True, **dialect))


def runs(cell):
    return cell.lstrip(" \xa0")[:1] in tuple("=+-@＝＋－＠\t\r\n") and cell.strip() != ""


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("field", ["site", "visitor", "jurisdiction", "language"])
def test_a_hostile_value_stays_one_cell_that_runs_nothing_under_any_delimiter(field, text):
    rows = stored(build_event(**{field: text}))

    found = parsed(as_csv(rows))

    assert len(found) == 1
    assert found[0][field].replace("'", "") == text.replace("'", "")
    for mark in ",;\t":
        cells = [
            cell for line in csv.reader(io.StringIO("".join(as_csv(rows))), delimiter=mark) for cell in line
        ]
        assert not [cell for cell in cells if runs(cell)]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_lines_lose_nothing_of_a_hostile_value_and_stay_one_line(text):
    lines = list(jsonl(stored(build_event(site=text))))

    assert len("".join(lines).splitlines()) == 1
    assert json.loads(lines[0])["site"] == text


def test_the_spreadsheet_form_says_the_same_in_the_way_of_its_locale():
    """K73 of our cases: accents and Arabic, a semicolon, quotes and a line break, ten rows."""
    purposes = ("Préférences", "تسويق")
    rows = stored(
        *(
            build_event(granted=purposes, site='a; "b"\r\nc', language=tag)
            for tag in ("fr", "ar", "de", "en", "es", "it", "nl", "pl", "pt", "ro")
        )
    )

    machine, german = "".join(as_csv(rows)), "".join(as_csv(rows, spreadsheet("de")))

    assert not machine.startswith("\ufeff")
    assert german.startswith("\ufeffseq;id;time;")
    assert parsed(machine) == parsed(german, delimiter=";")
    assert len(parsed(machine)) == 10
    assert parsed(machine)[0]["granted"] == "Préférences تسويق"
    assert parsed(machine)[0]["site"] == 'a; "b"\r\nc'


@pytest.mark.parametrize(
    ("locale", "mark"),
    [
        ("de", ";"), ("de-CH", ";"), ("fr_FR.UTF-8", ";"), ("ar", ";"), ("pt-BR", ";"), ("en-ZA", ";"), ("en", ","),
        ("en-GB", ","), ("ja", ","), ("he", ","), ("es-MX", ","), ("es", ";"), ("zh-Hant-TW", ","),
    ],
)  # fmt: skip
def test_the_delimiter_is_the_one_that_spreadsheets_of_a_locale_expect(locale, mark):
    assert delimiter(locale) == mark


@pytest.mark.parametrize("locale", ["", "d", "german", "../de", "de\n", "de-DE-x-y-z"])
def test_what_is_no_locale_is_refused(locale):
    with pytest.raises(ValueError, match="a locale such as"):
        delimiter(locale)


@pytest.mark.parametrize(
    "text",
    ["0" * 64, "1e5", "12E34", "1-2-2026", "2026-11-25", "10:30", "1/2", "1,5", "3", "TRUE", "false", "7."],
)
def test_a_spreadsheet_is_kept_from_rewriting_what_looks_like_a_number(text):
    assert as_text(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", [moment(1_795_590_000_000_000), "a1b2", "FR", "opt-in", "", "1e5f", "news.example"]
)
def test_other_texts_are_left_alone_in_a_spreadsheet(text):
    assert as_text(defused(text)) == text


def test_numbers_are_no_formulas():
    (row,) = parsed(as_csv(stored(build_event())))

    assert row["seq"] == "1"


@pytest.mark.parametrize(
    ("wanted", "seqs"),
    [
        (Wanted(), [1, 2, 3]),
        (Wanted(begin=2_000), [2, 3]),
        (Wanted(end=2_000), [1]),
        (Wanted(begin=2_000, end=3_000), [2]),
        (Wanted(site="b.example"), [2]),
        (Wanted(act="reject"), [3]),
        (Wanted(jurisdiction="US-CA"), [2]),
        (Wanted(jurisdiction=""), [3]),
        (Wanted(site="b.example", act="reject"), []),
    ],
    ids=str,
)
def test_events_are_chosen_by_time_site_act_and_jurisdiction(wanted, seqs):
    rows = stored(
        build_event(time=1_000),
        build_event(time=2_000, site="b.example", jurisdiction="US-CA"),
        build_refusal(time=3_000, jurisdiction=None),
    )

    assert [row.seq for row in rows if wanted.takes(row)] == seqs


def test_acts_of_the_logs_own_tell_in_json_lines_what_they_are_about():
    (line,) = jsonl(
        stored(build_event(act="erase", visitor=None, statement="asked for", subject=((1, 2), (5, 5))))
    )

    told = json.loads(line)
    assert (told["statement"], told["subject"]) == ("asked for", [[1, 2], [5, 5]])


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(
    st.lists(
        st.builds(
            build_event,
            site=TEXT,
            visitor=TEXT,
            jurisdiction=st.none() | TEXT,
            language=st.sampled_from(["fr", 'x","id":"y', ',"personal":', ',"time":', None]),
            granted=st.lists(TEXT, max_size=2).map(tuple),
            regimes=st.lists(
                st.tuples(st.sampled_from(["id", "time", "personal", "a"]), st.just("opt-in")), max_size=2
            ).map(tuple),
            services_denied=st.lists(TEXT, max_size=1).map(tuple),
            decided_after_ms=st.none() | st.integers(0, 9),
        ),
        max_size=8,
    )
)
def test_what_is_remembered_of_one_event_never_shows_in_another(events):
    """The quick way of many rows says what the careful way says of each alone."""
    rows = stored(*events)

    together = list(islice(as_csv(rows), 1, None))

    assert together == [line for row in rows for line in islice(as_csv([row]), 1, None)]
    for line, row in zip(parsed(as_csv(rows)), rows, strict=True):
        told = record(row)
        assert line["language"] == defused(told["language"] or "")
        assert line["denied"] == defused(" ".join(told["denied"]))


@pytest.mark.parametrize(
    "canonical",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"act":"accept"}', b'{"jurisdiction":null,"granted":1}', None],
    ids=repr,
)
def test_a_damaged_event_is_named_by_its_number(canonical):
    row = stored(build_event())[0]._replace(canonical=canonical)

    for form in (jsonl, as_csv):
        with pytest.raises(EventDamaged, match="event 1 cannot be read"):
            list(form([row]))


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_795_590_000_123_456, "2026-11-25T07:00:00.123456Z"),
        (-5, "1969-12-31T23:59:59.999995Z"),
        (10**18, "1000000000000000000"),
    ],
)
def test_moments_keep_all_six_digits(microseconds, text):
    assert moment(microseconds) == text


def test_the_header_is_left_out_where_the_text_continues_an_earlier_one():
    rows = stored(build_event(), build_event())

    whole = "".join(as_csv(rows))

    assert whole == "".join(as_csv(rows[:1])) + "".join(as_csv(rows[1:], MACHINE, header=False))
    assert whole.startswith(",".join(COLUMNS))
