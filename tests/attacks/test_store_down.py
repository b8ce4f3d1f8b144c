"""A store that is locked, read-only or gone: nothing opens without a record, and whatever closes takes effect."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.asgi import KEY, PAGE, SAME, body_of, cookie_of, decision_of, drive, get, http, post, serving

from consentkit.audit.log import AuditLog
from consentkit.core.cookie import CookieCodec
from consentkit.core.decision import Decision

INERT = b'type="text/plain" data-ck='


@pytest.fixture
async def audit(tmp_path: Path) -> AsyncIterator[AuditLog]:
    """A log that gives up soon, so that the tests of its faults do not take long."""
    log = AuditLog(f"sqlite:///{tmp_path / 'consent.db'}", timeout=0.5)
    yield log
    await log.close()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """No root's eyes are fooled by permissions: a trigger refuses what a read-only store would."""
    with sqlite3.connect(file) as connection:
        connection.execute(
            "CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'read-only'); END"
        )
    connection.close()
    try:
        yield
    finally:
        with sqlite3.connect(file) as connection:
            connection.execute("DROP TRIGGER no")
        connection.close()


@contextmanager
def damaged(file: Path) -> Iterator[None]:
    """The tables are gone."""
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE events RENAME TO moved")
    connection.close()
    try:
        yield
    finally:
        with sqlite3.connect(file) as connection:
            connection.execute("ALTER TABLE moved RENAME TO events")
        connection.close()


FAULTS = [locked, read_only, damaged]
Fault = Callable[[Path], Any]


def decision_in(reply: Any) -> Decision:
    decision = CookieCodec([KEY], "https://paper.example").load(decision_of(reply))
    assert decision is not None
    return decision


async def granting(app: Any, notice: str, *purposes: str) -> Any:
    """A choice that opens these purposes while the store is well."""
    reply = await post(app, {"action": "save", "purpose": purposes, "notice": notice})
    assert reply.status == 303
    return reply


@pytest.fixture
async def site(wrap, audit, tmp_path) -> tuple[Any, Path, str]:
    """An app whose log is open, its file, and the notice of the day."""
    await audit.start()
    app = wrap(serving(PAGE))
    notice = json.loads((await get(app, "/_consent/state")).body)["notice"]
    return app, tmp_path / "consent.db", notice


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_grant_is_503_without_cookie_and_the_page_stays_shut_and_served(site, fault: Fault):
    app, file, notice = site
    with fault(file):
        reply = await post(app, {"action": "accept", "notice": notice})
        page = await get(app)

    assert reply.status == 503
    assert reply.one(b"retry-after") == b"5"
    assert not reply.every(b"set-cookie")
    assert b"could not be recorded" in reply.body
    assert page.status == 200
    assert INERT in page.body


async def test_more_than_may_wait_is_503_for_a_grant_at_once_and_a_refusal_takes_effect(
    wrap, tmp_path, logged
):
    log = AuditLog(f"sqlite:///{tmp_path / 'consent.db'}", timeout=30.0, queue=0)
    app = wrap(serving(PAGE), audit=log)
    notice = json.loads((await get(app, "/_consent/state")).body)["notice"]
    grant = await post(app, {"action": "accept", "notice": notice})
    refusal = await post(app, {"action": "reject"})
    await log.close()

    assert (grant.status, grant.one(b"retry-after"), grant.every(b"set-cookie")) == (503, b"5", [])
    assert refusal.status == 303
    assert not decision_in(refusal).grants
    assert [event["act"] for event in logged()] in (
        [],
        ["reject"],
    )  # it lies in the spool, or came out already
    assert log.health()["spooled"] == 1 - len(logged())


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_refusal_takes_effect_and_reaches_the_log_when_it_is_back(
    site, audit, logged, tmp_path, fault: Fault
):
    app, file, _ = site
    with fault(file):
        reply = await post(app, {"action": "reject"})
        spooled = audit.health()["spooled"]
    await audit.close()
    again = AuditLog(audit.url)
    await again.start()
    await post_until_replayed(again)
    await again.close()

    assert reply.status == 303
    assert decision_in(reply).purposes == dict.fromkeys(("functional", "analytics", "marketing"), False)
    assert spooled == 1
    assert [event["act"] for event in logged()] == ["reject"]


