"""A pytest plugin: every app that a Starlette test client is given stands behind our middleware.

The policy asks nothing, so that no page has a notice; everything else of ours is at work.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from consentkit.audit.log import AuditLog
from consentkit.core.policy import Policy
from consentkit.web.middleware import ConsentMiddleware

POLICY = Policy.model_validate(
    {
        "site": {"name": "A suite", "address": "http://testserver"},
        "controller": {"name": "A suite", "contact": "nobody@suite.example"},
        "purposes": {"necessary": {}},
    }
)
_plain = TestClient.__init__


@pytest.fixture(autouse=True, scope="session")
def _everywhere() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        audit = AuditLog(f"sqlite:///{Path(folder) / 'consent.db'}")

        def behind(self: TestClient, app: Any, *rest: Any, **keywords: Any) -> None:
            _plain(self, app, *rest, **keywords)
            wrapped = ConsentMiddleware(
                self._transport.app,
                policy=POLICY,
                secret_key="a-key-of-thirty-two-bytes-or-more",
                audit=audit,
            )
            self._transport.app = wrapped
            self.app = wrapped

        TestClient.__init__ = behind
        yield
        TestClient.__init__ = _plain
        audit.drain()
