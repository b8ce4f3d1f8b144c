"""One line of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, beside its peer.

    :param name: what.
    :param ours: our value.
    :param peer: the peer's value, in the same unit.
    :param unit: of both.
    :param reach: the ratio to reach.
    :param better: whether the ratio should be at least or at most ``reach``.
    """

    name: str
    ours: float
    peer: float
    unit: str
    reach: float
    better: Literal["at least", "at most"]

    @property
    def ratio(self) -> float:
        """Ours over the peer's."""
        return self.ours / self.peer

    @property
    def reached(self) -> bool:
        """Whether the ratio is where it should be."""
        return self.ratio >= self.reach if self.better == "at least" else self.ratio <= self.reach


def alternating(
    *runs: Callable[[], object], rounds: int = 15, clock: Callable[[], float] = perf_counter
) -> list[float]:
    """Seconds of each run, measured in turns so that a slow moment of the machine hits all; the median of the rounds.

    :param clock: ``time.process_time`` for what waits for nothing: then other programs count less.
    """
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, taken in zip(runs, times, strict=True):
            start = clock()
            run()
            taken.append(clock() - start)
    return [median(taken) for taken in times]
