"""No name of ours is one that the common lists against cookie notices hide or block.

Who hides notices by a list is asked nothing, and gates stay shut. That is theirs to want; no name of ours should make it so.
The rules below are facts from the EasyList Cookie List: what general_hide says of ids that begin with "consent", and what of
general_block could meet an address with "consent" in it (checked 2026-11).
"""

from __future__ import annotations

import re

import pytest
from tests.asgi import POLICY

from consentkit.core.consent import Signals, resolve
from consentkit.core.policy import Policy
from consentkit.web import client
from consentkit.web.notice import NoticeBook, View
from consentkit.web.pages import Pages

_IDS = (
    "consent-agreement consent-banner consent-banner-container consent-bar consent-block consent-bump "
    "consent-cookie consent-cookies consent-footer consent-layer-modal consent-management-alert "
    "consent-manager consent-manager-backdrop consent-manager-overlay consent-mgmt-banner consent-modal "
    "consent-modal-bottombar consent-modal-first consent-outer-wrapper consent-popup consent-slide "
    "consent-toolbar consent-tracking consentAccepted consentBanner consentBar consentCookieDiv "
    "consentDialog consentFirst consentFooter consentFooterWrap consentOverlay consentPopup "
    "consentWrapper consent_assist_container consent_banner consent_blackbar consent_c "
    "consent_cookies_popup consent_popup consent_visitor consent_wrapper consentcookie "
    "consentform_wrapper consentframe consentfriend consentlyr consentpopup "
)
_PATTERNS = (
    "-consent-banner- -consent-banner. -cookie-banner. -cookie-consent. -cookie-notice. -gdpr-cookie- "
    "-tracking-consent. .consent-cookie. .cookieconsent. .cookie-policy. .gdpr.js /adsconsent. "
    "/amp-consent- /cdn/consent_ /cmp-banner.js /cmp/ /consent-banner- /consent-dialog. "
    "/consent-management.js /consent-management/ /consent-manager. /consent-tracking- /consent.min.js? "
    "/consent/manager/ /consent/message. /consent_banner- /consent_non-eu. /consentcookie. "
    "/ConsentTracking- /consentUI/ /cookie-accept.js /cookie-banner /cookie-consent. /cookie-control. "
    "/cookie-manager. /cookie.banner. /cookie_consent. /cookieconsent. /cookies_policy. /data-consent. "
    "/gdpr-consent. /gdpr.js /implied-consent. /ip-consent. /privacy-banner. /privacy-bar/ "
    "/privacy-consent- /privacy-manager.js /privacy-modal.js /privacy-policy.js /privacychoices.js "
    "/zdconsent. ?getCookieConsent= _cookie_consent. _cookie_banner. "
)
HIDDEN_IDS = frozenset(_IDS.split())
BLOCKED = _PATTERNS.split()


def drawn() -> tuple[str, Pages]:
    policy = Policy.model_validate({**POLICY, "pages": []})
    book = NoticeBook(policy)
    pages = Pages(policy, book)
    consent = resolve(policy, Signals(), None, 0)
    view = View(next="/news", language="en")
    html = [book.head(consent, view), book.body(consent, view), pages.preferences(consent, view).body]
    return b"".join(html).decode(), pages


def test_no_id_or_class_of_ours_is_hidden() -> None:
    html, _ = drawn()

    named = {name for each in re.findall(r'\s(?:id|class)="([^"]+)"', html) for name in each.split()}

    assert {"consentkit", "consentkit-banner", "ck"} <= named
    assert named.isdisjoint(HIDDEN_IDS)
    assert not [
        name for name in named if re.search(r"cookie|gdpr|cmp|cc-|notice|consent(?!kit)", name, re.IGNORECASE)
    ]


@pytest.mark.parametrize("prefix", ["/_consent", "/app/_consent"])
def test_no_address_of_ours_is_blocked(prefix: str) -> None:
    _, pages = drawn()
    files = [client.first().name, *(client.on_demand(stem).name for stem in client.ON_DEMAND), *pages._assets]
    addresses = [
        f"{prefix}{path}"
        for path in ("/", "/?lang=en&next=/news", "/state", "/record", "/declaration", "/once")
    ]

    addresses += [f"{prefix}/static/{name}" for name in files]

    assert len(addresses) > 20
    assert [(rule, each) for rule in BLOCKED for each in addresses if rule.lower() in each.lower()] == []
