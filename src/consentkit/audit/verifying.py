"""Reads a log and has it checked, in as many processes as are worth it.

A log in use is checked as it was when the check began: the head is read first, together with the roll-ups, and events that
come later are left out. Only what was erased meanwhile is looked up at the end.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from itertools import chain

from consentkit.audit.checkpoint import Note, Verifier, origin_of, parse
from consentkit.audit.errors import CheckpointError
from consentkit.audit.finding import Finding
from consentkit.audit.fingerprint import Weights
from consentkit.audit.merkle import LARGEST_SIZE, STRIDE
from consentkit.audit.reader import Head, StoredCheckpoint
from consentkit.audit.rollup import Count, Key
from consentkit.audit.rowcheck import HashCheck, RowCheck
from consentkit.audit.section import Section, examine
from consentkit.audit.treecheck import Mark
from consentkit.audit.verify import Claims, Later, Report, Run, conclude
from consentkit.audit.wholereader import PAGE, WholeReader

SECTION = 1 << 2 * STRIDE
"""Events that a process looks at in one go: 65,536."""
_ROLLUP = [int, str, str, str, int, int, int]
SIDE_BY_SIDE = 3 * SECTION
"""Events from which on a second process is worth its start."""
Check = RowCheck | HashCheck


def verify_log(
    url: str,
    log_id: str | None,
    *,
    kept: Sequence[Note] = (),
    keys: Sequence[Verifier] = (),
    processes: int = 1,
    rows: bool = True,
    progress: Callable[[int], None] = lambda _done: None,
) -> tuple[str, int, Report]:
    """Check a whole log.

    :param kept: checkpoints that lie outside of it.
    :param keys: public keys that its checkpoints may be signed with; without any, signatures are not looked at.
    :param processes: how many may work at once.
    :param rows: look at what stands in the rows and beside the tree; without, at hashes and checkpoints alone.
    :param progress: called with how many events are done.
    :returns: the log's id, its size, and what was found.
    :raises AuditError: the log cannot be read.
    """
    reader = WholeReader(url, log_id)
    seed = os.urandom(16) if rows else None
    claims = _claims(reader, kept, keys, seed)
    size, check = claims.size, _check(seed)
    if size >= SIDE_BY_SIDE and processes > 1:
        seen = _side_by_side(url, reader, size, seed, processes)
    else:
        seen = (_examined(reader, check, first, last) for first, last in _ranges(reader, size, PAGE))
    report = conclude(
        _watched(chain(seen, _beyond(reader, size, check)), progress),
        size,
        claims,
        documents=reader.documents() if rows else (),
        later=_later(reader, size, check) if rows and reader.sees_personal else None,
    )
    return reader.log_id, size, report


def _claims(
    reader: WholeReader, kept: Sequence[Note], keys: Sequence[Verifier], seed: bytes | None
) -> Claims:
    """What the store says of its events. The head is read first: what comes later is left out."""
    head, slots, odd = _head(reader, seed)
    marks, trouble = _marks(reader, kept, keys)
    trouble += odd
    size = head.size
    if type(size) is not int or not 0 <= size <= LARGEST_SIZE:  # SQLite's columns take what they are given
        size = 0
        trouble.append(Finding(None, "edge", "the head's size is no number of events"))
    parts = {(part.level, part.position): part.hash for part in reader.parts(size)}
    return Claims(size, head.edge, parts, marks, slots, trouble)


def _head(reader: WholeReader, seed: bytes | None) -> tuple[Head, dict[int, int] | None, list[Finding]]:
    """The head, the fingerprints of the roll-ups at the same moment, and what is wrong with these."""
    if seed is None:
        return reader.head(), None, []
    weights, slots, odd = Weights(seed), dict[int, int](), list[Finding]()

    def see(key: Key, count: Count) -> None:
        if list(map(type, (*key, *count))) == _ROLLUP:
            slots[key.slot] = slots.get(key.slot, 0) + weights.of_row(key, count)
        else:
            odd.append(Finding(None, "rollups", "a row of the roll-ups holds something of another kind"))

    return reader.snapshot(see), slots, odd


def _beyond(reader: WholeReader, size: int, check: Check) -> Iterator[Section]:
    """Rows that the head does not know of."""
    yield examine(reader.beyond(), size + 1, size, check)


def _later(reader: WholeReader, size: int, check: Check) -> Later:
    """How to ask what was erased since the check began."""

    def erased() -> Iterator[Run]:
        yield from examine(reader.erasing(size), 1, LARGEST_SIZE, check).erased

    return Later(erased, reader.personal_within)


def _ranges(reader: WholeReader, size: int, step: int) -> Iterator[tuple[int, int]]:
    """Runs of numbers up to the size. One run spans any number that are missing: a head may claim any size."""
    first = 1
    while first <= size:
        here = reader.first_from(first)
        last = size if here is None else min(size, here + step - 1)
        yield first, last
        first = last + 1


def _watched(sections: Iterator[Section], progress: Callable[[int], None]) -> Iterator[Section]:
    for section in sections:
        yield section
        progress(section.last)


def _side_by_side(
    url: str, reader: WholeReader, size: int, seed: bytes | None, processes: int
) -> Iterator[Section]:
    # Spawned: no connection lives through a fork. A few ahead, so that what is done does not pile up in memory.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        ahead: deque[Future[Section]] = deque()
        for first, last in _ranges(reader, size, SECTION):
            ahead.append(pool.submit(_section, url, reader.log_id, seed, first, last))
            if len(ahead) > 2 * processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _section(url: str, log_id: str, seed: bytes | None, first: int, last: int) -> Section:
    return _examined(*_tools(url, log_id, seed), first, last)


@lru_cache(maxsize=1)
def _tools(url: str, log_id: str, seed: bytes | None) -> tuple[WholeReader, Check]:
    return WholeReader(url, log_id), _check(seed)


def _check(seed: bytes | None) -> Check:
    """How rows are looked at: with the seed of a fingerprint wholly, without it by their hashes alone."""
    return HashCheck() if seed is None else RowCheck(Weights(seed))


def _examined(reader: WholeReader, check: Check, first: int, last: int) -> Section:
    rows = reader.bare_rows if isinstance(check, HashCheck) else reader.rows
    return examine(rows(first, last), first, last, check)


def _marks(
    reader: WholeReader, kept: Sequence[Note], keys: Sequence[Verifier]
) -> tuple[list[Mark], list[Finding]]:
    """All checkpoints, kept ones first, and what is wrong with them whatever the events are."""
    marks: list[Mark] = []
    trouble: list[Finding] = []
    stored = list(reader.checkpoints())
    notes = [("kept", note) for note in kept]
    for one in stored:
        note = _stored_note(one)
        if note is None:
            text = f"the stored checkpoint over {one.size} events cannot be read, or its columns tell something else"
            trouble.append(Finding(None, "checkpoint", text))
        else:
            notes.append(("stored", note))
    origins = {origin_of(key.name, reader.log_id) for key in keys}
    for where, note in notes:
        standing = note.standing(keys) if keys else None
        mark = Mark(
            note.checkpoint.size, note.checkpoint.root, "kept" if where == "kept" else "stored", standing
        )
        marks.append(mark)
        trouble += _against_keys(mark, note.checkpoint.origin, origins)
    trouble += _lost(marks, keyed=bool(keys))
    return marks, trouble


def _stored_note(stored: StoredCheckpoint) -> Note | None:
    try:
        note = parse(stored.note)
    except (CheckpointError, AttributeError, TypeError):
        return None
    same = (note.checkpoint.size, note.checkpoint.root) == (stored.size, stored.root)
    return note if same else None


def _against_keys(mark: Mark, origin: str, origins: set[str]) -> Iterator[Finding]:
    which = f"the {mark.where} checkpoint over {mark.size} events"
    if mark.standing == "unsigned":
        yield Finding(None, "unsigned", f"{which} bears no signature")
    elif mark.standing == "wrong-key":
        yield Finding(None, "wrong-key", f"{which} is signed by none of the keys given")
    elif mark.standing == "forged":
        yield Finding(
            None, "forged", f"{which} was not signed by the key that it names, or was changed since"
        )
    elif origins and origin not in origins:
        yield Finding(None, "origin", f"{which} is of another log")


def _lost(marks: Sequence[Mark], *, keyed: bool) -> Iterator[Finding]:
    if keyed and not marks:
        yield Finding(None, "missing", "there is no checkpoint, neither in the log nor given")
    stored = {mark[:2] for mark in marks if mark.where == "stored"}
    for mark in marks:
        if mark.where == "kept" and mark[:2] not in stored:
            yield Finding(
                None, "missing", f"the log does not hold the kept checkpoint over {mark.size} events"
            )
