"""Google's Consent Mode v2: which of its types a policy's purposes stand for.

The types and their meaning: developers.google.com/tag-platform/security/guides/consent and
support.google.com/tagmanager/answer/13802165, checked 2026-11. ``security_storage`` (fraud prevention, authentication) is
granted, as ``necessary`` is; every other type is denied until all that it stands for may run.
"""

from __future__ import annotations

from consentkit.core.policy import Policy

WAIT = 500
"""Milliseconds for which tags wait for an update on a page that is the same for all. Other pages know the choice already."""
NOBODY = "!"
"""The name of nothing: what stands for it is never granted."""
TYPES = (
    ("marketing", ("advertising", "pixel"), ("ad_storage", "ad_user_data", "ad_personalization")),
    ("analytics", ("analytics",), ("analytics_storage",)),
    ("functional", ("video", "chat", "map", "form"), ("functionality_storage", "personalization_storage")),
)
"""Purpose, the kinds of service that speak for it where a site's purposes have other names, and the types it opens."""


def types_of(policy: Policy) -> list[tuple[list[str], tuple[str, ...]]]:
    """For some types each, the purposes and services that must all be granted; empty where no service reads the mode.

    A service that was denied by name closes the types of its purpose, too: Google knows no finer choice.
    """
    readers = {name: service for name, service in policy.services.items() if service.consent_mode}
    if not readers or policy.consent_mode == "off":
        return []
    found: list[tuple[list[str], tuple[str, ...]]] = []
    for purpose, kinds, types in TYPES:
        if purpose in policy.regimes:
            names = [purpose, *(name for name, service in readers.items() if purpose in service.purposes)]
        else:
            names = [name for name, service in readers.items() if service.kind in kinds]
        found.append((names or [NOBODY], types))
    return found
