"""Cross-site requests, frames, and where the answer leads."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asgi import PAGE, get, post, serving

from consentkit.web.origin import safe_next

HERE = b"http://localhost"
SAME, FOREIGN, UNKNOWN = (303, 303), (403, 403), (403, 303)
"""What a grant and a refusal are answered."""


async def notice_of(app) -> str:
    return (await get(app, "/_consent/state")).body.decode().partition('"notice":"')[2][:64]


@pytest.mark.parametrize(
    ("fields", "answers"),
    [
        ({b"sec-fetch-site": b"same-origin"}, SAME),
        ({b"sec-fetch-site": b"none"}, SAME),
        ({b"sec-fetch-site": b"same-site"}, FOREIGN),
        ({b"sec-fetch-site": b"cross-site"}, FOREIGN),
        ({b"sec-fetch-site": b"Same-Origin"}, SAME),
        ({b"sec-fetch-site": b"nonsense"}, FOREIGN),
        ({b"sec-fetch-site": b"cross-site", b"origin": HERE}, FOREIGN),
        ({b"sec-fetch-site": b"same-origin", b"origin": b"null"}, SAME),
        ({b"origin": HERE}, SAME),
        ({b"origin": b"https://localhost"}, FOREIGN),
        ({b"origin": b"http://localhost:8001"}, FOREIGN),
        ({b"origin": b"http://localhost.evil.example"}, FOREIGN),
        ({b"origin": b"http://evil.example", b"referer": HERE + b"/"}, FOREIGN),
        ({b"origin": b"null"}, UNKNOWN),
        ({b"origin": b"null", b"referer": HERE + b"/page"}, SAME),
        ({b"referer": HERE + b"/page"}, SAME),
        ({b"referer": b"http://evil.example/" + HERE}, FOREIGN),
        ({b"referer": b"http://localhost@evil.example/"}, FOREIGN),
        ({b"referer": b"http://[broken"}, FOREIGN),
        ({}, UNKNOWN),
        ({b"sec-fetch-site": b"same-origin", b"sec-fetch-dest": b"iframe"}, UNKNOWN),
        ({b"sec-fetch-site": b"same-origin", b"sec-fetch-dest": b"object"}, UNKNOWN),
        ({b"sec-fetch-site": b"cross-site", b"sec-fetch-dest": b"iframe"}, FOREIGN),
        ({b"sec-fetch-site": b"same-origin", b"sec-fetch-dest": b"document"}, SAME),
        ({b"sec-fetch-site": b"same-origin, cross-site"}, FOREIGN),
    ],
    ids=str,
)
async def test_a_grant_is_taken_from_this_origin_alone_and_a_refusal_from_whoever_does_not_say(
    wrap, fields, answers
):
    app = wrap(serving(PAGE))
    notice = await notice_of(app)

    grant = await post(app, {"action": "accept", "notice": notice}, fields.items())
    refusal = await post(app, {"action": "reject"}, fields.items())

    assert (grant.status, refusal.status) == answers
    assert bool(grant.every(b"set-cookie")) is (grant.status == 303)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_only_post_decides(wrap, audit, method):
    app = wrap(serving(PAGE))

    reply = await get(app, f"/_consent?action=accept&notice={await notice_of(app)}", method=method)

    assert reply.every(b"set-cookie") == []
    assert reply.status == (200 if method in ("GET", "HEAD") else 405)
    assert audit.health()["store"] == "unopened"


LEAVING = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "////evil.example",
    "/%09/evil.example",
    "/%0a/evil.example",
    "/%0D/evil.example",
    "/%5cevil.example",
    "/%2Fevil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/a\r\nset-cookie: x=1",
    "/a\x00b",
    "/@evil.example",
    "@evil.example",
    "https:evil.example",
    "https://evil.example/",
    "http://localhost:8001/",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "",
    " /a",
    "/a b",
    "/é",
    "/ //evil.example",
    "/" + "a" * 2_001,
]


@pytest.mark.parametrize("following", LEAVING, ids=repr)
async def test_a_next_that_could_lead_off_the_site_leads_home(wrap, following):
    reply = await post(wrap(serving(PAGE)), {"action": "reject", "next": following})

    assert reply.one(b"location") == b"/"


@pytest.mark.parametrize(
    "following",
    [
        "/",
        "/p?utm_source=news&gclid=abc",
        "/a/b;c=d/e%20f",
        "/p?to=//x@y",
        "/a%3Fb",
        "/~me/(1)?q=%E9",
        "/a//b",
    ],
)
async def test_a_next_on_the_site_is_returned_to_exactly(wrap, following):
    """K84: where a visitor came from is not lost on the way."""
    reply = await post(wrap(serving(PAGE)), {"action": "reject", "next": following})

    assert reply.status == 303
    assert reply.one(b"location") == following.encode()


@pytest.mark.parametrize("path", ["/p?utm_source=news&gclid=abc", "/caf%C3%A9", "/a%3Fb?c=%2F", "/a%20b"])
async def test_the_form_of_a_page_leads_back_to_exactly_that_page(wrap, path):
    app = wrap(serving(PAGE))
    raw, _, query = path.partition("?")
    page = await get(app, "/x?" + query, raw_path=raw.encode(), path_="", host=b"localhost")

    sent = page.body.decode().partition('name="next" value="')[2].partition('"')[0].replace("&amp;", "&")
    reply = await post(app, {"action": "reject", "next": sent})

    assert sent == path
    assert reply.one(b"location") == path.encode()


async def test_a_server_that_tells_no_raw_path_gets_one_made(wrap):
    page = await get(wrap(serving(PAGE)), "/café", raw_path=None)

    assert b'name="next" value="/caf%C3%A9"' in page.body


async def test_without_next_the_referer_of_this_origin_leads_back(wrap):
    app = wrap(serving(PAGE))
    same, foreign = HERE + b"/p?q=1#x", b"http://evil.example/p"

    back = await post(app, {"action": "reject"}, [(b"sec-fetch-site", b"same-origin"), (b"referer", same)])
    home = await post(app, {"action": "reject"}, [(b"sec-fetch-site", b"same-origin"), (b"referer", foreign)])

    assert back.one(b"location") == b"/p?q=1"
    assert home.one(b"location") == b"/"


async def test_the_link_back_on_our_page_never_leads_off_the_site(wrap):
    for following in ("//evil.example", "https:evil.example", "/\\evil.example"):
        page = await get(wrap(serving(PAGE)), f"/_consent?next={following}")
        assert b"evil.example" not in page.body


@given(st.text(st.sampled_from("/\\@:.?#%09afFeE25 \t\né;"), max_size=12))
def test_a_safe_next_never_leaves_the_origin(text):
    for candidate in (text, "/" + text, "//" + text):
        found = safe_next(candidate)
        if found is not None:
            joined = urlsplit(urljoin("https://paper.example/start", found))
            assert (joined.scheme, joined.netloc) == ("https", "paper.example")
            assert found.startswith("/")
            assert not found.startswith(("//", "/\\"))


async def test_our_own_pages_cannot_be_framed_and_run_nothing_from_elsewhere(wrap):
    for path in ("/_consent", "/_consent/declaration"):
        policy = (await get(wrap(serving(PAGE)), path)).one(b"content-security-policy") or b""
        assert b"frame-ancestors 'none'" in policy
        assert b"default-src 'none'" in policy
