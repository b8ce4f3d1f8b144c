"""Made-up decisions for trying things out: their site says that they are a sample, and their hashes belong to nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

from consentkit.audit.batch import Row, seal
from consentkit.audit.event import SALT_BYTES, Event, now, uuid7
from consentkit.audit.store import Store

SITE = "sample.invalid"  # RFC 2606: no real site has this name
DAY = 86_400_000_000  # microseconds
_BATCH = 2000
_PURPOSES = ("functional", "analytics", "marketing")
_REGIMES = {"FR": "opt-in", "DE": "opt-in", "GB": "opt-in", "US-CA": "opt-out", "BR": "opt-in"}


def sample(count: int, days: int, seed: int = 0) -> Iterator[Event]:
    """Events spread evenly over the last ``days`` days, the same for the same seed but for ids and times."""
    chance = random.Random(seed)  # noqa: S311 - a sample, repeatable on purpose
    start, step = now() - days * DAY, days * DAY // max(1, count)
    for number in range(count):
        yield _event(chance, start + number * step)


def append_sample(url: str, log_id: str, count: int, days: int) -> int:
    """Write a sample into a log; returns how many events.

    :raises AuditError: the log cannot be used.
    """
    store = Store(url, log_id, 30.0)
    rows: list[Row] = []
    try:
        for event in sample(count, days):
            rows.append(seal(event, None, os.urandom(SALT_BYTES)))
            if len(rows) == _BATCH:
                store.append(rows)
                rows.clear()
        if rows:
            store.append(rows)
    finally:
        store.close()
    return count


def _event(chance: random.Random, time: int) -> Event:
    jurisdiction = chance.choice(tuple(_REGIMES))
    act = chance.choices(("accept", "reject", "save", "withdraw"), (45, 35, 15, 5))[0]
    granted = {"accept": _PURPOSES, "save": _PURPOSES[: chance.randint(1, 2)]}.get(act, ())
    return Event(
        id=uuid7(),
        time=time,
        site=SITE,
        act=act,
        policy="0" * 64,
        notice="0" * 64,
        how=chance.choice(("banner", "page")),
        visitor=None if act == "reject" else _visitor(chance, time),
        granted=granted,
        denied=tuple(purpose for purpose in _PURPOSES if purpose not in granted),
        regimes=tuple((purpose, _REGIMES[jurisdiction]) for purpose in _PURPOSES),
        jurisdiction=jurisdiction,
        signal="gpc" if jurisdiction == "US-CA" and chance.random() < 0.2 else None,
        language=chance.choice(("en", "fr", "de", "ar")),
        decided_after_ms=chance.randint(400, 60_000),
    )


def _visitor(chance: random.Random, time: int) -> str:
    # In the order of time, as real ids are.
    return f"sample-{time // 1_000_000:08x}-{chance.getrandbits(64):016x}"
