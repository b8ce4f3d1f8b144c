"""How long a caller waits: one timer for an event loop, however many wait.

A timer for each would cost more than the rest of the way through the loop. Events are answered nearly in the order of
their coming, so those answered leave from the left and the line stays as long as what is in flight.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from consentkit.audit.errors import LogUnavailable


class Patience:
    """Fails futures of one loop that are not done after ``seconds``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self.loop = loop
        self._seconds = seconds
        self._line: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._armed = False

    def watch(self, future: asyncio.Future[Any]) -> None:
        """Start the time of this one."""
        line = self._line
        while line and line[0][1].done():
            line.popleft()
        deadline = self.loop.time() + self._seconds
        line.append((deadline, future))
        if not self._armed:
            self._armed = True
            self.loop.call_at(deadline, self._look)

    def _look(self) -> None:
        now = self.loop.time()
        line = self._line
        while line and (line[0][1].done() or line[0][0] <= now):
            _, future = line.popleft()
            if not future.done():
                future.set_exception(LogUnavailable("the store did not answer in time"))
        self._armed = bool(line)
        if line:
            self.loop.call_at(line[0][0], self._look)
