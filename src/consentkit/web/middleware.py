"""ConsentMiddleware: the order of the day, and nothing else.

A request to our own prefix is answered here. Every other one goes to the app with its consent in ``state``, and the response
comes back through :class:`~consentkit.web.response.Response`. Whatever is not http passes untouched; ``lifespan`` passes with
our start and our drain around it.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from jinja2 import TemplateError

from consentkit.audit.errors import AuditError
from consentkit.audit.log import AuditLog
from consentkit.core.consent import Consent, Signals
from consentkit.core.cookie import NOTHING, CookieCodec
from consentkit.core.errors import ConfigurationError, ConsentkitError
from consentkit.core.policy import Policy
from consentkit.core.size import check_size
from consentkit.jurisdictions import atlas
from consentkit.policyfile import load
from consentkit.web.answer import App, Message, Receive, Scope, Send
from consentkit.web.conditions import app_view
from consentkit.web.cookiegate import hide_cookies
from consentkit.web.excluded import excluder, route_below
from consentkit.web.gatehouse import Gate
from consentkit.web.laws import Law, Laws, law_of
from consentkit.web.limit import RateLimit
from consentkit.web.notice import NoticeBook, View
from consentkit.web.pages import Pages
from consentkit.web.pending import Grants
from consentkit.web.request import INSTALLED, JurisdictionOf, LazyConsent, Resolver, Visit, own_path
from consentkit.web.response import Response
from consentkit.web.transport import Transport
from consentkit.web.wellknown import PATH as GPC_PATH
from consentkit.web.wellknown import answer as statement
from consentkit.web.wellknown import asked_for, in_place_of_404

logger = logging.getLogger(__name__)

GRANTS_PER_SECOND = 2.0


class ConsentMiddleware:
    """Asks for consent, enforces it and records it, for a whole ASGI app.

    :param app: the app.
    :param policy: a policy, or the path of its file.
    :param secret_key: signs the decision cookie; a list is newest first. Absent: ``CONSENTKIT_SECRET_KEY``, keys separated by
        white space.
    :param audit: the log of decisions, or its URL. Absent: ``CONSENTKIT_AUDIT``, then ``sqlite:///consent.db``.
    :param prefix: path below which our own pages live.
    :param cookie: name of the decision cookie, without the ``__Host-`` that it gets over https.
    :param delivery: ``private``: each page is made for its visitor and kept in no shared cache. ``shared``: each is the same
        for all, closed, and a small script opens what the visitor granted. ``auto``, the default: shared where the app
        itself declares a page public, else private.
    :param jurisdiction: a code, or a function of the scope that returns one or ``None``.
    :param https: whether visitors come over https; ``None``: as the scope says. ``False``: plain http on any host.
    :param trusted_proxies: addresses or networks whose ``X-Forwarded-*`` fields are believed.
    :param exclude: paths that are not touched at all; ``*`` stands for anything.
    :param enabled: ``False`` leaves every page as it is; the consent can still be read.
    :param observe: gate nothing, and count what would be gated: for a week before switching on.
    :param debug: an unknown name in ``consent.allows`` raises instead of logging an error.
    :param templates: folders of the site's own templates, looked in before the built-in ones.
    :param grants_per_second: how fast one address may go on granting after a burst of 60; ``None`` for no limit.

    A wrong configuration does not raise here, where servers take it for a missing lifespan: it stops the start with a
    message, or, without lifespan, fails the first request with it.
    """

    def __init__(
        self,
        app: App,
        *,
        policy: Policy | str | Path,
        secret_key: str | Sequence[str] | None = None,
        audit: AuditLog | str | None = None,
        prefix: str = "/_consent",
        cookie: str = "consentkit",
        delivery: Literal["auto", "private", "shared"] = "auto",
        jurisdiction: str | JurisdictionOf | None = None,
        https: bool | None = None,
        trusted_proxies: Sequence[str] = (),
        exclude: Sequence[str] = (),
        enabled: bool = True,
        observe: bool = False,
        debug: bool = False,
        templates: Sequence[str | Path] = (),
        grants_per_second: float | None = GRANTS_PER_SECOND,
    ) -> None:
        self.app = app
        self.prefix = prefix
        self._enabled = enabled
        self._debug = debug
        self._checked_routes = False
        self.fault: ConsentkitError | None = None
        try:
            _check_prefix(prefix, cookie)
            _check_delivery(delivery)
            self.policy = policy if isinstance(policy, Policy) else load(policy)
            check_size(self.policy)
            codec = CookieCodec(_keys(secret_key), self.policy.site.address)
            self.audit = _audit(audit, self.policy)
            transport = Transport(https, trusted_proxies, cookie)
            since = self.policy.gpc_since
            self._statement = None if since is None else statement(since)
            self._excluded: Callable[[str], bool] | None = excluder(exclude)
            folders = [Path(folder) for folder in templates]
            limit, grants = RateLimit(grants_per_second), Grants()

            def build(policy: Policy, where: str | JurisdictionOf | None, strictest: Law | None) -> Law:
                resolver = Resolver(policy, codec, transport, where, self._unknown_name)
                lender = strictest.gate if strictest else None
                book = NoticeBook(policy, templates=folders)
                gate = Gate(book, prefix, delivery, observe, self.audit.add_counts, lender)
                return law_of(resolver, gate, self.audit, limit, grants)

            self._laws = Laws(self.policy, jurisdiction, atlas(), build)
        except ConsentkitError as error:
            self.fault = error
            return
        except TemplateError as error:
            self.fault = ConfigurationError(f"templates: {type(error).__name__}: {error}")
            return
        if templates:
            law = self._laws.strictest
            self.fault = _draw_all(law.pages, law.resolver.consent(Signals(), NOTHING))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await (self._lifespan if scope["type"] == "lifespan" else self.app)(scope, receive, send)
            return
        if not self._checked_routes:
            self._check_routes(scope.get("app"))
        if self.fault is not None:
            raise self.fault.with_traceback(None)  # or each request would add its frames to the same error
        path = own_path(scope) if scope.get("root_path") else scope["path"]
        if path.startswith(self.prefix) and path[len(self.prefix) :][:1] in ("", "/"):
            law = self._laws.of(scope)
            visit = Visit(law.resolver, scope)
            await law.endpoint(visit, path[len(self.prefix) :], receive, send)
            return
        if path == GPC_PATH and self._statement is not None and asked_for(scope):
            send = in_place_of_404(self._statement, scope, send)
        if INSTALLED in scope or (self._excluded is not None and self._excluded(path)):
            await self.app(scope, receive, send)
            return
        # A copy: routers below change the scope's root_path and more, and the page is drawn after them.
        law = self._laws.of(scope)
        visit = Visit(law.resolver, dict(scope))
        scope[INSTALLED] = visit
        scope.setdefault("state", {})["consent"] = LazyConsent(visit)
        if not self._enabled:
            await self.app(scope, receive, send)
            return
        unchanged = app_view(scope, visit, law.gate)
        if self.policy.hide_request_cookies:
            hide_cookies(scope, visit, law.gate)
        response = Response(law.gate, visit, send, unchanged)
        await self.app(scope, receive, response.send)
        if response.waits:
            await response.finish()

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Our start before the app's, our drain after its shutdown, and every message of its own in between."""

        async def ours_first() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._start()
            return message

        async def ours_last(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                await self.audit.close()
            await send(message)

        self._check_routes(scope.get("app"))
        if self.fault is not None:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(self.fault)})
            # As Starlette's router does: its TestClient waits for the end of the task, and for ever if that says nothing.
            raise self.fault.with_traceback(None)
        await self.app(scope, ours_first, ours_last)

    async def _start(self) -> None:
        try:
            await self.audit.start()
        except AuditError as error:
            logger.warning(
                "the log of decisions cannot be written (%s). Pages are served and what needs consent stays closed; "
                "a choice that opens something is answered 503 until it can be written; a refusal takes effect, kept "
                "in the spool",
                error,
            )

    def _check_routes(self, app: Any) -> None:
        self._checked_routes = True
        route = route_below(app or self.app, self.prefix)
        if route is not None and self.fault is None:
            self.fault = ConfigurationError(
                f"the app's own route {route} lies below consentkit's prefix {self.prefix}; "
                "move the route, or pass another prefix= to ConsentMiddleware"
            )

    def _unknown_name(self, name: str) -> None:
        message = f"consent.allows({name!r}): no purpose or service of the policy"
        if self._debug:
            raise LookupError(message)
        logger.error(message)


