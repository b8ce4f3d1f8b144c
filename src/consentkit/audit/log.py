"""AuditLog: the one thing that the web layer knows of the log."""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import logging
import os
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consentkit.audit.batch import Recorded, seal
from consentkit.audit.engine import locate, sqlite_file
from consentkit.audit.errors import AuditError, EventRefused, LogOverloaded, LogUnavailable
from consentkit.audit.event import Document, Event
from consentkit.audit.later import Later, Question, answered
from consentkit.audit.patience import Patience
from consentkit.audit.reader import acts_of, stored_document
from consentkit.audit.spool import Kept, Spool
from consentkit.audit.store import Store
from consentkit.audit.supersede import key_of, superseding
from consentkit.audit.writer import Entry, Writer

if TYPE_CHECKING:
    from consentkit.audit.background import Background
    from consentkit.audit.webhook import Webhook

logger = logging.getLogger(__name__)

__all__ = ["AuditLog", "Recorded"]

_STORE_SHARE = 0.75  # of the caller's time that one statement may wait
_DRAIN = 10.0  # seconds; what servers give a worker that ends


class AuditLog:
    """A log of decisions in a database.

    Making one touches nothing: the store is opened, and the writer's thread started, by :meth:`start` or the first
    event, in the process that needs it. So it may be made before a server forks.

    :param url: ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``.
    :param log_id: which log of the store; logs of one store are numbered each by itself.
    :param queue: events that may wait; beyond it :class:`LogOverloaded`.
    :param timeout: seconds that :meth:`record` takes at most, for the store to be slow, locked or away.
    :param spool: file for refusals while the store is away; beside the SQLite file, else in the working folder.
    :param checkpoint_key: file of a private key (``consentkit audit keygen``): one of the processes that share the log then
        signs its checkpoints. A key on the machine that writes the log does not protect it from who takes over that
        machine; ``consentkit audit checkpoint`` signs elsewhere.
    :param checkpoint_every: sign after so many new events, or after so many seconds if there is any.
    :param webhook: who is told of withdrawals and erasures, by one of the processes that share the log; where absent, what
        ``CONSENTKIT_WEBHOOK`` and ``CONSENTKIT_WEBHOOK_SECRET`` name.
    :raises LogLocationError: the URL cannot be used.
    :raises WebhookRefused: what the environment names is no webhook.
    """

    def __init__(
        self,
        url: str = "sqlite:///consent.db",
        *,
        log_id: str = "",
        queue: int = 4096,
        timeout: float = 1.0,
        spool: Path | None = None,
        checkpoint_key: Path | str | None = None,
        checkpoint_every: tuple[int, float] = (1000, 600.0),
        webhook: Webhook | None = None,
    ) -> None:
        self.url = url
        self.log_id = log_id
        self._limit = queue
        self._timeout = timeout
        self.spool = spool or default_spool(url, log_id)
        """The file of refusals that wait."""
        self._spool = Spool(self.spool)
        self._checkpoint_key = None if checkpoint_key is None else Path(checkpoint_key)
        self._checkpoint_every = checkpoint_every
        self._webhook = webhook or _webhook_of_environment()
        self._beside: list[Background] = []
        self._writer: Writer | None = None
        self._process = 0
        self._lock = threading.Lock()
        self._watched = False
        self._here = threading.local()

    async def start(self) -> None:
        """Open the store now, and write what an earlier process left in the spool.

        :raises LogUnavailable: it cannot be reached or written. Later events try again.
        :raises SchemaMismatch: its schema is not ours; the message tells the command to run.
        :raises KeyFileError: the key for checkpoints cannot be used.
        """
        if self._checkpoint_key is not None:
            from consentkit.audit.keys import read_private

            await asyncio.to_thread(read_private, self._checkpoint_key)
        writer = self._ready()
        try:
            await asyncio.to_thread(self._try_to_open)
        except AuditError:
            writer.state = "failing"
            raise
        writer.state = "ok"

    async def record(
        self, event: Event, *, documents: Sequence[Document] = (), once: bytes | None = None
    ) -> Recorded:
        """Write an event; returns when it is durable.

        :param documents: the notice and policy that it names; stored unless they are there already.
        :param once: a key of the act, such as a hash of the form that was sent: a second event with the same key is
            not written, and answered with the first one's place and ``fresh=False``. Holds across processes.
        :raises LogUnavailable: not written within the time-out. Should it turn out to be in the log after all, an event
            ``supersede`` says that it is not in force, and :meth:`health` counts it as ``late``.
        :raises LogOverloaded: too many wait; nothing was tried.
        :raises EventRefused: it can never be written.
        """
        entry, answer = self._enter(event, documents, once, None)
        try:
            return await answer
        except LogUnavailable:
            if entry.tried:
                await self._keep(_doubt(event))
            raise
        except asyncio.CancelledError:
            if entry.tried:  # nobody is answered, so nothing needs to wait
                asyncio.get_running_loop().run_in_executor(None, self._ready().keep, [_doubt(event)])
            raise

    async def record_refusal(
        self, event: Event, *, documents: Sequence[Document] = (), once: bytes | None = None
    ) -> Recorded | None:
        """Write an event that takes effect whatever the store does: a refusal or a withdrawal.

        Parameters as for :meth:`record`. Never raises for a fault of the store.

        :returns: its place; with ``seq=None`` where it lies in the spool; ``None`` where that failed too.
        """
        kept = Kept(event, tuple(documents), once)
        try:
            return await self._enter(event, documents, once, kept)[1]
        except EventRefused:
            raise
        except AuditError:
            # The queue is full, or the writer is stuck or could not spool. Spooled twice is written once.
            return Recorded(event.id, None, True) if await self._keep(kept) else None

    async def supersede(self, event: Event, recorded: Recorded) -> None:
        """Have the log tell that what was recorded for this event is not in force. Never raises for a fault of the store."""
        told = superseding(replace(event, id=recorded.id), recorded.seq)
        await self.record_refusal(told, once=key_of(recorded.id))

    async def followed(self, view: bytes, since: int, *, by_other_than: str = "") -> bool:
        """Whether another act from a page view was recorded, by any process, or lies in the spool of this machine.

        :param view: the first 16 bytes of the ``once`` of its acts.
        :param since: only acts after this time: microseconds since 1970, UTC.
        :param by_other_than: id of an event that does not count.
        :raises LogUnavailable: the store cannot be read.
        """
        loop = asyncio.get_running_loop()
        later = getattr(self._here, "later", None)
        if later is None or later.loop is not loop:
            later = self._here.later = Later(loop, self._look_later)
        return await later.ask(Question(view, since, by_other_than))

    def _look_later(self, questions: Sequence[Question]) -> set[Question]:
        since = min(question.since for question in questions)
        views = {question.view for question in questions}
        # Before the store: what is replayed meanwhile is then found in one of the two.
        spooled = self._spool.acts()
        acts = acts_of(self.url, self.log_id, views, since, timeout=self._timeout)
        return answered(questions, chain(spooled, acts))

    def add_counts(self, counts: Mapping[tuple[str, str, str], int]) -> None:
        """Count what happens too often for events: no wait, no input or output, from any thread.

        Written once a minute, and at :meth:`close`, to the row of the day (UTC). While the store is away they stay in
        memory, 10,000 keys at most.

        :param counts: how often, by kind, name and rule.
        """
        self._ready().counting.add(counts)

    async def document(self, kind: str, name: str) -> bytes | None:
        """The body of a notice or policy that was stored with an earlier event, by its hash; ``None`` if there is none.

        :raises LogUnavailable: the store cannot be read.
        """
        return await asyncio.to_thread(stored_document, self.url, kind, name, timeout=self._timeout)

    async def close(self) -> None:
        """Commit all that waits, then let go of the store. A later event starts anew.

        Waits for a store that does not answer no longer than 10 s: by then each caller has been answered.
        """
        await asyncio.to_thread(self.drain, _DRAIN)

    def drain(self, timeout: float = _DRAIN) -> bool:
        """:meth:`close` where no event loop runs; whether all was committed within ``timeout`` seconds."""
        with self._lock:
            writer, self._writer = self._writer, None
            beside, self._beside = self._beside, []
        if writer is None or self._process != os.getpid():
            return True
        for one in beside:
            one.stop()
        for one in beside:
            one.join(timeout)
        writer.stop()
        if writer.join(timeout):
            return True
        logger.error(
            "the store of the log does not answer; left behind at the end: %d event(s)", writer.waiting()
        )
        return False

    def health(self) -> dict[str, Any]:
        """State for ``/health``: no secret, no address, nothing personal.

        ``store`` is ``unopened``, ``ok`` or ``failing``; ``queue`` events wait; ``spooled`` lie in the spool now; the
        rest counts since the process started.
        """
        writer = self._writer if self._process == os.getpid() else None
        spooled = self._spool.count()
        if writer is None:
            return {"store": "unopened", "queue": 0, "spooled": spooled}
        counts = writer.counters
        return {
            "store": writer.state,
            "queue": writer.waiting(),
            "spooled": spooled,
            "committed": counts.committed,
            "batches": counts.batches,
            "failed": counts.failed,
            "replayed": counts.replayed,
            "lost": counts.lost,
            "late": counts.late,
        }

    def _enter(
        self, event: Event, documents: Sequence[Document], once: bytes | None, keep: Kept | None
    ) -> tuple[Entry, asyncio.Future[Recorded]]:
        writer = self._ready()
        if writer.waiting() >= self._limit:
            msg = f"{self._limit} events wait already"
            raise LogOverloaded(msg)
        row = seal(event, once, writer.salt())
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Recorded] = loop.create_future()
        self._patience_of(loop).watch(future)
        entry = Entry(row, event, tuple(documents), keep, future, loop)
        writer.put(entry)
        return entry, future

    async def _keep(self, kept: Kept) -> bool:
        """Spool an event; whether it is safe. A disk that hangs holds up nobody for longer than the time-out."""
        kept_safe = asyncio.get_running_loop().run_in_executor(None, self._ready().keep, [kept])
        try:
            return await asyncio.wait_for(asyncio.shield(kept_safe), self._timeout)
        except TimeoutError:
            logger.error("the spool did not take an event in time")  # noqa: TRY400 - nothing to trace
            return False

    def _patience_of(self, loop: asyncio.AbstractEventLoop) -> Patience:
        patience = getattr(self._here, "patience", None)
        if patience is None or patience.loop is not loop:
            patience = self._here.patience = Patience(loop, self._timeout)
        return patience

    def _try_to_open(self) -> None:
        store = Store(self.url, self.log_id, self._timeout)
        try:
            store.open()
        finally:
            store.close()

    def _ready(self) -> Writer:
        writer = self._writer
        if writer is not None and self._process == os.getpid():
            return writer
        with self._lock:
            return self._start_writer()

    def _start_writer(self) -> Writer:
        if self._writer is not None and self._process == os.getpid():
            return self._writer
        self._process = os.getpid()
        # The store gives up first: an answer held back while it waited must still come in time.
        store = Store(self.url, self.log_id, self._timeout * _STORE_SHARE)
        self._writer = Writer(store, self._spool, self._timeout)
        self._beside = list(self._look_after())
        if not self._watched:
            self._watched = True
            atexit.register(_drain_at_exit, weakref.ref(self))
        return self._writer

    def _look_after(self) -> Iterator[Background]:
        """Start what looks after the log beside its writer."""
        if self._checkpoint_key is not None:
            # Not imported without a key: signatures need a package that the log does not.
            from consentkit.audit.checkpointer import Checkpointer

            yield Checkpointer(self.url, self.log_id, self._checkpoint_key, self._checkpoint_every)
        if self._webhook is not None:
            from consentkit.audit.deliveries import Teller

            yield Teller(self.url, self.log_id, self._webhook)


def _webhook_of_environment() -> Webhook | None:
    if "CONSENTKIT_WEBHOOK" not in os.environ:  # most have none, and need no HTTP client
        return None
    from consentkit.audit.webhook import Webhook

    return Webhook.from_environment()


def _doubt(event: Event) -> Kept:
    """What the spool keeps of a grant that was not confirmed, although the store may have taken it."""
    return Kept(superseding(event, None), (), key_of(event.id), event.id)


def default_spool(url: str, log_id: str) -> Path:
    """Where refusals wait: beside the SQLite file, else in the working folder; one file for each log."""
    where = locate(url)
    file = sqlite_file(where)
    mark = f".{hashlib.sha256(log_id.encode()).hexdigest()[:8]}" if log_id else ""
    if file is not None:
        return file.with_name(f"{file.name}{mark}.spool")
    shown = hashlib.sha256(where.render_as_string(hide_password=True).encode()).hexdigest()[:8]
    return Path(f"consentkit-{shown}{mark}.spool")


def _drain_at_exit(log: weakref.ref[AuditLog]) -> None:
    found = log()
    if found is not None:
        found.drain()
