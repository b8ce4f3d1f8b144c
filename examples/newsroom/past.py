"""A past for the desk to show: 90 days of decisions that nobody made. Their site's name says that they are a sample."""

import os
import random
from collections.abc import Iterator
from dataclasses import replace

from consentkit import Policy
from consentkit.audit.batch import seal
from consentkit.audit.event import SALT_BYTES, Document, Event, now
from consentkit.audit.sample import sample
from consentkit.audit.store import Store
from consentkit.web.notice import NoticeBook

DAYS = 90
EVENTS = 6_000
CHANGED = 35
"""Days ago at which the policy changed: before, there was one service less."""
LATE = "demo-video"
LANGUAGES = ("en", "fr", "de", "ar")
AT_ONCE = 1_000
DAY = 86_400_000_000  # microseconds
HELD = {
    ("gate", "demo-analytics", "127.0.0.1/analytics.js"): 180,
    ("gate", "demo-pixel", "127.0.0.1/pixel.gif"): 140,
    ("gate", "demo-weather", "127.0.0.1/widget.js"): 90,
    ("cookie", "demo-analytics", "_tp_id"): 25,
}
"""What was held back on a day, on average."""


def make_past(audit: str, policy: Policy) -> int:
    """Write it into the log that this demo has for itself; returns how many events.

    Raises `AuditError` where the log cannot be written.
    """
    books = [NoticeBook(each) for each in (earlier(policy), policy)]
    store = Store(audit, "", 30.0)
    try:
        store.append([], list(documents(books)))
        events = list(past(books))
        for first in range(0, len(events), AT_ONCE):
            batch = events[first : first + AT_ONCE]
            store.append([seal(event, None, os.urandom(SALT_BYTES)) for event in batch])
        chance = random.Random(7)
        for day in range(now() // DAY - DAYS + 1, now() // DAY):
            store.count(day, {key: chance.randint(mean // 2, mean * 2) for key, mean in HELD.items()})
    finally:
        store.close()
    return len(events)


def earlier(policy: Policy) -> Policy:
    """The policy before it changed."""
    fields = policy.model_dump()
    del fields["services"][LATE]
    return Policy.model_validate(fields)


def documents(books: list[NoticeBook]) -> Iterator[Document]:
    """All that the past was asked with."""
    for book in books:
        yield Document("policy", book.policy.version, book.policy.document)
        for language in LANGUAGES:
            notice = book.notice(language)
            yield Document("notice", notice.hash, notice.document)


def past(books: list[NoticeBook]) -> Iterator[Event]:
    """Made-up events under both policies, fewer at night and after the change."""
    chance = random.Random(3)
    change = now() - CHANGED * DAY
    for event in sample(EVENTS * 2, DAYS, seed=3):
        hour = event.time % DAY // 3_600_000_000
        if chance.random() < (0.15 if hour < 6 else 0.55):
            book = books[event.time >= change]
            language = event.language if event.language in LANGUAGES else "en"
            notice = book.notice(language or "en").hash
            yield replace(event, policy=book.policy.version, notice=notice, language=language)
