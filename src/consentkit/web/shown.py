"""What a visitor's law, or their browser's signal, makes a page show besides the question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consentkit.core.consent import Consent
from consentkit.core.jurisdiction import Shown
from consentkit.core.parts import NECESSARY, Purpose, category_of
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.web.signal import standing, to_hear


def shows(policy: Policy, what: Shown) -> bool:
    """Whether the visitor's row asks for this."""
    return policy.terms is not None and what in policy.terms.rule.shows


def links(policy: Policy, *, shared: bool) -> bool:
    """Whether the lasting link stands in words instead of as a small round control (Cal. Civ. Code 1798.135(a), 11 CCR 7015,
    checked 2026-11).

    :param shared: on a page that is the same for all: then where any row of the policy asks for it.
    """
    if shared and policy.terms is not None and policy.terms.link_somewhere:
        return True
    return shows(policy, Shown.OPT_OUT_LINK)


def layout_of(policy: Policy) -> str:
    """The shape of the banner: a bar is none where the law wants more than what can go unnoticed at an edge."""
    if policy.layout == "bar" and shows(policy, Shown.UNMISSABLE):
        return "box"
    return policy.layout


def may_honor(policy: Policy, consent: Consent, *, shared: bool) -> bool:
    """Whether a page has to say that the browser's opt-out request is honored (11 CCR 7025(c)(6), checked 2026-11).

    :param shared: the page is the same for all, so that a script asks for the state where the browser sends the signal.
    """
    if not shared:
        return standing(policy, consent) is not None
    return bool(to_hear(policy, consent, shared=True))


def honored(policy: Policy, consent: Consent) -> bool:
    """Whether a signal counts now: the visitor has not said yes in its presence."""
    return standing(policy, consent) in ("honored", "conflict")


def switched_on(policy: Policy, consent: Consent, purpose: str) -> bool:
    """Whether a purpose's switch is on: it runs, and the visitor said yes or the row lets it be on at first display.

    Nothing is on beforehand under ``opt-in`` (CJEU C-673/17 *Planet49*, GDPR rec. 32; checked 2026-11).
    """
    if purpose not in consent.granted:
        return False
    decision = consent.decision
    if purpose == NECESSARY or (decision is not None and purpose in decision.purposes):
        return True
    if policy.terms is None:
        return policy.regimes[purpose] is not Regime.OPT_IN
    category = category_of(purpose, policy.purposes.get(purpose, Purpose()))
    return category in policy.terms.rule.preticked


@dataclass(frozen=True, slots=True)
class Lasting:
    """What stays at the foot of every page, before a choice and after it.

    :param link: whether the control is a link in words.
    :param signal: whether the page may have to say that an opt-out signal is honored.
    :param honored: whether it says so from the start.
    """

    link: bool
    signal: bool
    honored: bool


def lasting_of(policy: Policy, consent: Consent, *, shared: bool) -> Lasting | None:
    """What stays at the foot of a page; ``None`` where that is the small round control alone.

    :param shared: the page is the same for all.
    """
    link = links(policy, shared=shared)
    signal = may_honor(policy, consent, shared=shared)
    if not link and not signal:
        return None
    return Lasting(link, signal, honored=not shared and honored(policy, consent))


def law_of(policy: Policy) -> dict[str, Any]:
    """What of a visitor's law can be seen in a notice, as its document holds it. The row itself is in the event: notices that
    look the same have one hash, whichever law they are served under.
    """
    terms = policy.terms
    return {
        "shows": sorted(terms.rule.shows) if terms else [],
        "preticked": sorted(terms.rule.preticked) if terms else [],
        "exempted": {name: str(regime) for name, regime in sorted(policy.exempted.items())},
    }
