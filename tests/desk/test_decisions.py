"""Searching decisions, and the page of one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.asgi import Reply
from tests.desk.conftest import MINUTE, OTHER, VISITOR, Person

from consentkit.audit.event import Document, Event, now
from consentkit.audit.finding import StoredEvent
from consentkit.audit.keys import generate
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.signing import Signing
from consentkit.core.policy import Policy

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


def events(audit: AuditLog) -> list[StoredEvent]:
    return list(Reader(audit.url).events())


def numbers(reply: Reply) -> list[int]:
    """The events that a page lists, in its order."""
    return [int(seq) for seq in re.findall(rb'<td class="n"><a[^>]*>(\d+)</a>', reply.body)]


async def test_all_are_listed_newest_first(viewer: Person) -> None:
    reply = await viewer.get("/decisions")

    assert numbers(reply) == [7, 6, 5, 4, 3, 2, 1]
    assert b'rel="next"' not in reply.body


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("act=reject", [6, 4, 2]),
        ("jurisdiction=us-ca", [5]),
        ("act=reject&jurisdiction=FR", []),
        ("policy={policy}", [7, 6, 5, 4, 3, 2, 1]),
        ("policy=" + "0" * 64, []),
        ("from=2020-01-01&to=2020-01-02T10:30", []),
        ("from=2020-01-01T00:00&to=2999-01-01T00:00", [7, 6, 5, 4, 3, 2, 1]),
        ("jurisdiction=-", []),
    ],
)
async def test_a_viewer_searches_by_what_names_nobody(
    viewer: Person, policy: Policy, audit: AuditLog, asked: str, found: list[int]
) -> None:
    reply = await viewer.get(f"/decisions?{asked.format(policy=policy.version)}")

    assert (reply.status, numbers(reply)) == (200, found)
    assert VISITOR.encode() not in reply.body
    assert Reader(audit.url).size() == 7


async def test_an_officer_searches_by_visitor_and_the_log_shows_it(officer: Person, audit: AuditLog) -> None:
    reply = await officer.get(f"/decisions?visitor={VISITOR}")

    assert numbers(reply) == [7, 3, 1]
    *_, noted = events(audit)
    said = json.loads(noted.canonical)
    assert (said["act"], said["how"], said["subject"]) == ("look-up", "desk", [[1, 1], [3, 3], [7, 7]])
    assert VISITOR not in noted.canonical.decode()


async def test_the_form_leads_to_an_address_that_names_nobody(officer: Person) -> None:
    moved = await officer.post("/decisions", {"visitor": f" {VISITOR} ", "act": "save"})

    address = (moved.one(b"location") or b"").decode()
    assert moved.status == 303
    assert VISITOR not in address
    assert numbers(await officer.get(address)) == [3]


@pytest.mark.parametrize("visitor", ["nobody-at-all", "-", "%", "_"])
async def test_an_unknown_visitor_is_an_empty_page(officer: Person, visitor: str) -> None:
    moved = await officer.post("/decisions", {"visitor": visitor})
    reply = await officer.get((moved.one(b"location") or b"").decode())

    assert (reply.status, numbers(reply)) == (200, [])


async def test_a_receipt_finds_its_event(officer: Person, audit: AuditLog) -> None:
    refusal = events(audit)[3]

    reply = await officer.get(f"/decisions?receipt={refusal.id}")

    assert numbers(reply) == [4]
    assert json.loads(events(audit)[-1].canonical)["act"] == "look-up"


@pytest.mark.parametrize("asked", ["visitor=x", "receipt=x", "of=x"])
async def test_a_viewer_looks_for_nobody(viewer: Person, asked: str) -> None:
    assert (await viewer.get(f"/decisions?{asked}")).status == 403
    assert (await viewer.post("/decisions", {"visitor": "x"})).status == 403


@pytest.mark.parametrize(
    "asked",
    [
        "from=2026-02-01&to=2026-01-01",
        "from=2026-01-01T10:00&to=2026-01-01T09:00",
        "from=yesterday",
        "to=2026-13-01",
        "from=" + "9" * 300,
        "act=none-of-ours",
        "after=made-up",
        "after=" + "A" * 32,
        "after=%00",
        "policy=" + "x" * 301,
        "visitor=%00",
        "act=" + HOSTILE,
    ],
)
async def test_what_cannot_be_meant_is_400_with_a_reason(
    officer: Person, audit: AuditLog, asked: str
) -> None:
    reply = await officer.get(f"/decisions?{asked}")

    assert reply.status == 400
    assert b'role="alert"' in reply.body
    assert b"<img" not in reply.body
    assert Reader(audit.url).size() == 7


async def test_pages_follow_each_other_to_the_end_and_miss_none(
    viewer: Person, audit: AuditLog, make_event: Callable[..., Event]
) -> None:
    moment = now()
    for number in range(113):
        await audit.record(make_event(time=moment + number // 50))
    seen: list[int] = []
    path = "/decisions?act=accept&jurisdiction=FR"
    while path:
        reply = await viewer.get(path)
        seen += numbers(reply)
        found = re.search(rb'<a rel="next" href="([^"]+)"', reply.body)
        path = found[1].decode().replace("&amp;", "&") if found else ""

    assert seen == [*range(120, 7, -1), 1]


async def test_a_token_of_one_search_is_none_of_another(
    viewer: Person, audit: AuditLog, make_event: Callable[..., Event]
) -> None:
    for _ in range(60):
        await audit.record(make_event())
    reply = await viewer.get("/decisions")
    token = re.search(rb"after=([\w-]+)", reply.body)
    assert token

    assert (await viewer.get(f"/decisions?act=reject&after={token[1].decode()}")).status == 400


async def test_one_decision_tells_all_around_it(officer: Person, audit: AuditLog, policy: Policy) -> None:
    third = events(audit)[2]

    reply = await officer.get(f"/decisions/{third.id}")

    page = reply.body.decode()
    assert reply.status == 200
    for told in (third.id, VISITOR, third.leaf.hex(), policy.version, "chose by purpose", "in force now"):
        assert told in page
    assert re.search(r'<iframe[^>]* src="/notices/[0-9a-f]{64}" sandbox ', page)
    assert "No signed checkpoint covers it yet" in page
    assert numbers(reply) == [7, 3, 1]
    assert json.loads(events(audit)[-1].canonical)["act"] == "look-up"


async def test_a_viewer_sees_it_without_whose_it_is(viewer: Person, audit: AuditLog) -> None:
    reply = await viewer.get(f"/decisions/{events(audit)[2].id}")

    assert reply.status == 200
    assert VISITOR.encode() not in reply.body
    assert numbers(reply) == []
    assert Reader(audit.url).size() == 7


async def test_its_proof_is_recomputed(officer: Person, audit: AuditLog, tmp_path: Path) -> None:
    generate(tmp_path / "key", "desk.example")
    Signing(audit.url, audit.log_id, tmp_path / "key").sign()
    third = events(audit)[2]

    assert b"The checkpoint over 7 events" in (await officer.get(f"/decisions/{third.id}")).body

    changed = third.canonical.replace(b'"FR"', b'"DE"')
    with create_engine(audit.url).begin() as connection:
        connection.execute(
            text("UPDATE events SET canonical = :new, leaf = :leaf WHERE seq = 3"),
            {"new": changed, "leaf": bytes(32)},
        )
    page = (await officer.get(f"/decisions/{third.id}")).body
    assert b"it was changed" in page
    assert b"the hashes do not lead there" in page


async def test_the_notice_is_served_alone_and_can_do_nothing(
    viewer: Person, documents: tuple[Document, ...]
) -> None:
    reply = await viewer.get(f"/notices/{documents[0].hash}")

    assert reply.status == 200
    assert b'shadowrootmode="open"' in reply.body
    csp = reply.one(b"content-security-policy") or b""
    assert b"default-src 'none'" in csp
    assert b"sandbox;" in csp


@pytest.mark.parametrize(
    "path", ["/decisions/made-up", "/notices/made-up", "/decisions/%00", f"/notices/{'0' * 64}"]
)
async def test_an_unknown_id_is_404(officer: Person, path: str) -> None:
    assert (await officer.get(path.replace("%00", "\0"))).status == 404


async def test_hostile_text_in_every_field_shows_as_text(
    officer: Person, audit: AuditLog, make_event: Callable[..., Event]
) -> None:
    event = make_event(
        site=HOSTILE,
        how=HOSTILE,
        visitor=HOSTILE,
        granted=(HOSTILE,),
        denied=(HOSTILE + "2",),
        services_granted=(HOSTILE,),
        services_denied=(HOSTILE + "3",),
        regimes=((HOSTILE, HOSTILE),),
        jurisdiction=HOSTILE,
        signal=HOSTILE,
        language=HOSTILE,
        policy=HOSTILE,
        notice=HOSTILE,
        statement=HOSTILE,
        subject=((1, 2),),
    )
    await audit.record(event)

    for path in ("/decisions", f"/decisions/{event.id}", f"/decisions?of={event.id}"):
        page = (await officer.get(path)).body

        assert b"onerror" in page
        assert b"<img" not in page
        assert b"\"'&" not in page


async def test_a_damaged_event_hides_no_other(officer: Person, audit: AuditLog) -> None:
    third = events(audit)[2]
    with create_engine(audit.url).begin() as connection:
        connection.execute(text("UPDATE events SET canonical = x'00' WHERE seq = 3"))

    assert numbers(await officer.get("/decisions")) == [7, 6, 5, 4, 3, 2, 1]
    assert (await officer.get(f"/decisions/{third.id}")).status == 200


async def test_times_are_told_in_the_zone_that_was_chosen(
    viewer: Person, audit: AuditLog, make_event: Callable[..., Event]
) -> None:
    # Two hours after the clocks went back in Paris on 25 October 2026 at 01:00 UTC.
    await audit.record(make_event(time=1_792_893_600_000_000 + 3 * 60 * MINUTE, visitor=OTHER))

    page = (await viewer.get("/decisions?zone=Europe/Paris&lang=fr&from=2026-10-25&to=2026-10-25")).body

    assert b"CET" in page
    assert b'lang="fr"' in page
