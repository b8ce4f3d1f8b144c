"""What a placeholder says, in which language, and which choices it offers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.asgi import HTML, POLICY, get, serving

from consentkit.core.policy import Policy

SERVICES: dict[str, Any] = {
    **POLICY["services"],
    "films": {
        "title": 'Films "A" & <B>',
        "vendor": "Film House </p>",
        "purposes": ["marketing"],
        "kind": "video",
        "hosts": ["film.example"],
        "privacy_url": "https://film.example/privacy",
    },
}
FRAME = '<iframe src="https://film.example/1?a=1&amp;b=2" {}></iframe>'
CSP = (b"content-security-policy", b"frame-src https://film.example")


class Sources(HTMLParser):
    """Collects the ``srcdoc`` of a page's frames."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if (tag, name) == ("iframe", "srcdoc")]


Placeholder = Callable[..., Awaitable[str]]


@pytest.fixture
def placeholder(wrap: Any) -> Placeholder:
    """The document that stands in the only frame of a page."""

    async def read(
        body: str, *headers: tuple[bytes, bytes], html: str = 'lang="en"', asked: Any = (), **policy: Any
    ) -> str:
        page = f"<!doctype html><html {html}><head></head><body>{body}</body></html>".encode()
        built = Policy.model_validate({**POLICY, "services": SERVICES, **policy})
        reply = await get(wrap(serving(page, headers=[*HTML, *headers]), policy=built), headers=asked)
        assert reply.body.isascii()
        (document,) = Sources(reply.body.decode()).found
        return document

    return read


async def test_it_says_what_it_is_and_whose_and_escapes_what_policies_write(placeholder):
    document = await placeholder(FRAME)

    assert "<bdi>Films &#34;A&#34; &amp; &lt;B&gt;</bdi>" in document
    assert "Film House &lt;/p&gt; would learn of your visit" in document
    assert 'href="https://film.example/privacy" target="_blank" rel="noopener noreferrer"' in document


async def test_it_offers_this_once_and_always(placeholder):
    document = await placeholder(FRAME)

    assert '<form method="post" action="/_consent/once" target="_self">' in document
    assert 'name="address" value="https://film.example/1?a=1&amp;b=2"' in document
    assert '<form method="post" action="/_consent/" target="_parent">' in document
    assert 'name="sandbox"' not in document


async def test_once_names_the_sandbox_that_the_page_wants(placeholder):
    document = await placeholder(FRAME.format('sandbox="allow-scripts"'))

    assert '<input type="hidden" name="sandbox" value="allow-scripts">' in document


@pytest.mark.parametrize(
    ("attributes", "policy", "target"),
    [
        ("", {}, "_self"),
        ("", {"csp": "enforce"}, "_blank"),
        ("sandbox", {}, "_blank"),
    ],
    ids=["in its frame", "narrowed", "kept in a sandbox"],
)
async def test_under_a_policy_of_the_pages_own_once_is_a_link(placeholder, attributes, policy, target):
    document = await placeholder(FRAME.format(attributes), CSP, **policy)

    assert (
        'href="https://film.example/1?a=1&amp;b=2" referrerpolicy="strict-origin-when-cross-origin"'
        f' target="{target}"'
    ) in document
    assert "/once" not in document


@pytest.mark.parametrize(
    ("html", "asked", "language", "direction"),
    [
        ('lang="ar"', (), "ar", "rtl"),
        ("lang=fr-CA", (), "fr", "ltr"),
        ('class="a" lang="fr"', ((b"accept-language", b"ar"),), "fr", "ltr"),
        ("", ((b"accept-language", b"ar"),), "ar", "rtl"),
        ('lang="xx"', (), "en", "ltr"),
    ],
    ids=["Arabic", "a region's French", "the page before the visitor", "the visitor", "one we do not speak"],
)
async def test_it_speaks_the_pages_language(placeholder, html, asked, language, direction):
    document = await placeholder(FRAME, html=html, asked=asked)

    assert f'<html lang="{language}" dir="{direction}">' in document


async def test_arabic_is_written_in_character_references(placeholder):
    document = await placeholder(FRAME, html='lang="ar"')

    assert "التحميل هذه المرة فقط" in unescape(document)


async def test_a_purpose_that_waits_leads_to_the_preferences(placeholder):
    document = await placeholder('<iframe src="https://other.example/" data-category="marketing"></iframe>')

    assert "<b><bdi>Marketing</bdi></b>" in document
    assert 'href="/_consent/" target="_parent"' in document
    assert "<form" not in document


@pytest.mark.parametrize(
    ("address", "title", "policy"),
    [
        ("https://www.youtube.com/embed/A", "YouTube", {}),
        ("https://stranger.example/x", "stranger.example", {"unknown": "gate"}),
    ],
    ids=["not named by the policy", "known to nobody"],
)
async def test_what_is_shut_for_good_offers_no_choice(placeholder, address, title, policy):
    document = await placeholder(f'<iframe src="{address}"></iframe>', **policy)

    assert f"<bdi>{title}</bdi>" in document
    assert "this site does not ask about it" in document
    assert "<form" not in document
    assert 'class="button"' not in document


async def test_an_address_too_long_for_a_form_is_not_offered(placeholder):
    document = await placeholder(f'<iframe src="https://film.example/{"x" * 3000}"></iframe>')

    assert "/once" not in document
    assert 'value="allow"' in document


async def test_forms_go_below_the_path_that_the_app_is_mounted_at(wrap):
    page = f"<!doctype html><html><body>{FRAME}</body></html>".encode()
    built = Policy.model_validate({**POLICY, "services": SERVICES})

    reply = await get(wrap(serving(page), policy=built), "/shop/", root_path="/shop")

    assert "/shop/_consent/once" in Sources(reply.body.decode()).found[0]
