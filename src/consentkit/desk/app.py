"""ComplianceDesk: an ASGI app for whoever answers for consent. The order of a request, and nothing else.

Who asks, is it theirs, was the form sent from a page of ours; then the page answers. Nothing is served unless somebody
mounts it, and nothing but the sign-in and the style sheet to whoever is not let in.
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from consentkit.audit.engine import locate
from consentkit.audit.errors import AuditError, EventDamaged, LogLocationError, SchemaMismatch
from consentkit.audit.keys import read_public
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.core.policy import Policy
from consentkit.desk import (
    api,
    decision,
    decisions,
    evidence,
    gate,
    integrity,
    overview,
    people,
    policies,
    settings,
    signin,
    table,
)
from consentkit.desk.access import Access, Auth, Who
from consentkit.desk.errors import Conflict, DeskError, Forbidden, NotFound, SignInNeeded
from consentkit.desk.page import HEADERS, Desk, Visit
from consentkit.desk.passes import Passes
from consentkit.desk.route import Page
from consentkit.policyfile import load
from consentkit.web.answer import Receive, Scope, Send
from consentkit.web.request import step_aside

logger = logging.getLogger(__name__)

MODULES = (
    signin,
    settings,
    overview,
    decisions,
    table,
    decision,
    integrity,
    gate,
    people,
    evidence,
    policies,
    api,
)
"""Whose ``PAGES`` make up the desk, in the order of the navigation."""
PAGES: tuple[Page, ...] = tuple(chain.from_iterable(module.PAGES for module in MODULES))
RETRY_AFTER = 5
"""Seconds."""


class ComplianceDesk:
    """The officer's desk: to be mounted in any ASGI app, or served alone.

    :param policy: the policy in force, or the path of its file.
    :param audit: the log, or its URL: the only log of that store, or the one that bears the address of the policy's site.
    :param auth: the host's own sign-in: a function of the scope, or a coroutine function, that returns ``"viewer"``,
        ``"officer"`` or ``None``. Without it, and for whom it returns ``None``, one-time links let in: see
        ``consentkit desk link``.
    :param secret_key: signs the sessions' cookie; a list is newest first. Absent: ``CONSENTKIT_SECRET_KEY``, keys separated
        by white space.
    :param public_keys: files of the log's public keys (``consentkit audit keygen`` writes them), old ones too; without any,
        signatures of checkpoints are not checked.
    :param https: whether people come over https; ``None``: as the scope says.
    :param sites: addresses of further sites with a log in the same store: whoever is let in may also see their sums in the
        overview, and nothing else of them.
    :raises PolicyError: the policy cannot be used.
    :raises SecretKeyError: a key is too short or a sample.
    :raises LogLocationError: the URL of the log cannot be used.
    :raises KeyFileError: a file of public keys cannot be used.
    """

    def __init__(
        self,
        policy: Policy | str | Path,
        audit: AuditLog | str,
        auth: Auth | None = None,
        *,
        secret_key: str | Sequence[str] | None = None,
        public_keys: Sequence[str | Path] = (),
        https: bool | None = None,
        sites: Sequence[str] = (),
    ) -> None:
        read = policy if isinstance(policy, Policy) else load(policy)
        log = audit if isinstance(audit, AuditLog) else AuditLog(audit, log_id=_log_of(audit, read))
        access = Access(Passes(log.url, log.log_id), auth, _keys(secret_key), https)
        keys = tuple(read_public([Path(file) for file in public_keys]))
        self.desk = Desk(read, log, access, keys, PAGES, sites=tuple(sites))
        self.app = Starlette(
            routes=[Route(page.path, _Endpoint(self.desk, page), methods=[page.method]) for page in PAGES],
            exception_handlers={HTTPException: self._elsewhere},
        )
        self.app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            step_aside(scope)
            scope = _without_last_slash(scope)
        await self.app(scope, receive, send)

    async def _elsewhere(self, request: Request, error: Exception) -> Response:
        """An address or a method that we do not have, which only those who are let in are told."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        headers = getattr(error, "headers", None)

        async def told(_visit: Visit) -> Response:
            fault = NotFound("not-found" if status == 404 else "bad-method")
            fault.status = status
            raise fault

        page = Page("", told, api=_below_api(request))
        return await answer(self.desk, page, request, headers)


