"""The API: the same answers for programs, and its own description of itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.routing import Route
from tests.asgi import JSON, Reply, get
from tests.desk.conftest import OTHER, VISITOR, Person

from consentkit.audit import merkle
from consentkit.audit.event import Event
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.desk.app import ComplianceDesk
from consentkit.desk.passes import Kind, Passes


class Program:
    """Comes with a token."""

    def __init__(self, desk: ComplianceDesk, token: str) -> None:
        self.desk = desk
        self.fields = [(b"authorization", f"Bearer {token}".encode())]

    async def get(self, path: str) -> Reply:
        return await get(self.desk, path, self.fields)

    async def json(self, path: str) -> Any:
        reply = await self.get(path)
        assert (reply.status, reply.one(b"content-type")) == (200, b"application/json"), reply.body
        return json.loads(reply.body)

    async def erase(self, body: object, kind: tuple[bytes, bytes] = JSON) -> Reply:
        person = Person(self.desk)
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await person.send("/api/erasures", sent, [*self.fields, kind])


@pytest.fixture
def program(desk: ComplianceDesk, passes: Passes) -> Program:
    return Program(desk, passes.issue(Kind.TOKEN, "viewer", 60))


@pytest.fixture
def officers(desk: ComplianceDesk, passes: Passes) -> Program:
    return Program(desk, passes.issue(Kind.TOKEN, "officer", 60))


def acts(audit: AuditLog) -> list[str]:
    return [row.act for row in Reader(audit.url).events()]


async def test_decisions_are_paged_to_the_end(program: Program) -> None:
    seen: list[int] = []
    path = "/api/decisions?limit=3"
    while path:
        told = await program.json(path)
        seen += [each["seq"] for each in told["items"]]
        path = told["next"]

    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_a_viewers_token_shows_nobody_and_searches_nobody(program: Program, audit: AuditLog) -> None:
    told = await program.json("/api/decisions?act=accept&from=2020-01-01&to=2999-01-01T00:00:00Z")

    assert [(each["seq"], each["visitor"]) for each in told["items"]] == [(5, None), (1, None)]
    assert (await program.get(f"/api/decisions?visitor={VISITOR}")).status == 403
    assert "look-up" not in acts(audit)


async def test_an_officers_token_does_and_the_log_shows_it(officers: Program, audit: AuditLog) -> None:
    told = await officers.json(f"/api/decisions?visitor={VISITOR}")

    assert {each["visitor"] for each in told["items"]} == {VISITOR}
    noted = json.loads(Reader(audit.url).last(1)[0].canonical)
    assert (noted["act"], noted["how"]) == ("look-up", "api")


async def test_a_list_with_everybodys_ids_is_noted_as_handed_out(
    officers: Program, program: Program, audit: AuditLog
) -> None:
    told = await officers.json("/api/decisions?act=accept&limit=1")
    following = await officers.json(told["next"])
    await program.json("/api/decisions?act=accept")
    await officers.json("/api/decisions?act=reject")

    assert [[each["seq"] for each in one["items"]] for one in (told, following)] == [[5], [1]]
    noted = [json.loads(row.canonical) for row in Reader(audit.url).last(2)]
    assert [(one["act"], one["how"], one["subject"]) for one in noted] == [
        ("export", "api", [[5, 5]]),
        ("export", "api", [[1, 1]]),
    ]
    assert Reader(audit.url).size() == 9


async def test_one_event_comes_with_its_proof(officers: Program, audit: AuditLog, tmp_path: Any) -> None:
    from consentkit.audit.checkpoint import parse
    from consentkit.audit.keys import generate
    from consentkit.audit.signing import Signing

    generate(tmp_path / "key", "desk.example")
    Signing(audit.url, audit.log_id, tmp_path / "key").sign()
    third = Reader(audit.url).last(5)[0]

    told = await officers.json(f"/api/decisions/{third.id}")

    proof = told["proof"]
    assert (told["decision"]["seq"], proof["holds"], proof["size"]) == (3, True, 7)
    root = parse(proof["checkpoint"].encode()).checkpoint.root
    hashes = [bytes.fromhex(each) for each in proof["hashes"]]
    assert merkle.verify_inclusion(2, 7, bytes.fromhex(proof["leaf"]), hashes, root)


async def test_counts_over_time(program: Program) -> None:
    told = await program.json("/api/trend?kind=act&zone=Europe/Paris")

    assert len(told["periods"]) == 30
    assert sum(sum(line["counts"]) for line in told["lines"]) == 7


async def test_how_the_log_stands(program: Program) -> None:
    told = await program.json("/api/integrity")

    assert (told["size"], told["covered"], told["verifications"]) == (7, None, [])


@pytest.mark.parametrize("named", ["visitor", "event"])
async def test_an_erasure_is_the_only_change(
    officers: Program, program: Program, audit: AuditLog, named: str
) -> None:
    value = VISITOR if named == "visitor" else Reader(audit.url).last(7)[0].id
    body = {named: value, "reason": "request by letter", "received": "2026-11-03"}

    assert (await program.erase(body)).status == 403
    reply = await officers.erase(body)

    told = json.loads(reply.body)
    assert (reply.status, told["parts"], told["left"]) == (200, 3, [])
    event = Reader(audit.url).find(told["event"])
    assert event is not None
    assert json.loads(event.canonical)["how"] == "api"
    assert [row.visitor for row in Reader(audit.url).events() if row.visitor] == [OTHER]
    (entry,) = (await officers.json("/api/register"))["items"]
    assert (entry["kind"], entry["received"], entry["outcome"]) == (
        "erasure",
        "2026-11-03",
        "request by letter",
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"null",
        [],
        {},
        {"visitor": VISITOR},
        {"visitor": VISITOR, "reason": " "},
        {"visitor": VISITOR, "reason": f"of {VISITOR}"},
        {"visitor": VISITOR, "event": "x", "reason": "both"},
        {"visitor": 7, "reason": "right"},
        {"visitor": VISITOR, "reason": "right", "more": 1},
        {"visitor": VISITOR, "reason": "x" * 501},
        {"visitor": "nobody", "reason": "right"},
        {"visitor": "", "reason": "right"},
        {"visitor": "\0", "reason": "right"},
    ],
    ids=lambda body: str(body)[:40],
)
async def test_what_is_no_erasure_erases_nothing(officers: Program, audit: AuditLog, body: object) -> None:
    reply = await officers.erase(body)

    assert reply.status in (400, 404, 413)
    assert json.loads(reply.body)["error"]
    assert acts(audit)[7:] == []


async def test_a_form_is_no_json(officers: Program) -> None:
    assert (await officers.erase(b"visitor=x", (b"content-type", b"text/plain"))).status == 415


async def test_a_session_without_a_token_erases_nothing(officer: Person, audit: AuditLog) -> None:
    body = json.dumps({"visitor": VISITOR, "reason": "right"}).encode()

    assert (await officer.send("/api/erasures", body, [JSON])).status == 403
    assert acts(audit)[7:] == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/decisions?limit=0",
        "/api/decisions?limit=1001",
        "/api/decisions?limit=x",
        "/api/decisions?after=made-up",
        "/api/decisions?from=2026-02-01&to=2026-01-01",
        "/api/decisions?from=x",
        "/api/decisions?unknown=1",
        "/api/decisions?act=a&act=b",
        "/api/trend?kind=none",
        "/api/trend?zone=Nowhere/At_All",
        "/api/trend?from=2026-02-01&to=2026-01-01",
        "/api/trend?from=0001-01-01&to=9999-12-31",
        "/api/trend?hourly=perhaps",
        "/api/integrity?x=1",
    ],
)
async def test_what_cannot_be_meant_is_400_in_json(program: Program, path: str) -> None:
    reply = await program.get(path)

    assert reply.status == 400
    assert json.loads(reply.body)["error"]


@pytest.mark.parametrize("token", ["", "made-up", "x" * 5000])
async def test_a_made_up_token_opens_nothing(desk: ComplianceDesk, token: str) -> None:
    reply = await Program(desk, token).get("/api/decisions")

    assert reply.status == 401
    assert reply.one(b"www-authenticate") == b'Bearer realm="consentkit desk"'
    assert json.loads(reply.body)["error"]


async def test_a_damaged_event_hides_no_other(program: Program, audit: AuditLog) -> None:
    from sqlalchemy import create_engine, text

    with create_engine(audit.url).begin() as connection:
        connection.execute(text("UPDATE events SET canonical = x'00' WHERE seq = 3"))

    told = await program.json("/api/decisions")

    assert [each["damaged"] for each in told["items"]] == [False] * 4 + [True] + [False] * 2


async def test_events_as_strange_as_they_come_are_told(
    program: Program, audit: AuditLog, make_event: Callable[..., Event]
) -> None:
    await audit.record(make_event(statement="<b>", subject=((1, 2),), jurisdiction=None, language=None))

    told = await program.json("/api/decisions?limit=1")

    assert told["items"][0]["subject"] == [[1, 2]]


async def test_the_description_names_each_route_of_the_api(program: Program) -> None:
    told = await program.json("/openapi.json")

    routes = {
        (route.path, method)
        for route in program.desk.app.routes
        if isinstance(route, Route) and route.path.startswith("/api/")
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert {(path, name.upper()) for path, each in told["paths"].items() for name in each} == routes
    assert told["openapi"].startswith("3.1")
