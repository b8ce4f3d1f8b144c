"""Counts of what happens too often for events: kept in memory, written once a minute as one row a day, kind, name and rule.

They are for people who look after a site, not evidence: a crash loses the last minute, and a connection that breaks in the
very commit may have a minute counted twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

EVERY = 60.0
"""Seconds between writes."""
MOST = 10_000
"""Keys in memory. Beyond it what is new is counted under its kind alone, with an empty name and rule."""
LONGEST = 200
"""Characters of a text in a key; the rest is cut off."""
DAY = 86_400

CountKey = tuple[str, str, str]
"""Kind, name and rule."""


class Counting:
    """What one process counted and has not written yet. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[CountKey, int] = {}
        self._due = time.monotonic() + EVERY

    def add(self, counts: Mapping[CountKey, int]) -> None:
        """Count on."""
        with self._lock:
            held = self._counts
            for key, n in counts.items():
                if key in held:
                    held[key] += n
                else:
                    self._add_new(key, n)

    def wait(self) -> float:
        """Seconds until it is time to write."""
        return max(0.0, self._due - time.monotonic())

    def flush(self, write: Callable[[int, dict[CountKey, int]], None]) -> None:
        """Hand everything to ``write``, with today's number: days since 1970, UTC. Whatever it raises, nothing is lost."""
        self._due = time.monotonic() + EVERY
        with self._lock:
            taken, self._counts = self._counts, {}
        if not taken:
            return
        try:
            write(int(time.time()) // DAY, taken)
        except BaseException:
            self.add(taken)
            raise

    def _add_new(self, key: CountKey, n: int) -> None:
        # NUL: PostgreSQL stores none. Both kinds of key may be there already after the change.
        kind, name, rule = (text.replace("\0", "")[:LONGEST] for text in key)
        clean = (kind, name, rule)
        if clean not in self._counts and len(self._counts) >= MOST:
            clean = (kind, "", "")
        self._counts[clean] = self._counts.get(clean, 0) + n
