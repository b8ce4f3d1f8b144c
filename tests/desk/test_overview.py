"""How people chose, at ``/``: any time, by day or hour of any zone, in pictures, tables and files."""

from __future__ import annotations

import csv
import html
import io
import os
import re
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.asgi import KEY, Reply
from tests.desk.conftest import Person, signed_in

from consentkit.audit.batch import seal
from consentkit.audit.event import Document, Event
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.store import Store
from consentkit.audit.trend import When
from consentkit.core.policy import Policy
from consentkit.desk.app import ComplianceDesk
from consentkit.desk.overview import KINDS, SPLITS, look
from consentkit.desk.passes import Passes

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
MAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(moment: datetime, **later: float) -> int:
    return int((moment + timedelta(**later)).timestamp() * 1_000_000)


@pytest.fixture
def write(empty: AuditLog) -> Callable[..., None]:
    """Puts events into the log of the desk."""

    def put(*events: Event, papers: Sequence[Document] = ()) -> None:
        store = Store(empty.url, str(empty.log_id), 5.0)
        store.append([seal(event, None, os.urandom(32)) for event in events], papers)
        store.close()

    return put


@pytest.fixture
def audit(empty: AuditLog) -> AuditLog:
    """A log that each test writes by itself."""
    return empty


def text(reply: Reply) -> str:
    """What a page says, its markup taken out."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reply.body.decode())).split())


def rows(reply: Reply, number: int = 0) -> dict[str, list[str]]:
    """One of the page's tables, by the first cell of its rows."""
    table = re.findall(r"<table>(.*?)</table>", reply.body.decode(), re.DOTALL)[number]
    found = {}
    for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)[1:]:
        first, *rest = (
            re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row)
        )
        found[html.unescape(first)] = rest
    return found


def cells(reply: Reply) -> list[list[str]]:
    return list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig"))))


async def test_choices_are_told_by_day_and_by_everything_that_is_counted(
    viewer: Person,
    write: Callable[..., None],
    make_event: Callable[..., Event],
    documents: tuple[Document, ...],
) -> None:
    refusal: dict[str, Any] = {"act": "reject", "visitor": None, "granted": (), "denied": ("analytics",)}
    write(
        make_event(time=at(MAY), decided_after_ms=1000),
        make_event(time=at(MAY), decided_after_ms=3000, language="fr", signal="gpc"),
        make_event(time=at(MAY, days=1), decided_after_ms=None, jurisdiction="DE", **refusal),
        make_event(time=at(MAY, days=1), act="withdraw", granted=(), decided_after_ms=None),
        papers=documents,
    )

    reply = await viewer.get("/?from=2026-05-01&to=2026-05-03&by=day")

    told = text(reply)
    assert "Decisions 4" in told
    assert "Accepted, of those who chose 67%" in told
    assert "Withdrawals 1" in told
    assert "With the signal GPC 25%" in told
    assert "Mean time to choose 2 s accepting 2 s, rejecting –" in told
    #                                       all, share, mean, accept, reject, save, withdraw, signal
    assert list(rows(reply).items()) == [
        ("2026-05-03", ["0", "–", "–", "0", "0", "0", "0", "0"]),
        ("2026-05-02", ["2", "0%", "–", "0", "1", "0", "1", "0"]),
        ("2026-05-01", ["2", "100%", "2 s", "2", "0", "0", "0", "0"]),
    ]
    tables = {kind: rows(reply, number + 1) for number, kind in enumerate(KINDS)}
    assert tables["purpose"]["analytics"] == ["3", "67%", "2", "1"]
    assert tables["jurisdiction"]["DE"][:2] == ["1", "0%"]
    assert tables["language"]["fr"][0] == "1"
    assert tables["layout"]["bar"][0] == "4"
    assert len(tables["policy"]) == len(tables["notice"]) == 1
    for table, path in (("policy", "/policy?version="), ("notice", "/notices/")):
        (name,) = tables[table]
        (link,) = re.findall(rf'href="({re.escape(path)}{name}[0-9a-f]+)"', reply.body.decode())
        assert (await viewer.get(link)).status == 200
    assert set(tables["signal"]) == {"none", "gpc"}
    assert reply.body.count(b'role="img"') == 1 + len(KINDS)


