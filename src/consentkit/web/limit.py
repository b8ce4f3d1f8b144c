"""How many grants one address may make: a token bucket each, in memory, bounded in number.

Refusals are never counted away. Addresses are forgotten with the process and never written anywhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from time import monotonic

from consentkit.web.trusted import unmapped

BURST = 60
"""Grants at once: an office or a school behind one address."""
MOST_ADDRESSES = 10_000
"""Buckets kept. When they are full the oldest half goes."""


class RateLimit:
    """A bucket per client address.

    :param per_second: tokens that come back each second; ``None`` for no limit.
    :param clock: seconds that never go back.
    """

    def __init__(self, per_second: float | None, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def takes(self, address: str) -> bool:
        """Take one token of an address; ``False`` where none is left."""
        if self._per_second is None or not address:
            return True
        key = _key(address)
        now = self._clock()
        tokens, since = self._buckets.pop(key, (float(BURST), now))
        tokens = min(float(BURST), tokens + (now - since) * self._per_second)
        allowed = tokens >= 1
        if len(self._buckets) >= MOST_ADDRESSES:
            self._forget_half()
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        return allowed

    def _forget_half(self) -> None:
        for key in list(self._buckets)[: MOST_ADDRESSES // 2]:
            del self._buckets[key]


def _key(address: str) -> str:
    """The address, or its /64 under IPv6, where one household has as many addresses as it likes."""
    if ":" not in address:
        return address
    try:
        parsed = unmapped(address.partition("%")[0])
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network(f"{parsed}/64", strict=False))
