"""What a search finds, for a spreadsheet (K73)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
from tests.asgi import SAME
from tests.desk.conftest import VISITOR, Person

from consentkit.audit.event import Event
from consentkit.audit.export import COLUMNS
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader

FORMULA = '=HYPERLINK("https://evil.example";"x")\n;y'


async def read(person: Person, locale: str, **asked: str) -> tuple[bytes, list[dict[str, str]]]:
    fields = [SAME, (b"accept-language", locale.encode())]
    reply = await person.post("/decisions/table", asked, fields)
    assert (reply.status, reply.one(b"content-type")) == (200, b"text/csv; charset=utf-8"), reply.body
    mark = ";" if locale.startswith("de") else ","
    text = reply.body.decode("utf-8-sig")
    return reply.body, list(csv.DictReader(io.StringIO(text, newline=""), delimiter=mark))


@pytest.mark.parametrize("locale", ["de", "de-CH,de;q=0.8", "en-GB", "en"])
async def test_it_opens_in_the_spreadsheet_of_the_readers_locale(
    officer: Person, audit: AuditLog, make_event: Callable[..., Event], locale: str
) -> None:
    await audit.record(make_event(granted=("Préférences", "تسويق"), jurisdiction='a;"b"\nc'))

    body, rows = await read(officer, locale)

    assert body.startswith(b"\xef\xbb\xbf")
    assert len(rows) == 8
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0]["granted"] == "Préférences تسويق"
    assert rows[0]["jurisdiction"] == 'a;"b"\nc'


async def test_nothing_in_it_is_run(
    officer: Person, audit: AuditLog, make_event: Callable[..., Event]
) -> None:
    await audit.record(make_event(site=FORMULA, jurisdiction=FORMULA, language="+1", granted=("-1", "@x")))

    _, rows = await read(officer, "de")

    for name in ("site", "jurisdiction", "language", "granted"):
        assert rows[0][name].startswith("'")


async def test_it_holds_what_was_searched_for_and_the_log_says_that_it_was_handed_out(
    officer: Person, audit: AuditLog
) -> None:
    event = Reader(audit.url).last(1)[0].id

    _, rows = await read(officer, "en", of=event)

    assert [row["seq"].strip("'") for row in rows] == ["7", "3", "1"]
    assert {row["visitor"] for row in rows} == {VISITOR}
    noted = json.loads(Reader(audit.url).last(1)[0].canonical)
    assert (noted["act"], noted["subject"]) == ("export", [[1, 1], [3, 3], [7, 7]])


async def test_a_viewers_table_tells_nobody(viewer: Person, audit: AuditLog) -> None:
    body, rows = await read(viewer, "en", act="accept")

    assert [row["visitor"] for row in rows] == ["", ""]
    assert VISITOR.encode() not in body
    assert Reader(audit.url).size() == 7


@pytest.mark.parametrize(
    "asked", [{"from": "2026-02-01", "to": "2026-01-01"}, {"act": "none"}, {"policy": "\0"}]
)
async def test_what_cannot_be_meant_is_400(officer: Person, asked: dict[str, str]) -> None:
    assert (await officer.post("/decisions/table", asked)).status == 400


async def test_too_many_are_refused_with_the_way_out(
    officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consentkit.desk.table.MOST", 3)

    reply = await officer.post("/decisions/table")

    assert reply.status == 400
    assert b"consentkit audit export" in reply.body
