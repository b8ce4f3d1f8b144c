"""Reports from the field on the language of the notice: K57, line by line, and what else may tell a language."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.asgi import HTML, POLICY, SAME, cookie_of, get, post, serving

from consentkit import Policy

SPOKEN = re.compile(rb'<span id="consentkit"[^>]* lang="([^"]+)" dir="([^"]+)"')
NOTICE = re.compile(rb'name="notice" value="([0-9a-f]{64})"')
FILM = b'<iframe src="https://player.example/1"></iframe>'
PUBLIC = (b"cache-control", b"public, s-maxage=600")


def page(html: bytes, body: bytes = b"<p>Ahoj") -> bytes:
    return b"<!doctype html><html %s><head><title>T</title></head><body>%s</body></html>" % (html, body)


def language_of(body: bytes) -> str:
    (found,) = SPOKEN.findall(body)
    return found[0].decode()


def speaking(*chunks: bytes, content: bytes | None = None, more: Any = ()) -> Any:
    told = [(b"Content-Language", content)] if content is not None else []
    return serving(*chunks, headers=[*HTML, *told, *more])


@pytest.mark.parametrize(
    ("html", "content", "browser", "language"),
    [
        (b'lang="sk"', None, b"en", "sk"),
        (b'lang="en"', None, b"sk", "en"),
        (b"", None, b"sk", "sk"),
        (b'lang=""', None, b"sk", "sk"),
        (b'lang="sk-SK"', None, b"en", "sk"),
        (b"", b"sk", b"en", "sk"),
        (b'lang=""', b"sk", b"en", "sk"),
        (b'lang="fr"', b"sk", b"en", "fr"),
        (b"LANG=zh-TW", None, b"en", "zh-Hant"),
        (b'lang="z&#104;-CN"', None, b"en", "zh-Hans"),
        (b'xml:lang="de"', None, b"sk", "sk"),
        (b'data-lang="de" lang="sk"', None, b"en", "sk"),
        (b'lang="tlh"', b"eo", b"nn-NO, en;q=0.5", "nb"),
        (b'lang="tlh"', None, None, "en"),
        (b"", None, b"en;q=0, *", "en"),
    ],
)
async def test_k57_the_page_speaks_before_the_browser(
    wrap: Any, html: bytes, content: bytes | None, browser: bytes | None, language: str
) -> None:
    app = wrap(speaking(page(html), content=content))

    reply = await get(app, headers=[(b"accept-language", browser)] if browser else [])

    assert language_of(reply.body) == language


@pytest.mark.parametrize("cut", range(1, 40, 3))
async def test_k57_a_language_in_a_later_chunk_of_a_stream_is_heard(wrap: Any, cut: int) -> None:
    whole = page(b'lang="sk"', FILM)
    app = wrap(speaking(whole[:cut], whole[cut:]))

    reply = await get(app, headers=[(b"accept-language", b"en")])

    assert language_of(reply.body) == "sk"
    assert b"html lang=&quot;sk&quot;" in reply.body


@pytest.mark.parametrize(
    ("html", "content", "language"),
    [(b'lang="sk"', None, "sk"), (b"", b"sk", "sk"), (b"", None, "de"), (b'lang=""', None, "de")],
)
async def test_k57_a_page_for_all_never_speaks_its_first_visitor_s_language(
    wrap: Any, html: bytes, content: bytes | None, language: str
) -> None:
    app = wrap(
        speaking(page(html), content=content, more=[PUBLIC]),
        policy=Policy.model_validate({**POLICY, "language": "de"}),
    )

    replies = [
        await get(app, headers=[(b"accept-language", browser)]) for browser in (b"fr", b"ar", b"*;q=0")
    ]

    assert {language_of(reply.body) for reply in replies} == {language}
    assert len({reply.body for reply in replies}) == 1


async def test_k57_what_stands_for_content_speaks_as_the_notice_does(wrap: Any) -> None:
    app = wrap(speaking(page(b'lang="tlh"', FILM), content=b"sk"))

    reply = await get(app, headers=[(b"accept-language", b"en")])

    assert language_of(reply.body) == "sk"
    assert b"srcdoc=&quot;" not in reply.body
    assert b"html lang=&quot;sk&quot;" in reply.body


@pytest.mark.parametrize(
    "field",
    [
        b"en," * 33_000,
        b"-" * 100_000,
        b";q=" * 30_000,
        b"sk;q=0.5" + b" " * 100_000 + b",en",
        b"\xff\xfe\x00",
        b"sk;q=1;q=0, sk;q=0",
    ],
    ids=["tags", "hyphens", "weights", "blanks", "bytes", "repeated"],
)
async def test_no_header_field_does_harm(wrap: Any, field: bytes) -> None:
    app = wrap(speaking(page(b""), content=field))

    reply = await get(app, headers=[(b"accept-language", field), (b"accept-language", b"fr")])

    assert language_of(reply.body) in ("en", "sk", "fr")


@pytest.mark.parametrize("browser", [b"en", b"ar", b"sk"])
@pytest.mark.parametrize("fresh", [False, True], ids=["same worker", "another worker"])
async def test_the_language_in_the_log_is_the_one_that_was_served(
    wrap: Any, logged: Any, browser: bytes, fresh: bool
) -> None:
    app = wrap(speaking(page(b'lang="sk"')))
    (notice,) = NOTICE.findall((await get(app, headers=[(b"accept-language", browser)])).body)
    if fresh:
        app = wrap(speaking(page(b'lang="sk"')))

    form = {"action": "accept", "notice": notice.decode()}
    reply = await post(app, form, headers=[SAME, (b"accept-language", browser)])

    assert reply.status == 303
    assert cookie_of(reply)
    (event,) = logged()
    assert (event["language"], event["notice"]) == ("sk", notice.decode())


async def test_an_answer_to_a_form_is_in_the_language_that_asked(wrap: Any) -> None:
    app = wrap(speaking(page(b'lang="ar"')))
    (notice,) = NOTICE.findall((await get(app)).body)

    form = {"action": "accept", "receipt": "1", "notice": notice.decode()}
    reply = await post(app, form, headers=[SAME, (b"accept-language", b"en")])

    assert b'<html lang="ar" dir="rtl">' in reply.body


LINK = re.compile(rb'<a href="([^"]*)" target="_self">([^<]*) <span lang="en" dir="ltr">\(Language\)')
EACH = re.compile(
    rb'<a href="([^"]*)" lang="([^"]*)" hreflang="([^"]*)" dir="([^"]*)"( aria-current="true")?>([^<]*)</a>'
)


async def test_the_notice_leads_to_each_language_in_its_own_name_and_back(wrap: Any) -> None:
    app = wrap(speaking(page(b'lang="de"')))
    body = (await get(app, "/a?b=1")).body
    ((address, name),) = LINK.findall(body)

    assert address == b"/_consent/?lang=de&amp;next=/a%3Fb%3D1#languages"
    assert name == b"Sprache"
    shown = (await get(app, "/_consent/?lang=de&next=/a%3Fb%3D1")).body
    listed = {tag: (where, way, bool(now)) for where, tag, _, way, now, _ in EACH.findall(shown)}
    assert b'<nav id="languages"' in shown
    assert len(listed) >= 40
    assert listed[b"ar"] == (b"?lang=ar&amp;next=/a%3Fb%3D1", b"rtl", False)
    assert listed[b"de"][2]
    assert all(tag == hreflang for _, tag, hreflang, *_ in EACH.findall(shown))


async def test_a_site_of_one_language_offers_no_other(wrap: Any) -> None:
    policy = Policy.model_validate({**POLICY, "languages": ["de"], "language": "de"})
    app = wrap(speaking(page(b'lang="fr"')), policy=policy)

    body, shown = (await get(app)).body, (await get(app, "/_consent/?lang=fr")).body

    assert language_of(body) == "de"
    assert b"#languages" not in body
    assert b"<nav" not in shown
