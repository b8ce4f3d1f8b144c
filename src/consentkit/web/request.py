"""What a request says: our cookie, the signals, who will look at the answer. Found once, when somebody asks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.cookie import NOTHING, CookieCodec, Read
from consentkit.core.policy import Policy
from consentkit.web.answer import Scope
from consentkit.web.gate.candidate import Asked
from consentkit.web.transport import Keeping, Transport

logger = logging.getLogger(__name__)

FRAMES = frozenset({"iframe", "frame", "fencedframe", "embed", "object"})
"""Values of ``Sec-Fetch-Dest`` of a page inside another (Fetch metadata, section 2.1; checked 2026-11)."""
SAFE = frozenset({"GET", "HEAD"})
SCRIPTED = (b"hx-request", b"turbo-frame", b"x-requested-with")
"""Fields by which a page's own script says that it asks for a piece of a page."""
REMEMBERED = 2048
"""Consents kept in memory, one for each distinct cookie and signal."""

JurisdictionOf = Callable[[Scope], str | None]


class Resolver:
    """Finds the consent of a request: parses once, resolves once, remembers.

    :param jurisdiction: a code, a function of the scope, or ``None``.
    :param report: called with a message where a page asks about a name that the policy does not know.
    """

    def __init__(
        self,
        policy: Policy,
        codec: CookieCodec,
        transport: Transport,
        jurisdiction: str | JurisdictionOf | None,
        report: Callable[[str], None],
    ) -> None:
        self.policy = policy
        self.codec = codec
        self.transport = transport
        self._jurisdiction = jurisdiction
        self._report = report
        self._found: dict[tuple[Signals, Any], Consent] = {}
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def signals(self, scope: Scope, fields: Mapping[bytes, bytes], keeping: Keeping) -> Signals:
        """What the request says besides our cookie."""
        return Signals(
            gpc=global_privacy_control(fields.get(b"sec-gpc")),
            withheld=keeping is Keeping.IMPOSSIBLE or cookie_withheld(scope["method"], fields),
            jurisdiction=self._where(scope),
        )

    def _where(self, scope: Scope) -> str | None:
        """The jurisdiction; unknown where the site's own function fails, since its page is served all the same."""
        where = self._jurisdiction
        if not callable(where):
            return where
        try:
            return where(scope)
        except Exception as error:
            # Its text may hold an address.
            logger.error("the jurisdiction of a request could not be told: %s", type(error).__name__)  # noqa: TRY400
            return None

    def read(self, scope: Scope, keeping: Keeping) -> Read:
        """What stands under our cookie's name."""
        name = self.transport.name(keeping)
        if name is None:
            return NOTHING
        cookies = [value for field, value in scope["headers"] if field == b"cookie"]
        return self.codec.read(name, cookies) if cookies else NOTHING

    def consent(self, signals: Signals, read: Read) -> Consent:
        """The consent that holds, remembered until its decision ends."""
        decision = read.decision
        now = int(time.time())
        key = (signals, id(decision) if decision else None)
        known = self._found.get(key)
        if (
            known is not None
            and known.decision is decision
            and (decision is None or self._lasts(decision.at, now))
        ):
            return known
        consent = resolve(self.policy, signals, decision, now)
        # One object for all who are allowed the same: what is looked up by it is found by identity, however many services.
        allowed = self._sets.setdefault(consent.allowed, consent.allowed)
        consent = replace(consent, allowed=allowed, unknown=self._report)
        if len(self._found) >= REMEMBERED:
            self._found.clear()
            self._sets.clear()
        self._found[key] = consent
        return consent

    def _lasts(self, at: int, now: int) -> bool:
        return at <= now < at + self.policy.cookie_lifetime


