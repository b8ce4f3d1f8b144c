"""The register of people's requests is the log's own events."""

from __future__ import annotations

from datetime import date

import pytest
from tests.audit.commands import write
from tests.audit.conftest import VISITOR, build_event, build_refusal

from consentkit.audit.erase import erase
from consentkit.audit.errors import EventRefused
from consentkit.audit.reader import Reader
from consentkit.audit.register import Request, register, statement


def own(act, said="", **changes):
    values = {"denied": (), "policy": "", "notice": "", "jurisdiction": None, "how": "desk"}
    return build_refusal(act=act, statement=said, **{**values, **changes})


def test_every_request_is_there_newest_first_with_what_came_of_it(url):
    came = date(2026, 11, 3)
    write(
        url,
        build_event(time=10),
        own("look-up", statement("access", received=came), time=20, subject=((1, 1),)),
        own("export", statement("portability", "handed out as JSON: by post", received=came), time=30),
        own("look-up", time=40),
        own("retain", "consents that ended", time=45, subject=((1, 1),)),
    )
    said = statement("erasure", "all of it", received=came)
    erase(url, "", VISITOR, reason=said, how="desk")
    reader = Reader(url)

    found = register(reader)

    assert [(one.seq, one.act, one.kind, one.received, one.outcome) for one in found.items] == [
        (6, "erase", "erasure", came, "all of it"),
        (4, "look-up", "inspection", None, ""),
        (3, "export", "portability", came, "handed out as JSON: by post"),
        (2, "look-up", "access", came, ""),
    ]
    assert found.items[-1] == Request(
        2, found.items[-1].id, 20, "look-up", "access", "desk", came, "", ((1, 1),)
    )
    assert found.items[0].subject == ((1, 1),)
    assert VISITOR not in repr(found)


def test_the_register_is_told_in_pages(url):
    write(url, *(own("look-up", time=number) for number in range(1, 6)), build_event())

    first = register(Reader(url), limit=3)
    second = register(Reader(url), first.next, 3)

    assert [one.time for one in (*first.items, *second.items)] == [5, 4, 3, 2, 1]
    assert second.next is None
    assert [one.time for one in register(Reader(url), first=2, last=3).items] == [3, 2]


@pytest.mark.parametrize(
    "said",
    ["as they asked", "erasure, received 2026-99-99: x", "accessory", "access , received", "erasure,", "\n"],
)
def test_what_somebody_wrote_by_hand_is_told_as_it_is(sqlite_url, said):
    write(sqlite_url, own("erase", said))

    [found] = register(Reader(sqlite_url)).items

    assert (found.kind, found.received, found.outcome) == ("erasure", None, said)


def test_a_statement_comes_back_as_it_went_in(sqlite_url):
    outcome = "refused: who asked did not show who they are\n<script>, received 2026-01-01: x"
    write(sqlite_url, own("look-up", statement("erasure", outcome, received=date(2026, 2, 28))))

    [found] = register(Reader(sqlite_url)).items

    assert (found.kind, found.received, found.outcome) == ("erasure", date(2026, 2, 28), outcome)


@pytest.mark.parametrize("outcome", [f"sent to {VISITOR}", "x" * 500], ids=["names them", "too long"])
def test_a_statement_that_names_the_visitor_or_never_ends_is_refused(outcome):
    with pytest.raises(EventRefused, match="must not name the visitor"):
        statement("access", outcome, visitor=VISITOR)
