"""Cases 40 to 43: validators, caches and the page's own Content-Security-Policy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.asgi import HTML, OURS, PAGE, get, post, serving

from consentkit.web.gate.csp import inline

NAVIGATION = [(b"sec-fetch-dest", b"document"), (b"sec-fetch-mode", b"navigate"), (b"accept", b"text/html")]


class Validating:
    """An app that knows ETags and dates as a framework does, and notes what it was asked."""

    def __init__(self, etag: bytes = b'"v1"') -> None:
        self.etag = etag
        self.asked: list[dict[bytes, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        conditions = {
            name: value
            for name, value in scope["headers"]
            if name in (b"if-none-match", b"if-modified-since")
        }
        self.asked.append(conditions)
        fields = [
            *HTML,
            (b"etag", self.etag),
            (b"last-modified", b"Tue, 03 Nov 2026 10:00:00 GMT"),
            (b"cache-control", b"max-age=600"),
        ]
        same = self.etag in conditions.get(b"if-none-match", b"") or b"if-modified-since" in conditions
        if same:
            await serving(b"", status=304, headers=fields[1:])(scope, receive, send)
        else:
            await serving(PAGE, headers=fields)(scope, receive, send)


async def test_40_a_strong_validator_becomes_a_weak_one_of_the_state_and_digests_go(wrap):
    stale = [(name, b"x") for name in (b"content-md5", b"Digest", b"content-digest", b"repr-digest")]
    fields = [*HTML, (b"etag", b'"v1"'), (b"last-modified", b"Tue, 03 Nov 2026 10:00:00 GMT"), *stale]

    reply = await get(wrap(serving(PAGE, headers=fields)))

    assert re.fullmatch(rb'W/"v1-cks\.[0-9a-f]{12}"', reply.one(b"etag") or b"")
    for name in (b"last-modified", b"content-md5", b"digest", b"content-digest", b"repr-digest"):
        assert reply.every(name) == []


@pytest.mark.parametrize("etag", [b'"v1"', b'W/"v1"'])
async def test_40b_the_same_state_gets_304_with_its_fields_and_the_app_sees_its_own_tag(wrap, decided, etag):
    app = Validating(etag)
    visitor = [*NAVIGATION, decided("analytics")]
    first = await get(wrap(app), headers=visitor)

    again = await get(wrap(app), headers=[*visitor, (b"if-none-match", first.one(b"etag"))])

    assert again.status == 304
    assert again.one(b"etag") == first.one(b"etag")
    assert again.one(b"cache-control") == b"private, no-cache"
    assert again.every(b"vary") == first.every(b"vary")
    assert again.body == b""
    assert app.asked[1] == {b"if-none-match": etag}


@pytest.mark.parametrize(
    ("before", "after"), [((), ("analytics",)), (("analytics",), ()), (("analytics",), None), (None, ())]
)
async def test_40c_a_validator_of_another_state_never_leads_to_304(wrap, decided, before, after):
    app = wrap(Validating())
    of = {who: [] if who is None else [decided(*who)] for who in (before, after)}
    etag = (await get(app, headers=[*NAVIGATION, *of[before]])).one(b"etag")

    reply = await get(app, headers=[*NAVIGATION, *of[after], (b"if-none-match", etag)])

    assert reply.status == 200


@pytest.mark.parametrize(
    "condition",
    [
        (b"if-none-match", b'"v1"'),
        (b"if-none-match", b'W/"v1"'),
        (b"if-none-match", b"*"),
        (b"if-modified-since", b"Tue, 03 Nov 2026 10:00:00 GMT"),
    ],
)
async def test_40d_a_validator_from_before_consentkit_never_leads_to_304(wrap, condition):
    assert (await get(wrap(Validating()), headers=[*NAVIGATION, condition])).status == 200


async def test_40e_a_date_beside_a_validator_of_ours_is_not_shown_to_the_app(wrap):
    app = Validating()
    etag = (await get(wrap(app), headers=NAVIGATION)).one(b"etag")
    headers = [
        *NAVIGATION,
        (b"if-none-match", etag),
        (b"if-modified-since", b"Tue, 03 Nov 2026 10:00:00 GMT"),
    ]

    await get(wrap(app), headers=headers)

    assert app.asked[1] == {b"if-none-match": b'"v1"'}


async def test_40f_images_keep_their_304(wrap):
    headers = [(b"sec-fetch-dest", b"image"), (b"if-none-match", b'"v1"')]

    reply = await get(wrap(Validating()), headers=headers)

    assert reply.status == 304
    assert reply.one(b"cache-control") == b"max-age=600"


async def test_41_a_page_made_for_its_visitor_stays_with_that_visitor(wrap):
    shared = [
        (b"cache-control", b"public, s-maxage=600, max-age=60, stale-while-revalidate=30, no-transform"),
        (b"expires", b"Thu, 31 Dec 2026 10:00:00 GMT"),
        (b"pragma", b"cache"),
        (b"CDN-Cache-Control", b"max-age=600"),
        (b"Surrogate-Control", b"max-age=600"),
        (b"cloudflare-cdn-cache-control", b"max-age=600"),
        (b"x-accel-expires", b"600"),
        (b"edge-control", b"max-age=600"),
    ]

    reply = await get(wrap(serving(PAGE, headers=[*HTML, *shared]), delivery="private"))

    assert reply.one(b"cache-control") == b"private, no-cache, no-transform"
    assert {name.lower() for name, _ in reply.headers} == {b"content-type", b"cache-control", b"vary"}
    assert reply.one(b"vary") == b"Cookie, Sec-GPC"


async def test_41b_no_store_stays_and_vary_is_not_said_twice(wrap):
    fields = [*HTML, (b"cache-control", b"no-store"), (b"vary", b"cookie, Accept-Encoding")]

    reply = await get(wrap(serving(PAGE, headers=fields)))

    assert reply.one(b"cache-control") == b"private, no-cache, no-store"
    assert reply.every(b"vary") == [b"cookie, Accept-Encoding", b"Sec-GPC"]


async def test_42_nothing_that_sets_our_cookie_or_tells_a_choice_is_stored(wrap):
    app = wrap(serving(PAGE))

    for reply in (
        await post(app, {"action": "reject"}),
        await get(app, "/_consent"),
        await get(app, "/_consent/state"),
        await get(app, "/_consent/declaration"),
    ):
        assert reply.one(b"cache-control") == b"no-store"


def page_under(*policies: bytes, name: bytes = b"content-security-policy") -> Any:
    return serving(PAGE, headers=[*HTML, *[(name, policy) for policy in policies]])


def notice_of(reply: Any) -> bytes:
    return reply.body[reply.body.index(OURS) :]


@pytest.mark.parametrize(
    "csp",
    [
        b"script-src 'nonce-r4nd0m' 'strict-dynamic'; style-src 'nonce-r4nd0m'",
        b"default-src 'self' 'nonce-r4nd0m'",
        b"DEFAULT-SRC 'none'; Script-Src-Elem 'NONCE-r4nd0m'; style-src 'self' 'nonce-r4nd0m'",
        b"script-src 'nonce-r4nd0m'; style-src 'nonce-r4nd0m'; require-trusted-types-for 'script'",
    ],
)
async def test_43_the_pages_nonce_is_ours_too(wrap, csp):
    reply = await get(wrap(page_under(csp)))

    assert notice_of(reply).count(b'nonce="r4nd0m"') == 2
    assert b"<style nonce" in notice_of(reply)
    assert reply.every(b"content-security-policy") == [csp]


@pytest.mark.parametrize(
    "csp",
    [
        b"default-src 'self'",
        b"script-src 'self'; style-src 'self'",
        b"script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; style-src 'self'",
        b"script-src 'nonce-abc'; style-src 'self'",
        b"script-src 'nonce-abc'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'unsafe-inline'",
    ],
)
async def test_43b_where_no_inline_style_applies_ours_is_a_file(wrap, csp):
    reply = await get(wrap(page_under(csp)))

    assert b"<style" not in notice_of(reply)
    assert b'<link rel="stylesheet" href="/_consent/static/' in notice_of(reply)
    assert reply.every(b"content-security-policy") == [csp]


async def test_43c_of_several_policies_all_must_agree(wrap):
    one, other = (
        b"script-src 'nonce-a' 'nonce-b'; style-src 'nonce-b'",
        b"script-src 'nonce-b'; style-src 'nonce-b' 'self'",
    )

    for app in (page_under(one, other), page_under(one + b", " + other)):
        assert notice_of(await get(wrap(app))).count(b'nonce="b"') == 2


async def test_43c_a_file_carries_the_nonce_of_one_policy_where_another_lets_in_its_origin(wrap):
    app = wrap(page_under(b"script-src 'nonce-a'; style-src 'nonce-a'", b"default-src 'self'"))

    piece = notice_of(await get(app))

    assert b"<style" not in piece
    assert piece.count(b' nonce="a"') == 2


@pytest.mark.parametrize("scripts", [b"'self'", b"*", b"'unsafe-inline'"])
async def test_43c_a_nonce_for_styles_alone_is_our_styles(wrap, scripts):
    piece = notice_of(await get(wrap(page_under(b"script-src " + scripts + b"; style-src 'nonce-x'"))))

    assert b'<style nonce="x">' in piece


async def test_43c_a_nonce_for_scripts_alone_is_our_scripts(wrap):
    piece = notice_of(await get(wrap(page_under(b"script-src 'nonce-y'; style-src 'unsafe-inline'"))))

    assert b"<style" in piece
    assert re.search(rb'<script [^>]*nonce="y"', piece)


def test_43c_scripts_and_styles_may_have_nonces_of_their_own():
    found = inline([(b"content-security-policy", b"script-src 'nonce-y'; style-src 'nonce-x'")])

    assert (found.nonce, found.style_nonce, found.allowed) == ("y", "x", True)


async def test_43d_a_policy_that_only_reports_changes_nothing(wrap):
    app = page_under(b"default-src 'none'", name=b"content-security-policy-report-only")

    assert b"<style>" in notice_of(await get(wrap(app)))


async def test_43e_without_javascript_nothing_of_ours_needs_unsafe_inline(wrap):
    piece = notice_of(await get(wrap(page_under(b"default-src 'self'"))))

    assert not re.search(rb"\son[a-z]+=|javascript:|\sstyle=|<script[^>]*>[^<]", piece)