@pytest.mark.parametrize(
    ("zone", "day", "begin", "hours", "says"),
    [
        ("Europe/Paris", "2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), 23, "23 hours"),
        ("Europe/Paris", "2026-10-25", datetime(2026, 10, 24, 22, tzinfo=UTC), 25, "25 hours"),
        ("America/Santiago", "2026-09-06", datetime(2026, 9, 6, 4, tzinfo=UTC), 23, "23 hours"),
        ("America/Santiago", "2026-04-04", datetime(2026, 4, 4, 3, tzinfo=UTC), 25, "25 hours"),
    ],
)
async def test_k75_a_day_of_23_or_25_hours_is_one_day_with_all_of_them(
    viewer: Person,
    write: Callable[..., None],
    make_event: Callable[..., Event],
    zone: str,
    day: str,
    begin: datetime,
    hours: int,
    says: str,
) -> None:
    write(*(make_event(time=at(begin, hours=hour)) for hour in range(-24, 48)))
    asked = f"from={day}&to={day}&zone={zone}"

    daily, hourly = [await viewer.get(f"/?{asked}&by={by}") for by in ("day", "hour")]

    assert rows(daily)[f"{day} {says}"][0] == str(hours)
    assert [row[0] for row in rows(hourly).values()] == ["1"] * hours
    for reply in (daily, hourly):
        assert f"Decisions {hours}" in text(reply)


async def test_k75_an_hour_that_clocks_show_twice_is_two_and_says_so(
    viewer: Person, write: Callable[..., None], make_event: Callable[..., Event]
) -> None:
    write(
        *(
            make_event(time=at(datetime(2026, 10, 25, tzinfo=UTC), minutes=30, hours=hour))
            for hour in range(2)
        )
    )
    write(make_event(time=at(datetime(2026, 3, 29, 1, tzinfo=UTC))))

    autumn, spring = [
        rows(await viewer.get(f"/?from={day}&to={day}&zone=Europe/Paris"))
        for day in ("2026-10-25", "2026-03-29")
    ]

    assert {hour: row[0] for hour, row in autumn.items() if row[0] != "0"} == {
        "2026-10-25 02:00+02:00 twice: clocks went back": "1",
        "2026-10-25 02:00+01:00 twice: clocks went back": "1",
    }
    assert [hour for hour in spring if " 02:00" in hour] == []
    assert spring["2026-03-29 03:00+02:00"][0] == "1"


async def test_an_empty_log_is_shown_without_a_chart(viewer: Person) -> None:
    reply = await viewer.get("/")

    assert reply.status == 200
    assert "Decisions 0" in text(reply)
    assert "Nothing was decided in this time." in text(reply)
    assert b"<svg" not in reply.body


async def test_one_day_is_shown_by_hour_unless_days_are_asked_for(
    viewer: Person, write: Callable[..., None], make_event: Callable[..., Event]
) -> None:
    write(make_event(time=at(MAY)))

    hours, day = [rows(await viewer.get(f"/?from=2026-05-01&to=2026-05-01{by}")) for by in ("", "&by=day")]

    assert len(hours) == 24
    assert list(day) == ["2026-05-01"]


async def test_without_a_question_the_last_thirty_days_are_shown(
    viewer: Person, write: Callable[..., None], make_event: Callable[..., Event]
) -> None:
    write(make_event())

    reply = await viewer.get("/")

    assert len(rows(reply)) == 30
    assert "Decisions 1" in text(reply)


async def test_a_change_of_policy_is_marked_in_chart_table_and_list(
    viewer: Person, write: Callable[..., None], make_event: Callable[..., Event]
) -> None:
    write(*(make_event(time=at(MAY, days=day), policy="ab"[day > 1] * 64) for day in range(4)))

    reply = await viewer.get("/?from=2026-05-01&to=2026-05-04&zone=Europe/Paris")

    assert reply.body.count(b'fill="var(--chart-mark)"') == 1
    assert "2026-05-03 policy bbbbbbbbbbbb" in rows(reply)
    assert "2026-05-03 14:00:00 CEST" in text(reply)
    assert b'href="/policy?version=' + b"b" * 64 + b'"' in reply.body


@pytest.mark.parametrize("split", SPLITS)
async def test_each_kind_is_shown_over_time_and_its_file_has_the_same_numbers(
    viewer: Person, write: Callable[..., None], make_event: Callable[..., Event], split: str
) -> None:
    write(*(make_event(time=at(MAY, days=day)) for day in range(2)))
    asked = f"from=2026-05-01&to=2026-05-03&split={split}"

    shown, file = await viewer.get(f"/?{asked}"), await viewer.get(f"/overview.csv?{asked}&of=time")

    assert file.one(b"content-disposition") == f'attachment; filename="{split}-by-day.csv"'.encode()
    header, *told = cells(file)
    assert header[0] == "day"
    per_day = "3" if split == "purpose" else "1"
    assert [(row[0], row[header.index("total")]) for row in told] == [
        ("2026-05-01", per_day),
        ("2026-05-02", per_day),
        ("2026-05-03", "0"),
    ]
    assert {day: row[0] for day, row in rows(shown).items()} == {
        row[0]: row[header.index("total")] for row in told
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_has_a_file_with_all_its_names(
    viewer: Person, write: Callable[..., None], make_event: Callable[..., Event], kind: str
) -> None:
    places = [{"jurisdiction": f"US-{a}{b}"} for a in "ABCD" for b in "ABCD"]
    write(*(make_event(time=at(MAY), **place) for place in places))
    asked = "from=2026-05-01&to=2026-05-01"

    header, *told = cells(await viewer.get(f"/overview.csv?{asked}&of={kind}"))

    assert header[0] == kind
    assert sum(int(row[header.index("total")]) for row in told) == (48 if kind == "purpose" else 16)
    if kind == "jurisdiction":
        assert len(told) == 16
        assert "6 more are in the file." in text(await viewer.get(f"/?{asked}"))


async def test_text_of_others_stays_text_and_runs_in_no_spreadsheet(
    viewer: Person, write: Callable[..., None], make_event: Callable[..., Event]
) -> None:
    formula = "=HYPERLINK(0)"
    hostile: dict[str, Any] = {"jurisdiction": HOSTILE, "language": formula, "granted": (HOSTILE, formula)}
    write(make_event(time=at(MAY), regimes=(), **hostile))

    for split in SPLITS:
        reply = await viewer.get(f"/?from=2026-05-01&to=2026-05-01&split={split}")
        assert reply.status == 200
        assert b"<img" not in reply.body
    files = [await viewer.get(f"/overview.csv?from=2026-05-01&of={of}") for of in ("language", "purpose")]

    assert HOSTILE in text(reply)
    for file in files:
        assert "'=HYPERLINK(0)" in [row[0] for row in cells(file)]


async def test_a_file_is_parted_as_spreadsheets_of_the_language_expect(
    viewer: Person, write: Callable[..., None], make_event: Callable[..., Event]
) -> None:
    write(make_event(time=at(MAY)))

    reply = await viewer.get("/overview.csv?of=language&from=2026-05-01&lang=fr")

    assert reply.body.startswith("\ufefflanguage;accept;".encode())


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("from=2026-05-02&to=2026-05-01", "ends before it begins"),
        ("from=yesterday", "yesterday is no date"),
        ("from=1900-01-01", "1900-01-01 is no date"),
        ("to=9999-12-31", "9999-12-31 is no date"),
        ("from=1970-01-01&by=hour", "at most 4,000 days or hours"),
        ("zone=Mars/Olympus", "Mars/Olympus"),
        ("by=minute", "minute"),
        ("split=visitor", "visitor"),
        ("split=" + "x" * 400, "at most 300 characters"),
        ("from=2026-05-01%00", "characters"),
    ],
)
async def test_what_cannot_be_meant_is_a_clear_page(viewer: Person, asked: str, says: str) -> None:
    for path in ("/", "/overview.csv?of=time"):
        reply = await viewer.get(f"{path}{'&' if '?' in path else '?'}{asked}")

        assert reply.status == 400
        assert says in text(reply)


