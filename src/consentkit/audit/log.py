"""AuditLog: the one thing that the web layer knows of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .event import Document, Event


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where an event stands.

    :param id: the event's id; with ``fresh=False`` the id of the earlier event that had the same ``once``.
    :param seq: its number in the log, counted from 1 without gaps; ``None`` while it lies in the spool.
    :param fresh: whether this call wrote it.
    """

    id: str
    seq: int | None
    fresh: bool


class AuditLog:
    """A log of decisions in a database. See :meth:`record`."""

    def __init__(
        self,
        url: str = "sqlite:///consent.db",
        *,
        log_id: str = "",
        queue: int = 4096,
        timeout: float = 1.0,
        spool: Path | None = None,
    ) -> None: ...

    async def start(self) -> None:
        """Open the store now. :raises AuditError: it cannot be used."""
        raise NotImplementedError

    async def record(
        self, event: Event, *, documents: Sequence[Document] = (), once: bytes | None = None
    ) -> Recorded:
        """Write an event; returns when it is durable."""
        raise NotImplementedError

    async def record_refusal(
        self, event: Event, *, documents: Sequence[Document] = (), once: bytes | None = None
    ) -> Recorded | None:
        """Write an event that takes effect whatever the store does."""
        raise NotImplementedError

    async def close(self) -> None:
        """Commit all that waits, then let go of the store."""
        raise NotImplementedError

    def health(self) -> dict[str, Any]:
        """State for ``/health``."""
        raise NotImplementedError
