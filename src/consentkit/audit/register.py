"""The register of what was done with people's records: who looked, what was handed out, who was forgotten.

The log itself is the register. Each look-up, export and erasure is an event of it, under the same tree and checkpoints as
the decisions, and its ``statement`` tells what was asked for, when the letter came, and what came of it::

    access, received 2026-11-03: handed out as JSON

Nothing personal stands in it: whose records they were tells ``subject``, the numbers of events, which say nothing more once
these are erased.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal, NamedTuple, get_args

from consentkit.audit.erase import LARGEST_REASON
from consentkit.audit.errors import EventDamaged, EventRefused
from consentkit.audit.export import told
from consentkit.audit.finding import StoredEvent
from consentkit.audit.reader import Reader
from consentkit.audit.search import Search
from consentkit.audit.search import page as search_page

Kind = Literal["access", "portability", "erasure", "inspection"]
"""What was asked for: Articles 15, 20 and 17 of the GDPR (checked 2026-11); or nobody asked, and an officer looked."""
KINDS: tuple[Kind, ...] = get_args(Kind)
ACTS = ("look-up", "export", "erase")
_BY_ACT: dict[str, Kind] = {"look-up": "inspection", "export": "access", "erase": "erasure"}
_FORM = re.compile(rf"({'|'.join(KINDS)})(?:, received (\d{{4}}-\d\d-\d\d))?(?:: (.*))?", re.DOTALL)


class Request(NamedTuple):
    """One entry.

    :param seq: number of the event that it is.
    :param id: of that event.
    :param time: microseconds since 1970, UTC.
    :param act: ``look-up``, ``export`` or ``erase``.
    :param kind: what was asked for.
    :param how: where it was done: ``desk``, ``api`` or ``command``.
    :param received: the day on which the request came; ``None`` where nobody told it.
    :param outcome: what came of it, in the officer's words; may be empty.
    :param subject: numbers of the events that it was about, as ranges with both ends included.
    """

    seq: int
    id: str
    time: int
    act: str
    kind: Kind
    how: str
    received: date | None
    outcome: str
    subject: tuple[tuple[int, int], ...]


class RegisterPage(NamedTuple):
    """Some entries.

    :param items: newest first.
    :param next: what to ask for the next page with; ``None`` on the last one.
    """

    items: tuple[Request, ...]
    next: str | None


def register(
    reader: Reader,
    after: str | None = None,
    limit: int = 50,
    *,
    first: int | None = None,
    last: int | None = None,
) -> RegisterPage:
    """One page of the register, as :func:`consentkit.audit.search.page` makes pages.

    :param first: microseconds since 1970, UTC: no entry from before this moment.
    :param last: none from after it.
    :raises ValueError: no page of the register told ``after``, or a number is outside its range.
    :raises EventDamaged: an entry cannot be read.
    :raises LogUnavailable: the store cannot be read.
    """
    found = search_page(reader, Search(act=ACTS, first=first, last=last), after, limit)
    return RegisterPage(tuple(map(_request, found.items)), found.next)


def statement(kind: Kind, outcome: str = "", *, received: date | None = None, visitor: str = "") -> str:
    """What the event of an entry says.

    :param outcome: in the officer's words; nothing personal.
    :param received: the day on which the request came.
    :param visitor: the id that must not stand in it.
    :raises EventRefused: it names the visitor, or is too long.
    """
    outcome = outcome.strip()
    came = f", received {received.isoformat()}" if received else ""
    text = f"{kind}{came}: {outcome}" if outcome else f"{kind}{came}"
    if (visitor and visitor in outcome) or len(text) > LARGEST_REASON:
        msg = f"what came of it must not name the visitor, nor be longer than {LARGEST_REASON} characters"
        raise EventRefused(msg)
    return text


def _request(row: StoredEvent) -> Request:
    values = told(row)
    try:
        subject = tuple((int(low), int(high)) for low, high in values.get("subject", ()))
        how = str(values["how"])
        kind, received, outcome = _parsed(row.act, str(values.get("statement", "")))
    except (ValueError, TypeError, KeyError):
        msg = f"event {row.seq} cannot be read: `consentkit audit verify` says what is wrong with it"
        raise EventDamaged(msg) from None
    return Request(row.seq, row.id, row.time, row.act, kind, how, received, outcome, subject)


def _parsed(act: str, said: str) -> tuple[Kind, date | None, str]:
    """What a statement tells; whoever erases by the command writes what they like."""
    form = _FORM.fullmatch(said)
    if form is None:
        return _BY_ACT[act], None, said
    try:
        received = date.fromisoformat(form[2]) if form[2] else None
    except ValueError:
        return _BY_ACT[act], None, said
    return next(kind for kind in KINDS if kind == form[1]), received, form[3] or ""
