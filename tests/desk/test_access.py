"""Who is let in, to what, and that nobody else sees or changes anything."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from tests.asgi import FORM, KEY, SAME, get
from tests.desk.conftest import VISITOR, Person, signed_in

from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.core.policy import Policy
from consentkit.desk.access import Role
from consentkit.desk.app import PAGES, ComplianceDesk
from consentkit.desk.passes import Kind, Passes
from consentkit.desk.route import Page

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OPEN = {"/sign-in", "/static/{name}"}


def filled(page: Page) -> str:
    return page.path.replace("{", "").replace("}", "")


def shut() -> list[str]:
    return sorted({filled(page) for page in PAGES if page.path not in OPEN})


def state(audit: AuditLog) -> tuple[int, list[object]]:
    return Reader(audit.url).size(), [
        row._replace(seen=0) for row in Passes(audit.url, audit.log_id).open_ones()
    ]


def test_every_route_of_the_router_is_in_the_table(desk: ComplianceDesk) -> None:
    assert [route.path for route in desk.app.routes] == [page.path for page in PAGES]
    assert {page.path for page in PAGES if page.role is None} == OPEN


async def test_without_sign_in_nothing_is_shown_and_nothing_changes(
    stranger: Person, audit: AuditLog
) -> None:
    before = state(audit)

    for path in (*shut(), "/nothing-here", "/static"):
        for method in METHODS:
            reply = await stranger.send(path, b"form-token=" + b"0" * 64, [FORM, SAME], method)

            assert reply.status in (401, 403), (method, path)
            assert b"visitor-" not in reply.body, (method, path)
    assert state(audit) == before


async def test_a_viewer_is_refused_what_officers_may(viewer: Person, audit: AuditLog) -> None:
    before = state(audit)

    for page in PAGES:
        if page.role is Role.OFFICER:
            token = b"form-token=" + viewer.form_token.encode()
            reply = await viewer.send(filled(page), token, [FORM, SAME], page.method)

            assert reply.status == 403, page.path
    assert state(audit) == before


@pytest.mark.parametrize("said", ["viewer", "officer"])
async def test_the_hosts_own_sign_in_lets_in(policy: Policy, audit: AuditLog, said: str) -> None:
    reply = await get(ComplianceDesk(policy, audit, lambda _scope: said), "/")

    assert reply.status == 200
    assert said.encode() in reply.body.lower()


@pytest.mark.parametrize("said", [None, "admin", True, 1, ""])
async def test_whatever_else_it_says_lets_nobody_in(policy: Policy, audit: AuditLog, said: object) -> None:
    reply = await get(ComplianceDesk(policy, audit, lambda _scope: said), "/")  # type: ignore[arg-type, return-value]

    assert reply.status == 401


async def test_it_may_be_a_coroutine(policy: Policy, audit: AuditLog) -> None:
    async def auth(scope: object) -> str:
        return "viewer"

    assert (await get(ComplianceDesk(policy, audit, auth), "/")).status == 200  # type: ignore[arg-type]


async def test_a_form_that_no_page_of_ours_showed_does_nothing(officer: Person) -> None:
    for fields in ({}, {"form-token": ""}, {"form-token": "0" * 64}):
        reply = await officer.post("/settings", {"lang": "fr", "zone": "UTC", "form-token": "", **fields})

        assert reply.status == 403
        assert reply.every(b"set-cookie") == []


async def test_another_persons_form_token_does_nothing(desk: ComplianceDesk, passes: Passes) -> None:
    one, other = [await signed_in(desk, passes, "officer") for _ in range(2)]
    assert one.form_token != other.form_token

    reply = await one.post("/settings", {"lang": "fr", "zone": "UTC", "form-token": other.form_token})

    assert reply.status == 403


@pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
async def test_a_form_from_another_site_does_nothing_even_with_its_token(
    officer: Person, site: bytes
) -> None:
    reply = await officer.post("/settings", {"lang": "fr", "zone": "UTC"}, [(b"sec-fetch-site", site)])

    assert reply.status == 403


async def test_a_form_of_our_own_page_works_under_the_hosts_sign_in(policy: Policy, audit: AuditLog) -> None:
    person = Person(ComplianceDesk(policy, audit, lambda _scope: "viewer"))
    await person.get("/")

    reply = await person.post("/settings", {"lang": "fr", "zone": "Europe/Paris", "back": "/gate?a=b"})

    assert (reply.status, reply.one(b"location")) == (303, b"/gate?a=b")


@pytest.mark.parametrize("root", ["", "/desk", "/a/b c"])
async def test_it_works_wherever_it_is_mounted(desk: ComplianceDesk, passes: Passes, root: str) -> None:
    person = await signed_in(desk, passes, "officer", root)

    for path in ("", "/", "/gate", "/gate/"):
        reply = await person.get(path)

        assert reply.status == 200
        assert b'href="%s/integrity"' % root.replace(" ", "%20").encode() in reply.body


async def test_pages_allow_nothing_from_elsewhere_and_no_frame(viewer: Person) -> None:
    reply = await viewer.get("/")

    csp = reply.one(b"content-security-policy") or b""
    assert csp.startswith(b"default-src 'none'; ")
    assert b"frame-ancestors 'none'" in csp
    assert b"unsafe" not in csp
    assert b"script-src" not in csp
    assert reply.one(b"cache-control") == b"no-store"


async def test_who_signed_in_is_told_what_is_not_there(viewer: Person) -> None:
    assert (await viewer.get("/nothing-here")).status == 404
    assert (await viewer.send("/gate", b"", [SAME])).status == 405


async def test_a_missing_store_is_503_and_nobody_is_let_in(policy: Policy, tmp_path: object) -> None:
    desk = ComplianceDesk(policy, f"sqlite:///{tmp_path}/no/such/folder/consent.db", secret_key=KEY)

    reply = await get(desk, "/", [(b"cookie", b"consentkit-desk=made-up")])

    assert reply.status == 503
    assert reply.one(b"retry-after") == b"5"
    assert b"no/such" not in reply.body


async def test_an_empty_log_is_no_fault(policy: Policy, tmp_path: object) -> None:
    desk = ComplianceDesk(policy, f"sqlite:///{tmp_path}/consent.db", lambda _scope: "officer")

    for page in PAGES:
        if page.method == "GET" and page.nav and "{" not in page.path:
            assert (await get(desk, page.path)).status == 200, page.path


async def test_a_token_lets_a_program_in(desk: ComplianceDesk, passes: Passes) -> None:
    token = passes.issue(Kind.TOKEN, "viewer", 60)

    reply = await get(desk, "/gate", [(b"authorization", b"Bearer " + token.encode())])

    assert reply.status == 200
    assert reply.every(b"set-cookie") == []


async def test_a_store_that_went_away_is_503_for_people_and_programs(policy: Policy, audit: AuditLog) -> None:
    desk = ComplianceDesk(policy, audit, lambda _scope: "officer")
    assert (await get(desk, "/integrity")).status == 200
    await audit.close()
    for file in audit.spool.parent.glob("consent.db*"):
        file.unlink()

    page, told = await get(desk, "/decisions"), await get(desk, "/api/decisions")

    assert (page.status, told.status) == (503, 503)
    assert b"Nothing was changed" in page.body
    assert told.one(b"content-type") == b"application/json"
    assert list(audit.spool.parent.glob("consent.db*")) == []


async def test_what_cannot_be_noted_in_the_log_is_not_shown(policy: Policy, audit: AuditLog) -> None:
    impatient = AuditLog(audit.url, log_id=audit.log_id, timeout=0.3)
    desk = ComplianceDesk(policy, impatient, lambda _scope: "officer")
    event = Reader(audit.url).last(1)[0]
    await get(desk, "/integrity")
    with closing(sqlite3.connect(audit.url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        replies = [await get(desk, path) for path in (f"/people?of={event.id}", f"/decisions/{event.id}")]

        assert [reply.status for reply in replies] == [503, 503]
        assert not any(VISITOR.encode() in reply.body for reply in replies)
        other.execute("ROLLBACK")
    await impatient.close()
