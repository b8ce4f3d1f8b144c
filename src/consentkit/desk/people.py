"""People's rights: what is kept of somebody, handed out or erased; and the register of who asked for what.

Everything here is for officers, and stands in the log. Whose records are meant is told by the id of one of their events.
"""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any, NamedTuple

from starlette.responses import Response

from consentkit.audit.erase import LARGEST_REASON, Erased, erase
from consentkit.audit.errors import EventRefused
from consentkit.audit.event import now
from consentkit.audit.export import moment, record
from consentkit.audit.finding import StoredEvent
from consentkit.audit.history import receipts
from consentkit.audit.reader import Reader
from consentkit.audit.receipt import Stated
from consentkit.audit.register import Kind, Request, register, statement
from consentkit.audit.remains import files, holds, settle
from consentkit.desk.access import Role
from consentkit.desk.acts import export, look_up
from consentkit.desk.decisions import NOBODY, newest_of
from consentkit.desk.errors import BadInput, NotFound
from consentkit.desk.moments import day
from consentkit.desk.page import HEADERS, LONGEST, TIMEOUT, Visit
from consentkit.desk.route import Page
from consentkit.desk.told import told

FORM = "consentkit-access/1"
"""What an export says that it is."""
MOST = 10_000
"""Events of one person that are handed out, the newest. A person has a handful."""
SHOWN = 100
"""Events of one person on the page."""
REGISTERED = 50
"""Requests on one page of the register."""
SETTLING = 2.0
"""Seconds that the write-ahead log of SQLite may take to be let go."""


class Person(NamedTuple):
    """What is kept of somebody.

    :param event: the id by which they were found.
    :param visitor: ``None`` where the event bears no id, or it was erased.
    :param rows: their events, oldest first.
    """

    event: str
    visitor: str | None
    rows: list[StoredEvent]


async def show(visit: Visit) -> Response:
    """The form and the register; or what is kept of somebody, where one of their events is told."""
    of = visit.query("of")
    if of:
        return await _person_page(visit, await find(visit, of))
    try:
        found = await visit.ask(register, visit.query("after") or None, REGISTERED)
    except ValueError:
        raise BadInput("bad-page") from None
    return visit.page(
        "people.html",
        register=[_entry(visit, each) for each in found.items],
        following=visit.at("/people", after=found.next) if found.next else None,
        done=await _done(visit),
        left=visit.query("left"),
    )


async def look(visit: Visit) -> Response:
    """From an id of a visitor or a receipt to the page of whose it is."""
    form = await visit.form()
    visitor, receipt = (_text(form.get(name)) for name in ("visitor", "receipt"))
    if not visitor and not receipt:
        raise BadInput("who-empty")
    return visit.moved("/people", {"of": await visit.ask(newest_of, visitor) if visitor else receipt})


async def hand_out(visit: Visit) -> Response:
    """All that is kept of somebody, as a file."""
    form = await visit.form()
    person = await find(visit, _text(form.get("of")))
    kind: Kind = "portability" if form.get("kind") == "portability" else "access"
    received = day(_text(form.get("received")), "received")
    body = await asyncio.to_thread(exported, visit, person)
    await export(visit, person.rows, statement(kind, "handed out as JSON", received=received))
    headers = {**HEADERS, "content-disposition": 'attachment; filename="consent-records.json"'}
    return Response(body, media_type="application/json", headers=headers)


async def ask_again(visit: Visit) -> Response:
    """The second confirmation: what would be erased, and why."""
    form = await visit.form()
    person = await find(visit, _text(form.get("of")))
    reason, received = _text(form.get("reason"), LARGEST_REASON), _text(form.get("received"))
    require_reason(reason, day(received, "received"), person.visitor)
    return visit.page("erase.html", person=person, reason=reason, received=received)


async def forget(visit: Visit) -> Response:
    """Erase, once it was confirmed."""
    form = await visit.form()
    if form.get("sure") != "yes":
        raise BadInput("erase-unsure")
    person = await find(visit, _text(form.get("of")))
    reason, received = _text(form.get("reason"), LARGEST_REASON), day(_text(form.get("received")), "received")
    done, left = await erased(visit, person, reason, received)
    return visit.moved(
        "/people", {"done": done.records[-1].id if done.records else "", "left": " ".join(left)}
    )


