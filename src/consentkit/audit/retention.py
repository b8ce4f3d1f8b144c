"""Whose personal part has been kept for long enough. Pure.

The rules:

- What is kept is the proof of a consent, and it is kept for a time that counts from the *end* of that consent: the first of
  its expiry, its withdrawal or refusal, and the next choice of the same visitor.
- A refusal or a withdrawal proves an end; it is over as it is made.
- Whatever ended it, nothing goes before the choice would have expired by itself: a browser that restores an older cookie
  is believed until then, and its proof must be there. So no setting can delete the proof of a consent that is in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

REPLACING = frozenset({"accept", "reject", "save", "withdraw"})
"""Acts after which the visitor's earlier choice holds no more."""
OVER_AT_ONCE = frozenset({"reject", "withdraw", "supersede"})
"""Acts that leave nothing in force."""
_SECOND = 1_000_000


class Borne(NamedTuple):
    """An event that bears a visitor's id.

    :param time: microseconds since 1970, UTC.
    :param policy: hash of the policy under which it was made.
    """

    visitor: str
    seq: int
    time: int
    act: str
    policy: str


def due(rows: Iterable[Borne], now: int, keep: int, lifetime: Callable[[str], int]) -> Iterator[int]:
    """Numbers of the events whose personal part need not be kept any more.

    :param rows: by visitor, then number. Those after ``now - keep`` may be left out: they cannot be due, and make nothing
        due.
    :param now: microseconds since 1970, UTC.
    :param keep: seconds from the end of a consent.
    :param lifetime: seconds for which a choice made under a policy may hold at most.
    """
    for _, own in groupby(rows, key=lambda row: row.visitor):
        replaced: int | None = None
        for row in reversed(list(own)):
            expiry = row.time + lifetime(row.policy) * _SECOND
            if _end(row, replaced, expiry) + keep * _SECOND <= now and expiry <= now:
                yield row.seq
            if row.act in REPLACING:
                replaced = row.time if replaced is None else min(replaced, row.time)


def _end(row: Borne, replaced: int | None, expiry: int) -> int:
    if row.act in OVER_AT_ONCE:
        return row.time
    # The clock may have gone back between the two.
    return expiry if replaced is None else min(expiry, max(row.time, replaced))


class Span(NamedTuple):
    """A range of numbers, both ends included, and how many of the wanted it holds."""

    first: int
    last: int
    held: int


def spans(numbers: Iterable[int], present: Iterable[int], most: int) -> Iterator[Span]:
    """Numbers as ranges that hold none of the others.

    :param numbers: in order, each of them among ``present``.
    :param present: in order; a range may span numbers that are not among these.
    :param most: how many of ``numbers`` one range holds.
    """
    wanted = iter(numbers)
    following = next(wanted, None)
    run: list[int] = []
    for number in present:
        if number == following:
            run.append(number)
            following = next(wanted, None)
        elif run:
            yield Span(run[0], run[-1], len(run))
            run = []
        if len(run) == most:
            yield Span(run[0], run[-1], len(run))
            run = []
        if following is None:
            break
    if run:
        yield Span(run[0], run[-1], len(run))
