"""The pytest plugin: one fixture, loaded by pytest itself where consentkit is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Decide = Callable[..., None]


@pytest.fixture
def visitor_decides() -> Decide:
    """A function that gives a client the cookie of a valid decision.

    ``visitor_decides(client, policy, secret_key, granted=("analytics",))``: parameters as for
    :func:`consentkit.testing.decision_cookie`, after a client with ``cookies`` as httpx and Starlette's TestClient have.
    """

    def give(client: Any, *args: Any, **keywords: Any) -> None:
        from consentkit.testing import decision_cookie

        client.cookies.set(*decision_cookie(*args, **keywords))

    return give
