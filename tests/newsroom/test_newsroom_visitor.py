"""The visitor's way: keyboard, Back, tabs, sizes; and the pages that a notice must leave alone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from .conftest import ARTEFACTS

pytestmark = pytest.mark.browser

ARTICLE = "/articles/the-clock-that-lost-a-minute"
OTHER = "/articles/the-last-night-ferry"
FOCUSED = "document.activeElement.shadowRoot ? document.activeElement.shadowRoot.activeElement.id : ''"


def press_until(page: Page, wanted: str) -> int:
    """Tab until a control of the notice has the focus; how often it took."""
    for presses in range(1, 40):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == wanted:
            return presses
    raise AssertionError(f"Tab never reached {wanted}")


@pytest.mark.parametrize("regime", ["notice", "opt-out", "opt-in"])
def test_a_choice_by_keyboard_alone_comes_first_on_the_page_and_leaves_the_focus_in_a_stated_place(
    visit: Any, regime: str
) -> None:
    visitor = visit(regime)
    visitor.goes(ARTICLE)

    assert press_until(visitor.page, "consentkit-reject") <= 5
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_function("document.getElementById('consentkit').dataset.consent === 'refused'")
    visitor.settles()

    if regime == "opt-in":
        assert visitor.page.evaluate(FOCUSED) == "consentkit-preferences"
    assert visitor.page.locator("#consentkit-banner").count() == 0


def test_escape_is_no_consent(visit: Any) -> None:
    visitor = visit("opt-in")
    visitor.goes(ARTICLE)

    press_until(visitor.page, "consentkit-accept")
    visitor.page.keyboard.press("Escape")
    visitor.settles()

    assert visitor.outcome() == "undecided"
    assert visitor.called() == set()


def test_accept_and_reject_have_equal_weight_under_opt_in(visit: Any) -> None:
    visitor = visit("opt-in", width=360)
    visitor.goes(ARTICLE)

    look = """id => { const e = document.getElementById('consentkit').shadowRoot.getElementById(id);
        const s = getComputedStyle(e), r = e.getBoundingClientRect();
        return [r.width, r.height, s.fontSize, s.fontWeight, s.color, s.backgroundColor, s.borderColor].join() }"""
    assert visitor.page.evaluate(look, "consentkit-accept") == visitor.page.evaluate(
        look, "consentkit-reject"
    )


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("regime", ["notice", "opt-out", "opt-in"])
def test_the_notice_fits_its_window(visit: Any, regime: str, scheme: str, width: int) -> None:
    visitor = visit(regime, width=width, color_scheme=scheme)
    for name, path in (
        ("article", ARTICLE),
        ("arabic", "/articles/layali-al-qiraa"),
        ("preferences", "/_consent/"),
    ):
        visitor.goes(path)
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        visitor.page.screenshot(path=ARTEFACTS / f"{name}-{regime}-{scheme}-{width}.png")
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
        if name != "preferences":
            box = visitor.page.locator("#consentkit-banner").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["height"] <= 400


def test_the_notice_speaks_the_pages_language(visit: Any) -> None:
    visitor = visit("opt-in")
    told = {}
    for path in (ARTICLE, "/articles/une-ville-jumelle", "/articles/layali-al-qiraa"):
        visitor.goes(path)
        host = visitor.page.locator("#consentkit")
        told[host.get_attribute("lang")] = host.get_attribute("dir")

    assert told == {"en": "ltr", "fr": "ltr", "ar": "rtl"}


def test_back_to_an_undecided_page_shows_no_notice_after_a_decision_elsewhere(visit: Any) -> None:
    visitor = visit("opt-in")
    visitor.goes(ARTICLE)
    visitor.goes(OTHER)
    visitor.presses("accept")
    visitor.called()

    # Not go_back: it fails where the page that comes back is replaced at once.
    visitor.page.evaluate("setTimeout(() => history.back())")
    visitor.page.wait_for_url(f"**{ARTICLE}")
    visitor.page.wait_for_function(
        "document.getElementById('consentkit').dataset.consent === 'accepted'", timeout=3000
    )
    visitor.settles()

    assert visitor.page.locator("#consentkit-banner").count() == 0
    assert "/analytics.js" in visitor.called()


def test_back_to_a_page_that_ran_stays_silent_after_a_withdrawal_elsewhere(visit: Any) -> None:
    visitor = visit("opt-in")
    visitor.goes(ARTICLE)
    visitor.presses("accept")
    visitor.goes(OTHER)
    visitor.presses("preferences")
    visitor.page.locator(
        "button[name=action][value=withdraw], button[name=action][value=reject]"
    ).first.click()
    visitor.page.wait_for_function(
        "document.getElementById('consentkit').dataset.consent === 'refused'", timeout=5000
    )
    visitor.settles()
    visitor.called()

    # Not go_back: it fails where the page that comes back is replaced at once.
    visitor.page.evaluate("setTimeout(() => history.back())")
    visitor.page.wait_for_url(f"**{ARTICLE}")
    visitor.settles()
    visitor.page.wait_for_function(
        "document.getElementById('consentkit').dataset.consent === 'refused'", timeout=3000
    )
    visitor.settles()

    assert visitor.called() - {"/collect"} == set()
    visitor.goes(ARTICLE)
    assert visitor.called() == set()


def test_another_tab_follows_a_withdrawal_by_itself(visit: Any) -> None:
    visitor = visit("opt-in")
    visitor.goes(ARTICLE)
    visitor.presses("accept")
    second = visitor.context.new_page()
    second.goto(visitor.newsroom.site + OTHER)
    second.wait_for_function("document.getElementById('consentkit').dataset.consent === 'accepted'")

    visitor.presses("preferences")
    visitor.page.locator(
        "button[name=action][value=withdraw], button[name=action][value=reject]"
    ).first.click()

    second.wait_for_function(
        "document.getElementById('consentkit').dataset.consent === 'refused'", timeout=5000
    )
    assert second.locator("script[data-ck]").count() > 0


def test_the_legal_pages_are_gated_and_never_covered(visit: Any) -> None:
    visitor = visit("opt-in")

    visitor.goes("/legal/privacy")

    assert visitor.called() == set()
    assert visitor.page.locator("#consentkit-banner").count() == 0
    assert visitor.page.locator("#consentkit-preferences").count() == 1


def test_a_frameset_keeps_its_frames_and_gets_no_notice(visit: Any) -> None:
    visitor = visit("opt-in")

    visitor.goes("/archive/frames")

    assert visitor.page.evaluate("document.body.nodeName") == "FRAMESET"
    assert visitor.page.evaluate("frames.length") >= 2
    assert visitor.called() == set()


def test_an_old_page_without_a_body_end_gets_one_notice(visit: Any) -> None:
    visitor = visit("opt-in")

    visitor.goes("/archive/1998")

    assert visitor.page.locator("#consentkit").count() == 1
    assert visitor.page.locator("#consentkit-banner").count() == 1


def test_a_page_that_streams_shows_its_notice_before_it_ends(visit: Any) -> None:
    visitor = visit("opt-in")

    visitor.page.goto(visitor.newsroom.site + "/live", wait_until="commit")

    visitor.page.wait_for_selector("#consentkit-banner")
    assert visitor.page.evaluate("document.readyState") == "loading"


def test_fragments_and_the_ticker_go_on_as_before(visit: Any) -> None:
    visitor = visit("opt-in")
    errors: list[str] = []
    visitor.page.on("pageerror", lambda error: errors.append(str(error)))

    visitor.goes("/ticker")
    visitor.page.wait_for_timeout(500)
    events = visitor.page.evaluate("document.querySelector('main').innerText.length")
    visitor.goes(ARTICLE)

    assert events > 0
    assert errors == []
