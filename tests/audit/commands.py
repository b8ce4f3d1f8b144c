"""Runs our commands in this process, as people and scripts call them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from consentkit import cli
from consentkit.audit.batch import seal
from consentkit.audit.event import Document, Event
from consentkit.audit.store import Store


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def run(*arguments: str, url: str | None = None, answers: str = "") -> Done:
    """Run one command; ``answers`` is its standard input."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    argv, sys.argv = sys.argv, ["consentkit", *arguments, *(("--audit", url) if url else ())]
    stdin, sys.stdin = sys.stdin, io.StringIO(answers)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.run()
    except SystemExit as ended:
        code = ended.code  # type: ignore[assignment]
    finally:
        sys.argv, sys.stdin = argv, stdin
    out.flush()
    err.flush()
    return Done(code or 0, *(each.buffer.getvalue().decode() for each in (out, err)))  # type: ignore[attr-defined]


def write(url: str, *events: Event, log_id: str = "", papers: Sequence[Document] = ()) -> None:
    """Put events into a log."""
    store = Store(url, log_id, 5.0)
    store.append([seal(event, None, os.urandom(32)) for event in events], papers)
    store.close()
