"""Which cookies may be there, by their names: the one question behind ``Set-Cookie``, ``Cookie`` and expiry.

A cookie belongs to the services that are known for its name. It may be there while one of them may run. Never anybody's:
our own, and what frameworks call their sessions, unless the site's own policy names a service for it.
"""

from __future__ import annotations

from consentkit.catalogue.entry import FREE_KINDS
from consentkit.catalogue.index import Owner
from consentkit.core.consent import Consent
from consentkit.web.answer import Scope
from consentkit.web.gate.request_cookie import without
from consentkit.web.gatehouse import Gate
from consentkit.web.request import Visit
from consentkit.web.transport import Keeping

SESSIONS = frozenset(
    {
        "session",
        "sessionid",
        "session_id",
        "sid",
        "csrftoken",
        "csrf_token",
        "XSRF-TOKEN",
        "PHPSESSID",
        "JSESSIONID",
        "ASP.NET_SessionId",
        "connect.sid",
        "laravel_session",
        "remember_token",
        "messages",
        "lang",
        "locale",
    }
)
"""Names that web frameworks give to cookies of their own: a vendor that uses one too is not taken for its owner."""


def denied(gate: Gate, visit: Visit, name: str, consent: Consent | None = None) -> tuple[Owner, ...]:
    """The services on whose account a cookie may not be there; empty where it may, or nobody is known for it.

    :param consent: the one that holds; ``None``: the request's, which is looked at only where it matters.
    """
    owners = owners_of(gate, visit, name)
    if not owners:
        return ()
    allowed = (consent or visit.consent).allowed
    return () if any(may_keep(gate, owner, allowed) for owner in owners) else owners


def may_keep(gate: Gate, owner: Owner, allowed: frozenset[str]) -> bool:
    """Whether a service may keep something in the browser: not one that runs under Consent Mode alone, told that it may not."""
    return owner.service in allowed if owner.listed else gate.index.runs(owner, allowed)


def owners_of(gate: Gate, visit: Visit, name: str) -> tuple[Owner, ...]:
    """The services that decide on a cookie.

    Services that the policy names go before those that only the catalogue knows, except such as run anyway: a captcha's or a
    CDN's cookie must not go because another vendor uses its name.
    """
    owners = gate.index.cookie_owners(name)
    if not owners or is_ours(visit, name):
        return ()
    if not any(owner.listed for owner in owners):
        return () if name in SESSIONS else owners
    return tuple(owner for owner in owners if owner.listed or _is_free(gate, owner))


def is_ours(visit: Visit, name: str) -> bool:
    """Whether a cookie is the one that holds a decision, or one of those beside it, over https or plain http."""
    bare = name.removeprefix("__Host-").removesuffix("-hint").removesuffix("-signal")
    return bare.encode("latin-1") == visit.resolver.transport.name(Keeping.PLAIN)


def hide_cookies(scope: Scope, visit: Visit, gate: Gate) -> None:
    """Keep cookies of services that may not run from the app. The server's own header list stays as it was."""
    if gate.observe:
        return

    def hidden(name: str) -> bool:
        return bool(denied(gate, visit, name))

    headers = [
        (name, without(value, hidden) if name == b"cookie" else value) for name, value in scope["headers"]
    ]
    scope["headers"] = [(name, value) for name, value in headers if value is not None]


def _is_free(gate: Gate, owner: Owner) -> bool:
    service = gate.index.service(owner.service)
    return service is not None and service.kind in FREE_KINDS