def _draw_all(pages: Pages, consent: Consent) -> ConfigurationError | None:
    """Draw each template once: a site's own may parse and still fail, and then it fails at start and not before a visitor."""
    view = View(language=pages.policy.language)
    try:
        pages.book.body(consent, view)
        pages.preferences(consent, view)
        pages.declaration(view)
        pages.problem(503, view)
    except (TemplateError, KeyError) as error:
        return ConfigurationError(f"templates: {type(error).__name__}: {error}")
    return None


def _check_delivery(delivery: str) -> None:
    if delivery not in ("auto", "private", "shared"):
        raise ConfigurationError(f'delivery: found {delivery!r}; expected "auto", "private" or "shared"')


def _check_prefix(prefix: str, cookie: str) -> None:
    if re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", prefix) is None:
        raise ConfigurationError(
            f'prefix: found {prefix!r}; expected a path such as "/_consent", without a final slash'
        )
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", cookie) is None:
        raise ConfigurationError(
            f"cookie: found {cookie!r}; expected letters, digits, - and _, without __Host-"
        )


def _keys(secret_key: str | Sequence[str] | None) -> list[str]:
    if secret_key is None:
        return os.environ.get("CONSENTKIT_SECRET_KEY", "").split()
    return [secret_key] if isinstance(secret_key, str) else list(secret_key)


def _audit(audit: AuditLog | str | None, policy: Policy) -> AuditLog:
    if isinstance(audit, AuditLog):
        return audit
    url = audit or os.environ.get("CONSENTKIT_AUDIT") or "sqlite:///consent.db"
    return AuditLog(url, log_id=policy.site.address)