async def test_a_file_of_something_else_is_refused(viewer: Person) -> None:
    for of in ("", "visitor", "act"):
        assert (await viewer.get(f"/overview.csv?of={of}")).status == 400


class CountingReader(Reader):
    """Tells how many rows it read, and from which tables."""

    read = 0
    asked = ""

    @contextmanager
    def asking(self) -> Any:
        with super().asking() as ask:

            def count(query: Any, values: Any = None) -> Any:
                found = ask(query, values)
                self.read += len(found)
                self.asked += str(query)
                return found

            yield count


@pytest.mark.parametrize("split", SPLITS)
async def test_what_is_read_grows_with_the_days_shown_and_not_with_the_decisions(
    empty: AuditLog, write: Callable[..., None], make_event: Callable[..., Event], policy: Policy, split: str
) -> None:
    when = When(MAY.date(), MAY.date() + timedelta(days=29))
    read = []

    for times in range(2):
        write(*(make_event(time=at(MAY, minutes=20 * n, seconds=times)) for n in range(29 * 72)))
        reader = CountingReader(empty.url, policy.site.address)
        assert look(reader, when, split).found.decisions == 29 * 72 * (times + 1)
        read.append(reader.read)

    assert read[0] == read[1] < 30 * 8
    assert "FROM rollups" in reader.asked
    assert "FROM events" not in reader.asked


async def test_a_viewer_needs_no_more_and_nothing_is_noted_in_the_log(
    viewer: Person, audit: AuditLog, write: Callable[..., None], make_event: Callable[..., Event]
) -> None:
    write(make_event())

    assert (await viewer.get("/")).status == 200

    assert Reader(audit.url).size() == 1


async def test_another_site_of_the_store_is_shown_where_the_desk_was_told_of_it(
    audit: AuditLog,
    passes: Passes,
    policy: Policy,
    write: Callable[..., None],
    make_event: Callable[..., Event],
) -> None:
    write(make_event())
    store = Store(audit.url, "https://sister.example", 5.0)
    store.append([seal(make_event(visitor=None), None, b"") for _ in range(3)])
    store.close()
    alone = await signed_in(ComplianceDesk(policy, audit, secret_key=KEY), passes, "viewer")
    both = await signed_in(
        ComplianceDesk(policy, audit, secret_key=KEY, sites=[policy.site.address, "https://sister.example"]),
        passes,
        "viewer",
    )

    own, other = await both.get("/"), await both.get("/?site=https://sister.example")
    refused = await alone.get("/?site=https://sister.example")

    assert "Decisions 1" in text(own)
    assert "Decisions 3" in text(other)
    assert b"site=https%3A%2F%2Fsister.example" in re.findall(rb'href="(/overview.csv[^"]*)"', other.body)[0]
    options = re.findall(
        rb'<option value="([^"]*)"( selected)?>https://([a-z]+).example</option>', other.body
    )
    assert options == [(b"", b"", b"paper"), (b"https://sister.example", b" selected", b"sister")]
    assert refused.status == 400
    assert b"sister" not in (await alone.get("/")).body
