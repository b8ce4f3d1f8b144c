"""The browser's opt-out signal, as scripts see it: what is still to be told, and what has become of it.

A browser says it twice: in a field of each request, and to scripts (Global Privacy Control sections 3 and 4, checked 2026-11).
Some extensions say it to scripts alone, and a page that is the same for all has no request to look at. There the first script
of the page looks, and tells the server: by a cookie, and in the query where it asks for the state. Either closes what the
field would close and opens nothing; so whoever forges it only shuts his own pages. The same cookie says that the server was
asked today, where no signal is known: any word but a property's says no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from consentkit.core.consent import Consent
from consentkit.core.cookie import values_of
from consentkit.core.jurisdiction import Binding
from consentkit.core.policy import Policy

SAID = {"globalPrivacyControl": "gpc", "doNotTrack": "dnt"}
"""The signal that each property of ``navigator`` says: a script names it by the property."""
LASTS = 86_400
"""Seconds. The cookie is set again by the next page after, if the browser still says so: who takes the signal back is heard.
For as long a page that is the same for all believes a hint without asking: it may be older than a field that no script sees."""

Standing = Literal["honored", "conflict", "outweighed"]


def signal_name(decision: bytes | None) -> bytes:
    """The cookie's name beside a decision cookie's; empty where none can be kept."""
    return decision + b"-signal" if decision else b""


def signals_told(name: bytes, cookies: Iterable[bytes]) -> frozenset[str | None]:
    """The signals that a browser's first scripts have told.

    :param name: of the cookie; empty where none can be kept.
    :param cookies: values of all ``Cookie`` fields.
    """
    return (
        frozenset(SAID.get(value.decode("latin-1")) for value in values_of(name, cookies))
        if name
        else frozenset()
    )


def to_say(hint: str) -> dict[str, str]:
    """The cookie as a script sets it: its name, and its attributes.

    :param hint: name of the hint cookie beside it.
    """
    secure = ";secure" if hint.startswith("__Host-") else ""
    return {
        "mark": f"{hint.removesuffix('-hint')}-signal",
        "keep": f"path=/;max-age={LASTS};samesite=lax{secure}",
    }


def to_hear(policy: Policy, consent: Consent, *, shared: bool) -> list[str]:
    """The properties that say a signal which counts for a page and which its server has not heard.

    :param shared: the page is the same for all, so that nothing was heard and any row may be its visitor's.
    """
    if not policy.selling or (consent.signal is not None and not shared):
        return []
    return [name for name, signal in SAID.items() if _may_count(policy, signal, shared=shared)]


def _may_count(policy: Policy, signal: str, *, shared: bool) -> bool:
    if signal == "dnt":
        return policy.do_not_track == "refuse"
    if policy.gpc == "everywhere":
        return True
    terms = policy.terms
    return terms is not None and (shared or terms.rule.gpc is not Binding.NO)


def would_close(policy: Policy, consent: Consent) -> bool:
    """Whether something runs that a signal may close."""
    return not policy.selling.isdisjoint(consent.granted) or any(
        runs and not policy.selling.isdisjoint(policy.services[name].purposes)
        for name, runs in consent.services.items()
    )


def standing(policy: Policy, consent: Consent) -> Standing | None:
    """What has become of the signal: it is ``honored``; it is and takes back an earlier yes, a ``conflict``; it is
    ``outweighed`` by a yes that the visitor gave in its presence. ``None`` where none counts.
    """
    if consent.signal is None or not policy.selling:
        return None
    if not policy.selling.isdisjoint(consent.granted):
        return "outweighed"
    return "conflict" if consent.conflict else "honored"
