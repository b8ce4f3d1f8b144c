"""What is kept of somebody: looked up, handed out, erased, and registered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from tests.asgi import Reply
from tests.desk.conftest import OTHER, VISITOR, Person

from consentkit.audit.event import Event
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.receipt import verify
from consentkit.audit.verifying import verify_log

Logged = Callable[[], list[dict[str, object]]]


@pytest.fixture
def logged(audit: AuditLog) -> Logged:
    def read() -> list[dict[str, object]]:
        return [{**json.loads(row.canonical), "visitor": row.visitor} for row in Reader(audit.url).events()]

    return read


@pytest.fixture
async def of(officer: Person) -> str:
    """The event by which the visitor was found."""
    moved = await officer.post("/people", {"visitor": VISITOR})
    found = re.fullmatch(rb"/people\?of=([0-9a-f-]{36})", moved.one(b"location") or b"")
    assert found
    return found[1].decode()


def alert(reply: Reply) -> str:
    found = re.search(rb'<p role="alert">(.*?)</p>', reply.body)
    return found[1].decode() if found else ""


async def test_a_visitor_is_found_by_their_id_and_the_look_up_is_noted(
    officer: Person, of: str, logged: Logged
) -> None:
    reply = await officer.get(f"/people?of={of}")

    assert reply.status == 200
    assert VISITOR.encode() in reply.body
    assert OTHER.encode() not in reply.body
    *_, noted = logged()
    assert (noted["act"], noted["subject"]) == ("look-up", [[1, 1], [3, 3], [7, 7]])


async def test_a_visitor_is_found_by_any_of_their_receipts(officer: Person, logged: Logged) -> None:
    moved = await officer.post("/people", {"receipt": logged()[0]["id"]})
    reply = await officer.get((moved.one(b"location") or b"").decode())

    assert VISITOR.encode() in reply.body


async def test_a_refusal_is_found_by_its_receipt_and_is_nobodys(officer: Person, logged: Logged) -> None:
    reply = await officer.get(f"/people?of={logged()[1]['id']}")

    assert b"bears no visitor" in reply.body
    assert b"/people/erase" not in reply.body


async def test_an_unknown_id_is_404(officer: Person) -> None:
    moved = await officer.post("/people", {"visitor": "no-such-visitor"})

    assert (await officer.get((moved.one(b"location") or b"").decode())).status == 404
    assert (await officer.get("/people?of=made-up")).status == 404
    assert (await officer.post("/people", {})).status == 400


async def test_the_file_holds_every_event_and_receipts_that_verify(
    officer: Person, of: str, logged: Logged
) -> None:
    reply = await officer.post("/people/export", {"of": of, "kind": "portability", "received": "2026-11-03"})

    told = json.loads(reply.body)
    assert (reply.one(b"content-disposition") or b"").startswith(b"attachment")
    assert [each["seq"] for each in told["events"]] == [1, 3, 7]
    assert told["visitor"] == VISITOR
    for receipt in told["receipts"]:
        assert verify(json.dumps(receipt).encode(), []).faults == ()
    *_, noted = logged()
    assert (noted["act"], noted["subject"]) == ("export", [[1, 1], [3, 3], [7, 7]])
    assert noted["statement"] == "portability, received 2026-11-03: handed out as JSON"


async def test_a_refusals_file_holds_its_receipt_alone(officer: Person, logged: Logged) -> None:
    reply = await officer.post("/people/export", {"of": logged()[1]["id"]})

    told = json.loads(reply.body)
    assert [each["seq"] for each in told["events"]] == [2]
    assert len(told["receipts"]) == 1


async def test_erasing_asks_twice_and_then_forgets(
    officer: Person, of: str, audit: AuditLog, logged: Logged
) -> None:
    fields = {"of": of, "reason": "request by letter", "received": "2026-11-03"}
    asked = await officer.post("/people/erase", fields)
    assert asked.status == 200
    assert b"request by letter" in asked.body
    assert logged()[0]["visitor"] == VISITOR

    moved = await officer.post("/people/erase-now", {**fields, "sure": "yes"})
    reply = await officer.get((moved.one(b"location") or b"").decode())

    assert [each["visitor"] for each in logged()[:7]] == [None, None, None, None, OTHER, None, None]
    *_, told = logged()
    assert (told["act"], told["how"]) == ("erase", "desk")
    assert told["statement"] == "erasure, received 2026-11-03: request by letter"
    assert b"Erased. Event 8 tells of it." in reply.body
    assert b"can still be found" not in reply.body
    assert b"nobody to erase" in (await officer.post("/people/erase", fields)).body
    _, _, report = verify_log(audit.url, audit.log_id)
    assert (report.sound, report.erased) == (True, 3)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": ""}, "needs a reason"),
        ({"reason": f"erase {VISITOR}"}, "must not name the visitor"),
        ({"reason": "x" * 501}, "at most 500 characters"),
        ({"reason": "right", "received": "the third"}, "is no date"),
        ({"reason": "right", "of": "made-up"}, "no event with this id"),
    ],
    ids=["none", "names the visitor", "long", "no date", "nobody"],
)
@pytest.mark.parametrize("path", ["/people/erase", "/people/erase-now"])
async def test_nothing_is_erased_without_a_right_reason(
    officer: Person, of: str, logged: Logged, path: str, fields: dict[str, str], said: str
) -> None:
    before = logged()

    reply = await officer.post(path, {"of": of, "sure": "yes", **fields})

    assert reply.status in (400, 404)
    assert said in alert(reply)
    assert logged() == before


async def test_nothing_is_erased_without_the_second_confirmation(
    officer: Person, of: str, logged: Logged
) -> None:
    before = logged()

    reply = await officer.post("/people/erase-now", {"of": of, "reason": "right"})

    assert reply.status == 400
    assert logged() == before


async def test_the_register_tells_what_was_asked_for_and_names_nobody(officer: Person, of: str) -> None:
    await officer.get(f"/people?of={of}")
    await officer.post("/people/export", {"of": of, "received": "2026-11-03"})
    await officer.post("/people/erase-now", {"of": of, "reason": "by letter", "sure": "yes"})

    page = (await officer.get("/people")).body.decode()

    rows = re.findall(r"<td>(access|portability|erasure|none: an officer looked)</td>", page)
    assert rows == ["erasure", "access", "none: an officer looked"]
    assert "by letter" in page
    assert VISITOR not in page


async def test_a_made_up_page_of_the_register_is_400(officer: Person) -> None:
    assert (await officer.get("/people?after=made-up")).status == 400


async def test_hostile_reasons_show_as_text(officer: Person, of: str) -> None:
    reason = "<script>alert(1)</script>\"'"
    asked = await officer.post("/people/erase", {"of": of, "reason": reason})
    await officer.post("/people/erase-now", {"of": of, "reason": reason, "sure": "yes"})

    for page in (asked.body, (await officer.get("/people")).body, (await officer.get("/decisions")).body):
        assert b"&lt;script&gt;" in page
        assert b"<script" not in page


async def test_events_in_the_spool_are_not_missed(
    officer: Person, of: str, audit: AuditLog, logged: Logged, make_event: Callable[..., Event]
) -> None:
    audit.spool.write_text(f'{{"visitor": "{VISITOR}"}}\n')

    reply = await officer.post("/people/erase-now", {"of": of, "reason": "right", "sure": "yes"})

    assert reply.status == 503
    assert b"wait in the spool" in reply.body
    assert logged()[0]["visitor"] == VISITOR
    audit.spool.unlink()
