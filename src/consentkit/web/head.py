"""The first script of a page: it stands first in ``<head>``, before anything that a service could run.

One element, made of the parts that the page needs: whether its bytes still hold (``check``), what the visitor chose on a page
that is the same for all (``shared``), Google's Consent Mode (``mode``), calls of services that may not run (``stubs``), and
that it leaves the head where the notice stands at the end (``aside``). Its text depends on the parts alone, so it is one of a
few files; what it is to know stands in an attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from markupsafe import Markup

from consentkit.core.consent import Consent, Source
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.web import client
from consentkit.web.client import Asset
from consentkit.web.consentmode import WAIT, types_of
from consentkit.web.hint import Hints
from consentkit.web.signal import to_hear, to_say, would_close
from consentkit.web.stencil import Stencil, hole, plain_json

REMEMBERED = 1024
"""Stencils kept: one for each state that visitors are in."""
HOLD = '<meta http-equiv="Content-Security-Policy" content="">'
"""Says nothing, and keeps the browser from fetching ahead until the script behind it has run: Chromium 156 looks ahead over the
whole of what has arrived, before the first script, and fetches nothing beyond a tag of this name until the parser has come
there (measured 2026-11; docs/explanation/delivery.md)."""


def assets() -> list[Asset]:
    """Every file that a page's first script can be."""
    optional = client.HEAD[1:]
    choices = (parts for size in range(len(optional) + 1) for parts in combinations(optional, size))
    return [client.head(*parts) for parts in choices]


class Head:
    """The first scripts of a policy's pages.

    :param policy: what is asked, and of whom.
    :param hints: its hints.
    """

    def __init__(self, policy: Policy, hints: Hints) -> None:
        self._policy = policy
        self._hints = hints
        self._types = types_of(policy)
        self._told = frozenset(name for name, service in policy.services.items() if service.consent_mode)
        self._stencils: dict[tuple[object, ...], Stencil] = {}

    def stencil(
        self, consent: Consent, *, cookie: str, inline: bool, nonce: bool, posted: bool, shared: bool
    ) -> Stencil:
        """The element for a state, with holes for ``prefix`` and ``nonce``; empty where the policy asks nothing.

        :param cookie: name of the hint cookie; empty where none can be kept.
        :param inline: whether an inline script runs on the page.
        :param nonce: whether it needs the page's nonce.
        :param posted: whether the page was born of a POST.
        :param shared: whether it is the same for all.
        """
        key = (
            consent.allowed,
            consent.outcome,
            consent.source,
            consent.signal,
            cookie,
            inline,
            nonce,
            posted,
            shared,
        )
        found = self._stencils.get(key)
        if found is None:
            if len(self._stencils) >= REMEMBERED:
                self._stencils.clear()
            parts = self._parts(consent, cookie, posted=posted, shared=shared)
            found = Stencil.of(_element(parts, inline=inline, nonce=nonce))
            self._stencils[key] = found
        return found

    def _parts(
        self, consent: Consent, cookie: str, *, posted: bool, shared: bool
    ) -> dict[str, dict[str, Any]]:
        """What each part is to know."""
        policy, parts = self._policy, {}
        if not policy.askable:
            return {}
        if shared:
            parts["shared"] = {
                "cookie": cookie,
                "digest": self._hints.digest,
                "purposes": self._hints.purposes,
                "services": [*policy.services],
                **({"ask": True} if _may_be_open(policy) else {}),
                **self._signal(consent, cookie, shared=True),
            }
        elif cookie and consent.source is not Source.UNKNOWN:
            parts["check"] = {
                "cookie": cookie,
                "hint": self._hints.value(consent).decode(),
                **({"posted": True} if posted else {}),
                **({"open": True} if self._open(consent) else {}),
                **self._signal(consent, cookie, shared=False),
            }
        if self._types:
            names = {name for stands_for, _ in self._types for name in stands_for}
            wait = {"wait": {"wait_for_update": WAIT}} if shared else {}
            mode = {each: stands_for for stands_for, types in self._types for each in types}
            parts["mode"] = {"mode": mode, **wait, "allowed": sorted(names & consent.allowed)}
        stubs = self._stubs(consent)
        if stubs:
            parts["stubs"] = {"allowed": [], **parts.get("mode", {}), "stubs": stubs}
        if parts and policy.place == "end":
            parts["aside"] = {}
        return parts

    def _signal(self, consent: Consent, cookie: str, *, shared: bool) -> dict[str, Any]:
        """What to listen for, what to say then, and whether the page must be made anew."""
        hear = to_hear(self._policy, consent, shared=shared) if cookie else []
        if not hear:
            return {}
        sold = {"sold": True} if not shared and would_close(self._policy, consent) else {}
        return {"hear": hear, **to_say(cookie), **sold}

    def _open(self, consent: Consent) -> bool:
        """Whether these bytes let something run that another choice, or a signal, would not."""
        asked = (*self._policy.askable, *self._policy.fingerprints)
        return any(name in consent.allowed for name in asked) or would_close(self._policy, consent)

    def _stubs(self, consent: Consent) -> dict[str, list[str]]:
        """The calls of services that may not run, without those that one which may run brings itself."""
        services = self._policy.services
        runs = consent.allowed | (self._told if self._policy.consent_mode == "advanced" else frozenset())
        brought = {call for name in services if name in runs for call in services[name].stubs}
        found = {
            name: [call for call in service.stubs if call not in brought]
            for name, service in services.items()
            if name not in runs
        }
        return {name: calls for name, calls in found.items() if calls}


def _may_be_open(policy: Policy) -> bool:
    """Whether a visitor who chose nothing may be in another state than closed, here or in another jurisdiction."""
    if policy.terms is not None and policy.terms.lax_elsewhere:
        return True
    return any(policy.regimes[purpose] is not Regime.OPT_IN for purpose in policy.askable)


def _element(parts: Mapping[str, Mapping[str, Any]], *, inline: bool, nonce: bool) -> str:
    if not parts:
        return ""
    known: dict[str, Any] = {}
    for values in parts.values():
        known |= values
    script = client.head(*parts)
    attributes = f" data-ck-head='{plain_json(known)}'"
    if nonce:
        attributes += f' nonce="{hole("nonce")}"'
    if not inline:
        attributes += f' src="{hole("prefix")}/static/{script.name}" integrity="{script.integrity}"'
    text = script.body.decode() if inline else ""
    return Markup(  # noqa: S704 - our own script; ids of a closed alphabet
        (HOLD if known.get("open") else "") + f"<script{attributes}>{text}</script>"
    )
