"""Whether every answer to a policy fits into our cookie."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.core.cookie import LIMIT, largest
from consentkit.core.errors import PolicyError, Problem
from consentkit.core.policy import Policy

MOST_PURPOSES = 64
"""Purposes that a cookie's payload may name."""


def check_size(policy: Policy) -> None:
    """Refuse a policy that a visitor could give an answer to which the server would then ignore.

    :raises PolicyError: a decision's cookie could be longer than the server reads.
    """
    problems = list(_problems(policy))
    if problems:
        raise PolicyError(problems)


def _problems(policy: Policy) -> Iterator[Problem]:
    if len(policy.purposes) > MOST_PURPOSES:
        yield Problem.at(("purposes",), f"{len(policy.purposes)} purposes", f"at most {MOST_PURPOSES}")
    size = largest(policy)
    if size > LIMIT:
        count = f"{len(policy.purposes)} purposes and {len(policy.services)} services"
        expected = f"at most {LIMIT:,} bytes: fewer services or recipients, or shorter names of purposes"
        yield Problem.at(("services",), f"{count}, a cookie of up to {size:,} bytes", expected)
