"""Searching decisions, newest first.

A visitor's id stands in no address that a page of ours makes: addresses end up in the access logs of servers, where an erasure
does not reach. Whose events are meant is told by one of them: once erased, it leads to nobody.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from starlette.responses import Response

from consentkit.audit.event import ACTS
from consentkit.audit.reader import Reader
from consentkit.audit.search import Page as Found
from consentkit.audit.search import Search, page
from consentkit.desk.acts import look_up
from consentkit.desk.errors import BadInput, Forbidden
from consentkit.desk.moments import moment
from consentkit.desk.page import LONGEST, Visit
from consentkit.desk.route import Page
from consentkit.desk.told import told

AT_ONCE = 50
"""Events on one page."""
FIELDS = ("visitor", "of", "receipt", "from", "to", "act", "jurisdiction", "policy")
PERSONAL = ("visitor", "of", "receipt")
"""What finds a person: for officers, and noted in the log."""
UNKNOWN = "-"
"""How one asks for an unknown jurisdiction."""

NOBODY = "-"
"""Stands for an event that does not exist, and for the id of no visitor."""


async def show(visit: Visit) -> Response:
    """The form, and what it finds."""
    asked = {name: visit.query(name) for name in FIELDS}
    search = await search_of(visit, asked, visit.zone)
    found = await find(visit, search, visit.query("after") or None, AT_ONCE)
    following = visit.at("/decisions", **asked, after=found.next) if found.next else None
    return visit.page(
        "decisions.html",
        asked=asked,
        whose=search.visitor or "",
        acts=ACTS,
        rows=[told(visit, row) for row in found.items],
        following=following,
        first=visit.at("/decisions", **asked) if visit.query("after") else None,
    )


async def send(visit: Visit) -> Response:
    """What the form asks for, as an address that names nobody."""
    form = await visit.form()
    asked = {name: str(form.get(name, "")).strip() for name in FIELDS}
    if len(asked["visitor"]) > LONGEST or "\0" in asked["visitor"]:
        raise BadInput("bad-long", name="visitor", most=LONGEST)
    if asked["visitor"]:
        if not visit.officer:
            raise Forbidden("officer-search")
        asked["of"] = await visit.ask(newest_of, asked.pop("visitor"))
    return visit.moved("/decisions", asked)


def newest_of(reader: Reader, visitor: str) -> str:
    """The id of a visitor's newest event; :data:`NOBODY` where there is none."""
    rows = reader.of_visitor(visitor, 1)
    return rows[-1].id if rows else NOBODY


def visitor_of(reader: Reader, event: str) -> str:
    """Whose event this is; :data:`NOBODY` where it is nobody's, or no longer."""
    row = reader.find(event)
    return row.visitor if row is not None and row.visitor is not None else NOBODY


async def search_of(visit: Visit, asked: dict[str, str], zone: tzinfo) -> Search:
    """What is looked for.

    :param zone: of times that do not tell theirs.

    :raises Forbidden: a person is looked for, and whoever asks is no officer.
    :raises BadInput: it cannot be meant.
    """
    if not visit.officer and any(asked[name] for name in PERSONAL):
        raise Forbidden("officer-search")
    if asked["act"] and asked["act"] not in ACTS:
        raise BadInput("bad-act", act=asked["act"])
    first = moment(asked["from"], "from", zone)
    last = moment(asked["to"], "to", zone, last=True)
    if asked["of"]:
        asked = {**asked, "visitor": await visit.ask(visitor_of, asked["of"])}
    named: dict[str, Any] = {name: asked[name] or None for name in ("visitor", "receipt", "act", "policy")}
    place = {UNKNOWN: "", "": None}.get(asked["jurisdiction"], asked["jurisdiction"].upper())
    if place is not None and len(place) > LONGEST:  # capitals of some letters are several
        raise BadInput("bad-long", name="jurisdiction", most=LONGEST)
    try:
        return Search(first=first, last=last, jurisdiction=place, **named)
    except ValueError:
        raise BadInput("bad-range") from None


async def find(visit: Visit, search: Search, after: str | None, limit: int) -> Found:
    """One page of it. Looking for a person is noted in the log first, and shown only then.

    :raises BadInput: no page of this search told ``after``.
    :raises AuditError: the log cannot be read, or does not take the note.
    """
    try:
        found = await visit.ask(page, search, after, limit)
    except ValueError:
        raise BadInput("bad-page") from None
    if search.visitor is not None or search.receipt is not None:
        await look_up(visit, found.items)
    return found


PAGES = (Page("/decisions", show, nav="decisions"), Page("/decisions", send, method="POST"))
