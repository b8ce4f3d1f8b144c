"""Verifications that run on their own, and what earlier ones found: rows of ``verifications``.

A verification of a large log takes as long as a coffee, and the processor. So it runs in a process of its own, outlives the
request that asked for it and the worker that served that, and tells in its row how far it is. The rows are for people who
look after a log, not evidence: whoever can write to the store can write them too. What shows that a log was not rewritten
is a checkpoint that was kept elsewhere (``kept``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update

from consentkit.audit.checkpoint import parse
from consentkit.audit.engine import cause, connected, locate, reading, writing
from consentkit.audit.errors import AuditError, LogUnavailable
from consentkit.audit.event import now, uuid7
from consentkit.audit.keys import parse_public
from consentkit.audit.schema import verifications
from consentkit.audit.verify import Report
from consentkit.audit.verifying import verify_log

SILENT = 60.0
"""Seconds without a word from a verification after which it has stopped: its machine went down, or it was killed."""
TELL_EVERY = 1.0
"""Seconds between two notes of how far it is."""
MOST = 100
TROUBLE = "the store does not tell of verifications"
_START = "from consentkit.audit.verifications import main; main()"
_NICE = 10


class Verification(NamedTuple):
    """One verification. Times in microseconds since 1970, UTC.

    :param seen: when it last told how far it is.
    :param ended: ``None`` while it runs.
    :param state: ``running``, ``sound``, ``wrong``, ``failed`` (it could not be done) or ``stopped`` (nothing was heard of
        it for :data:`SILENT` seconds).
    :param size: events that it looks at.
    :param done: of them, so far.
    :param report: what it found, as :func:`told` puts it; for ``failed`` why, as ``error``; else empty.
    """

    id: str
    begun: int
    seen: int
    ended: int | None
    state: str
    size: int
    done: int
    report: Mapping[str, Any]


class Verifications:
    """Those of one log.

    :param timeout: seconds that a statement may wait.
    :raises LogLocationError: the URL cannot be used.
    """

    def __init__(self, url: str, log_id: str, *, timeout: float = 5.0) -> None:
        self._url = url
        self._where = locate(url)
        self._log_id = log_id
        self._timeout = timeout

    def begin(self, size: int, *, kept: Sequence[bytes] = (), keys: Sequence[str] = ()) -> str:
        """Start one, unless one runs; the id of whichever runs now.

        :param size: how many events the log has now.
        :param kept: checkpoints from elsewhere, as they were signed, which the log must begin with.
        :param keys: public keys, a line of text each; without any, signatures are not looked at.
        :raises CheckpointError: what was kept is no checkpoint.
        :raises LogUnavailable: nothing was started.
        """
        for note in kept:
            parse(note)
        found, fresh = self._enter(size)
        if fresh:
            asked = {
                "url": self._url,
                "log": self._log_id,
                "id": found,
                "kept": [note.decode() for note in kept],
                "keys": list(keys),
            }
            self._start(found, asked)
        return found

    def find(self, name: str) -> Verification | None:
        """One by its id."""
        query = _query(self._log_id).where(verifications.c.id == name)
        with connected(reading(self._where, self._timeout), TROUBLE) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _verification(row)

    def newest(self, most: int = 20) -> list[Verification]:
        """The newest, newest first; :data:`MOST` at most."""
        query = _query(self._log_id).order_by(verifications.c.id.desc()).limit(min(most, MOST))
        with connected(reading(self._where, self._timeout), TROUBLE) as connection:
            return [_verification(row) for row in connection.execute(query)]

    def run(self, name: str, *, kept: Sequence[bytes] = (), keys: Sequence[str] = ()) -> None:
        """Do one that was entered, in this process; whatever comes of it stands in its row."""
        try:
            log_id, size, report = verify_log(
                self._url,
                self._log_id,
                kept=[parse(note) for note in kept],
                keys=[key for key in map(parse_public, keys) if key is not None],
                progress=self._telling(name),
            )
        except AuditError as error:
            self._end(name, "failed", {"error": str(error)})
        except Exception as error:
            self._end(name, "failed", {"error": type(error).__name__})
            raise
        else:
            found = told(log_id, size, report, signatures=bool(keys))
            self._end(name, "sound" if report.sound else "wrong", found, done=size)

    def _enter(self, size: int) -> tuple[str, bool]:
        with connected(writing(self._where, self._timeout), TROUBLE) as connection:
            query = _query(self._log_id).where(verifications.c.state == "running")
            for row in connection.execute(query.order_by(verifications.c.id.desc())):
                if _verification(row).state == "running":
                    return str(row.id), False
            moment = now()
            fresh = Verification(uuid7(), moment, moment, None, "running", size, 0, {})
            values = {**fresh._asdict(), "log_id": self._log_id, "report": ""}
            connection.execute(insert(verifications).values(values))
            return fresh.id, True

    def _start(self, name: str, asked: Mapping[str, Any]) -> None:
        path = os.pathsep.join(filter(None, sys.path))
        try:
            # The URL may hold a password: not among the arguments, which anybody on the machine can read.
            child = subprocess.Popen(  # noqa: S603 - our own words alone
                [sys.executable, "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
            )
        except OSError as error:
            self._end(name, "failed", {"error": f"no process could be started: {cause(error)}"})
            return
        threading.Thread(target=self._attend, args=(child, name, asked), daemon=True).start()

    def _attend(self, child: subprocess.Popen[bytes], name: str, asked: Mapping[str, Any]) -> None:
        child.communicate(json.dumps(asked).encode())
        if child.returncode:
            with suppress(AuditError):
                self._end(name, "failed", {"error": f"its process ended with {child.returncode}"})

    def _telling(self, name: str) -> Callable[[int], None]:
        due = 0.0

        def tell(done: int) -> None:
            nonlocal due
            if time.monotonic() < due:
                return
            due = time.monotonic() + TELL_EVERY
            with suppress(LogUnavailable):  # a busy store must not end it
                self._write(name, seen=now(), done=done)

        return tell

    def _end(self, name: str, state: str, report: Mapping[str, Any], **values: int) -> None:
        moment = now()
        self._write(name, seen=moment, ended=moment, state=state, report=json.dumps(report), **values)

    def _write(self, name: str, **values: object) -> None:
        # What has ended stays as it ended.
        which = (verifications.c.log_id == self._log_id) & (verifications.c.id == name)
        query = update(verifications).where(which, verifications.c.ended.is_(None)).values(**values)
        with connected(writing(self._where, self._timeout), TROUBLE) as connection:
            connection.execute(query)


def told(log_id: str, size: int, report: Report, *, signatures: bool) -> dict[str, Any]:
    """What a verification found, for programs.

    :param signatures: whether there were keys to check them with.
    """
    return {
        "log": log_id,
        "ok": report.sound,
        "size": size,
        "events": report.events,
        "erased": report.erased,
        "checkpoints": report.checkpoints,
        "signatures_checked": signatures,
        "findings": report.findings,
        "kinds": report.by_kind,
        "first": None if report.first is None else report.first._asdict(),
    }


def main() -> None:
    """What the process of a verification does: asked on standard input, answered in the store."""
    asked = json.load(sys.stdin)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    Verifications(asked["url"], asked["log"], timeout=30.0).run(
        asked["id"], kept=[note.encode() for note in asked["kept"]], keys=asked["keys"]
    )


def _query(log_id: str) -> Any:
    columns = (verifications.c[name] for name in Verification._fields)
    return select(*columns).where(verifications.c.log_id == log_id)


def _verification(row: Any) -> Verification:
    found = Verification._make(row)
    silent = found.ended is None and now() - found.seen > SILENT * 1_000_000
    return found._replace(
        state="stopped" if silent else found.state, report=json.loads(row.report) if row.report else {}
    )
