"""What a valid policy promises that will not hold, or leaves open. Pure: policy in, warnings out."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.core.duration import DAY
from consentkit.core.errors import Problem
from consentkit.core.policy import BROWSER_CAP, Policy


def warnings_of(policy: Policy) -> Iterator[Problem]:
    """Everything that works and is probably not what was meant."""
    yield from _kept_shorter(policy)
    yield from _purposes_unused(policy)
    yield from _services_unseen(policy)


def _kept_shorter(policy: Policy) -> Iterator[Problem]:
    if policy.lifetime > BROWSER_CAP:
        yield _capped(("lifetime",), policy.lifetime)
    for name, service in policy.services.items():
        for index, cookie in enumerate(service.cookies):
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
        if not service.hosts and not service.cookies:
            expected = "at least one of either; without them only tags that name it in data-service are gated"
            yield Problem.at(("services", name), "a service without hosts and cookies", expected)
