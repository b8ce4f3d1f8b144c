"""The evidence file: a ZIP for a regulator, a court or a visitor, which proves itself without the site and its database.

It holds events with their proofs, the notices and policies that they name, checkpoints and public keys, a page to read and
print, and a program that checks all of it (:mod:`consentkit.audit.standalone`, with :mod:`consentkit.audit.merkle` and
:mod:`consentkit.audit.summary` as they are). The same events, asked for again, give the same bytes but for the time in it.
Events pass through one by one: memory does not grow with their number.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

from sqlalchemy import Select, select, tuple_

from consentkit.audit import merkle, standalone, summary
from consentkit.audit.checkpoint import Note, origin_of, parse
from consentkit.audit.errors import CheckpointError, EventDamaged, EvidenceRefused
from consentkit.audit.event import LARGEST_INTEGER, leaf_hash, now, personal_hash
from consentkit.audit.export import as_csv, moment, told
from consentkit.audit.finding import StoredEvent
from consentkit.audit.keys import PublicKey
from consentkit.audit.pack import Pack
from consentkit.audit.proofs import StoredTree
from consentkit.audit.reader import PAGE, Reader
from consentkit.audit.schema import events, personal

MOST_NAMED = 500
"""Events that may be named one by one."""
_HASH = re.compile(r"[0-9a-f]{64}")
_FOLDERS = {"notice": "notices", "policy": "policies"}


@dataclass(frozen=True, slots=True)
class About:
    """What an evidence file is about: a visitor, a range of time, or events named one by one.

    :param visitor: a visitor's id.
    :param first: microseconds since 1970, UTC: the range, both ends included.
    :param events: ids, :data:`MOST_NAMED` at most.
    :raises ValueError: it is none of these, or several, or a range ends before it begins.
    """

    visitor: str | None = None
    first: int | None = None
    last: int | None = None
    events: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ranged = self.first is not None or self.last is not None
        if sum((self.visitor is not None, ranged, bool(self.events))) != 1:
            msg = "an evidence file is about a visitor, or a range of time, or events by their ids: one of these"
            raise ValueError(msg)
        if ranged and not 0 <= self.times[0] <= self.times[1] <= LARGEST_INTEGER:
            msg = "the range ends before it begins"
            raise ValueError(msg)
        if len(self.events) > MOST_NAMED or any("\0" in one for one in (*self.events, self.visitor or "")):
            msg = f"at most {MOST_NAMED} events can be named one by one, and no name holds a NUL"
            raise ValueError(msg)

    @property
    def times(self) -> tuple[int, int]:
        """The range."""
        first = 0 if self.first is None else self.first
        return first, LARGEST_INTEGER if self.last is None else self.last

    def facts(self) -> dict[str, Any]:
        """As the file tells it."""
        if self.visitor is not None:
            return {"kind": "visitor", "visitor": self.visitor}
        if self.events:
            return {"kind": "incident", "events": sorted(set(self.events))}
        return {"kind": "range", "first": self.times[0], "last": self.times[1]}


class Written(NamedTuple):
    """What went into a file.

    :param events: how many.
    :param erased: of how many the personal part was erased.
    :param subject: their numbers, as ranges with both ends included, in order: for the event that says they were handed out.
    :param size: how many events the checkpoint covers.
    """

    events: int
    erased: int
    subject: tuple[tuple[int, int], ...]
    size: int


def write(
    reader: Reader, about: About, to: BinaryIO, keys: Sequence[PublicKey], *, created: int | None = None
) -> Written:
    """Write an evidence file.

    Where it raises, what was written so far is no evidence file: write to a temporary one.

    :param to: can be read from and moved about in, as files can.
    :param keys: public keys of the log, old ones too.
    :param created: microseconds since 1970, UTC; now, where absent.
    :raises EvidenceRefused: there are no such events, or no checkpoint that one of the keys signed covers all of them.
    :raises EventDamaged: an event, or a notice or policy, is not what was written.
    :raises LogUnavailable: the store cannot be read.
    """
    heads = _heads(reader, keys)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        pack = Pack(file)
        with tempfile.TemporaryFile() as table:
            passed = _records(pack, reader, about, heads[-1], table)
            table.seek(0)
            pack.copy("records.csv", table)
        if not passed.events:
            msg = "there are no such events in the log"
            raise EvidenceRefused(msg)
        missing = [*_documents(pack, reader, passed)]
        used = [next(head for head in heads if head.size >= passed.highest), heads[-1]]
        notes = {head.size: head for head in used}
        for head in notes.values():
            pack.put(f"checkpoints/{head.size}.txt", head.note)
        facts = _facts(reader, about, passed, list(notes), created) | {"not_stored": missing}
        pack.put("evidence.json", json.dumps(facts, ensure_ascii=False, indent=1).encode())
        pack.put("keys.pub", "".join(f"{key}\n" for key in keys).encode())
        with pack.entry("summary.html") as page:
            for part in summary.render(facts, passed.shown, lambda name: _notice(reader, name)):
                page.write(part.encode())
        for name, module in (("verify.py", standalone), ("merkle.py", merkle), ("summary.py", summary)):
            pack.put(name, Path(str(module.__file__)).read_bytes())
        pack.put("README.txt", README.encode())
        pack.finish(standalone.SUMS)
    return Written(passed.events, passed.erased, tuple(passed.ranges), heads[-1].size)


def _facts(
    reader: Reader, about: About, passed: _Passed, sizes: Sequence[int], created: int | None
) -> dict[str, Any]:
    """What a file says of itself.

    :param sizes: of the checkpoints in it, the newest last.
    """
    newest = sizes[-1]
    return {
        "form": standalone.FORM,
        "made_by": f"consentkit {version('consentkit')}",
        "created": moment(now() if created is None else created),
        "about": about.facts(),
        "log": reader.log_id,
        "events": passed.events,
        "erased": passed.erased,
        "acts": dict(sorted(passed.acts.items())),
        "checkpoint": f"checkpoints/{newest}.txt",
        "size": newest,
        "consistency": [_consistency(reader, size, newest) for size in sizes if size != newest],
    }


class _Head(NamedTuple):
    """A checkpoint that one of the keys signed."""

    size: int
    note: bytes
    root: bytes


def _heads(reader: Reader, keys: Sequence[PublicKey]) -> list[_Head]:
    """Checkpoints of the log that are worth something to whoever has the keys, by size, the last of each."""
    origins = {origin_of(key.name, reader.log_id) for key in keys}
    found: dict[int, _Head] = {}
    for stored in reader.checkpoints(1):
        try:
            note: Note = parse(stored.note)
        except (CheckpointError, AttributeError):
            continue
        if note.standing(keys) == "signed" and note.checkpoint.origin in origins:
            found[note.checkpoint.size] = _Head(note.checkpoint.size, stored.note, note.checkpoint.root)
    if not found:
        msg = "the log holds no checkpoint that this key signed: run `consentkit audit checkpoint`, or give --sign-key"
        raise EvidenceRefused(msg)
    return [found[size] for size in sorted(found)]


@dataclass(slots=True)
class _Passed:
    """What is known of events that went by.

    :param shown: the first of them, for the page.
    """

    events: int = 0
    erased: int = 0
    highest: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    papers: dict[tuple[str, str], None] = field(default_factory=dict)
    shown: list[dict[str, Any]] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)

    def take(self, row: StoredEvent, record: dict[str, Any], event: dict[str, Any]) -> None:
        """One more."""
        self.events += 1
        self.erased += event["personal"] is not None and row.salt is None
        self.highest = max(self.highest, row.seq)
        self.acts[event["act"]] += 1
        self.papers |= {(kind, event[kind]): None for kind in _FOLDERS if event[kind]}
        if len(self.shown) < summary.MOST_EVENTS:
            self.shown.append(record)
        if self.ranges and self.ranges[-1][1] + 1 == row.seq:
            self.ranges[-1] = self.ranges[-1][0], row.seq
        else:
            self.ranges.append((row.seq, row.seq))


def _records(pack: Pack, reader: Reader, about: About, head: _Head, table: IO[bytes]) -> _Passed:
    """Write ``records.jsonl``, and the same events as CSV to ``table``."""
    tree, passed = StoredTree(reader), _Passed()
    for line in islice(as_csv(()), 1):
        table.write(line.encode())
    with pack.entry("records.jsonl") as out:
        for rows in _pages(reader, about):
            for row in rows:
                if row.seq > head.size:
                    msg = (
                        f"event {row.seq} is younger than the last checkpoint that this key signed, over {head.size}"
                        " events: run `consentkit audit checkpoint`, or give --sign-key"
                    )
                    raise EvidenceRefused(msg)
                event, proof = told(row), tree.inclusion(row.seq, head.size)
                if not _fits(row, event, head, proof):
                    msg = f"event {row.seq} is not what was signed: `consentkit audit verify` says what is wrong"
                    raise EventDamaged(msg)
                record = {
                    "seq": row.seq,
                    "event": row.canonical.decode(),
                    "leaf": row.leaf.hex(),
                    "salt": None if row.salt is None else row.salt.hex(),
                    "visitor": row.visitor,
                    "proof": [one.hex() for one in proof],
                }
                out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
                passed.take(row, record, event)
            table.writelines(line.encode() for line in as_csv(rows, header=False))
    return passed


def _fits(row: StoredEvent, event: dict[str, Any], head: _Head, proof: Sequence[bytes]) -> bool:
    """Whether whoever gets the file will find this event in what was signed, and the visitor's id in the event."""
    if row.salt is not None and personal_hash(row.salt, row.visitor or "") != event["personal"]:
        return False
    return merkle.verify_inclusion(row.seq - 1, head.size, leaf_hash(row.canonical), proof, head.root)


