"""One act of a visitor, and the exact bytes that the log commits to.

The rules of this module:

- An event's *canonical bytes* are JSON after RFC 8785 (checked 2026-11). They hold everything but the visitor id.
- The visitor id is the personal part. It stands beside the log with a salt of its own; the canonical bytes hold only
  ``SHA-256(salt || visitor)``, so that salt and id can be erased and every proof still holds.
- A leaf is ``SHA-256(0x00 || canonical bytes)``, the leaf hash of RFC 6962, section 2.1: the tree's nodes use 0x01.

Pure and light: this module imports no store.
"""

from __future__ import annotations

import json
import threading
import time as _time
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring as quoted
from typing import Literal

from consentkit.core.draw import Draw

SALT_BYTES = 32
LEAF_PREFIX = b"\x00"
VISITORS_ACTS = ("accept", "reject", "save", "withdraw", "signal")
ACTS = (*VISITORS_ACTS, "erase", "retain", "supersede", "rotate", "look-up", "export")
"""Names of acts. Those after the visitors' are the log's own: somebody who keeps it did something that it must show."""
LARGEST_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: integers beyond it do not survive every JSON reader


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the log.

    :param id: UUIDv7 as text (RFC 9562); :func:`uuid7` makes one.
    :param time: microseconds since 1970, UTC; :func:`now` tells it.
    :param site: name of the site that asked.
    :param act: one of :data:`ACTS`: a visitor's, or one of the log's own.
    :param policy: hash of the whole policy in force.
    :param notice: hash of the notice that was served; empty when the visitor answered one we do not know.
    :param how: where the act was made: ``banner``, ``page`` or ``api``.
    :param visitor: the visitor's random id; ``None`` for whoever refuses.
    :param granted: purposes open from now on.
    :param denied: purposes closed from now on.
    :param services_granted: services open although their purpose is not.
    :param services_denied: services closed although their purpose is open.
    :param regimes: pairs of purpose and regime that applied.
    :param jurisdiction: such as ``FR`` or ``US-CA``; ``None`` where unknown.
    :param signal: ``gpc`` where the browser sent it, else ``None``.
    :param language: language tag of the notice.
    :param decided_after_ms: milliseconds from shown to decided, where the client told.
    :param statement: what an act of the log's own says besides, such as the new key of ``rotate``; nothing personal.
    :param subject: numbers of the events that this one is about, as ranges with both ends included. For ``erase`` and
        ``retain``: every personal part that it removed stands in them, and none that it left; they may span events that
        never had one.
    """

    id: str
    time: int
    site: str
    act: str
    policy: str
    notice: str
    how: str
    visitor: str | None = None
    granted: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    services_granted: tuple[str, ...] = ()
    services_denied: tuple[str, ...] = ()
    regimes: tuple[tuple[str, str], ...] = ()
    jurisdiction: str | None = None
    signal: str | None = None
    language: str | None = None
    decided_after_ms: int | None = None
    statement: str = ""
    subject: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A notice or a policy as it was in force, stored once however many events name it.

    :param kind: ``notice`` or ``policy``.
    :param hash: lower-case hexadecimal SHA-256 of ``body``, the name by which events refer to it.
    :param body: the exact bytes.
    """

    kind: Literal["notice", "policy"]
    hash: str
    body: bytes

    @classmethod
    def of(cls, kind: Literal["notice", "policy"], body: bytes) -> Document:
        """The document with this body, its hash computed."""
        return cls(kind, sha256(body).hexdigest(), body)


def now() -> int:
    """Microseconds since 1970, UTC, by the system's clock."""
    return _time.time_ns() // 1000


def canonical(event: Event, salt: bytes | None) -> bytes:
    """The bytes that the log commits to.

    :param salt: 32 random bytes used for this event alone; ``None`` where the event bears no visitor id.
    :raises ValueError: a number outside RFC 8785's range, text that is no Unicode, or a salt without an id (or the
        reverse).
    """
    time, after = event.time, event.decided_after_ms
    if not 0 <= time <= LARGEST_INTEGER or not (after is None or 0 <= after <= LARGEST_INTEGER):
        msg = f"time and decided_after_ms must lie between 0 and {LARGEST_INTEGER}"
        raise ValueError(msg)
    answers = _answers(event.denied, event.granted, event.how)
    asked = _asked(
        event.policy, event.regimes, event.services_denied, event.services_granted, event.signal, event.site
    )
    return (
        f'{{"act":{quoted(event.act)},"decided_after_ms":{"null" if after is None else after},{answers}'
        f',"id":{quoted(event.id)},{_told(event.jurisdiction, event.language, event.notice)}'
        f',"personal":{_commitment(event.visitor, salt)},{asked}{_about(event)},"time":{time}}}'
    ).encode()


