"""What happens around a choice: the act that is sent, focus and status, other tabs, Back, and what goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from playwright.async_api import BrowserContext, Page

from .conftest import PREFIX, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HEAD = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>t</title><link rel=icon href=data:,>"
    "<body>{notice}<h1>page</h1>"
)
FOCUS = "document.activeElement?.shadowRoot?.activeElement?.id"
ROOT = "document.getElementById('consentkit').shadowRoot"


def tracker(consent: object) -> str:
    """A page with a tag of the third party: live when allowed, gated when not."""
    live = "analytics" in getattr(consent, "granted", ())
    mark = (
        'src="{third}/t.js"' if live else 'type="text/plain" data-ck="analytics" data-ck-src="{third}/t.js"'
    )
    return HEAD + f"<script {mark}></script><a href=/b>b</a>"


async def said(tab: Page) -> str:
    text: str = await tab.evaluate(f"{ROOT}.querySelector('.said').textContent")
    return text


async def ready(tab: Page) -> None:
    await until(tab, "!!window.consentkit?.ready?.then")


async def test_a_choice_keeps_where_the_visitor_came_from(site: Site, context: BrowserContext) -> None:
    page = site.page("/p", tracker)
    tab = await context.new_page()
    site.page("/from", HEAD + f'<a id=go href="{page}?utm_source=news&gclid=abc#x">go</a>')
    await tab.goto(site.third.replace("localhost", "127.0.0.1") + "/from")
    await tab.locator("#go").click()
    await tab.wait_for_url("**/p?**")
    before = await tab.evaluate("[location.href, document.referrer, performance.timeOrigin]")

    await tab.locator("#consentkit-accept").click()

    await until(tab, "window.ran?.length === 1")
    assert await tab.evaluate("[location.href, document.referrer, performance.timeOrigin]") == before


async def test_keyboard_alone_refuses_and_lands_on_the_small_control(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", HEAD))
    await ready(tab)
    while await tab.evaluate(FOCUS) != "consentkit-reject":
        await tab.keyboard.press("Tab")

    await tab.keyboard.press("Enter")
    await until(tab, "consentkit.state.decided")

    assert await tab.evaluate(FOCUS) == "consentkit-preferences"
    assert await said(tab) == "Your choice is saved. You can change it here at any time."
    assert await tab.locator("#consentkit-banner").count() == 0
    assert (
        await tab.evaluate(
            "consentkit.state.outcome + ' ' + document.getElementById('consentkit').dataset.consent"
        )
        == "refused refused"
    )
    act = site.acts[0]
    assert (act["action"], act["how"], act["notice"]) == ("reject", "banner", site.book.notice("en").hash)
    assert isinstance(act["shown_ms"], int)


async def test_a_double_click_is_one_act(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await tab.evaluate(f"{{const b = {ROOT}.getElementById('consentkit-accept'); b.click(); b.click()}}")
    await until(tab, "consentkit.state.decided")

    assert len(site.acts) == 1


@pytest.mark.parametrize("refusal", ["reject", "withdraw"])
async def test_a_refusal_stops_a_grant_that_is_under_way(site: Site, tab: Page, refusal: str) -> None:
    site.slow = {"accept": 0.6}
    await tab.goto(site.page("/", tracker))
    await ready(tab)

    await tab.evaluate("void (granted = consentkit.accept())")
    outcome = await tab.evaluate(f"consentkit.{refusal}().then(state => state.outcome)")

    assert outcome == "refused"
    assert await tab.evaluate("granted.then(state => state.outcome)") == "refused"
    await asyncio.sleep(0.8)
    assert await tab.evaluate("consentkit.state.outcome") == "refused"
    assert site.hits == []
    await tab.reload()
    assert await tab.locator("#consentkit").get_attribute("data-consent") == "refused"
    # By this word the server knows that the two are of one page.
    assert [act["action"] for act in site.acts] == ["accept", refusal]
    assert site.acts[0]["view"] == site.acts[1]["view"]


async def test_reject_pressed_while_accept_waits_is_what_holds(site: Site, tab: Page) -> None:
    site.slow = {"accept": 0.6}
    await tab.goto(site.page("/", tracker))
    await ready(tab)

    await tab.locator("#consentkit-accept").click()
    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.decided")

    assert await tab.evaluate("consentkit.state.outcome") == "refused"
    assert await said(tab) == "Your choice is saved. You can change it here at any time."


async def test_accept_pressed_while_a_refusal_is_under_way_is_not_sent(site: Site, tab: Page) -> None:
    site.slow = {"reject": 0.3}
    await tab.goto(site.page("/", tracker))
    await ready(tab)

    outcome = await tab.evaluate("consentkit.reject(), consentkit.accept().then(state => state.outcome)")

    assert outcome == "refused"
    assert [act["action"] for act in site.acts] == ["reject"]


async def test_after_a_failure_the_next_press_is_sent(site: Site, tab: Page) -> None:
    site.fail = 503
    await tab.goto(site.page("/", HEAD))
    await ready(tab)
    assert await tab.evaluate("consentkit.accept().catch(error => error.status)") == 503
    site.fail = 0

    await tab.evaluate("consentkit.accept()")

    assert await tab.evaluate("consentkit.state.outcome") == "accepted"


async def test_each_further_act_of_a_page_view_has_a_key_of_its_own(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await tab.evaluate("consentkit.reject().then(() => consentkit.accept())")

    keys = [act["view"] for act in site.acts]
    assert len(set(keys)) == 2
    assert keys[1].startswith(keys[0])


async def test_a_narrowing_reloads_every_tab_and_the_tracker_is_gone(
    site: Site, context: BrowserContext
) -> None:
    site.use(regime="notice")
    address = site.page("/", tracker)
    first, second = await context.new_page(), await context.new_page()
    for tab in (first, second):
        await tab.goto(address)
        await ready(tab)
    assert site.hits == ["/t.js", "/t.js"] or site.hits == ["/t.js"]
    site.hits.clear()

    await first.locator("#consentkit-reject").click()

    for tab in (first, second):
        await until(
            tab,
            "performance.getEntriesByType('navigation')[0].type === 'reload' && window.consentkit?.state.outcome === 'refused'",
        )
    assert site.hits == []
    assert await first.evaluate(FOCUS) == "consentkit-preferences"
    assert await said(first) == "Your choice is saved. You can change it here at any time."
    assert await second.evaluate(FOCUS) is None
    assert await first.evaluate("sessionStorage.length") == 0


async def test_a_widening_reaches_the_other_tab_in_place(site: Site, context: BrowserContext) -> None:
    address = site.page("/", tracker)
    first, second = await context.new_page(), await context.new_page()
    for tab in (first, second):
        await tab.goto(address)
        await ready(tab)
    born = await second.evaluate("performance.timeOrigin")

    await first.locator("#consentkit-accept").click()

    await until(second, "window.ran?.length === 1")
    assert await second.evaluate("performance.timeOrigin") == born
    assert await second.locator("#consentkit-banner").count() == 0
    assert len(site.acts) == 1


async def test_a_page_born_of_a_post_is_not_reloaded(site: Site, tab: Page) -> None:
    site.use(regime="notice")
    site.view = replace(site.view, posted=True)
    await tab.goto(site.page("/", HEAD))
    await ready(tab)
    born = await tab.evaluate("performance.timeOrigin")

    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.outcome === 'refused'")

    assert await said(tab) == "Your choice is saved. It takes full effect on the next page."
    assert await tab.evaluate("performance.timeOrigin") == born
    assert await tab.locator("#consentkit-banner").count() == 0


async def test_a_page_whose_csp_was_narrowed_gets_a_new_one_after_a_grant(site: Site, tab: Page) -> None:
    site.view = replace(site.view, narrowed=True)
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await tab.locator("#consentkit-accept").click()

    await until(tab, "performance.getEntriesByType('navigation')[0].type === 'reload'")


@pytest.mark.parametrize("action", ["accept", "reject"])
async def test_back_to_a_page_from_before_the_choice_shows_the_choice(
    site: Site, tab: Page, action: str
) -> None:
    site.use(regime="opt-in" if action == "accept" else "notice")
    site.page("/b", HEAD)
    await tab.goto(site.page("/", tracker))
    await ready(tab)
    await tab.locator("a[href='/b']").click()
    await tab.wait_for_url("**/b")
    await ready(tab)
    await tab.locator(f"#consentkit-{action}").click()
    await until(tab, "window.consentkit?.state.decided")
    site.hits.clear()

    # Not go_back: it fails where the page that comes back is replaced at once.
    await tab.evaluate("setTimeout(() => history.back())")

    outcome = {"accept": "accepted", "reject": "refused"}[action]
    await until(tab, f"location.pathname === '/' && window.consentkit?.state.outcome === '{outcome}'")
    assert await tab.locator("#consentkit-banner").count() == 0
    if action == "accept":
        await until(tab, "window.ran?.length === 1")
    else:
        assert site.hits == []


@pytest.mark.parametrize(
    "event",
    [
        "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))",
        "document.dispatchEvent(new Event('prerenderingchange'))",
    ],
    ids=["kept whole", "prerendered"],
)
async def test_a_page_made_before_the_choice_asks_for_the_state(site: Site, tab: Page, event: str) -> None:
    await tab.goto(site.page("/", tracker))
    await ready(tab)
    await tab.evaluate(
        f"fetch('{PREFIX}/', {{method: 'POST', headers: {{'content-type': 'application/json'}},"
        "body: JSON.stringify({action: 'accept'})})"
    )

    await tab.evaluate(event)

    await until(tab, "window.ran?.length === 1")


async def test_a_failure_is_said_and_changes_nothing(site: Site, tab: Page) -> None:
    site.fail = 503
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await tab.locator("#consentkit-accept").click()
    await until(tab, f"!!{ROOT}.querySelector('.said').textContent")

    assert await said(tab) == "That did not work, and nothing was changed. Please try again."
    assert await tab.locator("#consentkit-banner").is_visible()
    assert await tab.evaluate("consentkit.state.decided") is False


async def test_a_changed_notice_is_shown_anew(site: Site, tab: Page) -> None:
    site.fail = 409
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await tab.locator("#consentkit-accept").click()

    await until(tab, "performance.getEntriesByType('navigation')[0].type === 'reload'")
    await tab.locator("#consentkit-banner").wait_for()


async def test_where_fetch_is_blocked_the_form_itself_is_sent(site: Site, tab: Page) -> None:
    site.csp = "connect-src 'none'"
    await tab.goto(site.page("/p", HEAD) + "?a=1&b=2")
    await ready(tab)

    await tab.locator("#consentkit-reject").click()

    await until(tab, "window.consentkit?.state.outcome === 'refused'")
    assert await tab.evaluate("location.pathname + location.search") == "/p?a=1&b=2"
    assert [act["action"] for act in site.acts] == ["reject"]


async def test_the_second_layer_opens_in_a_dialog_and_escape_is_no_consent(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", HEAD))
    await ready(tab)
    await tab.evaluate("consentkit.show()")
    await until(tab, f"{ROOT}.querySelector('dialog')?.open")
    assert await tab.locator("dialog h1").count() == 0

    await tab.keyboard.press("Escape")
    await until(tab, f"!{ROOT}.querySelector('dialog')")

    assert await tab.evaluate(FOCUS) == "consentkit-more"
    assert site.acts == []
    assert await tab.locator("#consentkit-banner").is_visible()


async def test_after_a_choice_the_small_control_opens_it_and_gets_the_focus_back(
    site: Site, tab: Page
) -> None:
    await tab.goto(site.page("/", HEAD))
    await ready(tab)
    await tab.evaluate("consentkit.reject()")
    await tab.locator("#consentkit-preferences").focus()
    await tab.keyboard.press("Enter")
    await until(tab, f"{ROOT}.querySelector('dialog')?.open")

    await tab.keyboard.press("Escape")
    await until(tab, f"!{ROOT}.querySelector('dialog')")

    assert await tab.evaluate(FOCUS) == "consentkit-preferences"


async def test_the_dialog_speaks_the_page_s_language(site: Site, tab: Page) -> None:
    site.language = "ar"
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await tab.evaluate("consentkit.show()")

    await until(tab, f"{ROOT}.querySelector('dialog')?.open")
    assert await tab.locator("dialog").get_attribute("lang") == "ar"
    assert await tab.locator("dialog .status").inner_text() == "لم تختر بعد."


async def test_a_link_in_the_dialog_leads_where_it_leads_on_the_page(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/p", HEAD))
    await ready(tab)
    await tab.evaluate("consentkit.show()")

    await tab.locator("dialog a", has_text="Français").click()

    await tab.wait_for_url("**/_consent/?lang=fr&next=/p")


async def test_a_choice_in_the_dialog_is_saved_and_the_focus_returns(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", tracker))
    await ready(tab)
    await tab.evaluate("consentkit.show()")
    await tab.locator("dialog [name=purpose][value=analytics]").check()

    await tab.locator("dialog [value=save]").click()

    await until(tab, "window.ran?.length === 1")
    await until(tab, f"!{ROOT}.querySelector('dialog')")
    assert await tab.evaluate(FOCUS) == "consentkit-preferences"
    act = site.acts[0]
    assert (act["purpose"], act["service"], act["how"]) == (["analytics"], [], "page")
    assert await tab.evaluate("consentkit.state.outcome") == "custom"


async def test_the_control_is_a_link_that_opens_the_page_where_the_dialog_cannot(
    site: Site, tab: Page
) -> None:
    site.csp = "connect-src 'none'"
    await tab.goto(site.page("/p", HEAD))
    await ready(tab)

    await tab.locator("#consentkit-reject").click()
    await until(tab, "window.consentkit?.state.decided")
    await tab.locator("#consentkit-preferences").click()

    await tab.wait_for_url("**/_consent/?lang=en&next=%2Fp")


async def test_no_script_writes_a_cookie_or_keeps_anything(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await tab.evaluate("consentkit.accept()")

    assert await tab.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    assert "Max-Age=15552000; HttpOnly" in site.set_cookies[0]
    before = len(site.set_cookies)
    await tab.reload()
    assert len(site.set_cookies) == before


async def test_listeners_hear_the_present_state_and_each_change(site: Site, tab: Page) -> None:
    script = (
        "<script>heard = []; addEventListener('consentkit:ready', e => heard.push(e.detail.outcome));"
        "addEventListener('consentkit:change', e => heard.push(e.detail.outcome))</script>"
    )
    await tab.goto(site.page("/", script + HEAD))
    await ready(tab)
    await tab.evaluate("void (stop_ = consentkit.on('change', s => heard.push('on ' + s.outcome)))")

    await tab.evaluate("consentkit.accept()")

    assert await tab.evaluate("heard") == ["undecided", "on undecided", "accepted", "on accepted"]
    await tab.evaluate("stop_(); void consentkit.save({purposes: ['analytics'], services: {films: true}})")
    await until(tab, "window.consentkit?.state.outcome === 'custom'")
    assert site.acts[1]["service"] == ["films"]


async def test_a_body_swapped_by_script_keeps_the_notice_that_works(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", HEAD))
    await ready(tab)
    swap = """() => fetch(location).then(answer => answer.text()).then(text => {
        const next = new DOMParser().parseFromString(text, 'text/html').body;
        document.documentElement.replaceChild(document.adoptNode(next), document.querySelector('body'));
    })"""

    for _ in range(2):
        await tab.evaluate(swap)
        await until(tab, f"!!{ROOT}")
    await tab.locator("#consentkit-reject").click()

    await until(tab, "consentkit.state.outcome === 'refused'")
    assert await tab.locator("#consentkit").count() == 1
    assert await tab.locator("#consentkit-banner").count() == 0


async def test_with_very_many_services_the_script_asks_for_their_state(site: Site, tab: Page) -> None:
    site.use(
        regime="notice",
        services={f"service-{n}": {"vendor": "V", "purposes": ["analytics"]} for n in range(65)},
    )
    await tab.goto(site.page("/", HEAD))
    await ready(tab)

    await tab.evaluate("consentkit.ready")

    assert await tab.evaluate("consentkit.allows('service-64') && !consentkit.allows('service-65')")
    assert "GET /_consent/state" in site.requests


async def test_a_page_kept_whole_for_back_follows_where_no_channel_reaches_it(
    site: Site, context: BrowserContext
) -> None:
    await context.add_init_script("delete window.BroadcastChannel")
    tab = await context.new_page()
    keep = "<script>addEventListener('pageshow', event => window.persisted = event.persisted)</script>"
    site.page("/b", HEAD)
    await tab.goto(site.page("/", lambda consent: tracker(consent) + keep))
    await ready(tab)
    await tab.locator("a[href='/b']").click()
    await tab.wait_for_url("**/b")
    await ready(tab)
    await tab.locator("#consentkit-accept").click()
    await until(tab, "consentkit.state.decided")

    await tab.evaluate("setTimeout(() => history.back())")

    await until(tab, "location.pathname === '/' && window.ran?.length === 1")
    assert await tab.evaluate("persisted") is True
    assert await tab.locator("#consentkit-banner").count() == 0


async def test_the_notice_moves_nothing_while_the_page_loads(site: Site, tab: Page) -> None:
    shift = """<script>window.shift = 0; new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
    }).observe({type: 'layout-shift', buffered: true})</script>"""
    await tab.goto(site.page("/", shift + HEAD + "<p>text</p>" * 40))
    await ready(tab)
    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.decided")

    await tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    assert await tab.evaluate("shift") == 0
    blocking = (
        "performance.getEntriesByType('resource').filter(e => e.renderBlockingStatus === 'blocking').length"
    )
    assert await tab.evaluate(blocking) == 0