def _pages(reader: Reader, about: About) -> Iterator[list[StoredEvent]]:
    """The events in the order of their times, many together."""
    if about.events or about.visitor is not None:
        return _named(reader, about)
    return _ranged(reader, about)


def _ranged(reader: Reader, about: About) -> Iterator[list[StoredEvent]]:
    query = chosen(reader, about).order_by(events.c.time, events.c.seq).limit(PAGE)
    place = (-1, -1)
    while True:
        here = query.where(events.c.time >= place[0], tuple_(events.c.time, events.c.seq) > tuple_(*place))
        rows = [StoredEvent._make(row) for row in reader.ask(here)]
        yield rows
        if len(rows) < PAGE:
            return
        place = rows[-1].time, rows[-1].seq


def _named(reader: Reader, about: About) -> Iterator[list[StoredEvent]]:
    # Their places first: asked for in the order of times, the store would look through all events there are.
    places = sorted(
        (time, seq)
        for seq, time in reader.ask(chosen(reader, about).with_only_columns(events.c.seq, events.c.time))
    )
    if about.events and len(places) != len(set(about.events)):
        msg = f"of {len(set(about.events))} events named, the log holds {len(places)}"
        raise EvidenceRefused(msg)
    for start in range(0, len(places), PAGE):
        numbers = [seq for _, seq in places[start : start + PAGE]]
        rows = [
            StoredEvent._make(row) for row in reader.ask(reader.stored().where(events.c.seq.in_(numbers)))
        ]
        yield sorted(rows, key=lambda row: (row.time, row.seq))