def leaf_hash(canonical_bytes: bytes) -> bytes:
    """The event's leaf: ``SHA-256(0x00 || canonical bytes)``. Source: RFC 6962, section 2.1, checked 2026-11."""
    return sha256(LEAF_PREFIX + canonical_bytes).digest()


def personal_hash(salt: bytes, visitor: str) -> str:
    """What the canonical bytes hold instead of the visitor id."""
    return sha256(salt + visitor.encode()).hexdigest()


def same_but_salt(one: bytes, other: bytes) -> bool:
    """Whether two canonical forms tell of the same act, each under a salt of its own."""
    first, second = json.loads(one), json.loads(other)
    both = first.pop("personal") is None, second.pop("personal") is None
    return bool(first == second and both[0] == both[1])


def _commitment(visitor: str | None, salt: bytes | None) -> str:
    if visitor is None and salt is None:
        return "null"
    if visitor is None or salt is None or len(salt) != SALT_BYTES:
        msg = f"a visitor id needs a salt of {SALT_BYTES} bytes, and a salt a visitor id"
        raise ValueError(msg)
    return f'"{personal_hash(salt, visitor)}"'


def _about(event: Event) -> str:
    """What only acts of the log's own have; nothing for others, whose bytes stay those of the first logs."""
    if not event.statement and not event.subject:
        return ""
    for first, last in event.subject:
        if not 1 <= first <= last <= LARGEST_INTEGER:
            msg = f"a range of the subject runs from 1 or more to its end, {LARGEST_INTEGER} at most"
            raise ValueError(msg)
    statement = f',"statement":{quoted(event.statement)}' if event.statement else ""
    ranges = ",".join(f"[{first:d},{last:d}]" for first, last in event.subject)
    return f'{statement},"subject":[{ranges}]' if ranges else statement


def _text(value: str | None) -> str:
    return "null" if value is None else quoted(value)


# Names in the order of RFC 8785; each part remembered, since the same few answers to the same few questions make up
# nearly all events of a site.
@lru_cache(maxsize=1024)
def _answers(denied: tuple[str, ...], granted: tuple[str, ...], how: str) -> str:
    return f'"denied":{_list(denied)},"granted":{_list(granted)},"how":{quoted(how)}'


@lru_cache(maxsize=1024)
def _told(jurisdiction: str | None, language: str | None, notice: str) -> str:
    return f'"jurisdiction":{_text(jurisdiction)},"language":{_text(language)},"notice":{quoted(notice)}'


@lru_cache(maxsize=1024)
def _asked(  # noqa: PLR0917 - a cache is keyed by position
    policy: str,
    regimes: tuple[tuple[str, str], ...],
    services_denied: tuple[str, ...],
    services_granted: tuple[str, ...],
    signal: str | None,
    site: str,
) -> str:
    return (
        f'"policy":{quoted(policy)},"regimes":{_object(regimes)},"services_denied":{_list(services_denied)},'
        f'"services_granted":{_list(services_granted)},"signal":{_text(signal)},"site":{quoted(site)}'
    )


def _list(values: tuple[str, ...]) -> str:
    return f"[{','.join(map(quoted, values))}]"


def _object(pairs: tuple[tuple[str, str], ...]) -> str:
    # RFC 8785 section 3.2.3 sorts names by UTF-16 code units, which differs from code points beyond the BMP.
    ordered = sorted(dict(pairs).items(), key=lambda pair: pair[0].encode("utf-16-be"))
    return f"{{{','.join(f'{quoted(name)}:{quoted(value)}' for name, value in ordered)}}}"


_uuid_lock = threading.Lock()
_uuid_last = 0
_tail = Draw(8)


def uuid7() -> str:
    """A UUID of version 7, greater than every earlier one of this process.

    The 12 bits after the milliseconds carry the fraction of the millisecond and are counted on when the clock stands
    still or goes back. Source: RFC 9562, sections 5.7 and 6.2 (method 3), checked 2026-11.
    """
    global _uuid_last  # noqa: PLW0603 - monotonic within a process is a state of the process
    ticks = _time.time_ns() * 4096 // 1_000_000
    with _uuid_lock:
        _uuid_last = ticks = max(ticks, _uuid_last + 1)
    tail = int.from_bytes(_tail()) & 0x3FFF_FFFF_FFFF_FFFF
    digits = f"{(ticks >> 12) << 80 | 0x7000 << 64 | (ticks & 0xFFF) << 64 | 0x8 << 60 | tail:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