def require_reason(reason: str, received: date | None, visitor: str | None) -> str:
    """What the log says of an erasure, for ever.

    :raises BadInput: there is no reason, it is too long, or it names the visitor; or there is nobody to erase.
    """
    if visitor is None:
        raise BadInput("erase-nobody")
    if not reason:
        raise BadInput("erase-no-reason")
    try:
        return statement("erasure", reason, received=received, visitor=visitor)
    except EventRefused:
        raise BadInput("erase-bad-reason", most=LARGEST_REASON) from None


async def erased(
    visit: Visit, person: Person, reason: str, received: date | None
) -> tuple[Erased, list[str]]:
    """Erase somebody's ids and salts; an event tells of it.

    :returns: what was done, and the names of files in which the id still stands.
    :raises BadInput: as for :func:`require_reason`.
    :raises AuditError: nothing was erased.
    """
    said, how = require_reason(reason, received, person.visitor), visit.how
    return await asyncio.to_thread(_erase, visit, person.visitor or "", said, how)


async def find(visit: Visit, event: str) -> Person:
    """Whoever an event is of, and all their events.

    :raises NotFound: there is no such event.
    """
    person = await visit.ask(_person, event)
    if person is None:
        raise NotFound("no-person")
    return person


def exported(visit: Visit, person: Person) -> bytes:
    """The file that a person gets: each event, and receipts of the newest that prove themselves; blocking.

    :raises AuditError: it cannot be read.
    """
    log, policy = visit.desk.audit, visit.desk.policy
    stated = Stated(moment(now()), policy.grant_lifetime, policy.site.address)
    told = {
        "form": FORM,
        "created": stated.created,
        "site": {"name": policy.site.name, "address": policy.site.address},
        "controller": {"name": policy.controller.name, "contact": policy.controller.contact},
        "visitor": person.visitor,
        "events": [record(row) for row in person.rows],
        "receipts": receipts(
            log.url,
            log.log_id,
            visitor=person.visitor,
            event_id=None if person.visitor else person.event,
            stated=stated,
            timeout=TIMEOUT,
        ),
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


async def _person_page(visit: Visit, person: Person) -> Response:
    await look_up(visit, person.rows)
    return visit.page(
        "person.html",
        person=person,
        rows=[told(visit, row) for row in reversed(person.rows[-SHOWN:])],
        longest=LARGEST_REASON - 40,
    )


def _person(reader: Reader, event: str) -> Person | None:
    row = None if event == NOBODY else reader.find(event)
    if row is None:
        return None
    if row.visitor is None:
        return Person(event, None, [row])
    return Person(event, row.visitor, reader.of_visitor(row.visitor, MOST))


def _erase(visit: Visit, visitor: str, reason: str, how: str) -> tuple[Erased, list[str]]:
    log = visit.desk.audit
    done = erase(log.url, log.log_id, visitor, reason=reason, how=how, spool=log.spool)
    settle(log.url, SETTLING)
    return done, [file.name for file in files(log.url, log.spool) if holds(file, visitor)]


def _entry(visit: Visit, request: Request) -> dict[str, Any]:
    return {**request._asdict(), "when": visit.moment(request.time)}


async def _done(visit: Visit) -> dict[str, Any] | None:
    """The event that tells of the erasure that was made just now."""
    event = visit.query("done")
    row = await visit.ask(Reader.find, event) if event else None
    return told(visit, row) if row is not None and row.act == "erase" else None


def _text(value: object, most: int = LONGEST) -> str:
    """A field of a form.

    :raises BadInput: longer than anything that there is, or holding a NUL.
    """
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > most or "\0" in text:
        raise BadInput("bad-long", name="", most=most)
    return text


PAGES = (
    Page("/people", show, role=Role.OFFICER, nav="people"),
    Page("/people", look, role=Role.OFFICER, method="POST", nav="people"),
    Page("/people/export", hand_out, role=Role.OFFICER, method="POST", nav="people"),
    Page("/people/erase", ask_again, role=Role.OFFICER, method="POST", nav="people"),
    Page("/people/erase-now", forget, role=Role.OFFICER, method="POST", nav="people"),
)
