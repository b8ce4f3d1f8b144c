"""The same for programs: JSON, paged, described at ``/openapi.json``. It only reads, but for an erasure."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse, Response

from consentkit.audit.errors import EventDamaged
from consentkit.audit.export import moment as written
from consentkit.audit.export import record
from consentkit.audit.finding import StoredEvent
from consentkit.audit.reader import Reader
from consentkit.audit.register import register, statement
from consentkit.audit.trend import When, series
from consentkit.audit.verifications import Verification
from consentkit.desk import models
from consentkit.desk.access import Role
from consentkit.desk.acts import export, look_up
from consentkit.desk.body import read_body
from consentkit.desk.decision import place_of
from consentkit.desk.decisions import FIELDS, PERSONAL, find, newest_of, search_of
from consentkit.desk.errors import BadInput, NotFound, NotJson
from consentkit.desk.integrity import SHOWN, covered, newest
from consentkit.desk.openapi import Operation, described
from consentkit.desk.page import HEADERS, Visit, zone_of
from consentkit.desk.people import erased
from consentkit.desk.people import find as find_person
from consentkit.desk.route import Page

M = TypeVar("M", bound=BaseModel)


async def decisions(visit: Visit) -> Response:
    """A page of events."""
    asked = _asked(visit, models.DecisionsAsked)
    told = asked.model_dump(mode="json", by_alias=True, exclude_none=True)
    wanted = {name: str(told.get(name, "")) for name in FIELDS}
    search = await search_of(visit, wanted, UTC)
    found = await find(visit, search, asked.after, asked.limit)
    theirs = [row for row in found.items if row.visitor is not None]
    if visit.officer and theirs and not any(wanted[name] for name in PERSONAL):
        # Else noted by the search: a program that reads the whole log with everybody's ids takes a copy of it.
        await export(visit, theirs, statement("inspection", f"list of {len(found.items)} events"))
    following = visit.at("/api/decisions", **wanted, limit=asked.limit, after=found.next)
    items = [_decision(visit, row) for row in found.items]
    return _json(models.Decisions(items=items, next=following if found.next else None))


async def decision(visit: Visit) -> Response:
    """One event, and its proof."""
    _asked(visit, models.Strict)
    row = await visit.ask(Reader.find, visit.part("event"))
    if row is None:
        raise NotFound("no-event")
    if visit.officer:
        await look_up(visit, [row])
    place = await visit.ask(place_of, row)
    proof = models.Proof(**{**place._asdict(), "hashes": list(place.hashes)}, checkpoint=place.note)
    return _json(models.DecisionInFull(decision=_decision(visit, row), proof=proof))


async def trend(visit: Visit) -> Response:
    """Counts over time."""
    asked = _asked(visit, models.TrendAsked)
    zone = zone_of(asked.zone)
    if zone is None:
        raise BadInput("bad-zone", zone=asked.zone[:64])
    recent = When.recent(zone)
    try:
        when = When(asked.from_ or recent.first, asked.to or recent.last, zone, asked.hourly)
        found = await visit.ask(series, when, asked.kind)
    except (ValueError, OverflowError):
        raise BadInput("bad-range") from None
    lines = [
        models.Line(name=thing.name, outcome=thing.outcome, counts=[count.n for count in counts])
        for thing, counts in found.lines.items()
    ]
    return _json(models.Trend(kind=asked.kind, zone=asked.zone, periods=list(found.periods), lines=lines))


async def integrity(visit: Visit) -> Response:
    """How the log stands."""
    _asked(visit, models.Strict)
    last = await visit.ask(covered, visit.desk.keys)
    return _json(
        models.Integrity(
            size=last.size,
            covered=last.covered,
            signed=None if last.covered is None else written(last.time),
            standing=last.standing,
            checkpoint=last.note.decode(errors="replace") if last.covered is not None else None,
            verifications=[_run(each) for each in await newest(visit, SHOWN)],
        )
    )


async def requests(visit: Visit) -> Response:
    """A page of the register."""
    asked = _asked(visit, models.Paged)
    try:
        found = await visit.ask(register, asked.after, asked.limit)
    except ValueError:
        raise BadInput("bad-page") from None
    items = [
        models.Request(**{**each._asdict(), "time": written(each.time), "subject": list(each.subject)})
        for each in found.items
    ]
    following = visit.at("/api/register", limit=asked.limit, after=found.next)
    return _json(models.Register(items=items, next=following if found.next else None))


async def erasure(visit: Visit) -> Response:
    """Erase whoever an id is of."""
    _asked(visit, models.Strict)
    asked = _valid(models.ErasureAsked, await _sent(visit))
    if (asked.visitor is None) == (asked.event is None):
        raise BadInput("who-empty")
    event = await visit.ask(newest_of, asked.visitor) if asked.visitor is not None else asked.event or ""
    person = await find_person(visit, event)
    done, left = await erased(visit, person, asked.reason.strip(), asked.received)
    told = done.records[-1].id if done.records else None
    return _json(models.Erasure(parts=done.parts, event=told, left=left))


async def description(visit: Visit) -> Response:
    """What all of this is, for programs."""
    document = described(OPERATIONS, visit.desk.policy.site.name, visit.at("/").rstrip("/"))
    return JSONResponse(document, headers=HEADERS)


def _asked(visit: Visit, model: type[M]) -> M:
    """The query, as a type; each name once.

    :raises BadInput: it is none.
    """
    pairs = parse_qsl(visit.request.url.query, keep_blank_values=True, errors="replace")
    named = dict(pairs)
    if len(named) < len(pairs):
        raise BadInput("bad-value", name="", why="a name stands twice")
    return _valid(model, named)


def _valid(model: type[M], values: Any) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise BadInput("bad-value", name=name, why=first["msg"]) from None


async def _sent(visit: Visit) -> Any:
    kind = visit.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise NotJson("bad-json")
    body = await read_body(visit.request, visit.asked.largest if visit.asked else 0)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("bad-json") from None


def _json(value: BaseModel) -> Response:
    body = value.model_dump_json(by_alias=True)
    return Response(body, media_type="application/json", headers=HEADERS)


def _decision(visit: Visit, row: StoredEvent) -> models.Decision:
    try:
        told = record(row)
        return models.Decision(**{**told, "visitor": row.visitor if visit.officer else None})
    except (EventDamaged, ValidationError):
        return models.Decision(
            seq=row.seq,
            id=str(row.id),
            time=written(row.time),
            act=str(row.act),
            leaf=row.leaf.hex() if isinstance(row.leaf, bytes) else "",
            damaged=True,
        )


def _run(run: Verification) -> models.Run:
    return models.Run(
        id=run.id,
        begun=written(run.begun),
        ended=None if run.ended is None else written(run.ended),
        state=run.state,
        size=run.size,
        done=run.done,
        findings=dict(run.report.get("kinds", {})),
    )


def _page(operation: Operation) -> Page:
    return Page(operation.path, operation.answer, role=operation.role, method=operation.method, api=True)


OPERATIONS = (
    Operation("/api/decisions", decisions, "Events, newest first", models.Decisions, models.DecisionsAsked),
    Operation("/api/decisions/{event}", decision, "One event, and its proof", models.DecisionInFull),
    Operation("/api/trend", trend, "Counts over time", models.Trend, models.TrendAsked),
    Operation("/api/integrity", integrity, "How the log stands", models.Integrity),
    Operation(
        "/api/register",
        requests,
        "The register of requests",
        models.Register,
        models.Paged,
        role=Role.OFFICER,
    ),
    Operation(
        "/api/erasures",
        erasure,
        "Erase a visitor",
        models.Erasure,
        body=models.ErasureAsked,
        role=Role.OFFICER,
        method="POST",
    ),
)
PAGES = (*map(_page, OPERATIONS), Page("/openapi.json", description, api=True))
