"""What is counted of events, by quarter of an hour: few rows, from which any time zone's days can be summed.

Every offset of a time zone in use is a multiple of a quarter of an hour (IANA tz database, checked 2026-11), so that no
day or hour begins within a slot.

One row counts for a slot, a *kind* of thing, a *name* of that kind and an *outcome*. The kinds and their outcomes:

====================  ==========================================  ====================
kind                  name                                        outcome
====================  ==========================================  ====================
``act``               empty                                       the act
``purpose``           the purpose                                 ``granted``, ``denied``
``jurisdiction`` ...  its value, empty where unknown              the act
====================  ==========================================  ====================

The last line stands for ``jurisdiction``, ``language``, ``notice``, ``policy``, ``signal`` and ``how``. Acts of the log's
own are counted under ``act`` alone. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from consentkit.audit.event import VISITORS_ACTS, Event

SLOT = 900
"""Seconds in a slot; slots are numbered from 1970, UTC."""
LONGEST = 86_400_000
"""Milliseconds. A page left open for longer than a day tells no time to choose."""
_MICROSECONDS = SLOT * 1_000_000
_VALUES = ("jurisdiction", "language", "notice", "policy", "signal", "how")


class Told(NamedTuple):
    """All that is counted of an event but its time to choose: the same for many."""

    slot: int
    act: str
    jurisdiction: str | None
    language: str | None
    notice: str
    policy: str
    signal: str | None
    how: str
    granted: tuple[str, ...]
    denied: tuple[str, ...]


class Key(NamedTuple):
    """What a row of the roll-ups counts."""

    slot: int
    kind: str
    name: str
    outcome: str


class Count(NamedTuple):
    """How often, of how many the time to choose is known, and the sum of those times in milliseconds."""

    n: int
    timed: int
    after_ms: int


def told_of(event: Event) -> Told:
    """What is counted of an event on its way in."""
    return Told(
        event.time // _MICROSECONDS,
        event.act,
        event.jurisdiction,
        event.language,
        event.notice,
        event.policy,
        event.signal,
        event.how,
        event.granted,
        event.denied,
    )


def told_by(canonical: dict[str, Any]) -> Told:
    """The same from an event's canonical bytes, parsed.

    :raises KeyError, TypeError: they are no event.
    """
    return Told(
        canonical["time"] // _MICROSECONDS,
        canonical["act"],
        canonical["jurisdiction"],
        canonical["language"],
        canonical["notice"],
        canonical["policy"],
        canonical["signal"],
        canonical["how"],
        tuple(canonical["granted"]),
        tuple(canonical["denied"]),
    )


def keys(told: Told) -> Iterator[Key]:
    """The rows in which an event is counted."""
    slot = told.slot
    for thing in _things(*told[1:]):
        yield Key(slot, *thing)


@lru_cache(maxsize=1024)
def _things(  # noqa: PLR0917 - a cache is keyed by position
    act: str,
    jurisdiction: str | None,
    language: str | None,
    notice: str,
    policy: str,
    signal: str | None,
    how: str,
    granted: tuple[str, ...],
    denied: tuple[str, ...],
) -> tuple[tuple[str, str, str], ...]:
    """Kind, name and outcome of all that an event is counted as; the same few for nearly all events of a site."""
    found = [("act", "", act)]
    if act in VISITORS_ACTS:
        values = (jurisdiction, language, notice, policy, signal, how)
        found += [(kind, value or "", act) for kind, value in zip(_VALUES, values, strict=True)]
        found += [("purpose", purpose, "granted") for purpose in dict.fromkeys(granted)]
        found += [("purpose", purpose, "denied") for purpose in dict.fromkeys(denied)]
    return tuple(found)


def tally(events: Iterable[tuple[Told, int | None]]) -> dict[Key, Count]:
    """Count events, each with its time to choose in milliseconds where that is known."""
    alike: dict[Told, list[int]] = {}
    for told, after in events:
        found = alike.get(told)
        if found is None:
            found = alike[told] = [0, 0, 0]
        found[0] += 1
        if after is not None and after <= LONGEST:
            found[1] += 1
            found[2] += after
    counted: dict[Key, Count] = {}
    for told, (n, timed, after_ms) in alike.items():
        for key in keys(told):
            before = counted.get(key)
            counted[key] = (
                Count(n, timed, after_ms)
                if before is None
                else Count(before.n + n, before.timed + timed, before.after_ms + after_ms)
            )
    return counted
