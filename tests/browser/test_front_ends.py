"""Real front ends in Chromium: their pages and fragments are gated and come alive, and their own behaviour stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from consentkit.web.answer import Answer, Receive, Scope, Send

from .conftest import until
from .world import World

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FOLDER = Path(__file__).parents[2] / ".venv" / "front-ends"
HTMX = "django_htmx/static/django_htmx/htmx-{}.min.js"
TURBO = "turbo/static/turbo/js/turbo.min.js"
ALPINE = "unfold/static/unfold/js/alpine/alpine.js"
REACT = ("dash/deps/react@18.3.1.min.js", "dash/deps/react-dom@18.3.1.min.js")
START = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title><link rel="icon" href="data:,">'
LATE = '<p id="late">late</p><script src="//tag.localhost:PORT/late.js"></script>'
FRAME = '<p id="late">late</p><iframe src="//tag.localhost:PORT/late" title="f"></iframe>'
GATED = "document.querySelectorAll('[data-ck]').length"
SETTLED = "new Promise(done => setTimeout(done, 100))"


def library(*names: str) -> str:
    """The text of a library's files, one after the other."""
    paths = [FOLDER / name for name in names]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: tools/setup develop brings the front ends")
    return "\n;".join(path.read_text("utf-8") for path in paths)


@dataclass
class Front(World):
    """A site whose pages are named by their path."""

    pages: dict[str, str] = field(default_factory=dict)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path in self.scripts:
            await Answer(200, self.scripts[path].encode(), "text/javascript").send(scope, send)
        elif scope["method"] == "POST":
            await Answer(303, headers=((b"location", b"/sent"),)).send(scope, send)
        else:
            html = self.pages[path].replace("PORT", str(self.port))
            await Answer(200, html.encode(), "text/html; charset=utf-8", self.headers).send(scope, send)


@pytest_asyncio.fixture(loop_scope="session")
async def world(front: Any, tmp_path: Path) -> AsyncIterator[Front]:
    found, port = front
    before = found.site
    found.site = Front(port, tmp_path)
    yield found.site
    await found.site.app.audit.close()
    found.site = before


@pytest.fixture
def asked(tab: Page) -> list[str]:
    """What dialogs asked; each is answered with yes."""
    found: list[str] = []

    async def yes(dialog: Any) -> None:
        found.append(dialog.message)
        await dialog.accept()

    tab.on("dialog", yes)
    return found


async def called(world: World, path: str) -> None:
    for _ in range(250):
        if path in world.calls:
            return
        await asyncio.sleep(0.02)
    assert path in world.calls


async def opened(world: Front, tab: Page) -> float:
    """The first page is there, closed; when it was born."""
    await tab.goto(world.open())
    await until(tab, "!!window.consentkit?.ready?.then")
    return await tab.evaluate("performance.timeOrigin")


async def comes_alive(world: Front, tab: Page, path: str) -> None:
    """Nothing was asked of the third party; a click on our button changes that."""
    await until(tab, f"!!document.querySelector('#late') && {GATED} > 0")
    await tab.evaluate(SETTLED)
    assert world.calls == []
    await tab.locator("#consentkit-accept").click()
    await called(world, path)
    await until(tab, "consentkit.state.decided")


@pytest.mark.parametrize(
    ("version", "attributes"),
    [
        ("2", 'hx-boost="true" hx-confirm="Sure?"'),
        ("4", 'hx-boost:inherited="true" hx-confirm:inherited="Sure?"'),
    ],
    ids=["htmx 2", "htmx 4"],
)
async def test_htmx_asks_for_its_own_requests_and_not_for_ours(
    world: Front, tab: Page, asked: list[str], version: str, attributes: str
) -> None:
    world.scripts["/lib.js"] = library(HTMX.format(version))
    head = f'{START}<script src="/lib.js"></script></head><body {attributes}>'
    world.pages["/"] = f'{head}<a id="go" href="/b">b</a></body></html>'
    form = '<form method="post" action="/send"><button id="send">Send</button></form>'
    world.pages["/b"] = f'{head}<h1>b</h1><p hx-get="/part" id="more">more</p>{form}</body></html>'
    world.pages["/sent"] = f"{head}<h1>sent</h1></body></html>"
    world.pages["/part"] = LATE
    born = await opened(world, tab)

    await tab.locator("#go").click()
    await until(tab, "document.querySelector('h1')?.textContent === 'b'")
    await tab.locator("#more").click()
    await until(tab, "!!document.querySelector('#late')")
    assert asked == ["Sure?"] * 2
    await comes_alive(world, tab, "/late.js")

    assert asked == ["Sure?"] * 2
    assert await tab.locator("#consentkit").count() == 1
    await tab.locator("#send").click()
    await until(tab, "document.querySelector('h1')?.textContent === 'sent'")
    assert asked == ["Sure?"] * 3
    assert await tab.evaluate("performance.timeOrigin") == born


async def test_turbo_visits_and_frames_are_gated_and_come_alive(world: Front, tab: Page) -> None:
    world.scripts["/lib.js"] = library(TURBO)
    head = f'{START}<script src="/lib.js"></script></head><body>'
    world.pages["/"] = f'{head}<a id="go" href="/b">b</a></body></html>'
    form = '<form method="post" action="/send"><button id="send">Send</button></form>'
    world.pages["/b"] = f'{head}<h1>b</h1><turbo-frame id="f" src="/part"></turbo-frame>{form}</body></html>'
    world.pages["/sent"] = f"{head}<h1>sent</h1></body></html>"
    world.pages["/part"] = f'<turbo-frame id="f">{LATE}</turbo-frame>'
    born = await opened(world, tab)

    await tab.locator("#go").click()
    await until(tab, "document.querySelector('h1')?.textContent === 'b'")
    await comes_alive(world, tab, "/late.js")

    assert await tab.locator("#consentkit").count() == 1
    await tab.locator("#send").click()
    await until(tab, "document.querySelector('h1')?.textContent === 'sent'")
    assert await tab.locator("#consentkit-preferences").is_visible()
    assert await tab.evaluate("performance.timeOrigin") == born


