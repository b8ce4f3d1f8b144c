"""One row by itself: are its bytes, its columns and its personal part those of one event?

Parsing JSON costs more than all else together. Nearly all events of a site differ in their id, time, personal hash and time
to choose only, so bytes are cut around these four, and what is left is parsed once for all that are alike: where a text of
JSON stays the same but for plain values of the same kind, so does what it says. Any doubt is parsed in full.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from consentkit.audit.event import LEAF_PREFIX, personal_hash
from consentkit.audit.finding import Finding, StoredEvent
from consentkit.audit.fingerprint import Weights
from consentkit.audit.rollup import SLOT, told_by

REMEMBERED = 8192
_BEARS_NONE = b',"personal":null'
_COMMITMENT = re.compile(rb',"personal":"[0-9a-f]{64}"')
_SLOT = SLOT * 1_000_000


class Facts(NamedTuple):
    """What a sound row says, as far as the whole log is concerned.

    :param leaf: its leaf hash, computed.
    :param weight: in the fingerprint of its slot.
    :param bears: whether it commits to a visitor id.
    :param subject: events that it says were erased, where it is such an act.
    """

    leaf: bytes
    slot: int
    weight: int
    bears: bool
    subject: tuple[tuple[int, int], ...]


class HashCheck:
    """Looks at hashes alone: whether the tree holds, and nothing of what stands beside it."""

    def look(self, row: StoredEvent) -> tuple[Facts | None, list[Finding]]:
        """The leaf of a row, and whether it is the stored one."""
        _, _, _, _, _, canonical, stored, *_ = row
        if type(canonical) is not bytes:
            return None, [Finding(row[0], "canonical", "the canonical bytes are no bytes")]
        leaf = sha256(LEAF_PREFIX + canonical).digest()
        if leaf == stored:
            return Facts(leaf, 0, 0, False, ()), []
        text = "the canonical bytes are not those that the leaf hash was made of"
        return Facts(leaf, 0, 0, False, ()), [Finding(row[0], "leaf", text)]


class Alike(NamedTuple):
    """What events say that are alike."""

    act: str
    site: str
    weight: int


class RowCheck:
    """Looks at rows one after another, and remembers what is alike."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._known: dict[tuple[bytes, ...], Alike] = {}

    def look(self, row: StoredEvent) -> tuple[Facts | None, list[Finding]]:
        """What a row says, and what is wrong with it; no facts where it cannot be read."""
        canonical = row[5]
        if type(canonical) is bytes and type(row[6]) is bytes:
            leaf = sha256(LEAF_PREFIX + canonical).digest()
            if leaf == row[6]:
                facts = self._quickly(row, leaf)
                if facts is not None:
                    return facts, []
        return self._slowly(StoredEvent._make(row))

    def _quickly(self, row: StoredEvent, leaf: bytes) -> Facts | None:
        """The facts of a sound row that is like one seen before."""
        _, id_, time, act, site, text, _, salt, visitor = row
        if type(id_) is not str or type(time) is not int:
            return None
        parts = _cut(text)
        if parts is None:
            return None
        start, own_id, personal, end, skeleton = parts
        alike = self._known.get(skeleton)
        if alike is None or alike.act != act or alike.site != site:
            return None
        after = _number(start)
        if after is False or own_id != b',"id":"%b"' % id_.encode() or end != b',"time":%d}' % time:
            return None
        bears = personal != _BEARS_NONE
        if salt is not None or visitor is not None:
            if type(salt) is not bytes or type(visitor) is not str:
                return None
            if personal != b',"personal":"%b"' % sha256(salt + visitor.encode()).hexdigest().encode():
                return None
        elif bears and not _COMMITMENT.fullmatch(personal):
            return None
        return Facts(leaf, time // _SLOT, self._weights.of_event(alike.weight, after), bears, ())

    def _slowly(self, row: StoredEvent) -> tuple[Facts | None, list[Finding]]:
        if not (isinstance(row.canonical, bytes) and isinstance(row.leaf, bytes)):
            return None, [Finding(row.seq, "canonical", "the canonical bytes or the leaf hash are no bytes")]
        leaf = sha256(LEAF_PREFIX + row.canonical).digest()
        findings = []
        if leaf != row.leaf:
            text = "the canonical bytes are not those that the leaf hash was made of"
            findings.append(Finding(row.seq, "leaf", text))
        try:
            said = json.loads(row.canonical)
            columns = said["id"], said["time"], said["act"], said["site"]
            commitment, after = said["personal"], said["decided_after_ms"]
            told = told_by(said)
            weight = self._weights.alike(told)
            own = self._weights.of_event(weight, after)
            subject = _erased(said)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None, [*findings, Finding(row.seq, "canonical", "the canonical bytes are no event")]
        if columns != tuple(row[1:5]):
            names = zip(("id", "time", "act", "site"), columns, row[1:5], strict=True)
            differing = ", ".join(name for name, one, other in names if one != other)
            text = f"{differing}: the column differs from the canonical bytes"
            findings.append(Finding(row.seq, "columns", text))
        findings += _personal(row, commitment)
        if not findings and not subject:
            self._remember(row, weight)
        return Facts(leaf, told.slot, own, commitment is not None, subject), findings

    def _remember(self, row: StoredEvent, weight: int) -> None:
        parts = _cut(row.canonical)
        if parts is None:
            return
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[parts[-1]] = Alike(row.act, row.site, weight)


def check(row: StoredEvent) -> Iterator[Finding]:
    """What is wrong with one row by itself."""
    yield from RowCheck(Weights(b"")).look(row)[1]


_Parts = tuple[bytes, bytes, bytes, bytes, tuple[bytes, ...]]


def _cut(text: bytes) -> _Parts | None:
    """Number, id, personal hash and time, each with its name, and all between them. The names stand in this order in every
    event of ours; within a text of JSON no quote stands bare, and the searches stop at the first of each.
    """
    number = text.find(b',"denied":')
    own_id = text.find(b',"id":"', number)
    told = text.find(b',"jurisdiction":', own_id)
    personal = text.find(b',"personal":', told)
    asked = text.find(b',"policy":', personal)
    time = text.rfind(b',"time":')
    if not 0 < number < own_id < told < personal < asked < time:
        return None
    name, _, value = text[:number].rpartition(b":")
    skeleton = (name, text[number:own_id], text[told:personal], text[asked:time])
    return value, text[own_id:told], text[personal:asked], text[time:], skeleton


def _number(value: bytes) -> int | Literal[False] | None:
    """The number that stands here; ``False`` where JSON would see none."""
    if value == b"null":
        return None
    return int(value) if value.isdigit() and (value[:1] != b"0" or value == b"0") else False


def _erased(said: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    if said["act"] not in {"erase", "retain"} or "subject" not in said:
        return ()
    ranges = tuple((first, last) for first, last in said["subject"])
    if not all(type(first) is int and type(last) is int and 1 <= first <= last for first, last in ranges):
        msg = "no ranges"
        raise ValueError(msg)
    return ranges


def _personal(row: StoredEvent, commitment: Any) -> Iterator[Finding]:
    if row.salt is None and row.visitor is None:
        return
    if commitment is None:
        yield Finding(row.seq, "personal", "a visitor id stands beside an event that bears none")
    # What was tampered with may be of any type: SQLite's columns take what they are given.
    elif not (
        isinstance(row.salt, bytes)
        and isinstance(row.visitor, str)
        and personal_hash(row.salt, row.visitor) == commitment
    ):
        yield Finding(
            row.seq, "personal", "the visitor id or its salt is not the one that the event commits to"
        )
