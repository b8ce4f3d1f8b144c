"""Whether roll-ups are those of the events, in little memory: one number for each quarter of an hour.

Each thing that is counted gets a random weight, drawn anew for each look. A row of the roll-ups adds its counts times its
weight, an event the weights of all that it is counted as: both sums are equal where the counts are, and, since nobody knows
the weights beforehand, differ where they are not but for a chance of 2**-128.
"""

from __future__ import annotations

from hashlib import sha256

from consentkit.audit.rollup import LONGEST, Count, Key, Told, keys


class Weights:
    """The weights that a seed gives. The same seed gives the same ones in another process.

    :param seed: random bytes, 16 at least.
    """

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._drawn: dict[tuple[str, str, str], int] = {}
        self._timed, self._after = self._of("", "", "timed"), self._of("", "", "after")

    def of_row(self, key: Key, count: Count) -> int:
        """What a row of the roll-ups adds to its slot."""
        return self._of(*key[1:]) * (count.n + count.timed * self._timed + count.after_ms * self._after)

    def alike(self, told: Told) -> int:
        """What all events that tell the same weigh before their time to choose is known."""
        return sum(self._of(*key[1:]) for key in keys(told))

    def of_event(self, alike: int, after: int | None) -> int:
        """What an event adds to its slot.

        :param after: milliseconds to choose, where known.
        """
        if after is None or after > LONGEST:
            return alike
        return alike * (1 + self._timed + after * self._after)

    def _of(self, kind: str, name: str, outcome: str) -> int:
        key = kind, name, outcome
        found = self._drawn.get(key)
        if found is None:
            told = b"".join(len(text).to_bytes(8, "big") + text.encode() for text in key)
            found = self._drawn[key] = int.from_bytes(sha256(self._seed + told).digest()[:20], "big")
        return found
