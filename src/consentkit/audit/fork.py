"""No connection lives through a fork. SQLite counts a process's locks in memory that a child inherits and locks that it
does not: the child would write to a file that the parent, closing last as far as the system knows, has removed.
"""

from __future__ import annotations

import os
from typing import Protocol


class Pausing(Protocol):
    """A thread that works on a store."""

    def pause(self) -> None:
        """Let go of the store until :meth:`resume`; what is in work is finished first."""

    def resume(self) -> None:
        """Go on with a new connection."""


_known: set[Pausing] = set()
_paused: list[Pausing] = []


def know(worker: Pausing) -> None:
    """Have this one pause while the process forks."""
    _known.add(worker)


def forget(worker: Pausing) -> None:
    """This one has ended."""
    _known.discard(worker)


def _before_fork() -> None:
    for worker in tuple(_known):
        worker.pause()
        _paused.append(worker)


def _in_the_parent() -> None:
    while _paused:
        _paused.pop().resume()


def _in_the_child() -> None:
    _known.clear()
    _paused.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_the_parent, after_in_child=_in_the_child)
