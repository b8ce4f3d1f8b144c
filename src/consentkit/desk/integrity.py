"""Is the log what was written and what was signed: the last checkpoint, verifications, and a checkpoint kept elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.datastructures import UploadFile
from starlette.responses import Response

from consentkit.audit.checkpoint import Standing, parse
from consentkit.audit.compare import Compared, compare
from consentkit.audit.errors import CheckpointError
from consentkit.audit.keys import PublicKey
from consentkit.audit.reader import Reader
from consentkit.audit.verifications import Verification, Verifications
from consentkit.desk.errors import BadInput, NotFound
from consentkit.desk.page import HEADERS, Visit
from consentkit.desk.passes import SECOND
from consentkit.desk.route import SMALL, Page

SHOWN = 20
"""Verifications on the page, the newest."""
REFRESH = 2
"""Seconds after which a page that shows a running one is loaded again; no script does it."""
MOST_FINDINGS = 50


class Covered(NamedTuple):
    """What the last checkpoint covers.

    :param size: events of the log now.
    :param covered: events that it covers; ``None`` where there is none.
    :param time: microseconds since 1970, UTC, at which it was stored.
    :param standing: what its signatures are worth; ``None`` where there is no key to check them with.
    """

    size: int
    covered: int | None = None
    time: int = 0
    standing: Standing | None = None
    note: bytes = b""


async def show(visit: Visit) -> Response:
    """How the log stands."""
    return await _page(visit)


async def verify(visit: Visit) -> Response:
    """Start a verification, unless one runs."""
    size = await visit.ask(Reader.size)
    keys = [str(key) for key in visit.desk.keys]
    name = await asyncio.to_thread(_verifications(visit).begin, size, keys=keys)
    return visit.moved("/integrity", {"run": name})


async def one(visit: Visit) -> Response:
    """What a verification found."""
    found = await asyncio.to_thread(_verifications(visit).find, visit.part("verification"))
    if found is None:
        raise NotFound("no-verification")
    findings = sorted(found.report.get("kinds", {}).items())
    return visit.page(
        "verification.html", run=_told(visit, found), findings=findings, refresh=_refresh([found])
    )


async def keep(visit: Visit) -> Response:
    """The last checkpoint as a file, to be kept where whoever keeps the log cannot reach it."""
    found = await visit.ask(covered, visit.desk.keys)
    if found.covered is None:
        raise NotFound("no-checkpoint")
    name = f"checkpoint-{found.covered}.txt"
    headers = {**HEADERS, "content-disposition": f'attachment; filename="{name}"'}
    return Response(found.note, media_type="text/plain; charset=utf-8", headers=headers)


async def hold_against(visit: Visit) -> Response:
    """Compare an uploaded checkpoint with the log."""
    sent = (await visit.form()).get("checkpoint")
    note = await sent.read() if isinstance(sent, UploadFile) else b""
    if not note:
        raise BadInput("compare-empty")
    try:
        found = await visit.ask(compare, note, visit.desk.keys)
    except CheckpointError:
        raise BadInput("compare-no-checkpoint") from None
    return await _page(visit, found)


def covered(reader: Reader, keys: Sequence[PublicKey]) -> Covered:
    """What the last checkpoint covers; one that cannot be read covers nothing."""
    size, last = reader.size(), reader.last_checkpoint()
    if last is None:
        return Covered(size)
    try:
        standing = parse(last.note).standing(keys) if keys else None
    except CheckpointError:
        return Covered(size, standing="forged")
    return Covered(size, last.size, last.time, standing, last.note)


async def newest(visit: Visit, most: int) -> list[Verification]:
    """The newest verifications, newest first."""
    return await asyncio.to_thread(_verifications(visit).newest, most)


async def _page(visit: Visit, compared: Compared | None = None) -> Response:
    last = await visit.ask(covered, visit.desk.keys)
    runs = await newest(visit, SHOWN)
    return visit.page(
        "integrity.html",
        last=last,
        when=visit.moment(last.time),
        keyed=bool(visit.desk.keys),
        runs=[_told(visit, each) for each in runs],
        running=next((_told(visit, each) for each in runs if each.state == "running"), None),
        refresh=_refresh(runs) if compared is None else 0,
        compared=compared,
        largest=SMALL,
    )


def _verifications(visit: Visit) -> Verifications:
    return Verifications(visit.desk.audit.url, visit.desk.audit.log_id)


def _refresh(runs: Sequence[Verification]) -> int:
    return REFRESH if any(each.state == "running" for each in runs) else 0


def _told(visit: Visit, run: Verification) -> dict[str, Any]:
    return {
        **run._asdict(),
        "when": visit.moment(run.begun),
        "took": None if run.ended is None else f"{(run.ended - run.begun) / SECOND:.1f}",
        "percent": 100 * run.done // run.size if run.size else 100,
    }


PAGES = (
    Page("/integrity", show, nav="integrity"),
    Page("/integrity/verify", verify, method="POST", nav="integrity"),
    Page("/integrity/compare", hold_against, method="POST", nav="integrity"),
    Page("/integrity/checkpoint", keep),
    Page("/integrity/{verification}", one, nav="integrity"),
)
