"""Pages through the middleware: gated by address, counted, told of once."""

from __future__ import annotations

import sqlite3

from tests.asgi import POLICY, get, serving, without_head, without_ours

from consentkit.core.policy import Policy
from consentkit.web.gate.placeholder import PLACED
from consentkit.web.gatehouse import Gate
from consentkit.web.notice import NoticeBook

PAGE = (
    b'<!doctype html><html><head><script src="https://counter.example/c.js"></script></head><body>'
    b'<img src="https://www.google-analytics.com/collect"><img src="//nobody.example/x"></body></html>'
)


async def test_a_service_is_gated_by_its_address_until_it_is_granted(wrap, decided) -> None:
    app = wrap(serving(PAGE))

    undecided = await get(app)
    granted = await get(app, headers=[decided("analytics")])

    assert b'data-ck="counter" data-ck-src="https://counter.example/c.js"' in undecided.body
    assert without_ours(undecided.body) == PAGE
    assert b'<script src="https://counter.example/c.js"></script>' in granted.body
    assert b'data-ck="!google-analytics"' in granted.body


async def test_what_is_shut_for_good_and_who_is_unknown_is_told_once(wrap, caplog) -> None:
    app = wrap(serving(PAGE))

    await get(app)
    await get(app)

    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len([line for line in lines if "google-analytics" in line and "unlisted" in line]) == 1
    assert len([line for line in lines if "nobody.example" in line]) == 1
    assert not any("counter" in line for line in lines)


async def test_no_more_than_a_thousand_strangers_get_a_line(wrap, caplog) -> None:
    page = b"<p>" + b"".join(b'<img src="//n%d.example/">' % n for n in range(1100))

    await get(wrap(serving(page)))

    assert len(caplog.records) <= 1001


async def test_counts_reach_the_log_by_service_and_rule(wrap, audit, tmp_path) -> None:
    app = wrap(serving(PAGE))
    for _ in range(3):
        await get(app)

    await audit.close()

    with sqlite3.connect(tmp_path / "consent.db") as store:
        rows = store.execute("select kind, name, rule, n from counts order by kind, name").fetchall()
    store.close()
    assert rows == [
        ("gate", "counter", "counter.example", 3),
        ("gate", "google-analytics", "www.google-analytics.com", 3),
        ("unknown", "reported", "nobody.example", 3),
    ]


async def test_observing_gates_nothing_and_counts_the_same(wrap, audit, tmp_path) -> None:
    reply = await get(wrap(serving(PAGE), observe=True))

    await audit.close()

    with sqlite3.connect(tmp_path / "consent.db") as store:
        counted = {row[0] for row in store.execute("select name from counts")}
    store.close()
    assert without_head(reply.body) == reply.body
    assert b"data-ck=" not in reply.body
    assert without_ours(reply.body) == PAGE
    assert counted == {"counter", "google-analytics", "reported"}


async def test_unlisted_services_run_where_the_policy_allows_them(wrap) -> None:
    reply = await get(wrap(serving(PAGE), policy=Policy.model_validate({**POLICY, "unlisted": "allow"})))

    assert b'<img src="https://www.google-analytics.com/collect">' in reply.body


def test_a_placeholder_beside_an_element_counts_as_nothing_gated() -> None:
    counted: list[object] = []
    gate = Gate(NoticeBook(Policy.model_validate(POLICY)), "/_consent", count=counted.append)

    gate.gated({PLACED: 2})

    assert counted == []
    assert gate.tally.gated == 0


async def test_where_nothing_is_denied_a_page_stays_and_what_waits_by_markup_lives(wrap, decided) -> None:
    page = PAGE + b'<script type="text/plain" data-category="analytics" data-src="/own.js"></script>'
    app = wrap(
        serving(page), policy=Policy.model_validate({**POLICY, "unlisted": "allow", "unknown": "allow"})
    )

    undecided = await get(app)
    granted = await get(app, headers=[decided("functional", "analytics", "marketing")])

    assert b'data-ck="counter" data-ck-src="https://counter.example/c.js"' in undecided.body
    assert b'<script src="https://counter.example/c.js"></script>' in granted.body
    assert b"data-ck=" not in granted.body
    assert b'<script src="/own.js" data-ck-type="text/plain"' in granted.body
