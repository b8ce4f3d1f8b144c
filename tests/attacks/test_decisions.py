"""Decisions one by one: what is asked, logged, set and answered."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from tests.asgi import (
    FORM,
    JSON,
    KEY,
    PAGE,
    SAME,
    body_of,
    cookie_of,
    decision_of,
    drive,
    get,
    http,
    post,
    serving,
)

from consentkit.audit.errors import LogUnavailable
from consentkit.audit.log import AuditLog
from consentkit.core.cookie import CookieCodec
from consentkit.core.decision import Decision

INERT = b'type="text/plain" data-ck='
VIEW = "pageview-0123456789"


async def notice_of(app: Any, *headers: tuple[bytes, bytes]) -> str:
    return json.loads((await get(app, "/_consent/state", headers)).body)["notice"]


def decision_in(reply: Any) -> Decision:
    decision = CookieCodec([KEY], "https://paper.example").load(decision_of(reply))
    assert decision is not None
    return decision


async def as_json(app: Any, value: dict[str, Any], *headers: tuple[bytes, bytes]) -> Any:
    scope = http("/_consent", method="POST", headers=[JSON, SAME, *headers])
    return await drive(app, scope, body_of(json.dumps(value).encode()))


async def test_a_grant_is_logged_set_and_opens_the_next_page(wrap, logged):
    app = wrap(serving(PAGE))
    notice = await notice_of(app)

    reply = await post(app, {"action": "accept", "notice": notice, "how": "banner", "shown_ms": "1400"})

    (event,) = logged()
    assert reply.status == 303
    assert (event["act"], event["notice"], event["how"]) == ("accept", notice, "banner")
    assert event["granted"] == ["functional", "analytics", "marketing"]
    assert event["decided_after_ms"] == 1400
    assert event["visitor"] == decision_in(reply).visitor
    assert INERT not in (await get(app, headers=[cookie_of(reply)])).body


async def test_a_refusal_bears_no_identifier_anywhere(wrap, logged):
    reply = await post(wrap(serving(PAGE)), {"action": "reject"})

    (event,) = logged()
    assert event["visitor"] is None
    assert event["personal"] is None
    assert decision_in(reply).visitor is None


async def test_a_withdrawal_is_the_last_event_that_bears_the_visitors_id(wrap, logged):
    app = wrap(serving(PAGE))
    granted = await post(app, {"action": "accept", "notice": await notice_of(app)})
    withdrawn = await post(app, {"action": "withdraw"}, [SAME, cookie_of(granted)])
    await post(app, {"action": "reject"}, [SAME, cookie_of(withdrawn)])

    ids = [event["visitor"] for event in logged()]
    assert ids == [decision_in(granted).visitor] * 2 + [None]
    assert decision_in(withdrawn).visitor is None


async def test_a_visitor_keeps_one_id_through_grants(wrap, logged):
    app = wrap(serving(PAGE))
    notice = await notice_of(app)
    one = await post(app, {"action": "accept", "notice": notice})
    await post(app, {"action": "save", "purpose": "analytics", "notice": notice}, [SAME, cookie_of(one)])

    assert len({event["visitor"] for event in logged()}) == 1


async def test_an_ended_decision_lends_neither_its_id_nor_its_yes(wrap, logged):
    app = wrap(serving(PAGE))
    fields = {"action": "save", "purpose": "analytics", "notice": await notice_of(app)}
    old = decision_in(await post(app, fields))
    ended = Decision(old.purposes, {}, old.asked, old.policy, old.at - 181 * 86_400, old.visitor)
    cookie = (b"cookie", b"consentkit=" + CookieCodec([KEY], "https://paper.example").dump(ended))

    again = await post(app, fields, [SAME, cookie])
    from_nowhere = await post(app, fields, [cookie])

    assert decision_in(again).visitor not in (None, old.visitor)
    assert from_nowhere.status == 403
    assert len(logged()) == 2


async def test_ids_of_visitors_differ_though_they_send_the_same_page_view(wrap, logged):
    app = wrap(serving(PAGE))
    fields = {"action": "accept", "notice": await notice_of(app), "view": VIEW}
    for client in ("203.0.113.1", "203.0.113.2"):
        await post(app, fields, client=(client, 1))

    assert len({event["visitor"] for event in logged()}) == 2


async def test_an_id_cannot_be_worked_out_without_the_key(wrap, logged):
    for key in (KEY, "m3Vb9-Zx7Qw1_Er5Ty8Ui2Op6As4Df0Gh"):
        app = wrap(serving(PAGE), secret_key=key)
        await post(app, {"action": "accept", "notice": await notice_of(app), "view": VIEW})

    assert len({event["visitor"] for event in logged()}) == 2


async def test_the_json_answer_tells_the_event_and_the_state(wrap, logged):
    app = wrap(serving(PAGE))
    reply = await as_json(app, {"action": "accept", "notice": await notice_of(app)})

    answer = json.loads(reply.body)
    assert reply.status == 200
    assert answer["event"] == logged()[0]["id"]
    assert answer["state"]["outcome"] == "accepted"
    state = json.loads((await get(app, "/_consent/state", [cookie_of(reply)])).body)
    assert state == {**answer["state"], "storage": answer["storage"]}


async def test_a_grant_under_an_unknown_notice_is_409_with_the_current_one(wrap, logged):
    app = wrap(serving(PAGE))

    form = await post(app, {"action": "accept", "notice": "a" * 64})
    data = await as_json(app, {"action": "accept", "notice": "a" * 64})

    assert (form.status, data.status) == (409, 409)
    assert json.loads(data.body)["notice"] == await notice_of(app)
    assert not form.every(b"set-cookie")
    assert logged() == []


async def test_a_refusal_under_an_unknown_notice_is_taken_and_names_none(wrap, logged):
    reply = await post(wrap(serving(PAGE)), {"action": "reject", "notice": "a" * 64})

    assert reply.status == 303
    assert logged()[0]["notice"] == ""


async def test_an_older_notice_kept_with_a_decision_is_accepted_and_asked_again_if_needed(
    wrap, policy, logged
):
    old = wrap(serving(PAGE))
    notice = await notice_of(old)
    await post(old, {"action": "accept", "notice": notice})
    services = {
        **policy.model_dump(mode="json")["services"],
        "newcomer": {"vendor": "Newcomer plc", "purposes": ["analytics"], "hosts": ["newcomer.example"]},
    }
    new = wrap(serving(PAGE), policy=policy.model_copy(update={"services": services}))

    reply = await post(new, {"action": "accept", "notice": notice})
    state = json.loads((await get(new, "/_consent/state", [cookie_of(reply)])).body)

    assert reply.status == 303
    assert logged()[-1]["notice"] == notice
    assert notice != await notice_of(new)
    assert state["services"] == {"counter": True, "player": True, "newcomer": False}
    assert state["decided"] is False


async def test_a_notice_in_any_of_our_languages_is_known_and_its_language_logged(wrap, logged):
    app = wrap(serving(PAGE))
    french = await notice_of(app, (b"accept-language", b"fr"))

    reply = await post(app, {"action": "accept", "notice": french})

    assert reply.status == 303
    assert (logged()[0]["notice"], logged()[0]["language"]) == (french, "fr")


async def test_a_double_click_is_one_event_and_two_equal_answers(wrap, logged):
    app = wrap(serving(PAGE))
    for action in ("accept", "reject"):
        fields = {"action": action, "notice": await notice_of(app), "view": VIEW}
        one, two = await asyncio.gather(post(app, fields), post(app, fields))
        assert (one.status, two.status) == (303, 303)
        assert decision_in(one).visitor == decision_in(two).visitor

    assert [event["act"] for event in logged()] == ["accept", "reject"]


async def test_a_second_click_that_brings_the_first_ones_cookie_is_the_same_event(wrap, logged):
    app = wrap(serving(PAGE))
    for action in ("accept", "reject"):
        fields = {"action": action, "notice": await notice_of(app), "view": VIEW + action}
        one = await post(app, fields)
        two = await post(app, fields, [SAME, cookie_of(one)])
        assert decision_in(two).purposes == decision_in(one).purposes
        assert decision_in(two).visitor == decision_in(one).visitor

    assert [event["act"] for event in logged()] == ["accept", "reject"]


async def test_a_change_of_mind_and_back_on_one_page_is_three_events(wrap, logged):
    app = wrap(serving(PAGE))
    fields = {"notice": await notice_of(app), "view": VIEW}
    one = await post(app, {"action": "accept", **fields})
    two = await post(app, {"action": "withdraw", **fields}, [SAME, cookie_of(one)])
    three = await post(app, {"action": "accept", **fields}, [SAME, cookie_of(two)])

    assert [event["act"] for event in logged()] == ["accept", "withdraw", "accept"]
    assert decision_in(three).visitor == logged()[2]["visitor"]
    assert decision_in(three).visitor != decision_in(one).visitor


async def test_the_same_act_much_later_from_the_same_page_is_an_event_of_its_own(wrap, logged, monkeypatch):
    from consentkit.web import submit

    monkeypatch.setattr(submit, "DOUBLE_CLICK", -1.0)
    app = wrap(serving(PAGE))
    for action in ("reject", "reject", "accept", "accept"):
        await post(app, {"action": action, "notice": await notice_of(app), "view": VIEW})

    assert [event["act"] for event in logged()] == ["reject", "reject", "accept", "accept"]


class Held:
    """A second connection that keeps the store to itself."""

    def __init__(self, url: str) -> None:
        self._file = url.removeprefix("sqlite:///")

    def __enter__(self) -> Held:
        self._connection = sqlite3.connect(self._file, isolation_level=None)
        self._connection.execute("BEGIN EXCLUSIVE")
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self._connection.close()


@pytest.mark.parametrize("named", [{"view": VIEW}, {}], ids=["from one page", "from one browser"])
async def test_a_slow_grant_cannot_overtake_a_later_refusal(wrap, audit, logged, named):
    app = wrap(serving(PAGE))
    fields = {"notice": await notice_of(app), **named}
    await audit.start()
    with Held(audit.url) as held:
        grant = asyncio.create_task(post(app, {"action": "accept", **fields}))
        await asyncio.sleep(0.05)
        refusal = asyncio.create_task(post(app, {"action": "reject", **fields}))
        await asyncio.sleep(0.05)
        held.release()
        late, refused = await grant, await refusal

    assert late.status == 409
    assert not late.every(b"set-cookie")
    assert refused.status == 303
    assert not decision_in(refused).grants
    assert [event["act"] for event in logged()] == ["accept", "reject", "supersede"]


class Blind(AuditLog):
    """A log that takes events, and cannot be asked for them."""

    async def followed(self, view: bytes, since: int, *, by_other_than: str = "") -> bool:
        raise LogUnavailable("the log cannot be read")


async def test_a_slow_grant_opens_nothing_where_nobody_can_tell_what_came_later(
    wrap, logged, tmp_path, monkeypatch
):
    from consentkit.web import submit

    log = Blind(f"sqlite:///{tmp_path / 'consent.db'}", timeout=10.0)
    app = wrap(serving(PAGE), audit=log)
    fields = {"action": "accept", "notice": await notice_of(app)}
    await log.start()
    with Held(log.url) as held:
        slow = asyncio.create_task(post(app, {**fields, "view": VIEW}))
        await asyncio.sleep(0.1)
        held.release()
    late = await slow
    monkeypatch.setattr(submit, "SOON", 60_000_000)  # on a busy machine nothing is quick
    quick = await post(app, {**fields, "view": VIEW + "x"})
    await log.close()

    assert (late.status, late.every(b"set-cookie")) == (409, [])
    assert quick.status == 303
    assert sorted(event["act"] for event in logged()) == ["accept", "accept", "supersede"]


async def test_a_refusal_on_one_page_does_not_stop_a_grant_on_another(wrap, audit):
    app = wrap(serving(PAGE))
    notice = await notice_of(app)
    await audit.start()
    with Held(audit.url) as held:
        grant = asyncio.create_task(post(app, {"action": "accept", "notice": notice, "view": VIEW}))
        await asyncio.sleep(0.05)
        refusal = asyncio.create_task(post(app, {"action": "reject", "view": VIEW + "x"}))
        await asyncio.sleep(0.05)
        held.release()

    assert (await grant).status == 303
    assert (await refusal).status == 303


async def test_a_refusal_in_one_browser_does_not_stop_a_grant_in_another_behind_the_same_address(wrap, audit):
    app = wrap(serving(PAGE))
    notice = await notice_of(app)
    await audit.start()
    with Held(audit.url) as held:
        grant = asyncio.create_task(
            post(app, {"action": "accept", "notice": notice}, [SAME, (b"cookie", b"s=1")])
        )
        await asyncio.sleep(0.05)
        refusal = asyncio.create_task(post(app, {"action": "reject"}, [SAME, (b"cookie", b"s=2")]))
        await asyncio.sleep(0.05)
        held.release()

    assert ((await grant).status, (await refusal).status) == (303, 303)


async def test_the_answer_drops_prefetched_copies_and_never_the_sites_cookies(wrap):
    reply = await post(wrap(serving(PAGE)), {"action": "reject"})

    assert reply.one(b"clear-site-data") == b'"prefetchCache", "prerenderCache"'


async def test_k22_the_cookie_comes_from_the_server_on_both_ways_and_nothing_prolongs_it(wrap):
    app = wrap(serving(PAGE))
    for reply in (await post(app, {"action": "reject"}), await as_json(app, {"action": "reject"})):
        cookie, hint = reply.every(b"set-cookie")
        assert hint.startswith(b"consentkit-hint=")
        attributes = set(cookie.split(b"; ")[1:])
        assert attributes == {b"Path=/", b"Max-Age=15552000", b"SameSite=Lax", b"HttpOnly"}
        page = await get(app, headers=[cookie_of(reply)])
        state = await get(app, "/_consent/state", [cookie_of(reply)])
        assert not page.every(b"set-cookie") + state.every(b"set-cookie")


async def test_over_https_the_cookie_is_secure_and_for_this_host_alone(wrap):
    app = wrap(serving(PAGE))

    reply = await post(app, {"action": "reject"}, scheme="https", host=b"news.example")

    cookie, hint = reply.every(b"set-cookie")
    assert cookie.startswith(b"__Host-consentkit=")
    assert hint.startswith(b"__Host-consentkit-hint=")
    assert b"HttpOnly" not in hint
    assert {b"Secure", b"HttpOnly", b"Path=/", b"SameSite=Lax"} <= set(cookie.split(b"; "))
    assert b"Domain" not in cookie


async def test_k31_a_lifetime_beyond_what_browsers_keep_is_cut(wrap, policy):
    app = wrap(serving(PAGE), policy=policy.model_copy(update={"lifetime": 730 * 86_400}))

    cookies = (await post(app, {"action": "reject"})).every(b"set-cookie")

    assert all(b"Max-Age=34560000" in cookie.split(b"; ") for cookie in cookies)


@pytest.mark.parametrize(("value", "warned"), [(b'"cookies"', 1), (b'"cache", "*"', 1), (b'"cache"', 0)])
@pytest.mark.parametrize("kind", [b"text/html", b"application/json"])
async def test_k34_the_apps_clear_site_data_is_passed_on_with_one_warning_of_what_it_costs(
    wrap, caplog, logged, value, warned, kind
):
    fields = [(b"content-type", kind), (b"Clear-Site-Data", value)]
    app = wrap(serving(PAGE, headers=fields))

    replies = [await post(app, {}, path="/logout"), await post(app, {}, path="/logout")]

    for reply in replies:
        assert reply.every(b"clear-site-data") == [value]
        assert not reply.every(b"set-cookie")
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warned
    assert not warned or "refusal is lost" in caplog.text
    assert logged() == []


async def test_k71_page_views_write_no_event_and_each_document_is_stored_once(wrap, audit, logged):
    app = wrap(serving(PAGE))
    languages = [(b"accept-language", language) for language in (b"en", b"fr", b"ar")]
    for number in range(10_000):
        await get(app, headers=[languages[number % 3]])
    before = logged()

    for number in range(50):
        notice = await notice_of(app, languages[number % 3])
        await post(app, {"action": ("accept", "reject")[number % 2], "notice": notice})

    with closing(sqlite3.connect(audit.url.removeprefix("sqlite:///"))) as store:
        documents = store.execute(
            "select kind, count(*) from documents group by kind order by kind"
        ).fetchall()
    assert before == []
    assert len(logged()) == 50
    assert documents == [("notice", 3), ("policy", 1)]


async def test_k68_the_notice_and_our_pages_stay_out_of_search_results(wrap):
    app = wrap(serving(PAGE))
    page = (await get(app, headers=[(b"user-agent", b"SomeCrawler/1.0")])).body

    assert b'<span id="consentkit" data-nosnippet' in page
    assert b"<h1" not in page
    for path in ("/_consent", "/_consent/state", "/_consent/declaration", "/_consent/nowhere"):
        assert (await get(app, path)).one(b"x-robots-tag") == b"noindex"


async def test_k03_an_element_without_an_address_gets_none(wrap, decided):
    body = (
        b'<!doctype html><body><script type="text/plain" data-category="analytics">x=1</script>'
        b'<iframe data-category="marketing" title="t"></iframe>'
        b'<script type="text/plain" data-category="analytics" data-src=""></script>'
    )

    opened = (await get(wrap(serving(body)), headers=[decided("analytics", "marketing")])).body

    app_part = opened.partition(b"</span>")[2] or opened
    for word in (b"null", b"undefined", b' src="'):
        assert word not in app_part


async def test_nothing_that_a_visitor_sends_reaches_our_log_lines(wrap, caplog):
    evil = "\x1b[31m\r\nINFO forged\x00 \u2028"
    raw = evil.encode("utf-8").replace(b"\r\n", b"")
    app = wrap(serving(PAGE))
    with caplog.at_level(logging.DEBUG, "consentkit"):
        for action in ("accept", "reject", evil):
            for name in ("purpose", "service", "notice", "next", "view", "how"):
                await post(app, {"action": action, name: evil}, [SAME, (b"cookie", b"consentkit=" + raw)])
        for field in (b"user-agent", b"referer", b"origin", b"accept-language", b"cookie", b"sec-fetch-site"):
            await post(app, {"action": "reject"}, [(field, raw)], client=(evil, 1))
            await get(app, "/" + evil, [(field, raw)], query_string=raw)

    for record in caplog.records:
        assert record.getMessage().isprintable()
        assert "forged" not in record.getMessage()


async def test_nothing_personal_stands_in_our_log_lines_or_answers(wrap, caplog, tmp_path, decided):
    log = AuditLog(f"sqlite:///{tmp_path / 'consent.db'}")
    app = wrap(serving(PAGE), https=True, audit=log)
    cookie = decided("analytics")[1].partition(b"=")[2]
    with caplog.at_level(logging.DEBUG, "consentkit"):
        fields = [SAME, (b"cookie", b"__Host-consentkit=" + cookie + b"; session=s3ss10n")]
        replies = [
            await get(app, headers=fields),
            await post(app, {"action": "accept", "notice": await notice_of(app)}, fields),
            await post(app, {"action": "accept", "notice": "b" * 64}, fields),
            await post(app, {"action": "frobnicate"}, fields),
            await get(app, "/_consent/health"),
        ]
        await log.start()
        with Held(log.url):
            replies.append(await post(app, {"action": "accept", "notice": await notice_of(app)}, fields))
            replies.append(await post(app, {"action": "withdraw"}, fields))
    await log.close()

    seen = caplog.text + "".join(reply.body.decode() for reply in replies)
    for secret in ("203.0.113.9", cookie.decode(), "test-visitor", "s3ss10n", KEY):
        assert secret not in seen


async def test_a_user_agent_of_ten_megabytes_and_an_address_are_neither_kept_nor_in_the_way(
    wrap, logged, tmp_path, audit, caplog
):
    app = wrap(serving(PAGE))
    told = {"action": "accept", "notice": await notice_of(app), "view": VIEW}
    reply = await post(app, told, [SAME, (b"user-agent", b"Mozilla" + b"x" * 10_000_000)])
    await audit.close()

    assert reply.status == 303
    assert [event["act"] for event in logged()] == ["accept"]
    assert sum(file.stat().st_size for file in tmp_path.glob("consent.db*")) < 1_000_000
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("consent.db*"))
    assert b"Mozilla" not in kept
    assert b"203.0.113.9" not in kept  # nor the address that it came from
    assert not caplog.records


async def test_the_fields_of_a_form_are_all_there_is_to_log(wrap, logged):
    await post(wrap(serving(PAGE)), {"action": "reject", "email": "a@b.example", "how": "page"}, [SAME, FORM])

    assert "b.example" not in json.dumps(logged())
