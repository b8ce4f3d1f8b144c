"""What the third party hears and which cookies exist, under each regime, with JavaScript and without it."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

ARTICLE = "/articles/the-clock-that-lost-a-minute"
FRONT = "/"
SCRIPTS = {"/analytics.js", "/collect"}
OPEN = ("notice", "opt-out")


@pytest.mark.parametrize(
    "path", [FRONT, ARTICLE, "/archive/1998", "/archive/frames", "/articles/layali-al-qiraa"]
)
def test_under_opt_in_nothing_is_called_and_no_cookie_exists_before_a_choice(visit: Any, path: str) -> None:
    visitor = visit("opt-in")

    visitor.goes(path)

    assert visitor.called() == set()
    assert visitor.cookies() == set()


@pytest.mark.parametrize("path", [FRONT, ARTICLE, "/archive/1998", "/articles/layali-al-qiraa"])
def test_under_opt_in_without_javascript_nothing_is_called_before_a_choice(visit: Any, path: str) -> None:
    visitor = visit("opt-in", javascript=False)

    visitor.goes(path)

    assert visitor.called() == set()
    assert visitor.cookies() == set()


@pytest.mark.parametrize("regime", OPEN)
def test_under_an_open_regime_the_page_runs_before_a_choice(visit: Any, regime: str) -> None:
    visitor = visit(regime)

    visitor.goes(ARTICLE)

    assert visitor.called() >= {"/analytics.js", "/collect", "/embed"}
    assert "consentkit" not in visitor.cookies()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
@pytest.mark.parametrize("regime", ["notice", "opt-out", "opt-in"])
def test_after_a_refusal_nothing_is_called_on_any_page(visit: Any, regime: str, javascript: bool) -> None:
    visitor = visit(regime, javascript=javascript)
    visitor.goes(ARTICLE)

    visitor.presses("reject")

    # What ran before the refusal may say goodbye while its page unloads; from the next page on there is silence.
    visitor.called()
    for path in (ARTICLE, FRONT, "/archive/1998"):
        visitor.goes(path)
    assert visitor.called() == set()
    assert visitor.outcome() in ("refused", None)


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_after_accept_everything_runs_on_the_page_where_it_was_pressed(visit: Any, javascript: bool) -> None:
    visitor = visit("opt-in", javascript=javascript)
    visitor.goes(ARTICLE)
    assert visitor.called() == set()

    visitor.presses("accept")

    expected = {"/analytics.js", "/collect", "/embed"} if javascript else {"/embed"}
    assert visitor.called(expected) >= expected
    assert visitor.outcome() == "accepted"
    assert visitor.page.url == visitor.newsroom.site + ARTICLE
    assert "consentkit" in visitor.cookies()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_a_withdrawal_takes_two_clicks_at_most_and_silences_every_page(visit: Any, javascript: bool) -> None:
    visitor = visit("opt-in", javascript=javascript)
    visitor.goes(ARTICLE)
    visitor.presses("accept")

    visitor.presses("preferences")
    visitor.page.locator(
        "button[name=action][value=withdraw], button[name=action][value=reject]"
    ).first.click()
    visitor.settles()

    visitor.called()
    visitor.goes(ARTICLE)
    visitor.goes(FRONT)
    assert visitor.called() == set()
    assert visitor.outcome() == "refused"


def test_one_purpose_alone_runs_alone(visit: Any) -> None:
    visitor = visit("opt-in", javascript=False)
    visitor.goes("/_consent/?next=" + ARTICLE)

    visitor.page.locator("input[name=purpose][value=analytics]").check()
    visitor.page.locator("button[name=action][value=save]").click()
    visitor.settles()

    visitor.context.close()
    events = [event for event in visitor.newsroom.events() if event["act"] == "save"]
    assert events[-1]["granted"] == ["analytics"]


def test_every_choice_is_one_event_with_the_notice_that_was_served(visit: Any) -> None:
    visitor = visit("opt-in")
    visitor.goes(ARTICLE)
    before = len(visitor.newsroom.events())
    notice = visitor.page.locator("#consentkit input[name=notice]").get_attribute("value")

    visitor.presses("accept")

    (event,) = visitor.newsroom.events()[before:]
    assert event["act"] == "accept"
    assert event["granted"] == ["functional", "analytics", "marketing"]
    assert event["notice"] == notice
    assert event["how"] == "banner"
    assert event["language"] == "en"


def test_a_double_click_is_one_event(visit: Any) -> None:
    visitor = visit("opt-in")
    visitor.goes(ARTICLE)
    before = len(visitor.newsroom.events())

    visitor.page.locator("#consentkit-accept").dblclick()
    visitor.settles()

    assert len(visitor.newsroom.events()) == before + 1


def test_a_double_click_without_javascript_is_one_event(visit: Any) -> None:
    visitor = visit("opt-in", javascript=False)
    visitor.goes(ARTICLE)
    before = len(visitor.newsroom.events())

    visitor.page.locator("#consentkit-accept").dblclick()
    visitor.settles()

    assert len(visitor.newsroom.events()) == before + 1


def test_the_signal_closes_marketing_under_every_regime(visit: Any) -> None:
    visitor = visit("notice", extra_http_headers={"Sec-GPC": "1"})

    visitor.goes(ARTICLE)

    called = visitor.called()
    assert "/embed" not in called
    assert "/analytics.js" in called


def test_a_page_that_arrived_from_elsewhere_keeps_its_address_and_referrer(visit: Any) -> None:
    """With JavaScript the choice navigates nowhere: campaign words and the referrer stay (K84)."""
    visitor = visit("opt-in")
    address = visitor.newsroom.site + ARTICLE + "?utm_source=news&gclid=abc#x"
    visitor.page.goto(address, referer="http://search.localhost/")
    visitor.page.evaluate("window.stayed = true")

    visitor.presses("accept")

    assert visitor.page.url == address
    assert visitor.page.evaluate("document.referrer") == "http://search.localhost/"
    assert visitor.page.evaluate("window.stayed")
    assert visitor.called() >= SCRIPTS


def test_without_javascript_accepting_returns_to_exactly_the_same_address(visit: Any) -> None:
    visitor = visit("opt-in", javascript=False)
    visitor.goes(ARTICLE + "?utm_source=news&gclid=abc")

    visitor.presses("accept")

    assert visitor.page.url == visitor.newsroom.site + ARTICLE + "?utm_source=news&gclid=abc"