async def test_alpine_works_and_what_it_shows_later_comes_alive(world: Front, tab: Page) -> None:
    world.scripts["/lib.js"] = library(ALPINE)
    world.pages["/part"] = FRAME
    load = "fetch('/part').then(answer => answer.text()).then(text => html = text)"
    world.pages["/"] = (
        f'{START}<script defer src="/lib.js"></script></head><body x-data="{{n: 0, html: \'\'}}">'
        f'<button id="own" @click="n++; {load}" x-text="n"></button><div x-html="html"></div></body></html>'
    )
    await opened(world, tab)

    await tab.locator("#own").click()
    await comes_alive(world, tab, "/late")

    await tab.locator("#own").click()
    assert await tab.locator("#own").text_content() == "2"
    assert await tab.locator("#consentkit").count() == 1


APP = """
    const e = React.createElement;
    const scripts = IN_TREE ? ["/lib.js", "/app.js"].map((src) => e("script", { src, key: src })) : null;
    const App = () => {
      const [n, setN] = React.useState(0);
      const head = e("head", null, e("meta", { charSet: "utf-8" }), e("title", null, "t"));
      const button = e("button", { id: "own", onClick: () => setN(n + 1) }, String(n));
      const main = e("main", null, button, e("div", { id: "hole" }));
      return e("html", { lang: "en" }, head, e("body", null, main, scripts));
    };
    window.wrong = [];
    window.kept = document.querySelector("main");
    ReactDOM.hydrateRoot(document, e(App), { onRecoverableError: (error) => wrong.push(String(error)) });
"""
in_both_ways = pytest.mark.parametrize("in_tree", [True, False], ids=["in the tree", "as bootstrapScripts"])
"""Where React's own tree has the page's scripts: in it, or behind it, as its server renderer writes ``bootstrapScripts``."""


def hydrates_whole(world: Front, in_tree: bool) -> str:
    """Makes the site one that React 18 hydrates as a whole document; its first page."""
    world.scripts |= {"/lib.js": library(*REACT), "/app.js": APP.replace("IN_TREE", str(in_tree).lower())}
    last = '<script src="/app.js"></script>' if in_tree else '<script src="/app.js" async=""></script>'
    world.pages["/part"] = FRAME
    world.pages["/"] = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"/><title>t</title></head><body><main>'
        f'<button id="own">0</button><div id="hole"></div></main><script src="/lib.js"></script>{last}</body></html>'
    )
    tag = {"vendor": "T", "purposes": ["marketing"], "hosts": ["tag.localhost"], "stubs": ["follow()"]}
    world.policy = {"place": "end", "services": {"tag": tag}}
    return world.open()


async def hydrated(tab: Page) -> None:
    """React has taken the page over, and its own behaviour is there."""
    await until(tab, "!!window.wrong && !!window.consentkit?.ready?.then")
    await until(
        tab, "(document.querySelector('#own').click(), document.querySelector('#own').textContent !== '0')"
    )
    assert await tab.evaluate("wrong") == []
    assert await tab.evaluate("kept.isConnected")
    assert await tab.locator("#consentkit").count() == 1


@in_both_ways
async def test_react_hydrates_the_whole_document_without_an_error(
    world: Front, tab: Page, in_tree: bool
) -> None:
    await tab.goto(hydrates_whole(world, in_tree))

    await hydrated(tab)
    assert await tab.evaluate("typeof follow") == "function"
    await tab.evaluate(
        "fetch('/part').then(a => a.text()).then(t => document.querySelector('#hole').insertAdjacentHTML('beforeend', t))"
    )
    await comes_alive(world, tab, "/late")
    assert await tab.evaluate("typeof follow") == "undefined"


@in_both_ways
async def test_react_hydrates_the_whole_document_of_a_visitor_who_granted(
    world: Front, tab: Page, in_tree: bool
) -> None:
    address = hydrates_whole(world, in_tree)
    await world.choose(tab.context, "marketing")

    await tab.goto(address)

    await hydrated(tab)
    assert await tab.evaluate("consentkit.state.granted.includes('marketing')")


@in_both_ways
async def test_react_hydrates_the_whole_document_of_a_page_that_is_the_same_for_all(
    world: Front, tab: Page, in_tree: bool
) -> None:
    world.keywords = {"delivery": "shared"}

    await tab.goto(hydrates_whole(world, in_tree))

    await hydrated(tab)
    await tab.locator("#consentkit-reject").click()
    await until(tab, "consentkit.state.decided")
    await tab.reload()
    await hydrated(tab)
    assert await tab.evaluate("consentkit.state.outcome") == "refused"
    assert await tab.locator("#consentkit-banner").is_hidden()


async def test_a_script_that_a_page_appends_from_fetched_text_waits_and_runs(world: Front, tab: Page) -> None:
    world.pages["/"] = f"{START}</head><body><p>x</p></body></html>"
    world.pages["/part"] = LATE
    await opened(world, tab)

    await tab.evaluate(
        "fetch('/part').then(a => a.text()).then(t =>"
        " document.body.append(document.createRange().createContextualFragment(t)))"
    )
    await comes_alive(world, tab, "/late.js")

    assert await tab.evaluate("window.ran") == 1
