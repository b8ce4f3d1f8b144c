"""Header fields on their way out: cookies, preloads and the Content-Security-Policy, by what is granted."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Sequence

from consentkit.catalogue.index import Owner
from consentkit.core.consent import Consent, Source
from consentkit.web.answer import Header
from consentkit.web.cookiegate import denied, is_ours, may_keep
from consentkit.web.gate.link import allowed_links, host_and_path
from consentkit.web.gate.request_cookie import names_in
from consentkit.web.gate.set_cookie import cookie_name, deletes
from consentkit.web.gatehouse import REMEMBERED, Gate
from consentkit.web.request import Visit, address
from consentkit.web.setcookie import MOST_BYTES, expiring, size

FILTERED = frozenset({b"set-cookie", b"link"})
"""Fields of any response that may speak for a service."""
FEW = 6
"""Names for which one response has room."""
UNKNOWN = "unknown"
"""Stands in counts for the services that nobody knows."""


def filtered(gate: Gate, visit: Visit, headers: Sequence[Header]) -> list[Header]:
    """The fields of any response, without the cookies and the preloads of services that may not run."""
    found: list[Header] = []
    for name, value in headers:
        kind = name.lower()
        if kind == b"set-cookie":
            kept = value if _may_set(gate, visit, value) else None
        elif kind == b"link":
            kept = _links(gate, visit, value)
        else:
            kept = value
        if kept is not None:
            found.append((name, kept))
    return list(headers) if gate.observe else found


def hinted(gate: Gate, visit: Visit, links: Sequence[bytes]) -> list[bytes]:
    """The values of an early hint's ``Link`` fields, without those of services that may not run."""
    kept = [_links(gate, visit, value) for value in links]
    return list(links) if gate.observe else [value for value in kept if value is not None]


def sealed(gate: Gate, visit: Visit, headers: list[Header]) -> list[Header]:
    """The fields of a page made for its visitor: its policy narrowed, and cookies expired that may no longer be there."""
    if gate.observe:
        return headers
    consent = visit.consent
    narrowed = gate.narrowing.fields(headers, consent.allowed)
    return narrowed + expired(gate, visit, consent, beside=headers, page=True)


def shut(gate: Gate, headers: Sequence[Header], extra: Iterable[str] = ()) -> list[Header]:
    """The fields of a page that carries no notice and whose body is left alone: its policy is the one before any choice.

    The same for everybody, so that caches may go on keeping the page as the app says.

    :param extra: hosts without which such a page shows nothing.
    """
    return list(headers) if gate.observe else gate.narrowing.fields(headers, gate.narrowing.closed, extra)


def narrowed(gate: Gate, visit: Visit, headers: Sequence[Header]) -> bool:
    """Whether a page with these fields has its Content-Security-Policy narrowed, so that a grant needs a new page."""
    return not gate.observe and gate.narrowing.changes(headers, visit.consent.allowed)


def expired(
    gate: Gate, visit: Visit, consent: Consent, *, beside: Iterable[Header] = (), page: bool = False
) -> list[Header]:
    """Deletions of the cookies that the browser sent and that may no longer be there.

    None where the browser may have withheld our cookie: what it would say is not known, and what is deleted is gone.

    :param consent: the one that holds once this response is read.
    :param beside: the response's other fields, whose cookies go first.
    :param page: whether it is the page that was asked for, so that its directories may be a cookie's path.
    """
    if b"cookie" not in visit.fields or gate.observe or consent.source is Source.UNKNOWN:
        return []
    sent = [value for field, value in visit.scope["headers"] if field == b"cookie"]
    known = [name for name in names_in(sent) if gate.index.cookie_owners(name)]
    if not known:
        return []
    names = [
        (name, _partitioned(gate, owners, name))
        for name in known
        if (owners := denied(gate, visit, name, consent))
    ]
    if not names:
        return []
    return expiring(
        names,
        visit.resolver.transport.peer(visit.scope).host,
        address(visit.scope) if page else "/",
        room=MOST_BYTES - size(beside),
        start=secrets.randbelow(len(names)) if len(names) > FEW else 0,
    )


def storage(gate: Gate, consent: Consent) -> str:
    """Keys that services which may not run keep in the browser, and patterns of keys: none that one which may run names too.

    :returns: a list in JSON: they are many, and the same for all who may run the same.
    """
    if gate.observe or consent.source is Source.UNKNOWN:
        return "[]"
    found = gate.stored.get(consent.allowed)
    if found is None:
        if len(gate.stored) >= REMEMBERED:
            gate.stored.clear()
        found = gate.stored[consent.allowed] = _stored(gate, consent.allowed)
    return found


def _stored(gate: Gate, allowed: frozenset[str]) -> str:
    keys: dict[bool, set[str]] = {True: set(), False: set()}
    for name, service in gate.index.services.items():
        if service.storage:
            owner = Owner(name, name in gate.book.policy.services, "")
            keys[may_keep(gate, owner, allowed)].update(service.storage)
    return json.dumps(sorted(keys[False] - keys[True]), separators=(",", ":"))


def _may_set(gate: Gate, visit: Visit, field: bytes) -> bool:
    name = cookie_name(field)
    owners = denied(gate, visit, name)
    if owners:
        passes = deletes(field, time.time())
        if not passes:
            gate.count({("cookie", owners[0].service, owners[0].rule): 1})
        return passes
    if gate.book.policy.unknown_cookies == "allow" or gate.index.cookie_owners(name):
        return True
    if is_ours(visit, name) or deletes(field, time.time()):
        return True
    gate.count({("cookie", UNKNOWN, "unknown_cookies"): 1})
    return False


def _links(gate: Gate, visit: Visit, value: bytes) -> bytes | None:
    def shut(link: str) -> bool:
        blamed = _shut_out(gate, visit, link)
        if blamed is not None:
            gate.count({("link", blamed.service, blamed.rule): 1})
        return blamed is not None

    return allowed_links(value, shut)


def _shut_out(gate: Gate, visit: Visit, link: str) -> Owner | None:
    """The service on whose account an address may not be fetched; ``None`` where it may."""
    policy = gate.book.policy
    host, path = host_and_path(link, policy.site.address + address(visit.scope))
    owners = gate.index.owners(host, path)
    if owners:
        return next(iter(gate.index.denied(owners, visit.consent.allowed)), None)
    if policy.unknown == "gate" and host and not gate.index.is_own(host):
        return Owner(UNKNOWN, listed=False, rule=host)
    return None


def _partitioned(gate: Gate, owners: Sequence[Owner], name: str) -> bool:
    services = (gate.index.service(owner.service) for owner in owners)
    return any(
        cookie.partitioned and cookie.matches(name)
        for service in services
        if service is not None
        for cookie in service.cookies
    )
