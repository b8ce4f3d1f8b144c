"""The hint cookie: what scripts of ours may know of a choice without asking the server.

It stands beside the decision cookie, readable, without any id. By it the first script of a page knows whether the page's bytes
were made for the state that holds now, and on a page that is the same for all, what to open. It opens the browser's own gate
alone: the server never reads a consent from it, it only looks whether it is the right one. Whoever forges it on his own machine
runs scripts in his own browser, which he can do anyway.

Its value is fields joined by points, at most 64 bytes::

    1f3a9c02 . a . d3            (what the digits stand for, the outcome's first letter, a bit for each purpose and service)
    1f3a9c02 . a . d0 . honored  (and what has become of the browser's opt-out signal, where one counted)
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from consentkit.core.consent import Consent, Source
from consentkit.core.cookie import values_of
from consentkit.core.decision import Decision
from consentkit.core.parts import NECESSARY
from consentkit.core.policy import Policy
from consentkit.core.questions import questions
from consentkit.web.answer import Header
from consentkit.web.signal import standing
from consentkit.web.transport import Keeping

REMEMBERED = 1024
"""Values kept in memory, one for each state of consent."""
ANOTHER = b"?"
"""What stands for several cookies of the name: the value of none."""


class Hints:
    """The hints of a policy.

    :param policy: what is asked.
    """

    def __init__(self, policy: Policy) -> None:
        self.purposes = tuple(name for name in policy.regimes if name != NECESSARY)
        self.ids = (*self.purposes, *policy.services)
        """Purposes and services in the order of their bits, the first one's highest."""
        # Of the policy alone, under no law: a page that is the same for all is made under another one than its visitor's.
        asked = questions(policy.regimes, policy.services).marks
        self.digest = sha256("\0".join((*self.ids, *sorted(asked))).encode()).hexdigest()[:8]
        """Stands for ``ids`` and what is asked about each: the bits of a hint with another digest mean something else."""
        self._policy = policy
        self._values: dict[tuple[frozenset[str], str, str], bytes] = {}

    def value(self, consent: Consent) -> bytes:
        """The hint that belongs to a consent; empty where there is no choice to hint at."""
        if consent.source is not Source.DECISION:
            return b""
        heard = standing(self._policy, consent) or ""
        key = (consent.allowed, consent.outcome, heard)
        found = self._values.get(key)
        if found is None:
            if len(self._values) >= REMEMBERED:
                self._values.clear()
            bits = "".join("01"[name in consent.allowed] for name in self.ids)
            fields = (self.digest, consent.outcome, f"{int(bits or '0', 2):x}", *([heard] if heard else []))
            found = self._values[key] = ".".join(fields).encode()
        return found


def hint_name(decision: bytes | None) -> bytes:
    """The hint's name beside a decision cookie's; empty where none can be kept."""
    return decision + b"-hint" if decision else b""


def hint_sent(name: bytes, cookies: Iterable[bytes]) -> bytes:
    """The hint that a browser sent; empty for none.

    :param cookies: values of all ``Cookie`` fields.
    """
    values = values_of(name, cookies) if name else []
    return values[0] if len(values) == 1 else ANOTHER if values else b""


def lasts(policy: Policy, decision: Decision | None, now: int) -> int:
    """Seconds for which a hint can be believed: a yes in it no longer than its grant, whenever the hint was put right."""
    if decision is None:
        return 0
    life = policy.grant_lifetime if decision.grants else policy.cookie_lifetime
    return max(0, decision.at + life - now)


def hint_cookie(name: bytes, value: bytes, keeping: Keeping, lifetime: int) -> Header:
    """The field that keeps a hint, or deletes it where there is nothing to hint at.

    :param lifetime: seconds, as :func:`lasts` tells.
    """
    secure = b"; Secure" if keeping is Keeping.SECURE else b""
    attributes = b"; Path=/; Max-Age=%d; SameSite=Lax" % (lifetime if value else 0)
    return (b"set-cookie", name + b"=" + value + attributes + secure)


def renewed(
    hints: Hints, consent: Consent, sent: bytes, *, name: bytes, keeping: Keeping, lifetime: int
) -> tuple[Header, ...]:
    """The field that puts a browser's hint right, where it is not: it was lost, or what a choice means has changed.

    So a page from the server never disagrees with the hint that it arrives with, and its first script never asks in vain for
    another one. Where our cookie may have been withheld, nothing is known and nothing is said.

    :param sent: the hint that it sent; empty for none.
    :param name: of the hint cookie; empty where none can be kept.
    """
    expected = hints.value(consent)
    if expected == sent or consent.source is Source.UNKNOWN or not name:
        return ()
    return (hint_cookie(name, expected, keeping, lifetime),)
