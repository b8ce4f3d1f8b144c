"""What the tests of the log share: an event like those of a site, and a log in a file of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from consentkit.audit.event import Event, now, uuid7
from consentkit.audit.log import AuditLog

VISITOR = "visitor-7Zq9-never-in-a-log-line"


def build_event(**changes: Any) -> Event:
    values: dict[str, Any] = {
        "id": uuid7(),
        "time": now(),
        "site": "news.example",
        "act": "accept",
        "policy": "a" * 64,
        "notice": "b" * 64,
        "how": "banner",
        "visitor": VISITOR,
        "granted": ("functional", "analytics", "marketing"),
        "regimes": (("functional", "opt-in"), ("analytics", "opt-in"), ("marketing", "opt-in")),
        "jurisdiction": "FR",
        "language": "fr",
        "decided_after_ms": 1400,
    }
    return Event(**{**values, **changes})


def build_refusal(**changes: Any) -> Event:
    values: dict[str, Any] = {
        "act": "reject",
        "visitor": None,
        "granted": (),
        "denied": ("functional", "analytics", "marketing"),
    }
    return build_event(**{**values, **changes})


@pytest.fixture
def make_event() -> Callable[..., Event]:
    return build_event


@pytest.fixture
def make_refusal() -> Callable[..., Event]:
    return build_refusal


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'consent.db'}"


@pytest.fixture
async def log(sqlite_url: str) -> AsyncIterator[AuditLog]:
    log = AuditLog(sqlite_url)
    yield log
    await log.close()
