"""For the tests of a site that uses consentkit.

::

    from consentkit.testing import assert_nothing_gated, decision_cookie

    def test_article_after_a_refusal(client):
        client.cookies.set(*decision_cookie("consent.toml", SECRET_KEY, granted=()))
        assert_nothing_gated(client.get("/article").content, "consent.toml")

With pytest the fixture ``visitor_decides`` does the first step for any client that has ``cookies``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from consentkit.core.cookie import CookieCodec
from consentkit.core.decision import Act, Choice, Refused, decide
from consentkit.core.policy import Policy
from consentkit.policyfile import load
from consentkit.testing.live import live_elements

__all__ = ["assert_nothing_gated", "decision_cookie", "live_elements"]


def decision_cookie(
    policy: Policy | str | Path,
    secret_key: str,
    *,
    granted: Iterable[str] = (),
    https: bool = False,
    cookie: str = "consentkit",
) -> tuple[str, str]:
    """Name and value of a valid decision cookie, as an answer of consentkit would set it.

    :param granted: purposes and services that the visitor granted; everything else is denied.
    :param https: whether the client speaks https, where the name begins with ``__Host-``.
    :raises ValueError: for a name that the policy does not know.
    """
    found = policy if isinstance(policy, Policy) else load(policy)
    names = frozenset(granted)
    purposes = names & frozenset(found.purposes)
    services = dict.fromkeys(names - purposes, True)
    outcome = decide(
        found,
        Choice(Act.SAVE, purposes, services),
        now=int(time.time()),
        visitor="test-visitor-000000000",
    )
    if isinstance(outcome, Refused):
        raise ValueError(outcome.reason)  # noqa: TRY004 - what is wrong is a name, not a type
    codec = CookieCodec([secret_key], found.site.address)
    return ("__Host-" if https else "") + cookie, codec.dump(outcome.decision).decode()


def assert_nothing_gated(
    page: bytes | str, policy: Policy | str | Path, *, granted: Iterable[str] = ()
) -> None:
    """Fail where a page would run or fetch what is not granted.

    :param page: an HTML response's body.
    :param granted: purposes and services that may run.
    :raises AssertionError: names every live element and what it would need.
    """
    found = policy if isinstance(policy, Policy) else load(policy)
    live = live_elements(page.encode() if isinstance(page, str) else page, found, frozenset(granted))
    if live:
        lines = "\n".join(f"  {tag}  (needs {', '.join(needs)})" for tag, needs in live)
        raise AssertionError(f"{len(live)} gated elements are live:\n{lines}")
