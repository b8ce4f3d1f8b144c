"""One request to the desk, and what every page of it has in common: its words, its frame, its header fields."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from consentkit.audit.keys import PublicKey
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.core.policy import Policy
from consentkit.desk import client
from consentkit.desk.access import Access, Role, Who
from consentkit.desk.body import read_form
from consentkit.desk.errors import BadInput, NotFound
from consentkit.desk.route import Page
from consentkit.desk.words import words
from consentkit.languages.lookup import accepted, look_up
from consentkit.web.notice import TEMPLATES
from consentkit.web.words import Words

P = ParamSpec("P")
T = TypeVar("T")

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    # Not no-referrer: under it a form sends "Origin: null", which could come from anywhere.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
VIEW_COOKIE = "consentkit-desk-view"
LONGEST = 300
"""Characters of one thing that is asked for."""
TIMEOUT = 5.0
"""Seconds that one statement of the store may take."""


class Desk:
    """What every request needs of the desk.

    :param keys: public keys of the log, to check signatures with.
    :param pages: all that it has.
    :param sites: ids of further logs of the store, whose sums the overview may show.
    """

    def __init__(
        self,
        policy: Policy,
        audit: AuditLog,
        access: Access,
        keys: tuple[PublicKey, ...],
        pages: tuple[Page, ...],
        *,
        sites: tuple[str, ...] = (),
    ) -> None:
        self.policy = policy
        self.audit = audit
        self.access = access
        self.keys = keys
        self.pages = pages
        self.sites = tuple(each for each in dict.fromkeys(sites) if each != audit.log_id)
        self.environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    async def open(self) -> None:
        """Bring the store up to date once; a log that nobody wrote to yet is empty, not missing.

        :raises AuditError: it cannot be used.
        """
        if not self.access.passes.opened:
            await asyncio.to_thread(self.access.passes.open)

    def reader(self, site: str | None = None) -> Reader:
        """Reads the log; blocking.

        :param site: one of :attr:`sites` instead.
        :raises AuditError: it cannot be read.
        """
        return Reader(self.audit.url, self.audit.log_id if site is None else site, timeout=TIMEOUT)


class Visit:
    """One request, and the answers to it.

    :param page: what of ours was asked for; ``None`` where it is nothing that we have.
    """

    def __init__(self, desk: Desk, request: Request, page: Page | None, who: Who) -> None:
        self.desk = desk
        self.request = request
        self.asked = page
        self.who = who
        self._form: FormData | None = None
        self._language, self.zone_name = _view(request)

    @property
    def words(self) -> Words:
        """The words in whoever's language: what they chose, else what their browser says."""
        return words()[self._language]

    @property
    def zone(self) -> tzinfo:
        """The time zone in which this page tells times."""
        return zone_of(self.zone_name) or UTC

    def moment(self, time: int) -> str:
        """A time as a page tells it, in its zone.

        :param time: microseconds since 1970, UTC.
        """
        found = datetime.fromtimestamp(time // 1_000_000, self.zone)
        told = f"{found:%Y-%m-%d %H:%M:%S} {found:%Z}"
        # Within Arabic its parts would change places.
        return f"\u2066{told}\u2069" if self.words.direction == "rtl" else told

    def at(self, path: str = "/", **query: str | int | None) -> str:
        """The address of a page of the desk, wherever it is mounted.

        :param query: those that are ``None`` or empty are left out.
        """
        asked = urlencode({name: value for name, value in query.items() if value not in (None, "")})
        root = quote(self.request.scope.get("root_path", ""))
        return f"{root}{quote(path)}{'?' if asked else ''}{asked}"

    def part(self, name: str) -> str:
        """A part of the address, as its route names it.

        :raises NotFound: longer than anything that there is, or holding a NUL, which a store may choke on.
        """
        value = str(self.request.path_params[name])
        if len(value) > LONGEST or "\0" in value:
            raise NotFound("not-found")
        return value

    def query(self, name: str) -> str:
        """What was asked for by that name, white space around it taken off; empty where nothing was.

        :raises BadInput: longer than anything that there is, or holding a NUL.
        """
        value = self.request.query_params.get(name, "").strip()
        if len(value) > LONGEST or "\0" in value:
            raise BadInput("bad-long", name=name, most=LONGEST)
        return value

    async def form(self) -> FormData:
        """The form that was sent.

        :raises TooLarge: beyond what its route allows.
        :raises BadInput: it is no form.
        """
        if self._form is None:
            self._form = await read_form(self.request, self.asked.largest if self.asked else 0)
        return self._form

    async def close(self) -> None:
        """Let go of files that were sent."""
        if self._form is not None:
            await self._form.close()

    async def ask(
        self, question: Callable[Concatenate[Reader, P], T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Ask the log, in a thread.

        :raises AuditError: it cannot be read; what is shown says so.
        """

        def answer() -> T:
            return question(self.desk.reader(), *arguments, **named)

        return await asyncio.to_thread(answer)

    def page(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        """A page from a template in ``desk/``.

        :param values: what the template shows; it has ``visit``, ``words`` and ``at`` beside them.
        """
        who = self.who
        extra = dict(headers or {})
        if who.role is not None and not who.cookie and not who.token:
            # The host let them in: our cookie serves their forms alone.
            value = secrets.token_urlsafe(32)
            self.who = who._replace(cookie=value)
            extra["set-cookie"] = self.desk.access.set_cookie(self.request.scope, value)
        html = self.desk.environment.get_template(f"desk/{template}").render(
            visit=self,
            words=self.words,
            at=self.at,
            languages=words().values(),
            sheet=self.at(f"/static/{client.sheet().name}"),
            form_token=self._form_token,
            navigation=self._navigation(),
            **values,
        )
        return HTMLResponse(html, status, headers={**HEADERS, **extra})

    def moved(
        self, path: str, query: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Go on at another page of the desk, with a GET."""
        address = self.at(path, **(query or {}))
        return RedirectResponse(address, 303, headers={**HEADERS, **(headers or {})})

    @property
    def here(self) -> str:
        """The address of this page, below the desk."""
        root = self.request.scope.get("root_path", "")
        path = str(self.request.scope["path"]).removeprefix(root)
        asked = self.request.url.query
        return (
            f"{quote(path)}{'?' if asked else ''}{asked}" if self.request.method in ("GET", "HEAD") else "/"
        )

    def _form_token(self) -> Markup:
        """What each form that posts must hold."""
        return Markup('<input type="hidden" name="form-token" value="{}">').format(self.who.form_token)

    def _navigation(self) -> list[dict[str, Any]]:
        if self.who.role is None:
            return []
        here = self.asked.nav if self.asked else ""
        return [
            {"key": page.nav, "path": page.path, "here": page.nav == here}
            for page in self.desk.pages
            if page.nav and page.method == "GET" and self.who.may(page.role) and "{" not in page.path
        ]

    @property
    def how(self) -> str:
        """Where what is done here is done, as events say it."""
        return "api" if self.asked is not None and self.asked.api else "desk"

    @property
    def officer(self) -> bool:
        """Whether what only officers may do is shown."""
        return self.who.may(Role.OFFICER)


def view_cookie(language: str, zone: str) -> str:
    """The ``Set-Cookie`` field that keeps how somebody wants to see the desk. It says nothing of who they are."""
    return f"{VIEW_COOKIE}={language}~{quote(zone, safe='')}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict"


def known_zone(name: str) -> bool:
    """Whether there is a time zone of that name."""
    return zone_of(name) is not None


def _view(request: Request) -> tuple[str, str]:
    """Language and time zone: asked for now, else kept, else by the browser, else English and UTC."""
    kept, _, zone = request.cookies.get(VIEW_COOKIE, "").partition("~")
    zone = zone.replace("%2F", "/").replace("%2B", "+")
    wanted = [request.query_params.get("lang", ""), kept]
    tags = [*wanted, *accepted(request.headers.get("accept-language", "")).tags]
    asked = request.query_params.get("zone", "")
    zones = (name for name in (asked, zone) if name and zone_of(name) is not None)
    return look_up(filter(None, tags), words()) or "en", next(zones, "UTC")


def zone_of(name: str) -> tzinfo | None:
    """A time zone by its name in the IANA database; ``None`` for no such name."""
    if len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
