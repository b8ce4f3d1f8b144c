"""What must not be lost while the store is away: a local file of JSON lines, synced before it is relied on.

One spool belongs to one log, and is shared by the workers of a machine under a file lock. A line holds the whole event,
the visitor id of a withdrawal included: the file is readable by its owner alone. Replaying is safe to repeat, since the
store takes each event id once.
"""

from __future__ import annotations

import base64
import errno
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from consentkit.audit.event import Document, Event
from consentkit.audit.later import Act

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: one worker per spool, as the documentation says
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

LARGEST = 64 << 20
"""Bytes: some 80,000 refusals. Beyond it a refusal still takes effect, is counted as lost, and the server's log says so."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An event in the spool, with what :meth:`AuditLog.record` was given beside it.

    :param about: id of the event that this one supersedes, while nobody knows whether it is in the log: to be written with
        its number if it is, and else not at all.
    """

    event: Event
    documents: tuple[Document, ...] = ()
    once: bytes | None = None
    about: str | None = None


class Spool:
    """The file at ``path``; it need not exist."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, kept: Sequence[Kept]) -> None:
        """Add lines; they are on disk when this returns.

        :raises OSError: they are not.
        """
        lines = b"".join(to_line(one) for one in kept)
        with self._locked() as file:
            end = os.lseek(file, 0, os.SEEK_END)
            if end + len(lines) > LARGEST:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            try:
                _write_all(file, lines if _ends_a_line(file, end) else b"\n" + lines)
                os.fsync(file)
                if end == 0:  # perhaps new: its name in the folder must be on disk too
                    _sync_folder(self._path)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(file, end)
                raise

    def waiting(self) -> bool:
        """Whether anything lies here."""
        try:
            return self._path.stat().st_size > 0
        except OSError:
            return False

    def acts(self) -> list[Act]:
        """The events that lie here and have a ``once``."""
        if not self.waiting():
            return []
        try:
            kept, _ = _parse(self._path.read_bytes())
        except FileNotFoundError:
            return []
        return [Act(one.event.id, one.event.time, one.once) for one in kept if one.once is not None]

    def count(self) -> int:
        """How many events lie here."""
        try:
            with self._path.open("rb") as file:
                return sum(1 for _ in file)
        except OSError:
            return 0

    def replay(self, take: Callable[[list[Kept]], None]) -> int:
        """Hand all lines to ``take``, and forget them once it returns. Nothing while another process is about it.

        :raises OSError: the file cannot be read or emptied. Whatever ``take`` raises leaves the file as it was.
        :returns: how many events were handed over.
        """
        try:
            with self._locked(wait=False) as file:
                return self._hand_over(file, take)
        except BlockingIOError:
            return 0

    def _hand_over(self, file: int, take: Callable[[list[Kept]], None]) -> int:
        kept, damaged = _parse(_read_all(file))
        if kept:
            take(kept)
        if damaged:
            # Half a line is what a crash leaves of an event that nobody was told is safe.
            logger.warning(
                "%d damaged line(s) of the spool are kept in the file ending in .damaged", len(damaged)
            )
            _append_private(self._path.with_name(self._path.name + ".damaged"), b"\n".join(damaged) + b"\n")
        os.ftruncate(file, 0)
        os.fsync(file)
        return len(kept)

    @contextmanager
    def _locked(self, *, wait: bool = True) -> Iterator[int]:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield file
        finally:
            os.close(file)


def _parse(data: bytes) -> tuple[list[Kept], list[bytes]]:
    kept, damaged = [], []
    for line in filter(None, data.split(b"\n")):
        try:
            kept.append(from_line(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            damaged.append(line)
    return kept, damaged


def _ends_a_line(file: int, end: int) -> bool:
    if end == 0:
        return True
    os.lseek(file, end - 1, os.SEEK_SET)
    return os.read(file, 1) == b"\n"


def to_line(kept: Kept) -> bytes:
    """One line of JSON, its end included."""
    papers = [[paper.kind, paper.hash, base64.b64encode(paper.body).decode()] for paper in kept.documents]
    once = None if kept.once is None else kept.once.hex()
    line = {"v": 1, "event": asdict(kept.event), "documents": papers, "once": once, "about": kept.about}
    return json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Kept:
    """The reverse of :func:`to_line`.

    :raises ValueError, KeyError, TypeError: no such line.
    """
    value = json.loads(line)
    event = {name: _tuples(item) for name, item in value["event"].items() if name in _EVENT_FIELDS}
    papers = tuple(Document(kind, name, base64.b64decode(body)) for kind, name, body in value["documents"])
    once = None if value["once"] is None else bytes.fromhex(value["once"])
    return Kept(Event(**event), papers, once, value.get("about"))


_EVENT_FIELDS = {field.name for field in fields(Event)}


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _read_all(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    parts = []
    while part := os.read(file, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _sync_folder(path: Path) -> None:
    if os.name != "posix":  # pragma: no cover - Windows opens no folders
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _append_private(path: Path, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        _write_all(file, data)
        os.fsync(file)
        _sync_folder(path)
    finally:
        os.close(file)