async def post_until_replayed(log: AuditLog) -> None:
    import asyncio

    for _ in range(100):
        if not log.health()["spooled"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the spool was not replayed")


async def test_the_json_answer_of_a_spooled_refusal_names_its_event(site):
    app, file, _ = site
    with locked(file):
        scope = http("/_consent", method="POST", headers=[(b"content-type", b"application/json"), SAME])
        reply = await drive(app, scope, body_of(b'{"action": "reject"}'))

    assert reply.status == 200
    assert len(json.loads(reply.body)["event"]) == 36


async def test_a_save_that_opens_and_closes_closes_at_once_and_opens_nothing(site, logged):
    app, file, notice = site
    granted = await granting(app, notice, "marketing")
    fields = {"action": "save", "purpose": "analytics", "notice": notice}
    with locked(file):
        reply = await post(app, fields, [SAME, cookie_of(granted)])

    assert reply.status == 503
    assert not any(decision_in(reply).purposes.values())
    assert decision_in(reply).visitor is None


async def test_what_stood_before_is_kept_by_a_save_that_could_not_be_recorded(site):
    app, file, notice = site
    both = await granting(app, notice, "analytics", "marketing")
    fields = {"action": "save", "purpose": ["analytics", "functional"], "notice": notice}
    with locked(file):
        reply = await post(app, fields, [SAME, cookie_of(both)])

    assert reply.status == 503
    assert {name for name, yes in decision_in(reply).purposes.items() if yes} == {"analytics"}


async def test_a_save_that_only_closes_is_taken_whatever_the_store_does(site, audit):
    app, file, notice = site
    both = await granting(app, notice, "analytics", "marketing")
    with locked(file):
        reply = await post(
            app, {"action": "save", "purpose": "analytics", "notice": notice}, [SAME, cookie_of(both)]
        )
        spooled = audit.health()["spooled"]  # soon after the lock is gone it is none

    assert reply.status == 303
    assert {name for name, yes in decision_in(reply).purposes.items() if yes} == {"analytics"}
    assert decision_in(reply).visitor == decision_in(both).visitor
    assert spooled == 1


async def test_closing_one_service_alone_is_a_refusal_too(site):
    app, file, notice = site
    granted = await granting(app, notice, "functional", "analytics", "marketing")
    fields = {
        "action": "save",
        "purpose": ["functional", "analytics", "marketing"],
        "service": "-counter",
        "notice": notice,
    }
    with locked(file):
        closed = await post(app, fields, [SAME, cookie_of(granted)])
        opened = await post(app, {"action": "accept", "notice": notice}, [SAME, cookie_of(closed)])

    state = json.loads((await get(app, "/_consent/state", [cookie_of(closed)])).body)
    assert closed.status == 303
    assert state["services"] == {"counter": False, "player": True}
    assert opened.status == 503


async def test_a_yes_in_the_presence_of_a_signal_is_a_grant_though_it_was_said_before(site):
    app, file, notice = site
    fields = {"action": "save", "purpose": ["marketing"], "notice": notice}
    before = await post(app, fields)
    with locked(file):
        reply = await post(app, fields, [SAME, cookie_of(before), (b"sec-gpc", b"1")])

    assert (before.status, reply.status) == (303, 503)


async def test_an_ended_decision_keeps_nothing_open(wrap, audit, policy, tmp_path, monkeypatch):
    """Its yes is no yes any more, so that a choice under a broken store must not renew it."""
    await audit.start()
    app = wrap(serving(PAGE))
    notice = json.loads((await get(app, "/_consent/state")).body)["notice"]
    both = await granting(app, notice, "analytics", "marketing")
    short = wrap(serving(PAGE), policy=policy.model_copy(update={"lifetime": 1}))
    old = decision_in(both)
    aged = CookieCodec([KEY], "https://paper.example").dump(
        Decision(old.purposes, old.services, old.asked, old.policy, old.at - 10, old.visitor)
    )
    with locked(tmp_path / "consent.db"):
        reply = await post(
            short,
            {"action": "save", "purpose": "analytics", "notice": notice},
            [SAME, (b"cookie", b"consentkit=" + aged)],
        )

    assert reply.status == 503
    assert not any(decision_in(reply).purposes.values())


@pytest.mark.parametrize("where", ["nowhere/consent.db", "a-file/consent.db"])
async def test_a_log_that_cannot_be_written_warns_at_start_and_says_what_follows(
    wrap, tmp_path, where, caplog
):
    (tmp_path / "a-file").write_text("")
    log = AuditLog(f"sqlite:///{tmp_path / where}", timeout=0.5)
    app = wrap(lifespan_app, audit=log)

    reply = await drive(app, {"type": "lifespan"}, [{"type": "lifespan.startup"}])
    page = await get(app)
    refusal = await post(app, {"action": "reject"})
    grant = await post(app, {"action": "accept", "notice": await current(app)})
    await log.close()

    assert reply.messages[0]["type"] == "lifespan.startup.complete"
    (warning,) = [record for record in caplog.records if record.name == "consentkit.web.middleware"]
    assert warning.levelname == "WARNING"
    for promise in ("stays closed", "503", "a refusal takes effect"):
        assert promise in warning.message
    assert (page.status, refusal.status, grant.status) == (200, 303, 503)
    assert decision_of(refusal)


async def current(app: Any) -> str:
    return json.loads((await get(app, "/_consent/state")).body)["notice"]


async def lifespan_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
    else:
        await serving(PAGE)(scope, receive, send)


async def test_health_says_503_while_grants_cannot_be_recorded_and_finds_out_when_they_can(site):
    app, file, notice = site
    well = await get(app, "/_consent/health")
    with locked(file):
        assert (await post(app, {"action": "accept", "notice": notice})).status == 503
        down = await get(app, "/_consent/health")

    again = await get(app, "/_consent/health")

    found = [(reply.status, json.loads(reply.body)["ok"]) for reply in (well, down, again)]
    assert found == [(200, True), (503, False), (200, True)]