class Visit:
    """One request, read lazily: a JSON answer that never asks about consent pays for none of it."""

    __slots__ = ("_consent", "_fields", "_keeping", "_read", "resolver", "scope")

    def __init__(self, resolver: Resolver, scope: Scope) -> None:
        self.resolver = resolver
        self.scope = scope
        self._fields: dict[bytes, bytes] | None = None
        self._consent: Consent | None = None

    @property
    def fields(self) -> Mapping[bytes, bytes]:
        """Header fields by lower-case name; repeated ones joined by a comma (RFC 9110 section 5.3)."""
        if self._fields is None:
            headers = self.scope["headers"]
            found = dict(headers)
            if len(found) != len(headers):
                found = {}
                for name, value in headers:
                    found[name] = found[name] + b", " + value if name in found else value
            self._fields = found
        return self._fields

    @property
    def consent(self) -> Consent:
        """The consent that holds for this request."""
        if self._consent is None:
            resolver = self.resolver
            self._keeping = resolver.transport.keeping(self.scope)
            self._read = resolver.read(self.scope, self._keeping)
            self._consent = resolver.consent(
                resolver.signals(self.scope, self.fields, self._keeping), self._read
            )
        return self._consent

    @property
    def read(self) -> Read:
        """What stood under our cookie's name."""
        return self._read if self.consent else NOTHING

    @property
    def keeping(self) -> Keeping:
        """How a cookie of ours can be kept on this connection."""
        return self._keeping if self.consent else Keeping.IMPOSSIBLE

    @property
    def asked(self) -> Asked:
        """Who will look at the answer."""
        return asked_of(self.fields)


class LazyConsent:
    """Stands in ``request.state.consent`` until somebody looks; then it is the consent."""

    __slots__ = ("_visit",)

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._visit.consent, name)

    def __eq__(self, other: object) -> bool:
        return self._visit.consent == (other._visit.consent if isinstance(other, LazyConsent) else other)

    def __hash__(self) -> int:
        return hash(id(self._visit))

    def __repr__(self) -> str:
        return repr(self._visit.consent)


def asked_of(fields: Mapping[bytes, bytes]) -> Asked:
    """What a request's header fields say about who will look at the answer."""
    varies = tuple(name for name in SCRIPTED if name in fields)
    fragment = bool(varies) and fields.get(b"hx-boosted") != b"true"
    return Asked(text(fields, b"sec-fetch-dest"), fragment, varies)


def get_consent(request: Any) -> Consent:
    """The consent that holds for a request.

    :param request: a Starlette or FastAPI request, anything with a ``scope``, or the ASGI scope itself.
    :raises LookupError: where no ConsentMiddleware saw the request: it is not installed, or excludes this path.
    """
    scope = request if isinstance(request, dict) else request.scope
    found = scope.get("state", {}).get("consent")
    if isinstance(found, LazyConsent):
        return found._visit.consent
    raise LookupError("no consent here: ConsentMiddleware is not installed, or this path is excluded from it")


def own_path(scope: Scope) -> str:
    """The path as the app's own routes see it: without ``root_path``, whether the server left it there or not."""
    path: str = scope["path"]
    root = scope.get("root_path") or ""
    if root and path.startswith(root) and path[len(root) :][:1] in ("", "/"):
        return path[len(root) :] or "/"
    return path


def address(scope: Scope) -> str:
    """Path and query as the browser sent them, ``root_path`` in front: what leads back to this very page.

    The decoded ``path`` would not do: ``/a%3Fb`` is another page than ``/a?b``.
    """
    raw: bytes | None = scope.get("raw_path")
    sent = raw.decode("latin-1") if raw else quote(scope["path"], safe="/:@!$&'()*+,;=~")
    root = quote(scope.get("root_path") or "")
    if root and not (sent.startswith(root) and sent[len(root) :][:1] in ("", "/")):
        sent = root + sent
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{sent}?{query}" if query else sent


def text(fields: Mapping[bytes, bytes], name: bytes) -> str:
    """A field's value as lower-case text; empty where there is none."""
    return fields.get(name, b"").decode("latin-1").strip().lower()


def global_privacy_control(value: bytes | None) -> bool:
    """Whether the signal was sent: exactly ``1``, once or repeated; every other value is none (GPC, section 3)."""
    return value is not None and all(part.strip() == b"1" for part in value.split(b","))


def cookie_withheld(method: str, fields: Mapping[bytes, bytes]) -> bool:
    """Whether the browser may have kept back a ``SameSite=Lax`` cookie, so that its absence says nothing.

    In a frame it depends on pages that we cannot see; from another site it comes with top-level navigations by a safe
    method alone (RFC 6265bis section 5.6.7.1, Fetch metadata; checked 2026-11).
    """
    dest = text(fields, b"sec-fetch-dest")
    if dest in FRAMES:
        return True
    site = text(fields, b"sec-fetch-site")
    if site == "cross-site":
        return not (method in SAFE and text(fields, b"sec-fetch-mode") == "navigate")
    if not site and method not in SAFE:
        origin = fields.get(b"origin", b"").rpartition(b"//")[2].lower()
        return origin not in (b"", b"null", fields.get(b"host", b"").lower())
    return False
