"""Stores of the fault tests are those of the log's; the long forms run where ``CONSENTKIT_FAULTS`` is set."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.audit.conftest import (  # noqa: F401 - fixtures
    make_event,
    make_refusal,
    postgresql,
    postgresql_url,
    sqlite_url,
    url,
)

LONG = "CONSENTKIT_FAULTS"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """The spool of a log on PostgreSQL stands in the working folder, which is not the repository's here."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def rounds():
    """How often a fault is repeated: ``rounds(few, many)``."""
    return lambda few, many: many if os.environ.get(LONG) else few


@pytest.fixture
def locked():
    """Hold the write lock of a SQLite log, as another process would."""

    @contextmanager
    def hold(log_url: str) -> Iterator[None]:
        connection = sqlite3.connect(log_url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            connection.close()

    return hold