def chosen(reader: Reader, about: About) -> Select[tuple[object, ...]]:
    """A query for the events, in no order; its rows are those of :class:`StoredEvent`."""
    query = reader.stored()
    if about.visitor is not None:
        theirs = (personal.c.log_id == reader.log_id) & (personal.c.visitor == about.visitor)
        return query.where(events.c.seq.in_(select(personal.c.seq).where(theirs)))
    if about.events:
        return query.where(events.c.id.in_(about.events))
    return query.where(events.c.time.between(*about.times))


def _documents(pack: Pack, reader: Reader, passed: _Passed) -> Iterator[str]:
    """Write the notices and policies; names of those that the log does not hold."""
    for kind, name in sorted(passed.papers):
        # A name becomes a file's: what is no hash is none of ours, and leads nowhere.
        found = reader.document(kind, name) if _HASH.fullmatch(name) else None
        if found is None:
            yield f"{_FOLDERS[kind]}/{name}"
            continue
        if sha256(found.body).hexdigest() != name:
            msg = (
                f"the {kind} {name[:12]} is not what was stored: `consentkit audit verify` says what is wrong"
            )
            raise EventDamaged(msg)
        pack.put(f"{_FOLDERS[kind]}/{name}.json", found.body)


def _notice(reader: Reader, name: str) -> Any:
    found = reader.document("notice", name) if _HASH.fullmatch(name) else None
    return None if found is None else json.loads(found.body)


def _consistency(reader: Reader, size1: int, size2: int) -> dict[str, Any]:
    proof = StoredTree(reader).consistency(size1, size2)
    return {"from": size1, "to": size2, "hashes": [one.hex() for one in proof]}


README = """EVIDENCE OF CONSENT

Unpack this file into an empty folder. To read it, open summary.html in any browser.

To check it, on any machine with Python 3.11 or newer, without any network:

    pip install cryptography
    python verify.py

It prints what holds, ends with "All is well." and exit code 0; or with a line that begins with WRONG and exit code 1.
Compare the public key that it prints with the one that the keeper of the log publishes. Better still, take the file of the
key from them: python verify.py --key FILE.pub

What lies here:

    records.jsonl    each event: the very bytes that the log commits to, what opens its commitment to the visitor's id, and
                     the hashes that lead from it to the checkpoint (RFC 9162, section 2.1.3)
    records.csv      the same events as a table
    notices/         the notices that were served, by their SHA-256, which the events name
    policies/        the policies that were in force, likewise
    checkpoints/     the log's size and root as they were signed (C2SP tlog-checkpoint)
    keys.pub         public keys of the log (Ed25519)
    evidence.json    what this file is about, and when and by what it was made
    summary.html     all of this to read and print
    verify.py merkle.py summary.py    what checks it; the last makes summary.html again, to compare
    SHA256SUMS       the sums of all files: sha256sum --check SHA256SUMS

What it shows: that these events stood in the log when it was signed, and that neither they, nor the notices and policies
that they name, were changed since. Two checkpoints, where there are two, are the first that covers all of these events, and
the last one.

What it does not show: what anybody saw, who sat at the device, or that the site acted on the choice; when a checkpoint was
signed, unless somebody else kept it; that there are no other events. Who doubts the program itself takes verify.py,
merkle.py and summary.py from the release of consentkit that evidence.json names: they are the files standalone.py, merkle.py
and summary.py of consentkit/audit, unchanged.
"""