class _Endpoint:
    """Not a function: Starlette would wrap one. Answers a request that found its route."""

    def __init__(self, desk: Desk, page: Page) -> None:
        self._desk = desk
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        response = await answer(self._desk, self.page, request)
        await response(scope, receive, send)


async def answer(desk: Desk, page: Page, request: Request, headers: Any = None) -> Response:
    """What a page says to a request, or why it does not.

    :param headers: further header fields of a refusal.
    """
    visit = Visit(desk, request, page, Who(None))
    try:
        await desk.open()
        visit.who = await desk.access.who(request)
        await _admit(visit, page)
        return await page.answer(visit)
    except DeskError as error:
        return _refusal(visit, error, headers)
    except EventDamaged:
        return _refusal(visit, Conflict("damaged"), headers)
    except AuditError as error:
        logger.warning("the desk could not answer: %s", type(error).__name__)
        return _away(visit, error)
    finally:
        await visit.close()


async def _admit(visit: Visit, page: Page) -> None:
    """Let a request through to its page, or say why not."""
    if not visit.who.may(page.role):
        raise SignInNeeded("sign-in-needed") if visit.who.role is None else Forbidden("officer-needed")
    if page.method == "GET" or visit.who.token:
        return
    if visit.request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("foreign-form")
    if page.role is not None and not await _ours(visit):
        raise Forbidden("foreign-form")


async def _ours(visit: Visit) -> bool:
    """Whether what was sent carries the token that only a page of ours shows to this very person."""
    given = visit.request.headers.get("x-form-token") or (await visit.form()).get("form-token")
    known = visit.who.form_token if visit.who.cookie else ""
    return isinstance(given, str) and bool(known) and hmac.compare_digest(given.encode(), known.encode())


def _refusal(visit: Visit, error: DeskError, headers: Any = None) -> Response:
    extra = dict(headers or {})
    if error.status == 401:
        extra["www-authenticate"] = 'Bearer realm="consentkit desk"'
    return _told(visit, error.status, visit.words(error.words, **error.values), extra)


def _away(visit: Visit, error: AuditError) -> Response:
    # What a log's error says holds nothing personal and no secret; but only who is let in reads where it lies.
    text = visit.words("away") + (f" ({error})" if visit.who.role is not None else "")
    return _told(visit, 503, text, {"retry-after": str(RETRY_AFTER)})


def _told(visit: Visit, status: int, text: str, headers: dict[str, str]) -> Response:
    if visit.asked is not None and visit.asked.api:
        return JSONResponse({"error": text}, status, headers={**HEADERS, **headers})
    return visit.page("problem.html", status=status, headers=headers, text=text, status_code=status)


def _below_api(connection: HTTPConnection) -> bool:
    root = connection.scope.get("root_path", "")
    return str(connection.scope["path"]).removeprefix(root).startswith("/api/")


def _without_last_slash(scope: Scope) -> Scope:
    root, path = scope.get("root_path", ""), scope["path"]
    below = path.removeprefix(root) if path.startswith(root) else path
    if below == "":
        return {**scope, "path": f"{path}/"}
    if below != "/" and below.endswith("/"):
        return {**scope, "path": path.rstrip("/")}
    return scope


def _log_of(url: str, policy: Policy) -> str:
    own = policy.site.address
    try:
        reader = _reader(url)
    except LogLocationError:
        locate(url)  # else it has several
        return own
    except AuditError:  # it is not there yet, or cannot be asked now
        return own
    return reader.log_id or ("" if reader.size() else own)


def _reader(url: str) -> Reader:
    try:
        return Reader(url)
    except SchemaMismatch:  # which a SQLite log of an older version is until somebody opens it
        Passes(url, "").open()
        return Reader(url)


def _keys(secret_key: str | Sequence[str] | None) -> list[str]:
    if secret_key is None:
        return os.environ.get("CONSENTKIT_SECRET_KEY", "").split()
    return [secret_key] if isinstance(secret_key, str) else list(secret_key)
