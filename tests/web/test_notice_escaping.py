"""Hostile texts stay texts, in every context of the notice and of the visitor's pages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from consentkit.core.consent import Signals, resolve
from consentkit.core.errors import PolicyError
from consentkit.core.policy import Policy
from consentkit.languages import messages
from consentkit.policyfile import load_text
from consentkit.web.gate.placeholder import Wanted
from consentkit.web.notice import NoticeBook, View
from consentkit.web.pages import Pages
from consentkit.web.placeholder import Placeholders

HOSTILE = [
    "\"'><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</style></template></span><h1>",
    "%s %(next)s {next} {{ 7*7 }} ${1} {site.__class__}",
    "\u200freversed\u200e",
    "';alert(1)//\\u0027 */}:host{display:none}",
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
    """All that is drawn with texts in it."""
    book = NoticeBook(policy)
    pages = Pages(policy, book)
    consent = resolve(policy, Signals(gpc=True), None, 0)
    placeholders = Placeholders(book, policy.services, view.prefix, narrowed=False)
    entry = {
        "event": "e",
        "act": "save",
        "time": "2026-11-25T12:00:00Z",
        "granted": ["analytics"],
        "denied": ["marketing"],
        "seq": 1,
        "proven": True,
    }
    return [
        book.body(consent, view),
        pages.preferences(consent, view).body,
        pages.declaration(view).body,
        pages.problem(503, view).body,
        pages.record(view, [entry]).body,
        placeholders.document(view.language, Wanted(("st",))).encode(),
        b"<iframe%s></iframe>" % placeholders.draw(view.language, linked=False)(Wanted(("st",))),
    ]


def shape(html: bytes) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in Tags(html.decode("ascii")).tags]


VIEW = View(next="/p", nonce="n", view="v", inline=True)
PLAIN = [shape(html) for html in everything(policy_with("plain"), VIEW)]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_adds_no_tag_and_no_attribute(text: str) -> None:
    for html, plain in zip(everything(policy_with(text), VIEW), PLAIN, strict=True):
        assert shape(html) == plain


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_reaches_a_script_a_style_or_the_page_s_state(text: str) -> None:
    consent = resolve(policy_with(text), Signals(gpc=True), None, 0)

    hostile, plain = NoticeBook(policy_with(text)), NoticeBook(policy_with("plain"))

    assert hostile.head(consent, VIEW) == plain.head(consent, VIEW)
    styles, states = re.compile(rb"<style.*?</style>"), re.compile(rb"data-state='(.*?)'")
    for pattern in (styles, states):
        found = pattern.findall(hostile.body(consent, VIEW))
        assert found
        assert found == pattern.findall(plain.body(consent, VIEW))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_in_a_frame_s_attribute_stays_the_document_that_it_was(text: str) -> None:
    *_, document, frame = everything(policy_with(text), VIEW)

    (_, attributes), *_ = Tags(frame.decode("ascii")).tags

    assert attributes["srcdoc"] == document.decode().replace("\n", "")


@pytest.mark.parametrize(
    "character",
    ["\x00", "\x1b", "\x85", "\u2028", "\u202a", "\u202e", "\u2066", "\u2069", "\ud800"],
    ids=ascii,
)
def test_a_text_with_a_character_that_would_turn_what_follows_is_refused(character: str) -> None:
    with pytest.raises(ValidationError) as caught:
        policy_with(f"a{character}b")

    assert {"texts", "purposes"} <= {error["loc"][0] for error in caught.value.errors()}


@pytest.mark.parametrize("escape", ["\\u202e", "\\u2067", "\\u0000"])
def test_a_refused_text_is_told_with_its_place_and_what_would_be_right(escape: str) -> None:
    stated = f"""
[site]
name = "S{escape}"
address = "https://s.example"
[controller]
name = "C"
contact = "c@s.example"
[texts.de]
save = "Sichern{escape}"
"""

    with pytest.raises(PolicyError) as caught:
        load_text(stated)

    assert [(each.key, each.line) for each in caught.value.problems] == [
        ("site.name", 3),
        ("texts.de.save", 9),
    ]
    assert all("no control characters" in each.expected for each in caught.value.problems)
    assert str(caught.value).replace("\n", "").isprintable()


TURNING = "".join(map(chr, (*range(0x2028, 0x202F), *range(0x2066, 0x206A))))
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=TURNING), min_size=1, max_size=60
).filter(str.strip)


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

    address = "/_consent/?lang=en&next=/a%3Fx%3D1%26next%3D//evil%23%22%27%3C%C3%A9%3E"
    assert set(links) == {address, f"{address}#languages"}
