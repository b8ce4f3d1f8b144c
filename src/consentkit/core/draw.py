"""Random bytes, drawn many at a time.

Each call of the system's generator lets go of the interpreter's lock. Where another thread waits for it, such as the one
that writes the log, whoever drew gets it back milliseconds later, and that thread wakes up to a batch of one.

What was drawn belongs to one process: a fork never shares it.
"""

from __future__ import annotations

import os
import weakref

AT_ONCE = 256


class Draw:
    """Draws pieces of one size. From any thread.

    :param size: bytes of a piece.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._drawn: list[bytes] = []
        _all.add(self)

    def __call__(self) -> bytes:
        """A piece that nobody had and nobody will have, from the system's generator."""
        try:
            return self._drawn.pop()
        except IndexError:
            size, many = self._size, os.urandom(self._size * AT_ONCE)
            self._drawn += [many[at : at + size] for at in range(size, len(many), size)]
            return many[:size]

    def forget(self) -> None:
        """Throw away what is drawn and not used."""
        self._drawn.clear()


_all: weakref.WeakSet[Draw] = weakref.WeakSet()


def _in_the_child() -> None:
    for one in _all:
        one.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_the_child)
