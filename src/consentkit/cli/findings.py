"""What a valid policy promises that will not hold, or leaves open, and what it comes to. Pure: policy in, words out."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.catalogue.entry import FREE_KINDS
from consentkit.catalogue.load import Catalogue
from consentkit.core.addresspattern import addresses_of
from consentkit.core.duration import DAY
from consentkit.core.errors import Problem
from consentkit.core.policy import BROWSER_CAP, Policy


def warnings_of(policy: Policy) -> Iterator[Problem]:
    """Everything that works and is probably not what was meant."""
    yield from _kept_shorter(policy)
    yield from _purposes_unused(policy)
    yield from _services_unseen(policy)
    yield from _open_unasked(policy)


def notes_of(policy: Policy, known: Catalogue) -> Iterator[str]:
    """What a policy comes to where its author may not think of it: nothing of it is wrong.

    :param known: the catalogue that the server will go by.
    """
    unlisted = [
        name
        for name, entry in known.entries.items()
        if name not in policy.services and entry.kind not in FREE_KINDS
    ]
    if policy.unlisted == "gate" and unlisted:
        yield (
            f'unlisted = "gate": {len(unlisted)} services that the catalogue knows and this policy does not name are shut '
            "for good, whatever a visitor chooses, since no notice speaks of them. Those that the site needs belong into use; "
            "consentkit services search lists them"
        )
    if policy.csp == "off":
        yield (
            'csp = "off": only what stands in the page\'s markup is gated; what running scripts add later, the browser alone '
            'could stop. csp = "report" shows what would be'
        )
    for name in policy.services:
        if name in known.entries and name not in policy.use:
            yield (
                f'services.{name}: the site\'s own words alone; use = ["{name}"] would add what the catalogue knows of it'
            )
    for name, service in policy.services.items():
        fetched = any(not address.startswith("/") for address in addresses_of(service))
        if fetched and not service.cookies and not service.storage:
            yield f"services.{name}: sets no cookies; receives the IP address"


def _kept_shorter(policy: Policy) -> Iterator[Problem]:
    if policy.lifetime and policy.lifetime > BROWSER_CAP:
        yield _capped(("lifetime",), policy.lifetime)
    for name, service in policy.services.items():
        for index, cookie in enumerate(() if name in policy.use else service.cookies):
            if cookie.lifetime and cookie.lifetime > BROWSER_CAP:
                yield _capped(("services", name, "cookies", index, "lifetime"), cookie.lifetime)


def _capped(path: tuple[str | int, ...], seconds: int) -> Problem:
    cap = BROWSER_CAP // DAY
    expected = f"at most {cap} days: browsers keep no cookie longer, so {cap} days is what will hold"
    return Problem.at(path, f"{seconds / DAY:g} days", expected)


def _purposes_unused(policy: Policy) -> Iterator[Problem]:
    if not policy.services:
        expected = "the tools that the site uses; without them only tags with data-category are gated"
        yield Problem.at(("services",), "none", expected)
        return
    used = {purpose for service in policy.services.values() for purpose in service.purposes}
    for name in policy.askable:
        if name not in used:
            yield Problem.at(
                ("purposes", name), "no service with this purpose", "one, or the purpose left out"
            )


def _services_unseen(policy: Policy) -> Iterator[Problem]:
    for name, service in policy.services.items():
        if not (service.hosts or service.addresses or service.loaders or service.cookies):
            expected = "at least one of either; without them only tags that name it in data-service are gated"
            yield Problem.at(("services", name), "a service without hosts and cookies", expected)


def _open_unasked(policy: Policy) -> Iterator[Problem]:
    if policy.unlisted == "allow":
        expected = (
            '"gate": services that the catalogue knows and no notice speaks of run before anybody is asked'
        )
        yield Problem.at(("unlisted",), '"allow"', expected)
    readers = [name for name, service in policy.services.items() if service.consent_mode]
    if policy.consent_mode == "advanced" and readers:
        expected = (
            f'"basic": {", ".join(readers)} would run for visitors who refused, and send data about them without cookies; '
            "whether that is lawful is disputed"
        )
        yield Problem.at(("consent_mode",), '"advanced"', expected)
