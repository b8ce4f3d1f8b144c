"""The evidence file: what a regulator, a court or a visitor is sent, which proves itself with the desk switched off.

It is made whole in a file of no name before the first byte leaves, so that what cannot be proven is said on a page instead of
breaking off; and the log says that it was handed out, with its SHA-256, before that.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import BinaryIO, NamedTuple

from sqlalchemy import func, select
from starlette.datastructures import FormData
from starlette.responses import Response

from consentkit.audit.errors import EventDamaged, EvidenceRefused
from consentkit.audit.evidence import MOST_NAMED, About, Written, chosen, write
from consentkit.audit.keys import PublicKey
from consentkit.audit.reader import Reader
from consentkit.audit.register import statement
from consentkit.desk.access import Role
from consentkit.desk.acts import hand_over
from consentkit.desk.errors import BadInput, Conflict, NotFound
from consentkit.desk.integrity import covered
from consentkit.desk.moments import moment
from consentkit.desk.page import HEADERS, LONGEST, Visit
from consentkit.desk.route import Page
from consentkit.web.answer import Receive, Scope, Send

MOST = 200_000
"""Events in a file that a browser waits for: some ten seconds. The command has no limit."""
PART = 1 << 18
"""Bytes that are sent at once."""
KINDS = {"visitor": "a visitor", "range": "a range of time", "events": "an incident"}


class Packed(NamedTuple):
    """A finished file.

    :param sum: its SHA-256.
    """

    file: BinaryIO
    size: int
    sum: str
    written: Written


async def show(visit: Visit) -> Response:
    """The three forms, and how much of the log can be proven."""
    last = await visit.ask(covered, visit.desk.keys)
    return visit.page(
        "evidence.html",
        last=last,
        when=visit.moment(last.time),
        keyed=bool(visit.desk.keys),
        who=visit.query("of"),
        event=visit.query("event"),
        most=MOST,
        named=MOST_NAMED,
    )


async def hand_out(visit: Visit) -> Response:
    """The file."""
    form = await visit.form()
    kind = str(form.get("about", ""))
    if kind not in KINDS:
        raise BadInput("evidence-empty")
    if not visit.desk.keys:
        raise Conflict("evidence-no-key")
    about = await _about(visit, kind, form)
    packed = await visit.ask(pack, about, visit.desk.keys)
    try:
        said = f"evidence file about {KINDS[kind]}, SHA-256 {packed.sum}"
        await hand_over(visit, packed.written.subject, statement("inspection", said))
    except BaseException:
        packed.file.close()
        raise
    return _Download(packed, f"evidence-{kind}-{datetime.now(UTC):%Y-%m-%d-%H%M}.zip")


def pack(reader: Reader, about: About, keys: Sequence[PublicKey]) -> Packed:
    """Make the file; blocking.

    :raises NotFound: there are no such events.
    :raises BadInput: there are more than :data:`MOST`.
    :raises Conflict: no checkpoint covers them, or one of them is not what was written.
    :raises LogUnavailable: the log cannot be read.
    """
    _require_some(reader, about)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    try:
        written = write(reader, about, file, keys)
        size = file.seek(0, 2)
        file.seek(0)
        found = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
    except EvidenceRefused:
        file.close()
        raise Conflict("evidence-uncovered") from None
    except EventDamaged:
        file.close()
        raise Conflict("evidence-damaged") from None
    except BaseException:
        file.close()
        raise
    return Packed(file, size, found, written)


def _require_some(reader: Reader, about: About) -> None:
    some = chosen(reader, about).limit(MOST + 1).subquery()
    ((count,),) = reader.ask(select(func.count()).select_from(some))
    if not count:
        raise NotFound("evidence-nothing")
    if count > MOST:
        raise BadInput("evidence-many", most=MOST)
    if about.events and count != len(set(about.events)):
        missing = next(each for each in about.events if reader.find(each) is None)
        raise NotFound("evidence-unknown", id=missing)


async def _about(visit: Visit, kind: str, form: FormData) -> About:
    if kind == "visitor":
        return await visit.ask(_of, _text(form, "who", LONGEST))
    if kind == "range":
        first = moment(_text(form, "from", LONGEST), "from", visit.zone)
        last = moment(_text(form, "to", LONGEST), "to", visit.zone, last=True)
        if first is None and last is None:
            raise BadInput("evidence-empty")
        try:
            return About(first=first, last=last)
        except ValueError:
            raise BadInput("bad-range") from None
    ids = tuple(dict.fromkeys(_text(form, "events", LONGEST * MOST_NAMED).replace(",", " ").split()))
    if not ids:
        raise BadInput("evidence-empty")
    if len(ids) > MOST_NAMED:
        raise BadInput("evidence-many", most=MOST_NAMED)
    return About(events=ids)


def _of(reader: Reader, name: str) -> About:
    """A visitor by their id, or by a receipt; a receipt that leads to nobody stands for itself."""
    if not name:
        raise BadInput("evidence-empty")
    row = reader.find(name)
    if row is None:
        return About(visitor=name)
    return About(events=(name,)) if row.visitor is None else About(visitor=row.visitor)


def _text(form: FormData, name: str, most: int) -> str:
    value = form.get(name, "")
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > most or "\0" in text:
        raise BadInput("bad-long", name=name, most=most)
    return text


class _Download(Response):
    """Sends a file part by part, and lets it go."""

    def __init__(self, packed: Packed, name: str) -> None:
        headers = {
            **HEADERS,
            "content-type": "application/zip",
            "content-length": str(packed.size),
            "content-disposition": f'attachment; filename="{name}"',
        }
        super().__init__(None, headers=headers)
        self._file = packed.file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while part := await asyncio.to_thread(self._file.read, PART):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


PAGES = (
    Page("/evidence", show, role=Role.OFFICER, nav="evidence"),
    Page("/evidence", hand_out, role=Role.OFFICER, method="POST", nav="evidence"),
)
