"""One thread that writes: it takes all that waits, commits once, and answers.

Why a thread and a queue: a commit costs one sync of the disk however many events it holds, so events that arrive during
one commit share the next. Why not more threads: a log has one head, and they would only wait for each other.

After a failed batch the store is left alone for a while that doubles (``FIRST_PAUSE`` to ``LONGEST_PAUSE``); until then
every batch is answered at once.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from consentkit.audit import fork
from consentkit.audit.batch import Recorded, Row, seal
from consentkit.audit.counting import Counting
from consentkit.audit.engine import cause
from consentkit.audit.errors import AuditError, LogUnavailable
from consentkit.audit.event import SALT_BYTES, Document, Event
from consentkit.audit.spool import Kept, Spool
from consentkit.audit.store import Clash, ConnectionLost, Store, Unreachable
from consentkit.audit.supersede import key_of, numbered, superseding
from consentkit.core.draw import Draw

logger = logging.getLogger(__name__)

LARGEST_BATCH = 1024  # events; beyond it a batch is no cheaper per event, and the first one waits longer
SMALLEST_HALF = 64  # events; fewer than these are not worth a second sync
MERGING = 0.0001  # seconds; one sync of a fast disk
FIRST_PAUSE = 0.05  # seconds
LONGEST_PAUSE = 2.0
REPLAY_EVERY = 1.0  # seconds between tries while events lie in the spool


@dataclass(slots=True, eq=False)
class Entry:
    """An event on its way.

    :param keep: what to spool if the store does not take it; ``None`` for a grant, which is then answered instead.
    :param future: whom to answer; ``None`` where nobody waits.
    :param tried: whether the store may have been told of it. Set before the writer looks whether its caller still waits,
        so that a caller who gave up and finds it unset knows that it will not be written.
    """

    row: Row
    event: Event
    documents: tuple[Document, ...]
    keep: Kept | None
    future: asyncio.Future[Recorded] | None
    loop: asyncio.AbstractEventLoop | None
    tried: bool = False

    @property
    def wanted(self) -> bool:
        """Whether it is still to be written: whoever was told that it failed must not find it in the log."""
        return self.keep is not None or self.future is None or not self.future.done()


Answer = Recorded | Exception


@dataclass(slots=True)
class Counters:
    """What happened since the process started."""

    committed: int = 0
    batches: int = 0
    failed: int = 0
    spooled: int = 0
    replayed: int = 0
    lost: int = 0
    late: int = 0


class Writer:
    """The thread, its queue and its store. Made in the process that uses it."""

    def __init__(self, store: Store, spool: Spool, timeout: float) -> None:
        self.counters = Counters()
        self.state = "unopened"
        self.salt = Draw(SALT_BYTES)
        self.counting = Counting()
        self._store = store
        self._spool = spool
        self._timeout = timeout
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self.put = self._queue.put
        self.waiting = self._queue.qsize
        self._unanswered: tuple[Sequence[Entry], Sequence[Answer]] | None = None
        self._stopping = False
        self._pause = 0.0
        self._leave_alone_until = 0.0
        self._next_replay = 0.0
        self._at_work = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="consentkit-log", daemon=True)
        fork.know(self)
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to commit what waits, and to end."""
        self._queue.put(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not (self._stopping and self._queue.empty()):
            batch = self._gather()
            with self._at_work:
                if batch:
                    self._commit(batch)
                if self._spool_is_due():
                    self._replay()
                if not self.counting.wait():
                    self._write_counts()
        with self._at_work:
            self._write_counts()
            self._store.close()
        fork.forget(self)

    def pause(self) -> None:
        """Let go of the store until :meth:`resume`; a batch in work is finished first."""
        self._at_work.acquire()
        self._store.close()

    def resume(self) -> None:
        """Go on; the next batch opens the store anew."""
        self._at_work.release()

    def _gather(self) -> list[Entry]:
        """Half of what is on its way; at least one entry, unless it is time to look at the spool or to stop.

        Half, so that while one half commits, the event loop can prepare the other: with all of it in one commit,
        thread and loop only take turns. Whoever is about to be answered is on the way too: others will follow.
        """
        batch: list[Entry] = []
        try:
            # Not longer: a caller, or another worker that is no more, may have left something in the spool meanwhile.
            entry = self._queue.get(timeout=min(self.counting.wait(), REPLAY_EVERY))
            answered = len(self._unanswered[0]) if self._unanswered else 0
            room = min(LARGEST_BATCH, max(SMALLEST_HALF, (self._queue.qsize() + answered + 2) // 2))
            while len(batch) < room:
                if entry is None:
                    self._stopping = True
                else:
                    entry.tried = True
                    if entry.wanted:
                        batch.append(entry)
                if len(batch) < room:
                    entry = self._queue.get_nowait()
        except queue.Empty:
            pass
        return batch

    def _commit(self, batch: Sequence[Entry]) -> None:
        answers: Sequence[Answer]
        try:
            answers = self._append(
                [entry.row for entry in batch], _papers(entry.documents for entry in batch)
            )
        except AuditError as error:
            answers = self._fail(batch, error)
        except Exception as error:
            logger.exception("the writer of the log met a fault of its own")
            answers = self._fail(batch, LogUnavailable(f"the log failed: {type(error).__name__}"))
        self._answer()
        self._unanswered = (batch, answers)
        waiting = self._queue.qsize()
        if waiting < SMALLEST_HALF:
            self._answer()
            if waiting:
                # One commit for these and for what those just answered bring is cheaper than two.
                time.sleep(MERGING)

    def _answer(self) -> None:
        """Answer the batch before. Called as the next commit begins: the interpreter's lock is free while it lasts, so
        that the event loop works on these answers and does not hold up the writer.
        """
        if self._unanswered is not None:
            (batch, answers), self._unanswered = self._unanswered, None
            _settle(batch, answers, self._late)

    def _append(self, rows: Sequence[Row], papers: Sequence[Document]) -> list[Answer]:
        """Append, looking first where something may be there already: after a clash, and after a broken connection."""
        now = time.monotonic()
        if now < self._leave_alone_until:
            msg = "the store failed a moment ago and is left alone"
            raise LogUnavailable(msg)
        deadline, pause, look, lost = now + self._timeout, FIRST_PAUSE / 4, False, False
        while True:
            try:
                places = list[Answer](self._store.append(rows, papers, look=look, committing=self._answer))
            except Clash:
                if look:
                    msg = "the store holds an event of the batch and does not show it"
                    raise LogUnavailable(msg) from None
            except LogUnavailable as error:
                self._answer()  # those who were written must not wait for this
                lost = lost or isinstance(error, ConnectionLost)
                passing = isinstance(error, (ConnectionLost, Unreachable))
                if not passing or time.monotonic() + pause >= deadline:
                    self._back_off()
                    # What a later try met says nothing about what became of an earlier one.
                    raise ConnectionLost(str(error)) if lost else error from None
                time.sleep(pause)
                pause *= 2
            else:
                self._recover(places)
                return places
            look = True

    def _recover(self, places: Sequence[Answer]) -> None:
        if self.state == "failing":
            logger.warning("the store of the log takes events again")
        self.state = "ok"
        self._pause = 0.0
        self.counters.committed += sum(isinstance(place, Recorded) and place.fresh for place in places)
        self.counters.batches += bool(places)

    def _back_off(self) -> None:
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
        self._leave_alone_until = time.monotonic() + self._pause

    def _fail(self, batch: Sequence[Entry], error: AuditError) -> list[Answer]:
        self.state = "failing"
        self.counters.failed += len(batch)
        logger.error("%d event(s) not written: %s", len(batch), error)
        if not isinstance(error, ConnectionLost):
            for entry in batch:
                entry.tried = False
        kept = [entry.keep for entry in batch if entry.keep is not None]
        safe = not kept or self.keep(kept)
        # One error each: raising the same object in many tasks would chain their tracebacks.
        return [
            Recorded(entry.row.id, None, True) if entry.keep and safe else type(error)(str(error))
            for entry in batch
        ]

    def supersede(self, event: Event, seq: int | None) -> None:
        """Have the log tell that this event of it is not in force."""
        told, once = superseding(event, seq), key_of(event.id)
        row = seal(told, once, self.salt())
        self.put(Entry(row, told, (), Kept(told, (), once), None, None))

    def _late(self, entry: Entry, answer: Answer) -> None:
        """The answer finds nobody who waits: what the store took of a grant all the same is not in force."""
        if entry.keep is None and isinstance(answer, Recorded) and answer.fresh:
            self.counters.late += 1
            self.supersede(entry.event, answer.seq)

    def keep(self, kept: Sequence[Kept]) -> bool:
        """Spool events; whether they are safe."""
        try:
            self._spool.append(kept)
        except OSError as error:
            self.counters.lost += len(kept)
            text = "%d event(s) taken but neither logged nor spooled: %s"
            logger.error(text, len(kept), cause(error))  # noqa: TRY400 - a traceback would name paths
            return False
        self.counters.spooled += len(kept)
        return True

    def _spool_is_due(self) -> bool:
        now = time.monotonic()
        if now < max(self._next_replay, self._leave_alone_until) or not self._spool.waiting():
            return False
        self._next_replay = now + REPLAY_EVERY
        return True

    def _replay(self) -> None:
        try:
            # First without the spool's lock: refusals of other workers must not wait for a store that does not answer.
            self._append((), ())
            self.counters.replayed += self._spool.replay(self._append_kept)
        except (AuditError, OSError) as error:
            logger.warning("the spool cannot be replayed yet: %s", cause(error))
        except Exception:
            logger.exception("replaying the spool met a fault of its own")

    def _write_counts(self) -> None:
        try:
            self.counting.flush(self._store.count)
        except AuditError as error:
            again = "at the end" if self._stopping else "yet"
            logger.warning("counts cannot be written %s: %s", again, error)
        except Exception:
            logger.exception("writing counts met a fault of its own")

    def _append_kept(self, kept: Sequence[Kept]) -> None:
        for start in range(0, len(kept), LARGEST_BATCH):
            part = self._resolve(kept[start : start + LARGEST_BATCH])
            rows = [seal(one.event, one.once, self.salt()) for one in part]
            places = self._append(rows, _papers(one.documents for one in part))
            for refused in (place for place in places if isinstance(place, Exception)):
                logger.error("an event of the spool was not written: %s", refused)

    def _resolve(self, kept: Sequence[Kept]) -> Sequence[Kept]:
        """What tells of events that may be in the log or not gets their numbers; the rest of it is dropped."""
        doubtful = [one.about for one in kept if one.about is not None]
        if not doubtful:
            return kept
        places = self._store.places(doubtful)
        return [
            one if one.about is None else replace(one, event=numbered(one.event, places[one.about]))
            for one in kept
            if one.about is None or one.about in places
        ]


def _papers(named: Iterable[Sequence[Document]]) -> list[Document]:
    return list({(paper.kind, paper.hash): paper for papers in named for paper in papers}.values())


Late = Callable[[Entry, Answer], None]


def _settle(batch: Sequence[Entry], answers: Sequence[Answer], late: Late) -> None:
    """Answer a batch with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[tuple[Entry, Answer]]] = {}
    for entry, answer in zip(batch, answers, strict=True):
        by_loop.setdefault(entry.loop, []).append((entry, answer))
    for loop, answered in by_loop.items():
        if loop is None:
            continue
        try:
            loop.call_soon_threadsafe(_deliver, answered, late)
        except RuntimeError:  # the loop is closed: nobody waits any more
            for entry, answer in answered:
                late(entry, answer)


def _deliver(answered: Sequence[tuple[Entry, Answer]], late: Late) -> None:
    for entry, answer in answered:
        future = entry.future
        if future is None or future.done():
            late(entry, answer)
        elif isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
