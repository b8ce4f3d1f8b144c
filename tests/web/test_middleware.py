"""What an app sees of us, and what lies below the prefix."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from tests.asgi import GATED, HTML, OURS, PAGE, SAME, get, post, serving, without_head, without_ours

from consentkit.core.regime import Regime
from consentkit.web.excluded import excluder
from consentkit.web.request import get_consent

INERT = b'type="text/plain" data-ck='


def asking(answers: list[Any], question: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        answers.append(question(scope))
        await serving(b"{}", headers=[(b"content-type", b"application/json")])(scope, receive, send)

    return app


async def test_the_app_reads_the_consent_of_the_request(wrap, decided):
    answers: list[Any] = []
    app = wrap(asking(answers, get_consent), jurisdiction="FR")

    await get(app)
    await get(app, headers=[decided("analytics")])

    before, after = answers
    assert (before.allows("analytics"), before.decided, before.allows("necessary")) == (False, False, True)
    assert (after.allows("analytics"), after.allows("counter"), after.allows("marketing")) == (
        True,
        True,
        False,
    )
    assert (after.jurisdiction, after.decided, after.source) == ("FR", True, "decision")
    assert after.regime_of("analytics") is Regime.OPT_IN


async def test_state_and_get_consent_are_the_same_consent(wrap):
    answers: list[Any] = []
    await get(wrap(asking(answers, lambda scope: (scope["state"]["consent"], get_consent(scope)))))

    lazy, consent = answers[0]
    assert lazy == consent
    assert lazy.granted == consent.granted
    assert repr(lazy) == repr(consent)


async def test_where_no_middleware_was_there_is_no_consent(wrap):
    answers: list[Any] = []

    def question(scope: Any) -> None:
        with pytest.raises(LookupError, match="excluded"):
            get_consent(scope)
        answers.append("asked")

    await get(wrap(asking([], question), exclude=["/raw"]), "/raw")

    assert answers == ["asked"]


async def test_an_unknown_name_is_false_and_one_error_or_an_exception_in_debug(wrap, caplog):
    answers: list[Any] = []
    await get(wrap(asking(answers, lambda scope: get_consent(scope).allows("analitycs"))))

    assert answers == [False]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "analitycs" in caplog.text
    with pytest.raises(LookupError, match="analitycs"):
        await get(wrap(asking([], lambda scope: get_consent(scope).allows("analitycs")), debug=True))


async def test_the_servers_own_state_stays_and_headers_are_not_changed(wrap):
    state, headers = (
        {"db": 1},
        [(b"accept-encoding", b"zstd"), (b"if-none-match", b'"x"'), (b"accept", b"text/html")],
    )
    seen: list[Any] = []
    given = list(headers)

    from tests.asgi import drive, http

    scope = http(headers=headers, state=state)
    own = scope["headers"]
    copy = list(own)
    await drive(wrap(asking(seen, lambda scope: (scope["state"]["db"], dict(scope["headers"])))), scope)

    assert seen[0][0] == 1
    assert seen[0][1][b"accept-encoding"] == b"identity"
    assert own == copy
    assert headers == given


async def test_a_jurisdiction_that_cannot_be_told_is_none_and_the_page_is_served(wrap, caplog):
    def broken(scope: Any) -> str:
        raise RuntimeError("198.51.100.7")

    reply = await get(wrap(serving(PAGE), jurisdiction=broken))

    assert reply.status == 200
    assert "RuntimeError" in caplog.text
    assert "198.51.100.7" not in caplog.text


async def test_switched_off_it_leaves_pages_alone_and_still_knows_the_consent(wrap):
    answers: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        answers.append(get_consent(scope).allows("analytics"))
        await serving(PAGE)(scope, receive, send)

    reply = await get(wrap(app, enabled=False))

    assert (reply.body, reply.headers, answers) == (PAGE, HTML, [False])


async def test_the_signal_of_a_browser_closes_what_it_is_about(wrap, policy):
    app = wrap(
        serving(PAGE + GATED.replace(b"analytics", b"marketing")),
        policy=policy.model_copy(update={"regime": "opt-out"}),
    )

    for value, closed in ((b"1", True), (b"0", False), (b"true", False), (b"1, 1", True), (b"", False)):
        body = (await get(app, headers=[(b"sec-gpc", value)])).body
        assert (body.count(INERT) == 1) is closed
        assert (b'data-ck="marketing"' in body) is closed


async def test_a_fault_of_the_rewriter_serves_the_page_with_nothing_live_in_it(wrap, caplog, monkeypatch):
    from consentkit.web.gate.markup import MarkupRules

    def broken(self: Any, tag: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(MarkupRules, "judge", broken)
    app = wrap(serving(PAGE))

    reply = await get(app)
    whole = await get(app, "/_consent/health")

    assert reply.status == 200
    assert b"<p>Hello</p>" in reply.body
    assert b"<script" not in without_head(reply.body).lower()
    assert json.loads(whole.body)["faults"] == 1
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize("path", ["/_consent", "/_consent/"])
async def test_the_preferences_are_there_with_and_without_the_slash(wrap, path):
    reply = await get(wrap(serving(PAGE)), path)

    assert reply.status == 200
    assert b'name="purpose"' in reply.body


async def test_paths_that_only_begin_like_the_prefix_are_the_apps(wrap):
    for path in ("/_consents", "/_consent.html", "/x/_consent"):
        assert without_ours((await get(wrap(serving(PAGE)), path)).body) == PAGE


async def test_another_prefix_moves_everything(wrap):
    app = wrap(serving(PAGE), prefix="/privacy/choices")

    assert b'action="/privacy/choices/"' in (await get(app)).body
    assert (await get(app, "/privacy/choices/state")).status == 200
    assert without_ours((await get(app, "/_consent")).body) == PAGE


@pytest.mark.parametrize(
    ("path", "method", "status", "allow"),
    [
        ("/_consent/nowhere", "GET", 404, None),
        ("/_consent/static/nowhere.js", "GET", 404, None),
        ("/_consent/static/../../etc/passwd", "GET", 404, None),
        ("/_consent", "PUT", 405, b"GET, HEAD, POST"),
        ("/_consent/state", "POST", 405, b"GET, HEAD"),
        ("/_consent/state", "HEAD", 200, None),
        ("/_consent/health", "GET", 200, None),
        ("/_consent/declaration", "GET", 200, None),
    ],
)
async def test_each_path_below_the_prefix_has_its_methods(wrap, path, method, status, allow):
    reply = await get(wrap(serving(PAGE)), path, method=method)

    assert (reply.status, reply.one(b"allow")) == (status, allow)
    assert reply.one(b"x-content-type-options") == b"nosniff"
    assert (reply.body == b"") is (method == "HEAD")


async def test_static_files_are_packed_for_who_takes_it_and_kept_for_ever(wrap):
    app = wrap(serving(PAGE))
    page = (await get(app)).body.decode()
    path = page.partition('src="/_consent/static/')[2].partition('"')[0]

    plain = await get(app, f"/_consent/static/{path}")
    packed = await get(app, f"/_consent/static/{path}", [(b"accept-encoding", b"deflate, gzip")])

    assert packed.one(b"content-encoding") == b"gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert b"immutable" in (plain.one(b"cache-control") or b"")


async def test_health_tells_counts_and_no_secret(wrap, audit):
    app = wrap(serving(PAGE))
    await get(app)
    await post(app, {"action": "reject"}, [SAME])

    health = json.loads((await get(app, "/_consent/health")).body)

    assert health["pages"] == 1
    assert health["gated"] == 1
    assert health["log"]["committed"] == 1
    assert audit.url not in json.dumps(health)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a", "/a", True),
        ("/a", "/a/", False),
        ("/a*", "/abc/d", True),
        ("/a/*/c", "/a/b/x/c", True),
        ("*.json", "/x/y.json", True),
        ("/a.b", "/axb", False),
        ("/a\n*", "/a\nb", True),
        ("/**/z", "/y/z", True),
    ],
)
def test_a_star_stands_for_anything_and_all_else_for_itself(pattern, path, matches):
    excluded = excluder([pattern])

    assert excluded is not None
    assert excluded(path) is matches


def test_a_pattern_of_many_stars_takes_no_time():
    excluded = excluder(["/" + "*a" * 60])

    assert excluded is not None
    assert not excluded("/" + "a" * 20_000 + "b")


@pytest.mark.parametrize(
    ("mode", "notice"), [(b"navigate", True), (b"cors", False)], ids=["a navigation", "a mere fetch"]
)
async def test_a_page_that_a_service_worker_asks_for_has_the_notice_where_it_is_a_navigation(
    wrap, mode, notice
):
    headers = [(b"sec-fetch-dest", b"empty"), (b"sec-fetch-mode", mode), (b"sec-fetch-site", b"same-origin")]

    assert (OURS in (await get(wrap(serving(PAGE)), headers=headers)).body) is notice
