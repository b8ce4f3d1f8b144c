"""One decision: what was chosen, in which words, under which policy, its place in the log, and what came before and after."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from starlette.responses import Response

from consentkit.audit import merkle
from consentkit.audit.checkpoint import parse
from consentkit.audit.errors import AuditError, EventDamaged
from consentkit.audit.event import leaf_hash, personal_hash
from consentkit.audit.finding import StoredEvent
from consentkit.audit.merkle import ProofError
from consentkit.audit.proofs import StoredTree
from consentkit.audit.reader import Reader
from consentkit.desk.acts import look_up
from consentkit.desk.errors import NotFound
from consentkit.desk.page import HEADERS, Visit
from consentkit.desk.route import Page
from consentkit.desk.told import Said, said, told
from consentkit.web.served import draw, read

HISTORY = 50
"""Events of the same visitor that are shown, the newest."""
SERVED = {
    **HEADERS,
    # A page by itself, which may run nothing and send nothing, in a frame of ours.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
}


class Place(NamedTuple):
    """Where an event stands in the tree, and what proves it, recomputed now.

    :param fits: whether the leaf is that of the event.
    :param size: events that the checkpoint covers; ``None`` where none covers this one.
    :param signed: microseconds since 1970, UTC, at which it was stored.
    :param hashes: that lead from the event to what was signed.
    :param holds: whether they do.
    """

    seq: int
    leaf: str
    fits: bool
    size: int | None = None
    signed: int = 0
    hashes: tuple[str, ...] = ()
    root: str = ""
    holds: bool = False
    note: str = ""


class Found(NamedTuple):
    """An event, and all that stands around it."""

    row: StoredEvent
    place: Place
    history: tuple[StoredEvent, ...]
    notice: dict[str, Any] | None
    policy: dict[str, Any] | None
    opens: bool | None


async def show(visit: Visit) -> Response:
    """The page."""
    found = await visit.ask(gather, visit.part("event"))
    if found is None:
        raise NotFound("no-event")
    if visit.officer:
        await look_up(visit, [found.row, *found.history])
    row = told(visit, found.row)
    return visit.page(
        "decision.html",
        row=row,
        place=found.place,
        signed=visit.moment(found.place.signed) if found.place.size else "",
        history=[told(visit, each) for each in reversed(found.history)] if visit.officer else [],
        notice=found.notice,
        policy=found.policy,
        current=row.get("policy") == visit.desk.policy.version,
        opens=found.opens if visit.officer else None,
    )


async def served(visit: Visit) -> Response:
    """A notice as it was served, as a page by itself."""
    name = visit.part("notice")
    body = await visit.ask(_document, "notice", name)
    if body is None:
        raise NotFound("no-notice")
    return Response(draw(body, name), media_type="text/html; charset=utf-8", headers=SERVED)


def gather(reader: Reader, event: str) -> Found | None:
    """Read all of it.

    :raises LogUnavailable: the log cannot be read.
    """
    row = reader.find(event)
    if row is None:
        return None
    names = said(row)
    history = reader.of_visitor(row.visitor, HISTORY) if row.visitor else []
    return Found(
        row,
        place_of(reader, row),
        tuple(history),
        _notice(_document(reader, "notice", names.notice if names else "")),
        _policy(_document(reader, "policy", names.policy if names else "")),
        _opens(row, names),
    )


def place_of(reader: Reader, row: StoredEvent) -> Place:
    """Where an event stands, by the first checkpoint that covers it."""
    if not (isinstance(row.leaf, bytes) and isinstance(row.canonical, bytes)):
        return Place(row.seq, "", fits=False)
    place = Place(row.seq, row.leaf.hex(), leaf_hash(row.canonical) == row.leaf)
    covering = reader.covering(row.seq)
    if covering is None:
        return place
    place = place._replace(size=covering.size, signed=covering.time, root=covering.root.hex())
    try:
        hashes = StoredTree(reader).inclusion(row.seq, covering.size)
        root = parse(covering.note).checkpoint.root
        holds = merkle.verify_inclusion(row.seq - 1, covering.size, row.leaf, hashes, root)
    except (ProofError, AuditError):
        return place
    return place._replace(
        hashes=tuple(each.hex() for each in hashes), holds=holds, note=covering.note.decode(errors="replace")
    )


def _opens(row: StoredEvent, values: Said | None) -> bool | None:
    """Whether the visitor's id is the one that the event commits to; ``None`` where there is none to compare."""
    if row.salt is None or row.visitor is None or values is None:
        return None
    return personal_hash(row.salt, row.visitor) == values.personal


def _document(reader: Reader, kind: str, name: str) -> bytes | None:
    found = reader.document(kind, name) if name else None
    return None if found is None else found.body


def _notice(body: bytes | None) -> dict[str, Any] | None:
    try:
        return None if body is None else read(body)
    except EventDamaged:
        return None


def _policy(body: bytes | None) -> dict[str, Any] | None:
    try:
        return None if body is None else dict(json.loads(body))
    except (ValueError, TypeError):
        return None


PAGES = (
    Page("/decisions/{event}", show, nav="decisions"),
    Page("/notices/{notice}", served),
)
