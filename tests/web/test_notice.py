"""The notice as bytes and as a document."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.decision import Act, Choice, Outcome, decide
from consentkit.core.policy import Policy
from consentkit.web.notice import NoticeBook, View
from consentkit.web.stencil import Stencil, attribute, to_ascii

SAMPLE: dict[str, Any] = {
    "regime": "opt-in",
    "privacy_url": "/privacy",
    "imprint_url": "/imprint",
    "site": {"name": "The Lantern", "address": "https://lantern.example"},
    "controller": {"name": "Lantern Press", "contact": "privacy@lantern.example"},
    "services": {
        "stats": {"vendor": "Counting Ltd", "purposes": ["analytics"]},
        "films": {"vendor": "Film House", "purposes": ["marketing"]},
        "more-films": {"vendor": "Film House", "purposes": ["marketing"]},
    },
}
VIEW = View(next="/p", view="v1", inline=True)


def book_of(**changes: Any) -> NoticeBook:
    return NoticeBook(Policy.model_validate({**SAMPLE, **changes}))


def undecided(book: NoticeBook, *, gpc: bool = False) -> Consent:
    return resolve(book.policy, Signals(gpc=gpc), None, 0)


def after(book: NoticeBook, act: Act, **choice: Any) -> Consent:
    outcome = decide(book.policy, Choice(act, **choice), now=0, visitor="v")
    assert isinstance(outcome, Outcome)
    return resolve(book.policy, Signals(), outcome.decision, 1)


def drawn(book: NoticeBook, consent: Consent | None = None, **view: Any) -> str:
    return book.body(consent or undecided(book), replace(VIEW, **view)).decode("ascii")


def ids(html: str) -> list[str]:
    return re.findall(r' id="consentkit-([a-z]+)"', html)


def test_the_hash_is_that_of_the_document_and_two_books_of_one_policy_agree() -> None:
    notice = book_of().notice("fr")

    assert notice.hash == hashlib.sha256(notice.document).hexdigest()
    assert book_of().notice("fr") == notice


def test_each_language_has_a_notice_of_its_own_and_each_is_known() -> None:
    book = book_of()

    notices = [book.notice(language) for language in ("en", "fr", "ar")]

    assert len({notice.hash for notice in notices}) == 3
    assert [book.known(notice.hash) for notice in notices] == notices
    assert book.known("0" * 64) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"texts": {"en": {"opt-in-accept": "Yes"}}},
        {"services": {"stats": {"vendor": "Another Ltd", "purposes": ["analytics"]}}},
        {"regime": "notice"},
        {"layout": "box"},
        {"position": "top"},
        {"controller": {"name": "Other", "contact": "a@b"}},
        {"privacy_url": "/other"},
        {"purposes": {"analytics": {"title": {"en": "Counting"}}, "marketing": {}}},
    ],
    ids=lambda changes: str(next(iter(changes))),
)
def test_whatever_is_shown_changes_the_hash(changes: dict[str, Any]) -> None:
    assert book_of(**changes).notice("en").hash != book_of().notice("en").hash


def test_the_document_holds_what_was_shown() -> None:
    document = json.loads(book_of(texts={"fr": {"opt-in": "Bonjour"}}).notice("fr").document)

    assert document["language"] == "fr"
    assert document["banner"]["text"] == "Bonjour"
    assert [button["id"] for button in document["banner"]["buttons"]] == ["reject", "accept", "more"]
    assert {purpose["id"]: purpose["regime"] for purpose in document["purposes"]}["necessary"] == "exempt"
    assert document["services"]["films"]["vendor"] == "Film House"


@pytest.mark.parametrize(
    ("regime", "text", "buttons"),
    [
        (
            "notice",
            "This website uses cookies to improve your experience. We&#39;ll assume you&#39;re ok with this, but",
            {"accept": "Accept", "reject": "Opt out", "more": "Read More"},
        ),
        (
            "opt-out",
            "They are on, and you can opt out.",
            {"accept": "OK", "reject": "Opt out", "more": "Preferences"},
        ),
        (
            "opt-in",
            "Nothing is on until you choose.",
            {"accept": "Accept", "reject": "Reject", "more": "Preferences"},
        ),
    ],
)
def test_the_strictest_regime_decides_the_words(regime: str, text: str, buttons: dict[str, str]) -> None:
    html = drawn(book_of(regime="notice", purposes={"analytics": {}, "marketing": {"regime": regime}}))

    assert text in html
    for name, words in buttons.items():
        assert re.search(rf'id="consentkit-{name}"[^>]*>{words}<', html)


def test_vendors_are_counted_once_and_purposes_named() -> None:
    assert "For: Functional, Statistics, Marketing. Partners: 2. Responsible: Lantern Press." in drawn(
        book_of()
    )


def test_undecided_shows_banner_and_control_decided_the_control_alone() -> None:
    book = book_of()

    assert ids(drawn(book)) == ["banner", "reject", "accept", "more", "preferences"]
    assert ids(drawn(book, after(book, Act.REJECT))) == ["preferences"]
    assert ids(drawn(book, rule="never")) == ["preferences"]
    assert 'data-consent="refused"' in drawn(book, after(book, Act.REJECT))


def test_a_broken_connection_is_told_and_nothing_is_asked() -> None:
    html = drawn(book_of(), broken=True)

    assert ">Choices cannot be kept on this connection.</p>" in html
    assert ids(html) == ["preferences"]


def test_a_broken_connection_is_told_where_there_is_something_to_choose_and_a_notice_may_be() -> None:
    nothing = book_of(purposes={"necessary": {}}, services={})

    for html in (drawn(book_of(), broken=True, rule="never"), drawn(nothing, broken=True), drawn(book_of())):
        assert "cannot be kept" not in html


def test_where_nothing_is_asked_the_small_control_stands_alone() -> None:
    book = book_of(purposes={"necessary": {}}, services={})

    assert ids(drawn(book)) == ["preferences"]
    assert book.notice("en").hash


def test_a_drawing_is_never_lent_to_another_consent_or_page() -> None:
    book = book_of()

    for gpc, following in ((True, "/p"), (False, "/p"), (False, ""), (True, "")):
        html = drawn(book, undecided(book, gpc=gpc), next=following)
        assert ("Opt-out request honored" in html) is gpc
        assert ('name="next"' in html) is (following != "")


def test_the_state_in_the_page_is_the_consent() -> None:
    book = book_of()
    consent = after(book, Act.SAVE, purposes=frozenset({"marketing"}), services={"films": False})

    state = re.search(r"data-state='([^']*)'", drawn(book, consent))

    assert state
    assert json.loads(state[1]) == {
        "decided": True,
        "outcome": "custom",
        "granted": ["marketing", "necessary"],
        "services": {"films": False, "more-films": True, "stats": False},
    }


def test_the_form_carries_what_a_decision_needs_before_its_buttons() -> None:
    html = drawn(book_of(), next="/p?a=1&b='2'", prefix="/app/_consent")

    assert 'method="post" action="/app/_consent/" target="_self"' in html
    hash_ = book_of().notice("en").hash
    for name, value in (
        ("how", "banner"),
        ("notice", hash_),
        ("view", "v1"),
        ("next", "/p?a=1&amp;b=&#39;2&#39;"),
    ):
        field = f'<input type="hidden" name="{name}" value="{value}">'
        assert html.index(field) < html.index("<button")
    assert html.count("/app/_consent/?lang=en&amp;next=/p%3Fa%3D1%26b%3D%272%27") == 4


def test_a_long_next_is_left_out() -> None:
    html = drawn(book_of(), next="/" + "x" * 2000)

    assert 'name="next"' not in html
    assert len(html) < 6000


@pytest.mark.parametrize(
    ("nonce", "inline", "style"),
    [
        ("n0", True, '<style nonce="n0">'),
        (None, True, "<style>"),
        (None, False, "<link rel="),
        ("n0", False, "<link rel="),
    ],
)
def test_the_style_is_inline_only_where_it_may_be(nonce: str | None, inline: bool, style: str) -> None:
    html = drawn(book_of(), nonce=nonce, inline=inline)

    assert style in html
    assert html.count("<style") + html.count("<link") == 1
    assert ('nonce="n0"></script>' in html) is (nonce is not None)


def test_pages_differ_in_their_own_values_and_in_nothing_else() -> None:
    book = book_of()
    one, two = drawn(book, nonce="N1", view="V1", next="/F1"), drawn(book, nonce="N2", view="V2", next="/F2")

    assert one != two
    assert one.replace("N1", "N2").replace("V1", "V2").replace("F1", "F2") == two


def test_one_element_holds_it_all_and_search_engines_leave_it_out() -> None:
    html = drawn(book_of())

    assert html.startswith('<span id="consentkit" data-nosnippet ')
    assert html.endswith("</a></span>")
    assert "<h1" not in html
    assert html.count("<span") == 1


def test_right_to_left_is_said_on_the_host_element() -> None:
    assert 'lang="ar" dir="rtl"' in drawn(book_of(), language="ar")


def test_nothing_belongs_into_the_head() -> None:
    book = book_of()

    assert book.head(undecided(book), VIEW) == b""


def test_a_site_s_template_replaces_ours_by_name(tmp_path: Path) -> None:
    (tmp_path / "notice").mkdir()
    (tmp_path / "notice" / "notice.html").write_text(
        "<style nonce='{{ hole.nonce }}'>a::before{content:'→'}</style>"
        "<p>{{ words('label') }} é {{ hole.view }}</p><script>'é'</script>",
        "utf-8",
    )
    book = NoticeBook(Policy.model_validate(SAMPLE), templates=[tmp_path])

    assert drawn(book, nonce="N") == (
        "<style nonce='N'>a::before{content:'\\2192 '}</style><p>Cookie notice &#233; v1</p><script>'\\u00e9'</script>"
    )


def test_the_number_of_drawings_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consentkit.web.notice.REMEMBERED", 2)
    book = book_of()

    for language in ("en", "fr", "ar"):
        for rule in ("never", "default"):
            drawn(book, language=language, rule=rule)

    assert len(book._stencils) <= 2


def test_a_stencil_fills_each_hole_in_its_place() -> None:
    stencil = Stencil((b"<", b"|", b">"), ("a", "b"))

    assert stencil.fill({"b": b"2", "a": b"1"}) == b"<1|2>"
    with pytest.raises(KeyError):
        stencil.fill({"a": b"1"})


def test_a_text_for_an_attribute_is_escaped_and_ascii() -> None:
    assert attribute("\"'<&é") == b"&#34;&#39;&lt;&amp;&#233;"
    assert to_ascii("é<STYLE>é</STYLE>é") == b"&#233;<STYLE>\\e9 </STYLE>&#233;"


def test_script_and_style_carry_their_own_nonces() -> None:
    html = drawn(book_of(), nonce="y", style_nonce="x", inline=True)

    assert '<style nonce="x">' in html
    assert re.search(r'<script [^>]*nonce="y"', html)
    assert '" nonce="x">' in drawn(book_of(), nonce="y", style_nonce="x", inline=False)
