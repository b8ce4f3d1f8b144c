"""What the browser's side does to a page when something becomes allowed."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from .conftest import STRICT, Site, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HEAD = "<!doctype html><html lang=en><meta charset=utf-8><title>t</title><link rel=icon href=data:,><body>{notice}"
ONE = (
    '<script nonce="{nonce}" type="text/plain" data-ck="analytics" data-ck-src="{third}/one.js" '
    'data-ck-type="text/javascript" id="st" data-name="shop.example" crossorigin="anonymous" '
    'referrerpolicy="origin" fetchpriority="low"></script>'
)
INLINE = '<script nonce="{nonce}" type="text/plain" data-ck="analytics">(window.ran = window.ran || []).push("%s")</script>'


async def accept(tab: Page) -> None:
    await tab.locator("#consentkit-accept").click()
    await until(tab, "window.consentkit?.state.decided")


async def ran(tab: Page, count: int) -> list[str]:
    await until(tab, f"window.ran?.length >= {count}")
    found: list[str] = await tab.evaluate("window.ran")
    return found


@pytest.mark.parametrize("csp", ["", STRICT], ids=["no CSP", "nonce, strict-dynamic and Trusted Types"])
async def test_scripts_run_in_document_order_each_once_with_all_their_attributes(
    site: Site, tab: Page, csp: str
) -> None:
    site.csp = csp
    more = ONE.replace("one.js", "two.js").replace('id="st"', "defer").replace("shop.example", "two")
    await tab.goto(site.page("/", HEAD + ONE + INLINE % "between" + more + INLINE % "last"))
    before = await tab.evaluate("[...st.attributes].map(a => [a.name, a.value])")
    assert site.hits == []

    await accept(tab)

    assert await ran(tab, 4) == ["shop.example", "between", "two", "last"]
    assert site.hits == ["/one.js", "/two.js"]
    after = dict(await tab.evaluate("[...st.attributes].map(a => [a.name, a.value])"))
    kept = {name: value for name, value in before if not name.startswith("data-ck") and name != "type"}
    assert after == {**kept, "src": site.third + "/one.js", "type": "text/javascript"}


async def test_a_module_an_async_and_a_nomodule_script_keep_nothing_waiting(site: Site, tab: Page) -> None:
    gated = "<script type=text/plain data-ck=analytics data-ck-src={third}/%s %s></script>"
    scripts = (
        gated % ("m.js", "data-ck-type=module crossorigin data-name=m")
        + gated % ("n.js", "nomodule")
        + gated % ("a.js", "async data-name=a")
        + INLINE % "last"
    )
    await tab.goto(site.page("/", HEAD + scripts))

    await accept(tab)

    assert sorted(await ran(tab, 3)) == ["a", "last", "module"]
    assert "/n.js" not in site.hits


async def test_a_wrong_integrity_still_blocks_the_script_and_the_next_one_runs(site: Site, tab: Page) -> None:
    wrong = ONE.replace(
        "fetchpriority", 'integrity="sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" fetchpriority'
    )
    await tab.goto(site.page("/", HEAD + wrong + INLINE % "next"))

    await accept(tab)

    assert await ran(tab, 1) == ["next"]


async def test_elements_without_an_address_fetch_nothing(site: Site, tab: Page) -> None:
    page = (
        HEAD
        + '<script type="text/plain" data-ck="analytics">window.x = (window.x || 0) + 1</script>'
        + '<iframe data-ck="marketing" title="t"></iframe><img data-ck="marketing" alt="t">'
        + '<script type="text/plain" data-ck="analytics" data-src=""></script>'
    )
    address = site.page("/", page)
    await tab.goto(address)
    site.requests.clear()

    await accept(tab)
    await until(tab, "window.x === 1")

    assert [line for line in site.requests if line.startswith("GET") and "/static/" not in line] == []
    assert (
        await tab.evaluate("document.querySelectorAll('iframe[src], img[src], script[src=\"\"]').length") == 0
    )


async def test_what_the_site_itself_wrote_inert_comes_alive(site: Site, tab: Page) -> None:
    page = (
        HEAD + '<script type="text/plain" data-ck-type="text/plain" data-ck="stats" '
        'data-ck-data-src="{third}/own.js" data-name="own"></script>'
        + '<script type="text/plain" data-ck-type="text/plain" data-ck="stats" data-type="module">ran.push("module")</script>'
        + '<iframe data-ck="marketing films" data-src="{third}/frame"></iframe>'
    )
    await tab.goto(site.page("/", page))

    await accept(tab)

    assert await ran(tab, 2) == ["own", "module"]
    await until(tab, "document.querySelector('iframe').src.endsWith('/frame')")


async def test_only_what_was_granted_comes_alive(site: Site, tab: Page) -> None:
    both = '<script type="text/plain" data-ck="analytics films">window.ran = ["both"]</script>'
    await tab.goto(site.page("/", HEAD + INLINE % "stats" + both))
    await until(tab, "window.consentkit")

    await tab.evaluate("consentkit.save({purposes: ['analytics']})")

    assert await ran(tab, 1) == ["stats"]
    assert await tab.evaluate("consentkit.allows('stats') && !consentkit.allows('films')")


async def test_attributes_that_a_comment_smuggled_in_never_become_events_or_script_addresses(
    site: Site, tab: Page
) -> None:
    page = (
        HEAD
        + '<img data-ck="necessary" data-ck-onerror="window.evil=1" data-ck-src="/none" alt="">'
        + '<a data-ck="necessary" data-ck-href="javascript:window.evil=1" id="a">x</a>'
        + '<a data-ck="necessary" data-ck-href="/elsewhere" id="b">x</a>'
        + '<iframe data-ck="necessary" data-ck-src=" java&#10;script:parent.evil=1"></iframe>'
        + '<iframe data-ck="necessary" data-ck-data-src="data:text/html,<script>parent.evil=1</script>"></iframe>'
        + '<iframe data-ck="necessary" data-src="JAVASCRIPT:parent.evil=1"></iframe>'
        + '<svg><image data-ck="marketing" data-ck-xlink:href="{third}/svg.gif"></image></svg>'
        + '<script type="text/plain" data-ck="">window.evil = 1</script>'
        + INLINE % "good"
    )
    await tab.goto(site.page("/", page))

    await accept(tab)

    assert await ran(tab, 1) == ["good"]
    await until(tab, "document.querySelector('image').href.baseVal.endsWith('svg.gif')")
    found = "[window.evil, document.querySelectorAll('#a[href], #b[href], iframe[src]').length]"
    assert await tab.evaluate(found) == [None, 0]


async def test_a_script_that_writes_into_the_document_reloads_instead_of_wiping_the_page(
    site: Site, tab: Page
) -> None:
    def page(consent: object) -> str:
        live = getattr(consent, "granted", ()) >= {"analytics"}
        mark = "" if live else 'type="text/plain" data-ck="analytics"'
        return (
            HEAD + f"<p id=host>host</p><script {mark}>document.write('<p id=written>written</p>')</script>"
        )

    await tab.goto(site.page("/", page))

    await tab.locator("#consentkit-accept").click()

    await tab.wait_for_selector("#written")
    assert await tab.locator("#host").count() == 1
    assert len(site.acts) == 1


@pytest.mark.parametrize(
    "text",
    [
        "window.onload = () => { window.loaded = 1; }",
        "addEventListener('load', () => { window.loaded = 1; })",
    ],
    ids=["property", "listener"],
)
async def test_a_script_that_waits_for_the_page_to_load_reloads_it(site: Site, tab: Page, text: str) -> None:
    def page(consent: object) -> str:
        live = getattr(consent, "granted", ()) >= {"analytics"}
        mark = "" if live else 'type="text/plain" data-ck="analytics"'
        return HEAD + f"<p id=host>host</p><script {mark}>{text}</script>"

    await tab.goto(site.page("/", page))

    await tab.locator("#consentkit-accept").click()

    await until(tab, "window.loaded === 1")


async def test_a_script_that_looks_whether_the_page_has_loaded_runs_in_place(site: Site, tab: Page) -> None:
    text = "if (document.readyState === 'complete') window.ran = 1; else addEventListener('load', () => 0)"
    mark = 'type="text/plain" data-ck="analytics"'
    await tab.goto(site.page("/", HEAD + f"<p id=host>host</p><script {mark}>{text}</script>"))

    await tab.locator("#consentkit-accept").click()

    await until(tab, "window.ran === 1")
    assert await tab.evaluate("performance.getEntriesByType('navigation')[0].type") == "navigate"


async def test_an_external_script_that_writes_reloads_the_page(site: Site, tab: Page) -> None:
    def page(consent: object) -> str:
        live = getattr(consent, "granted", ()) >= {"analytics"}
        attributes = (
            'src="/write.js"' if live else 'type="text/plain" data-ck="analytics" data-ck-src="/write.js"'
        )
        return HEAD + f"<p id=host>host</p><script {attributes}></script>"

    site.page("/write.js", "document['wri' + 'te']('<p id=written>written</p>')")
    await tab.goto(site.page("/", page))

    await tab.locator("#consentkit-accept").click()
    reloaded = "performance.getEntriesByType('navigation')[0].type === 'reload'"
    await until(tab, f"document.readyState === 'complete' && {reloaded}")

    assert await tab.locator("#host").count() == 1


async def test_a_page_whose_trusted_types_do_not_allow_ours_is_reloaded(site: Site, tab: Page) -> None:
    site.csp = STRICT + "; trusted-types theirs"
    await tab.goto(site.page("/", HEAD + ONE))

    await tab.locator("#consentkit-accept").click()

    await until(tab, "performance.getEntriesByType('navigation')[0].type === 'reload'")
    assert site.hits == []


async def test_a_template_holds_live_markup_after_a_grant_and_fetches_nothing_itself(
    site: Site, tab: Page
) -> None:
    page = HEAD + '<template id="t"><img data-ck="marketing" data-ck-src="{third}/p.gif" alt=""></template>'
    await tab.goto(site.page("/", page))

    await accept(tab)
    await until(tab, "t.content.querySelector('img').hasAttribute('src')")

    assert site.hits == []
    await tab.evaluate("document.body.append(t.content.cloneNode(true))")
    await until(tab, "document.querySelector('body > img').complete")
    assert site.hits == ["/p.gif"]


async def test_addresses_in_styles_come_back_and_a_page_is_hidden_again(site: Site, tab: Page) -> None:
    page = (
        '<p id=one data-ck="analytics" style="color:red;background:url(data:ck,{third}/one.png)">a</p>'
        '<p id=two data-ck="!other" style="background:url(data:ck,{third}/never.png)">b</p><p id=three>c</p>'
        '<style data-ck="analytics">#three{background:url("data:ck,{third}/three.png")}</style>'
        '<style id=hide media="not all" data-ck="analytics" data-ck-media="screen">#two{opacity:0}</style>'
        '<div id=lazy data-ck="analytics" data-ck-data-bg="/x" data-ck-onclick="window.owned=1">d</div>'
    )
    await tab.goto(site.page("/", HEAD + page))
    assert site.hits == []

    await accept(tab)
    await until(tab, "hide.media === 'screen'")
    await until(tab, "lazy.dataset.bg === '/x'")

    assert await tab.evaluate("getComputedStyle(one).backgroundImage.includes('/one.png')")
    assert await tab.evaluate("getComputedStyle(one).color") == "rgb(255, 0, 0)"
    assert await tab.evaluate("getComputedStyle(three).backgroundImage.includes('/three.png')")
    assert await tab.evaluate("lazy.onclick") is None
    assert "/never.png" not in site.hits
