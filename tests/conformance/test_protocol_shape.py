"""Cases 1 to 17: what an ASGI middleware must leave as it is."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from tests.asgi import GATED, HTML, OURS, PAGE, Reply, body_of, drive, get, http, receiver, recorder, serving


@pytest.mark.parametrize("kind", ["websocket", "mqtt"])
async def test_01_websocket_and_unknown_scopes_pass_untouched(wrap, kind):
    seen: list[Any] = []
    scope, receive, send = {"type": kind, "path": "/_consent"}, receiver(), recorder(Reply())
    before = dict(scope)

    async def app(*given: Any) -> None:
        seen.extend(given)

    await wrap(app)(scope, receive, send)

    assert seen[0] is scope
    assert seen[1:] == [receive, send]
    assert scope == before


async def test_01b_lifespan_messages_are_passed_on_in_order_with_ours_around_them(wrap, audit):
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "lifespan.startup"
        seen.append(audit.health()["store"])
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        seen.append(audit.health()["store"])
        await send({"type": "lifespan.shutdown.complete"})

    reply = await drive(
        wrap(app), {"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    )

    assert [each["type"] for each in reply.messages] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert seen == ["ok", "ok"]
    assert audit.health()["store"] == "unopened"


async def test_02_a_websocket_denial_is_never_rewritten(wrap):
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 403, "headers": HTML})
        await send({"type": "websocket.http.response.body", "body": PAGE})

    reply = await drive(wrap(app), {"type": "websocket", "path": "/", "headers": []})

    assert reply.messages[0]["headers"] is HTML
    assert reply.messages[1]["body"] == PAGE


async def test_03_a_start_without_headers_and_a_body_without_body_are_no_fault(wrap):
    async def bare(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    async def html(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        await send({"type": "http.response.body"})

    assert (await get(wrap(bare))).body == b""
    assert (await get(wrap(html))).body == b""


@pytest.mark.parametrize("shape", [list, tuple, iter])
async def test_04_names_in_mixed_case_and_any_shape_of_list_are_understood_and_never_changed(wrap, shape):
    own = [[b"Content-Type", b"TEXT/HTML"], (b"ETag", b'"a"'), [b"X-Own", b"kept"], (b"CONTENT-LENGTH", b"9")]
    given = shape([tuple(pair) for pair in own]) if shape is not list else own
    before = list(map(tuple, own))

    reply = await get(wrap(serving(PAGE, headers=given)))

    assert b'type="text/plain"' in reply.body
    assert reply.one(b"x-own") == b"kept"
    assert reply.one(b"content-length") == str(len(reply.body)).encode()
    assert (b"X-Own", b"kept") in reply.headers
    assert list(map(tuple, own)) == before


async def test_05_repeated_fields_stay_in_their_order(wrap):
    fields = [
        *HTML,
        (b"set-cookie", b"a=1"),
        (b"vary", b"Accept"),
        (b"set-cookie", b"b=2; Path=/"),
        (b"vary", b"Origin"),
        (b"Set-Cookie", b"a=3"),
    ]

    reply = await get(wrap(serving(PAGE, headers=fields)))

    assert reply.every(b"set-cookie") == [b"a=1", b"b=2; Path=/", b"a=3"]
    assert reply.every(b"vary")[:2] == [b"Accept", b"Origin"]


async def test_06_ways_to_send_a_file_past_us_are_hidden_except_on_excluded_paths(wrap):
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["extensions"])
        await serving(PAGE)(scope, receive, send)

    offered = {"http.response.pathsend": {}, "http.response.zerocopysend": {}, "http.response.push": {}}
    await get(wrap(app, exclude=["/raw/*"]), "/page", extensions=offered)
    await get(wrap(app, exclude=["/raw/*"]), "/raw/file", extensions=offered)

    assert seen == [{"http.response.push": {}}, offered]
    assert len(offered) == 3


async def test_07_early_hints_and_pushes_leave_before_the_start_and_do_not_release_it(wrap):
    hints = [
        {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]},
        {"type": "http.response.push", "path": "/a.css", "headers": []},
    ]
    order: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(hints[0])
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        await send(hints[1])
        order.extend(each["type"] for each in reply.messages)
        await send({"type": "http.response.body", "body": PAGE})

    reply = Reply()
    await wrap(app)(http(), receiver(), recorder(reply))

    assert order == ["http.response.early_hint", "http.response.push"]
    assert reply.status == 200


async def test_08_trailers_and_unknown_messages_follow_the_last_body(wrap):
    after = [{"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]}, {"type": "http.response.new"}]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await serving(PAGE[:50], PAGE[50:], trailers=True)(scope, receive, send)
        for message in after:
            await send(message)

    reply = await get(wrap(app))

    assert reply.messages[0]["trailers"] is True
    assert reply.messages[-2:] == after
    assert reply.messages[-3]["type"] == "http.response.body"
    assert OURS in reply.body


async def test_09_one_start_however_many_chunks(wrap):
    reply = await get(wrap(serving(*[PAGE[at : at + 7] for at in range(0, len(PAGE), 7)])))

    assert len(reply.starts) == 1
    assert reply.body.count(OURS) == 1


async def test_10_an_exception_before_the_body_travels_unchanged_and_starts_nothing(wrap):
    error = RuntimeError("theirs")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        raise error

    reply = Reply()
    with pytest.raises(RuntimeError) as caught:
        await wrap(app)(http(), receiver(), recorder(reply))

    assert caught.value is error
    assert reply.messages == []


async def test_10b_an_exception_in_the_middle_of_a_page_adds_no_start_and_ends_nothing(wrap):
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        await send({"type": "http.response.body", "body": PAGE[:-20], "more_body": True})
        raise RuntimeError("theirs")

    reply = Reply()
    with pytest.raises(RuntimeError, match="theirs"):
        await wrap(app)(http(), receiver(), recorder(reply))

    assert len(reply.starts) == 1
    assert all(each.get("more_body") for each in reply.messages[1:])


async def test_11_an_app_that_returns_without_completing_gets_nothing_invented(wrap):
    async def started(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})

    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        await send({"type": "http.response.body", "body": PAGE, "more_body": True})

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return

    assert [each["type"] for each in (await get(wrap(started))).messages] == ["http.response.start"]
    assert all(each.get("more_body", True) for each in (await get(wrap(half))).messages)
    assert (await get(wrap(silent))).messages == []


async def test_12_the_app_gets_the_servers_own_receive_and_sees_a_disconnect(wrap):
    receive = receiver([*body_of(b""), {"type": "http.disconnect"}])
    seen: list[Any] = []

    async def app(scope: Any, given: Any, send: Any) -> None:
        seen.extend([given, (await given())["type"], (await given())["type"]])

    await wrap(app)(http(), receive, recorder(Reply()))

    assert seen == [receive, "http.request", "http.disconnect"]


async def test_13_a_cancelled_page_raises_the_cancellation_and_sends_no_more(wrap):
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        await asyncio.Event().wait()

    reply = Reply()
    task = asyncio.create_task(wrap(app)(http(), receiver(), recorder(reply)))
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert reply.messages == []


async def test_14_a_background_task_runs_after_the_body_and_outlives_a_disconnect(wrap):
    done: list[int] = []
    reply = Reply()

    async def later() -> None:
        await asyncio.sleep(0.01)
        done.append(len(reply.messages))

    async def page(request: Any) -> HTMLResponse:
        return HTMLResponse(PAGE, background=BackgroundTask(later))

    app = wrap(Starlette(routes=[Route("/", page)]))
    await app(http(), receiver([*body_of(b""), {"type": "http.disconnect"}]), recorder(reply))

    assert done == [2]


async def test_15_context_variables_are_seen_on_both_sides(wrap):
    word: ContextVar[str] = ContextVar("word", default="none")
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(word.get())
        word.set("inner")
        await serving(PAGE)(scope, receive, send)

    async def outer() -> str:
        word.set("outer")
        await get(wrap(app))
        return word.get()

    assert await asyncio.create_task(outer()) == "inner"
    assert seen == ["outer"]


async def test_16_installed_twice_it_works_once(wrap):
    reply = await get(wrap(wrap(serving(PAGE))))

    assert reply.body.count(OURS) == 1
    assert reply.body.count(b'type="text/plain"') == 1


async def test_16b_a_mounted_app_that_is_wrapped_too_is_gated_once(wrap):
    parent = wrap(Starlette(routes=[Mount("/sub", app=wrap(serving(PAGE)))]))

    reply = await get(parent, "/sub/page")

    assert reply.body.count(OURS) == 1
    assert reply.body.count(b'type="text/plain"') == 1
    assert b'action="/_consent/"' in reply.body


@pytest.mark.parametrize("path", ["/site/news", "/news"], ids=["root left in the path", "root taken off"])
async def test_17_behind_a_prefix_proxy_our_addresses_carry_the_prefix_and_the_cookie_the_whole_host(
    wrap, path
):
    app = wrap(serving(PAGE))

    page = await get(app, path, root_path="/site")
    own = await get(app, "/site/_consent/state", root_path="/site")
    near = await get(app, "/sitemap", root_path="/site")
    refused = await drive(
        app,
        http(
            "/site/_consent",
            method="POST",
            root_path="/site",
            headers=[(b"content-type", b"application/x-www-form-urlencoded")],
        ),
        body_of(b"action=reject"),
    )

    assert b'action="/site/_consent/"' in page.body
    assert b'name="next" value="/site/news"' in page.body
    assert own.one(b"content-type") == b"application/json"
    assert OURS in near.body
    assert refused.one(b"location") == b"/site/"
    assert [b"; Path=/;" in value for value in refused.every(b"set-cookie")] == [True, True]


async def test_17b_a_root_path_ends_at_a_slash(wrap):
    """``/legal/imprint`` lies under the rule for ``/legal/*`` though the root path is called ``/le``."""
    page = await get(wrap(serving(PAGE)), "/legal/imprint", root_path="/le")

    assert b'id="consentkit-banner"' not in page.body


def test_the_page_of_these_tests_holds_something_to_gate():
    assert GATED in PAGE
