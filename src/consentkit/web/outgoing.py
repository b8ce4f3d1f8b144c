"""Header fields on their way out: cookies, preloads and the Content-Security-Policy, by what is granted."""

from __future__ import annotations

from collections.abc import Sequence

from consentkit.web.answer import Header
from consentkit.web.gatehouse import Gate
from consentkit.web.request import Visit

FILTERED = frozenset({b"set-cookie", b"link"})
"""Fields of any response that may speak for a service."""


def filtered(gate: Gate, visit: Visit, headers: Sequence[Header]) -> list[Header]:
    """The fields of any response, without the cookies and the preloads of services that may not run."""
    return list(headers)


def hinted(gate: Gate, visit: Visit, links: Sequence[bytes]) -> list[bytes]:
    """The values of an early hint's ``Link`` fields, without those of services that may not run."""
    return list(links)


def sealed(gate: Gate, visit: Visit, headers: list[Header]) -> list[Header]:
    """The fields of a page made for its visitor: its policy narrowed, and cookies expired that may no longer be there."""
    return headers


def narrowed(gate: Gate, visit: Visit, headers: Sequence[Header]) -> bool:
    """Whether a page with these fields has its Content-Security-Policy narrowed, so that a grant needs a new page."""
    return False
