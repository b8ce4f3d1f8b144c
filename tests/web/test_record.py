"""The visitor's own history: theirs alone, to keep, and true without us."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64decode
from html import unescape
from pathlib import Path

import pytest
from tests.asgi import JSON, SAME, body_of, cookie_of, drive, get, http, post, serving
from tests.audit.commands import run

from consentkit.audit.event import Event, now, uuid7
from consentkit.web import record
from consentkit.web.notice import NoticeBook

SITE = serving(b"<!doctype html><p>Hello")
WANTS_JSON = (b"accept", b"application/json")


@pytest.fixture
def app(wrap):
    return wrap(SITE)


@pytest.fixture
def notice(policy):
    return NoticeBook(policy).notice("en").hash


@pytest.fixture
def key(tmp_path):
    run("audit", "keygen", str(tmp_path / "log.key"))
    return tmp_path / "log.key"


async def accept(app, notice, view="", **fields):
    return cookie_of(await post(app, {"action": "accept", "notice": notice, "view": view, **fields}))


async def receipts(app, *headers, query=""):
    reply = await get(app, f"/_consent/record{query}", [WANTS_JSON, *headers])
    assert reply.status == 200, reply.body
    return json.loads(reply.body)["receipts"]


async def refuse(app):
    scope = http("/_consent", method="POST", headers=[JSON, SAME])
    reply = await drive(app, scope, body_of(b'{"action": "reject"}'))
    return json.loads(reply.body)["event"]


def verified(receipt, key, folder):
    file = folder / "receipt.json"
    file.write_text(json.dumps(receipt))
    return run("receipt", "verify", str(file), "--key", f"{key}.pub")


async def test_each_receipt_saved_alone_is_verified_without_the_log(app, audit, notice, key, tmp_path):
    cookie = await accept(app, notice)
    await post(app, {"action": "save", "notice": notice, "purpose": "analytics"}, [SAME, cookie])
    await refuse(app)
    signed = run("audit", "checkpoint", "--key", str(key), "--to", str(tmp_path / "head"), url=audit.url)

    found = await receipts(app, cookie)
    await audit.close()
    (tmp_path / "consent.db").unlink()

    assert signed.code == 0, signed.err
    assert len(found) == 2
    for one in found:
        done = verified(one, key, tmp_path)
        assert done.code == 0, done
        assert "a signed checkpoint covers this event" in done.out


async def test_a_receipt_says_what_was_decided_when_and_under_which_notice(app, audit, notice):
    cookie = await accept(app, notice)

    (found,) = await receipts(app, cookie)

    record = found["receipt"]["dpv:hasRecordOfActivity"][0]
    statuses = {
        one["dpv:hasPurpose"]["dct:identifier"]: one["dpv:hasConsentStatus"]["@type"]
        for one in record["dpv:hasProcess"]
    }
    assert set(statuses) == {"functional", "analytics", "marketing"}
    assert set(map(tuple, statuses.values())) == {("dpv:ExpressedConsent", "dpv:ConsentGiven")}
    assert record["dpv:hasNotice"]["dct:identifier"] == notice
    assert record["dpv:hasProcess"][1]["dpv:hasRecipient"] == [
        {"@type": "dpv:Recipient", "dpv:hasName": "Counter Inc"}
    ]
    assert (
        record["dpv:hasProcess"][0]["dpv:hasConsentControl"]["dpv:isExercisedAt"]
        == "https://paper.example/_consent/"
    )
    assert found["evidence"]["visitor"]


async def test_a_receipt_without_a_checkpoint_claims_no_proof(app, audit, notice, key, tmp_path):
    cookie = await accept(app, notice)

    (found,) = await receipts(app, cookie)
    done = verified(found, key, tmp_path)

    assert found["evidence"]["proof"] is None
    assert done.code == 2
    assert "proves nothing" in done.err


async def test_nobody_sees_anothers(app, audit, notice):
    ann, bob = await accept(app, notice), await accept(app, notice)
    (own,) = await receipts(app, ann)
    event = own["receipt"]["dct:identifier"]

    assert await receipts(app) == []
    assert event not in json.dumps(await receipts(app, bob))
    assert await receipts(app, bob, query=f"?event={event}") == []
    assert await receipts(app, query=f"?event={event}") == []
    again = await receipts(app, ann, query=f"?event={event}")
    assert [one["receipt"]["dct:identifier"] for one in again] == [event]


async def test_a_refusals_receipt_is_found_by_the_event_that_was_told_once(app, audit):
    event = await refuse(app)

    (found,) = await receipts(app, query=f"?event={event}")

    assert found["evidence"]["visitor"] is None
    assert found["receipt"]["dct:identifier"] == event
    assert "dct:identifier" not in found["receipt"]["dpv:hasRecordOfActivity"][0]["dpv:hasDataSubject"]


async def test_acts_of_the_logs_own_are_nobodys_business(app, audit, policy):
    event = Event(uuid7(), now(), "", "erase", "", "", "command", subject=((1, 1),))
    await audit.record(event)

    assert await receipts(app, query=f"?event={event.id}") == []


async def test_after_an_erasure_nothing_is_shown(app, audit, notice):
    cookie = await accept(app, notice)
    (found,) = await receipts(app, cookie)
    run("audit", "erase", found["evidence"]["visitor"], "--yes", url=audit.url)

    assert await receipts(app, cookie) == []
    assert await receipts(app, query=f"?event={found['receipt']['dct:identifier']}") == []


async def test_after_a_withdrawal_the_cookie_tells_nobody(app, audit, notice):
    cookie = await accept(app, notice)
    after = cookie_of(await post(app, {"action": "withdraw", "notice": notice}, [SAME, cookie]))

    assert await receipts(app, after) == []
    assert len(await receipts(app, cookie)) == 2


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
async def test_the_page_shows_the_choices_and_a_link_to_save_each(app, audit, notice, lang):
    cookie = await accept(app, notice)

    page = await get(app, f"/_consent/record?lang={lang}", [cookie])
    link = re.search(rb'href="(/_consent/record\?event=[0-9a-f-]+&amp;save)"', page.body)
    saved = await get(app, link[1].decode().replace("&amp;", "&"), [cookie])

    assert page.status == 200
    assert page.one(b"cache-control") == b"no-store"
    assert page.one(b"x-robots-tag") == b"noindex"
    assert saved.one(b"content-disposition").startswith(b'attachment; filename="receipt-')
    assert json.loads(saved.body)["form"] == "consentkit-receipt/1"


async def test_the_preferences_lead_to_the_record(app, audit):
    page = await get(app, "/_consent/")

    assert b'href="/_consent/record?lang=en' in page.body


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/_consent/record", [(b"user-agent", b"x" * 10_000_000)]),
        ("/_consent/record", [(b"accept", b"a" * 10_000_000)]),
        ("/_consent/record?event=" + "a" * 1_000_000, []),
        ("/_consent/record?event=nothing", []),
        ("/_consent/record?event=%00", []),
        ("/_consent/record?event=" + "0" * 36, []),
        ("/_consent/record?event=&save", []),
        ("/_consent/record", [(b"cookie", b"consentkit=forged.value")]),
    ],
    ids=["user agent", "accept", "long id", "no id", "nul", "zeros", "nothing to save", "forged"],
)
async def test_hostile_requests_get_a_short_answer(app, audit, path, headers):
    await audit.record(Event(uuid7(), now(), "s", "reject", "", "", "api"))

    reply = await get(app, path, headers)

    assert reply.status in (200, 404)
    assert len(reply.body) < 20_000
    assert b"Traceback" not in reply.body


async def test_while_the_store_is_away_the_page_says_so_and_when_to_try_again(app, audit, notice):
    cookie = await accept(app, notice)
    await audit.close()
    file = Path(audit.url.removeprefix("sqlite:///"))
    file.write_bytes(b"no database" * 1000)
    for end in ("-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)

    page = await get(app, "/_consent/record", [cookie])
    told = await get(app, "/_consent/record", [WANTS_JSON, cookie])

    assert (page.status, told.status) == (503, 503)
    assert page.one(b"retry-after") == b"5"
    assert b"cannot be read at the moment" in page.body
    assert json.loads(told.body) == {"error": "the history cannot be read now"}


async def test_few_histories_are_read_at_the_same_time(app, audit, notice):
    cookie = await accept(app, notice)

    replies = await asyncio.gather(*(get(app, "/_consent/record", [WANTS_JSON, cookie]) for _ in range(40)))

    statuses = {reply.status for reply in replies}
    assert statuses == {200, 503}


async def test_a_visitor_with_endless_events_gets_the_newest(app, audit, notice, monkeypatch):
    # Fifty receipts take a while where the machine is busy: how long a page may wait is no part of this.
    monkeypatch.setattr(record, "TIMEOUT", 60.0)
    cookie = await accept(app, notice)
    (first,) = await receipts(app, cookie)
    visitor = first["evidence"]["visitor"]
    last = [Event(uuid7(), now(), "s", "save", "p", "", "api", visitor=visitor) for _ in range(60)]
    for event in last:
        await audit.record(event)

    found = await receipts(app, cookie)

    assert [one["receipt"]["dct:identifier"] for one in found] == [event.id for event in reversed(last[-50:])]


async def _refuse_by_form(app, **fields):
    return await post(app, {"action": "reject", "next": "/films?a=1", **fields})


def _link(page: bytes) -> str:
    found = re.search(
        rb'<a class="button" download="receipt-[0-9a-f-]+\.json" href="data:application/json;base64,([^"]+)"',
        page,
    )
    assert found is not None
    return b64decode(unescape(found[1].decode())).decode()


async def test_a_refusal_by_form_is_answered_with_its_receipt_if_that_is_asked_for(app, audit):
    reply = await _refuse_by_form(app, receipt="1")

    assert reply.status == 200
    assert reply.one(b"cache-control") == b"no-store"
    assert reply.one(b"referrer-policy") == b"no-referrer"
    assert any(b"consentkit=" in value for value in reply.every(b"set-cookie"))
    assert reply.one(b"clear-site-data") is not None
    assert b'href="/films?a=1"' in reply.body
    receipt = json.loads(_link(reply.body))
    assert json.loads(receipt["evidence"]["event"])["act"] == "reject"
    assert receipt["evidence"]["visitor"] is None
    found = await receipts(app, query=f"?event={receipt['receipt']['dct:identifier']}")
    assert [one["evidence"]["leaf"] for one in found] == [receipt["evidence"]["leaf"]]


@pytest.mark.parametrize("act", ["accept", "withdraw"])
async def test_so_is_a_choice_that_bears_an_id(app, notice, act):
    before = [] if act == "accept" else [SAME, await accept(app, notice)]

    reply = await post(app, {"action": act, "notice": notice, "receipt": "1"}, before or [SAME])

    assert reply.status == 200
    evidence = json.loads(_link(reply.body))["evidence"]
    assert json.loads(evidence["event"])["act"] == act
    assert evidence["visitor"] is not None


async def test_who_does_not_ask_for_a_receipt_is_led_back_at_once(app):
    reply = await _refuse_by_form(app)

    assert (reply.status, reply.one(b"location")) == (303, b"/films?a=1")


async def test_a_refusal_whose_receipt_cannot_be_read_leads_back_and_holds(app, audit, monkeypatch):
    monkeypatch.setattr("consentkit.web.record.AT_ONCE", 0)

    reply = await _refuse_by_form(app, receipt="1")

    assert (reply.status, reply.one(b"location")) == (303, b"/films?a=1")
    assert reply.every(b"set-cookie") != []


async def test_no_link_of_the_answer_leads_off_the_site(app):
    reply = await post(app, {"action": "reject", "next": "//evil.example/", "receipt": "1"})

    assert b"evil.example" not in reply.body
