"""What a request says: our cookie, the signals, who will look at the answer. Found once, when somebody asks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote

from consentkit.core.consent import Consent, Signals, Source, resolve
from consentkit.core.cookie import NOTHING, CookieCodec, Read
from consentkit.core.duration import DAY
from consentkit.core.policy import Policy
from consentkit.web.answer import Header, Scope
from consentkit.web.crawlers import is_crawler
from consentkit.web.gate.candidate import Asked
from consentkit.web.hint import Hints, hint_name, hint_sent, lasts, renewed
from consentkit.web.signal import signal_name, signals_told
from consentkit.web.transport import Keeping, Transport
from consentkit.web.where import safely

FRAMES = frozenset({"iframe", "frame", "fencedframe", "embed", "object"})
"""Values of ``Sec-Fetch-Dest`` of a page inside another (Fetch metadata, section 2.1; checked 2026-11)."""
SAFE = frozenset({"GET", "HEAD"})
SCRIPTED = (b"hx-request", b"turbo-frame", b"x-requested-with")
"""Fields by which a page's own script says that it asks for a piece of a page."""
WHOLE = (b"hx-boosted", b"x-turbo-request-id")
"""Fields by which it says that it asks for a whole one (Turbo sends its id with frames too; checked 2026-11)."""
REMEMBERED = 2048
"""Readings kept in memory, one for each distinct cookie of ours and set of signals."""
LONGEST_KEY = 2048
"""Bytes. A request that says more is read anew each time, or strangers could fill the memory with what they say."""
SAYING = (
    b"host",
    b"sec-gpc",
    b"dnt",
    b"sec-fetch-dest",
    b"sec-fetch-site",
    b"sec-fetch-mode",
    b"origin",
    b"hx-boosted",
    *SCRIPTED,
)
"""Header fields besides our cookie that a reading depends on."""

