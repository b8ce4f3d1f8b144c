"""What services that may not run have left in the browser's storage goes, and nothing else."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from consentkit.web import client

from .conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FILL = """async () => {
  for (const area of [localStorage, sessionStorage])
    for (const name of ["_t", "_t.1", "_ta", "own", "removeItem", "x_t", "amp_0123456789", "key"]) area.setItem(name, "1");
  for (const name of ["_tdb", "_t_1", "own"])
    await new Promise((done) => {
      indexedDB.open(name).onsuccess = ({ target }) => done(target.result.close());
    });
}"""
LEFT = """async () => ({
  local: Object.keys(localStorage).sort(), session: Object.keys(sessionStorage).sort(),
  databases: (await indexedDB.databases()).map(({ name }) => name).sort(),
})"""
KEYS = ["_t", "_tdb", r"^_t\.\d+$", "^_t_[0-9]$", "^amp_[0-9]{10}$", "removeItem", "absent"]


async def cleared(tab: Page, keys: list[str]) -> None:
    name = client.on_demand("clear").name
    await tab.evaluate(
        "([name, keys]) => import(`/_consent/static/${name}`).then(({ clear }) => clear(keys))", [name, keys]
    )


async def test_keys_and_databases_that_are_named_go_and_all_others_stay(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", "<!doctype html><title>t</title><img name=localStorage><p>Hello"))
    await tab.evaluate(FILL)

    await cleared(tab, KEYS)

    left = ["_ta", "key", "own", "x_t"]
    assert await tab.evaluate(LEFT) == {"local": left, "session": left, "databases": ["own"]}


async def test_no_keys_clear_nothing(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", "<!doctype html><title>t</title><p>Hello"))
    await tab.evaluate(FILL)
    before = await tab.evaluate(LEFT)

    await cleared(tab, [])

    assert await tab.evaluate(LEFT) == before


async def test_where_storage_may_not_be_touched_nothing_throws(site: Site, tab: Page) -> None:
    site.headers["content-security-policy"] = "sandbox allow-scripts"
    await tab.goto(site.page("/", "<!doctype html><title>t</title><p>Hello"))

    await cleared(tab, ["_t"])

    assert (
        await tab.evaluate("(() => { try { return localStorage.length } catch { return 'shut' } })()")
        == "shut"
    )


async def test_a_database_that_the_page_holds_open_keeps_nobody_waiting(site: Site, tab: Page) -> None:
    await tab.goto(site.page("/", "<!doctype html><title>t</title><p>Hello"))
    await tab.evaluate(
        "() => new Promise((done) => (indexedDB.open('_t').onsuccess = ({ target }) => done((window.db = target.result) && 0)))"
    )

    await cleared(tab, ["_t"])

    assert await tab.evaluate("db.name") == "_t"
