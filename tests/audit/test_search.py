"""Finding events: the same as by looking at each of them, in pages, and without reading them all."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
from tests.audit.commands import write
from tests.audit.conftest import VISITOR, build_event, build_refusal

from consentkit.audit.event import Event, now, uuid7
from consentkit.audit.reader import Reader
from consentkit.audit.search import MOST, Search, page
from consentkit.audit.upgrade import upgrade

HOUR = 3_600_000_000
BEGIN = 1_790_000_000_000_000
HOSTILE = ('FR"', "'; DROP TABLE events; --", "%", "_", "\\", "é", "FR\n", '","policy":"', ":act")
POLICIES = ("a" * 64, "c" * 64)


def some_events(count: int) -> list[Event]:
    """Decisions of some days, not all in the order of their times, and some acts of the log's own."""
    chance = random.Random(7)
    found = []
    for number in range(count):
        act = chance.choice(("accept", "accept", "reject", "save", "withdraw", "erase"))
        make = build_refusal if act in ("reject", "erase") else build_event
        time = BEGIN + number * HOUR // 3 - chance.choice((0, 0, 0, 40 * HOUR))
        made = make(
            act=act,
            time=time,
            policy=chance.choice(POLICIES),
            jurisdiction=chance.choices((None, "FR", "US-CA"), (1, 8, 1))[0],
        )
        if act == "erase":
            made = replace(made, policy="", notice="", jurisdiction=None, subject=((1, 1),))
        if made.visitor is not None and number % 9 == 0:
            made = replace(made, visitor=f"another-{number % 27}")
        found.append(made)
    return found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """A log that no test changes, in each kind of store."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('search') / 'consent.db'}"
    else:
        server = request.getfixturevalue("postgresql")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE log_to_search")
        url = server.get_uri(database="log_to_search")
        upgrade(url)
    write(url, *some_events(400))
    write(url, *(build_event(jurisdiction=value, policy=value) for value in HOSTILE), log_id="hostile")
    return Reader(url, "")


def by_looking_at_each(reader: Reader, search: Search) -> list[int]:
    rows = [row for row in reader.events() if search.takes(row)]
    if search.visitor is not None:
        return [row.seq for row in reversed(rows)]
    return [row.seq for row in sorted(rows, key=lambda row: (row.time, row.seq), reverse=True)]


def all_pages(reader: Reader, search: Search, limit: int) -> list[int]:
    found: list[int] = []
    after = None
    while True:
        one = page(reader, search, after, limit)
        assert len(one.items) == limit or one.next is None
        found += [row.seq for row in one.items]
        after = one.next
        if after is None:
            return found


SEARCHES = {
    "everything": Search(),
    "an act": Search(act="withdraw"),
    "an act of the log's own": Search(act="erase"),
    "any of two acts": Search(act=("erase", "withdraw")),
    "any of two acts in a jurisdiction": Search(act=("save", "withdraw"), jurisdiction="US-CA"),
    "a jurisdiction": Search(jurisdiction="US-CA"),
    "an unknown jurisdiction": Search(jurisdiction=""),
    "a policy": Search(policy=POLICIES[1]),
    "a policy, a jurisdiction and an act": Search(policy=POLICIES[0], jurisdiction="US-CA", act="save"),
    "a time": Search(first=BEGIN + 20 * HOUR, last=BEGIN + 60 * HOUR),
    "an act in a time": Search(act="reject", first=BEGIN + 20 * HOUR, last=BEGIN + 60 * HOUR),
    "a visitor": Search(visitor=VISITOR),
    "an act of a visitor in a time": Search(visitor=VISITOR, act="save", first=BEGIN + 20 * HOUR),
    "nothing that is there": Search(jurisdiction="XX"),
    "a visitor nobody knows": Search(visitor="nobody"),
    "a time before all": Search(last=BEGIN - 400 * HOUR),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_pages_hold_what_looking_at_each_event_finds_newest_first(filled, search):
    expected = by_looking_at_each(filled, search)

    assert all_pages(filled, search, 7) == expected
    assert all_pages(filled, search, MOST) == expected


def test_what_the_searches_above_look_for_is_there(filled):
    empty = [name for name, search in SEARCHES.items() if not by_looking_at_each(filled, search)]

    assert empty == ["nothing that is there", "a visitor nobody knows", "a time before all"]


def test_a_receipt_finds_its_event_and_only_where_all_else_fits(filled):
    row = filled.last(1)[0]

    assert page(filled, Search(receipt=row.id)) == ((row,), None)
    assert page(filled, Search(receipt=row.id, last=row.time - 1)) == ((), None)
    assert page(filled, Search(receipt=uuid7())) == ((), None)


def test_what_comes_while_somebody_pages_moves_no_event_to_another_page(url):
    write(url, *(build_event(time=BEGIN + number) for number in range(6)))
    reader = Reader(url, "")
    first = page(reader, Search(), limit=3)

    write(url, build_event(time=BEGIN + 9))

    assert [row.seq for row in first.items] == [6, 5, 4]
    assert [row.seq for row in page(reader, Search(), first.next, 3).items] == [3, 2, 1]


class CountingReader(Reader):
    """Counts the statements, and the events that they read."""

    asked = read = 0

    @contextmanager
    def asking(self):
        with super().asking() as ask:

            def count(query, values=None):
                rows = ask(query, values)
                self.asked += 1
                self.read += sum(len(row) > 1 for row in rows)
                return rows

            yield count


def test_a_rare_value_costs_the_events_of_its_own_quarters_of_an_hour(url):
    common = [build_event(time=BEGIN + number * HOUR // 10) for number in range(3000)]
    rare = [build_event(time=BEGIN + hour * HOUR + 1, jurisdiction="BR") for hour in (3, 250)]
    write(url, *common, *rare)
    reader = CountingReader(url, "")

    found = page(reader, Search(jurisdiction="BR"))

    assert [row.time for row in found.items] == [rare[1].time, rare[0].time]
    assert reader.read == 2


def test_a_clock_that_was_years_wrong_once_costs_no_look_at_each_quarter_between(url):
    write(url, build_event(time=0), build_event(time=2**53 - 1), build_event(time=now()))
    reader = CountingReader(url, "")

    found = page(reader, Search(act="accept"))

    assert len(found.items) == 3
    assert reader.asked < 12


@pytest.mark.parametrize("token", ["", "x", "AAAA", "A" * 32, "ü", "é" * 40, "=", "A" * 10_000])
def test_a_page_that_was_made_up_is_refused(filled, token):
    with pytest.raises(ValueError, match="no page of this search"):
        page(filled, Search(), token)


def test_a_page_of_another_search_or_with_one_letter_changed_is_refused(filled):
    token = page(filled, Search(act="accept"), limit=5).next

    assert page(filled, Search(act="accept"), token, 5).items
    for search, changed in [
        (Search(), token),
        (Search(act="accept"), ("B" if token[0] == "A" else "A") + token[1:]),
    ]:
        with pytest.raises(ValueError, match="no page of this search"):
            page(filled, search, changed, 5)


@pytest.mark.parametrize("limit", [0, -1, MOST + 1])
def test_a_page_of_no_or_too_many_events_is_refused(filled, limit):
    with pytest.raises(ValueError, match="1 to 1000"):
        page(filled, Search(), limit=limit)


@pytest.mark.parametrize(
    "values",
    [{"first": 2, "last": 1}, {"visitor": "a\0b"}, {"policy": "x" * 301}, {"last": -1}],
    ids=["ends before it begins", "NUL", "too long", "before 1970"],
)
def test_what_can_be_nowhere_is_refused_in_words(values):
    with pytest.raises(ValueError, match=r"ends before|at most 300"):
        Search(**values)


def test_hostile_text_is_a_value_like_any_other(filled):
    reader = Reader(filled.url, "hostile")

    found = [
        [row.seq for row in page(reader, Search(jurisdiction=value, policy=value)).items] for value in HOSTILE
    ]

    assert found == [[number] for number in range(1, len(HOSTILE) + 1)]