JurisdictionOf = Callable[[Scope], str | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """All that we take from a request.

    :param consent: the consent that holds.
    :param read: what stood under our cookie's name.
    :param keeping: how a cookie of ours can be kept on this connection.
    :param asked: who will look at the answer.
    :param renewal: the field that puts the browser's hint right; none where it is right.
    :param ends: until when it may be used again for a request that says the same, in seconds since 1970 UTC.
    """

    consent: Consent
    read: Read
    keeping: Keeping
    asked: Asked
    renewal: tuple[Header, ...]
    ends: float
    alike: object = field(compare=False)
    """The very same object for all readings under which pages come to the same: what they come to is found by it."""


class Resolver:
    """Finds the consent of a request: reads once, resolves once, remembers what the next such request is told.

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
        self._jurisdiction = safely(jurisdiction) if callable(jurisdiction) else jurisdiction
        self._report = report
        self._hints = Hints(policy)
        self._readings: dict[tuple[object, ...], Reading] = {}
        self._allowed: dict[frozenset[str], Consent] = {}
        self._alike: dict[tuple[object, ...], object] = {}
        self._for_all: dict[Keeping, Reading] = {}
        self.strictest = self
        """The resolver of the strictest jurisdiction: what is the same for all is made under it."""

    def reading(self, scope: Scope, fields: Mapping[bytes, bytes]) -> Reading:
        """What a request says. Requests that say the same are read once: by far most pages of a visit.

        :param fields: its header fields, repeated ones joined.
        """
        if not self.transport.simple or len(fields) != len(scope["headers"]):
            return self._read(scope, fields)
        where = self._where(scope) if callable(self._jurisdiction) else None
        cookie = fields.get(b"cookie")
        ours = self.transport.carried(cookie) if cookie else None
        told = tuple(map(fields.get, SAYING))
        # Of Turbo's id, another at each request, only that it is there; of the browser's name, whether it is a crawler's.
        crawler = is_crawler(fields.get(b"user-agent"))
        method, scheme = scope["method"], scope.get("scheme")
        key = (method, scheme, where, ours, told, b"x-turbo-request-id" in fields, crawler)
        known = self._readings.get(key)
        if known is not None and time.time() < known.ends:
            return known
        found = self._read(scope, fields)
        if sum(map(len, (*(ours or ()), *filter(None, told)))) > LONGEST_KEY:
            return found
        if len(self._readings) >= REMEMBERED:
            self._readings.clear()
        self._readings[key] = found
        return found

    @cached_property
    def closed(self) -> Consent:
        """What a page is made for that is the same for all: nothing is granted, and the notice asks."""
        consent = resolve(self.policy, Signals(withheld=True), None, int(time.time()))
        return replace(consent, ask=self.policy.strictest_regime.asked, source=Source.REGIME)

    def _read(self, scope: Scope, fields: Mapping[bytes, bytes], signal: str = "") -> Reading:
        keeping = self.transport.keeping(scope)
        name = self.transport.name(keeping)
        cookies = [value for field, value in scope["headers"] if field == b"cookie"]
        read = self.codec.read(name, cookies) if name and cookies else NOTHING
        consent = self.consent(self.signals(scope, fields, keeping, signal), read)
        asked = asked_of(fields)
        alike = self._alike_in(consent, keeping, asked)
        renewal = self._renewal(consent, name, keeping, cookies)
        # What renews a hint says for how long from now.
        ends = min(self._end(read), time.time() + DAY) if renewal else self._end(read)
        return Reading(consent, read, keeping, asked, renewal, ends, alike)

    def _renewal(
        self, consent: Consent, name: bytes | None, keeping: Keeping, cookies: list[bytes]
    ) -> tuple[Header, ...]:
        of_hint = hint_name(name)
        sent = hint_sent(of_hint, cookies)
        lifetime = lasts(self.policy, consent.decision, int(time.time()))
        return renewed(self._hints, consent, sent, name=of_hint, keeping=keeping, lifetime=lifetime)

    def for_all(self, keeping: Keeping) -> Reading:
        """What stands for a request that anybody could have sent over such a connection."""
        found = self._for_all.get(keeping)
        if found is None:
            alike = object()
            found = Reading(self.closed, NOTHING, keeping, Asked(), (), math.inf, alike)
            self._for_all[keeping] = found
        return found

    def _alike_in(self, consent: Consent, keeping: Keeping, asked: Asked) -> object:
        state = (
            consent.allowed,
            consent.ask,
            consent.outcome,
            consent.source,
            consent.signal,
            consent.conflict,
            consent.new,
            keeping,
            asked,
        )
        if len(self._alike) >= REMEMBERED:
            self._alike.clear()
        return self._alike.setdefault(state, object())

    def _end(self, read: Read) -> float:
        """Until when the same words mean the same: a decision ends by parts, and one from the future comes of age."""
        if read.decision is None:
            return math.inf
        at, now = read.decision.at, time.time()
        if at > now:
            return now
        return min((at + life for life in self.policy.lives if at + life > now), default=math.inf)

    def signals(
        self, scope: Scope, fields: Mapping[bytes, bytes], keeping: Keeping, signal: str = ""
    ) -> Signals:
        """What the request says besides our cookie.

        :param signal: one that was told in another way: ``gpc``, ``dnt``; empty for none.
        """
        name = signal_name(self.transport.name(keeping))
        told = signals_told(name, (value for field, value in scope["headers"] if field == b"cookie"))
        return Signals(
            gpc=global_privacy_control(fields.get(b"sec-gpc")) or signal == "gpc" or "gpc" in told,
            withheld=keeping is Keeping.IMPOSSIBLE or cookie_withheld(scope["method"], fields),
            jurisdiction=self._where(scope),
            dnt=fields.get(b"dnt", b"").strip() == b"1" or signal == "dnt" or "dnt" in told,
        )

    def _where(self, scope: Scope) -> str | None:
        return self._jurisdiction(scope) if callable(self._jurisdiction) else self._jurisdiction

    def consent(self, signals: Signals, read: Read) -> Consent:
        """The consent that holds now.

        All who may run the same share one set and one mapping of it: what is looked up by the set is found by identity, and
        a visitor costs no memory for each service.
        """
        consent = resolve(self.policy, signals, read.decision, int(time.time()))
        if len(self._allowed) >= REMEMBERED:
            self._allowed.clear()
        alike = self._allowed.setdefault(consent.allowed, consent)
        return replace(consent, allowed=alike.allowed, services=alike.services, unknown=self._report)


INSTALLED = "consentkit"
"""Key in the scope by which a second installation finds the first and steps aside."""


def step_aside(scope: Scope) -> None:
    """Have the middleware around, if any, leave the answer to a request as it is."""
    visit = scope.get(INSTALLED)
    if isinstance(visit, Visit):
        visit.aside = True


class Visit:
    """One request, read lazily: a JSON answer that never asks about consent pays for none of it."""

    __slots__ = ("_fields", "_reading", "aside", "resolver", "scope", "shared")

    def __init__(self, resolver: Resolver, scope: Scope, *, shared: bool = False) -> None:
        self.resolver = resolver
        self.scope = scope
        self.aside = False
        """Whether the answer is none of a site's pages, and leaves as it is."""
        self.shared = shared
        """Whether this stands for every visitor: for an answer that is the same for all."""
        self._fields: dict[bytes, bytes] | None = None
        self._reading: Reading | None = None

    def for_all(self) -> Visit:
        """The same request as anybody could have sent it: of its visitor, nothing is told."""
        found = Visit(self.resolver.strictest, self.scope, shared=True)
        found._reading = found.resolver.for_all(self.keeping)
        return found

    def under(self, signal: str) -> Visit:
        """The same request, from a browser that says this signal to scripts."""
        found = Visit(self.resolver, self.scope)
        found._reading = self.resolver._read(self.scope, self.fields, signal)
        return found

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
    def reading(self) -> Reading:
        """All that we take from this request."""
        if self._reading is None:
            self._reading = self.resolver.reading(self.scope, self.fields)
        return self._reading

    @property
    def consent(self) -> Consent:
        """The consent that holds for this request."""
        return self.reading.consent

    @property
    def read(self) -> Read:
        """What stood under our cookie's name."""
        return self.reading.read

    @property
    def keeping(self) -> Keeping:
        """How a cookie of ours can be kept on this connection."""
        return self.reading.keeping

    @property
    def asked(self) -> Asked:
        """Who will look at the answer."""
        return self.reading.asked


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
    varies = tuple(name for name in (*SCRIPTED, *WHOLE) if name in fields)
    fragment = any(name in fields for name in SCRIPTED) and fields.get(b"hx-boosted") != b"true"
    dest = text(fields, b"sec-fetch-dest")
    # A navigation that a service worker passes on has lost its destination (Chromium 156, checked 2026-11).
    if dest == "empty" and text(fields, b"sec-fetch-mode") == "navigate":
        dest = "document"
    return Asked(dest, fragment, varies, is_crawler(fields.get(b"user-agent")))


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
    root = scope.get("root_path") or ""
    root = quote(root) if root else ""
    if root and not (sent.startswith(root) and sent[len(root) :][:1] in ("", "/")):
        sent = root + sent
    query = scope.get("query_string", b"")
    return f"{sent}?{query.decode('latin-1')}" if query else sent


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
