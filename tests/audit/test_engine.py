"""The settings that durability asks for."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

from consentkit.audit.engine import locate, writing


def test_a_new_file_that_another_process_is_making_is_waited_for(tmp_path):
    url = f"sqlite:///{tmp_path / 'consent.db'}"
    with closing(
        sqlite3.connect(tmp_path / "consent.db", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(0.2, other.execute, ["ROLLBACK"])
        release.start()

        with writing(locate(url), 1.0).connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()

        release.join()
    assert mode == "wal"
