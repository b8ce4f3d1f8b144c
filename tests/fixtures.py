"""Fixtures around one small site, for the folders that drive it as a raw ASGI app."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.asgi import KEY, POLICY, App

from consentkit.audit.errors import AuditError
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.core.policy import Policy
from consentkit.testing import decision_cookie
from consentkit.web.middleware import ConsentMiddleware

Wrap = Callable[..., ConsentMiddleware]


@pytest.fixture(scope="session")
def policy() -> Policy:
    return Policy.model_validate(POLICY)


@pytest.fixture
async def audit(tmp_path: Path) -> AsyncIterator[AuditLog]:
    # The first event opens the store, which takes seconds of a busy machine: how long that may be is no part of these tests.
    log = AuditLog(f"sqlite:///{tmp_path / 'consent.db'}", timeout=20.0)
    yield log
    await log.close()


@pytest.fixture
def wrap(policy: Policy, audit: AuditLog) -> Wrap:
    """Puts the middleware around an app."""

    def around(app: App, **keywords: Any) -> ConsentMiddleware:
        return ConsentMiddleware(
            app,
            **{"policy": policy, "secret_key": KEY, "audit": audit, "grants_per_second": None, **keywords},
        )

    return around


@pytest.fixture(scope="session")
def decided(policy: Policy) -> Callable[..., tuple[bytes, bytes]]:
    """The ``Cookie`` field of a visitor who granted these purposes and denied the rest."""

    def cookie(*granted: str) -> tuple[bytes, bytes]:
        name, value = decision_cookie(policy, KEY, granted=granted)
        return (b"cookie", f"{name}={value}".encode())

    return cookie


@pytest.fixture
def logged(audit: AuditLog) -> Callable[[], list[dict[str, Any]]]:
    """Reads the log's events, oldest first, each as the values that it commits to and its ``visitor``."""

    def read() -> list[dict[str, Any]]:
        try:
            reader = Reader(audit.url)
        except AuditError:
            return []
        return [{**json.loads(row.canonical), "visitor": row.visitor} for row in reader.events()]

    return read
