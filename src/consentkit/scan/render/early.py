"""What a page did before a choice and may not have done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from consentkit.core.policy import Policy
from consentkit.core.service import Service
from consentkit.scan.browse import Asked
from consentkit.scan.explain import open_names
from consentkit.scan.judge import NOBODY, Judge

OWN = "consentkit"
"""How names of what we keep begin; a cookie's own prefix such as ``__Host-`` left out."""


def early(
    policy: Policy, judge: Judge, asked: Iterable[Asked], cookies: Iterable[str], keys: Iterable[str]
) -> tuple[str, ...]:
    """All of it in words, each once.

    :param asked: what was fetched.
    :param cookies: names of the cookies that were there.
    :param keys: keys of the browser's storage that were there.
    """
    may = _may_run(policy)
    running = [service for name, service in policy.services.items() if name in may]
    return tuple(
        dict.fromkeys(
            (
                *_fetched(judge, asked, may),
                *(f"the cookie {name}" for name in cookies if not _may_set(running, name)),
                *(f"{key} in storage" for key in keys if not _may_keep(running, key)),
            )
        )
    )


def _may_run(policy: Policy) -> frozenset[str]:
    """What runs before a choice: what is open until refused, and what is exempt by its facts."""
    regimes = frozenset(name for name, regime in policy.regimes.items() if regime.open_by_default)
    return open_names(policy, regimes).union(policy.exempted)


def _fetched(judge: Judge, asked: Iterable[Asked], may: frozenset[str]) -> Iterator[str]:
    for each in asked:
        services = judge.services(each)
        if services and (services == (NOBODY,) or may.isdisjoint(services)):
            yield f"a request to {each.address.partition('?')[0]}"


def _may_set(running: Iterable[Service], name: str) -> bool:
    bare = name.removeprefix("__Host-").removeprefix("__Secure-")
    stated = [cookie for service in running for cookie in service.cookies]
    return bare.startswith(OWN) or any(cookie.matches(each) for cookie in stated for each in (name, bare))


def _may_keep(running: Iterable[Service], key: str) -> bool:
    return key.startswith(OWN) or any(service.keeps(key) for service in running)
