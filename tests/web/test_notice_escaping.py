"""Hostile texts stay texts, in every context of the notice and of the visitor's pages."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from consentkit.core.consent import Signals, resolve
from consentkit.core.policy import Policy
from consentkit.web.notice import NoticeBook, View
from consentkit.web.pages import Pages
from consentkit.languages import messages

HOSTILE = [
    "\"'><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</style></template></span><h1>",
    "%s %(next)s {next} {{ 7*7 }} ${1} {site.__class__}",
    "\u202ereversed\u202c \u2066x\u2069",
    "<!-- --> <![CDATA[ ]]>",
    "é ü 漢字 🍪 \ud7ff \u00a0",
    "line\n  <b>two\n\t</b>\n",
]


class Tags(HTMLParser):
    """Tags with their attributes, and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def policy_with(text: str) -> Policy:
    every = dict.fromkeys(messages("notice", "en"), text)
    name = " ".join(text.split())[:190]
    data: dict[str, Any] = {
        "site": {"name": name, "address": "https://s.example"},
        "controller": {"name": name, "contact": name + "xxx", "address": name},
        "texts": {"en": every},
        "purposes": {"analytics": {"title": {"en": text}, "description": {"en": text}}, "marketing": {}},
        "services": {
            "st": {
                "vendor": name,
                "title": name,
                "purposes": ["analytics"],
                "cookies": [{"pattern": "^<b>&\"'$"}],
            }
        },
    }
    return Policy.model_validate(data)


def everything(policy: Policy, view: View) -> list[bytes]:
    book = NoticeBook(policy)
    pages = Pages(policy, book)
    consent = resolve(policy, Signals(gpc=True), None, 0)
    return [
        book.body(consent, view),
        pages.preferences(consent, view).body,
        pages.declaration(view).body,
        pages.problem(503, view).body,
    ]


def shape(html: bytes) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in Tags(html.decode("ascii")).tags]


VIEW = View(next="/p", nonce="n", view="v", inline=True)
PLAIN = [shape(html) for html in everything(policy_with("plain"), VIEW)]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_adds_no_tag_and_no_attribute(text: str) -> None:
    for html, plain in zip(everything(policy_with(text), VIEW), PLAIN, strict=True):
        assert shape(html) == plain


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(str.strip)


@settings(deadline=None, max_examples=50)
@given(TEXTS)
def test_no_text_adds_a_tag_or_an_attribute(text: str) -> None:
    for html, plain in zip(everything(policy_with(text), VIEW), PLAIN, strict=True):
        assert html.isascii()
        assert shape(html) == plain


@settings(deadline=None, max_examples=50)
@given(
    st.builds(
        View,
        next=st.text(max_size=80),
        nonce=st.text(max_size=40),
        view=st.text(max_size=40),
        prefix=st.text(max_size=40),
        inline=st.just(True),
    )
)
def test_no_value_of_a_page_adds_a_tag_or_an_attribute(view: View) -> None:
    policy = policy_with("plain")
    book = NoticeBook(policy)
    consent = resolve(policy, Signals(gpc=True), None, 0)

    html = book.body(consent, view)

    found = Tags(html.decode("ascii")).tags
    allowed = [entry for entry in PLAIN[0] if view.next or "name" not in entry[1] or entry[0] != "input"]
    assert [tag for tag, _ in found if tag != "input"] == [tag for tag, _ in allowed if tag != "input"]
    assert all(set(attributes) <= {"type", "name", "value"} for tag, attributes in found if tag == "input")


def test_what_was_written_is_what_is_read() -> None:
    text = HOSTILE[0]

    assert text in Tags(everything(policy_with(text), VIEW)[0].decode()).text


def test_a_megabyte_of_text_is_refused_and_the_longest_is_only_long() -> None:
    with pytest.raises(ValidationError):
        policy_with('<a b="c">' * 120_000)

    html = everything(policy_with('<a b="c">' * 555), VIEW)[0]

    assert shape(html) == PLAIN[0]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//evil.example", "data:text/html,x", "/\\evil", "ftp://x/"]
)
@pytest.mark.parametrize("key", ["privacy_url", "imprint_url"])
def test_a_link_leads_to_a_web_page_or_nowhere(key: str, address: str) -> None:
    policy = policy_with("plain").model_dump()

    with pytest.raises(ValidationError):
        Policy.model_validate({**policy, key: address})


def test_a_next_stays_one_value_of_a_link_s_query() -> None:
    view = View(next="/a?x=1&next=//evil#\"'<é>", inline=True, view="v")

    links = [
        a["href"] for tag, a in Tags(everything(policy_with("plain"), view)[0].decode()).tags if tag == "a"
    ]

    assert set(links) == {"/_consent/?lang=en&next=/a%3Fx%3D1%26next%3D//evil%23%22%27%3C%C3%A9%3E"}
