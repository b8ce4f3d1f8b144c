"""What docs/reference/javascript.md says: each example is run, and the rule for extensions is followed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from consentkit.web.client import source

from .conftest import Site, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "javascript.md").read_text("utf-8")
BLOCKS = dict(re.findall(r'^```(?:js|ts) title="([^"]+)"\n(.*?)^```$', REFERENCE, re.MULTILINE | re.DOTALL))
EXAMPLES = sorted(name for name in BLOCKS if name.endswith(".js"))
RULE = json.loads((DOCS / "how-to" / "consentkit.autoconsent.json").read_text("utf-8"))
START = "<!doctype html><html lang=en><meta charset=utf-8><title>t</title><link rel=icon href=data:,><body>{notice}"
HOST = "document.getElementById('consentkit')"
PRESS = HOST + ".shadowRoot.getElementById('consentkit-{}').click()"


class Step:
    """What a visitor does or sees beside an example: the page's own elements, then code and what is true after each."""

    def __init__(self, html: str, *steps: tuple[str, str]) -> None:
        self.html = html
        self.steps = steps


CHECKS = {
    "wait.js": Step(
        "<div id=map>map</div>",
        ("", "document.querySelector('#map').hidden"),
        ("consentkit.save({purposes: ['functional']})", "!document.querySelector('#map').hidden"),
    ),
    "link.js": Step(
        '<a href="/_consent/" id="cookies">Cookie settings</a>',
        (
            "document.querySelector('#cookies').click()",
            HOST + ".shadowRoot.querySelector('dialog')?.open && location.pathname === '/p'",
        ),
    ),
    "one-more.js": Step(
        "<button id=allow-maps>allow maps</button>",
        ("consentkit.save({purposes: ['analytics']})", "consentkit.allows('stats')"),
        (
            "document.querySelector('#allow-maps').click()",
            "consentkit.allows('functional') && consentkit.allows('stats') && !consentkit.allows('marketing')",
        ),
    ),
    "refuse.js": Step(
        "<button id=refuse>refuse</button>",
        (
            "document.querySelector('#refuse').click()",
            "document.querySelector('#refuse').textContent === 'Refused'",
        ),
    ),
    "player.js": Step(
        "<p id=player></p>",
        ("", "document.querySelector('#player').textContent === ''"),
        (
            "consentkit.save({services: {films: true}})",
            "document.querySelector('#player').textContent === 'playing'",
        ),
    ),
    "ids.js": Step("", ("", "consentkit.state.outcome === 'refused'")),
}


async def test_every_example_has_a_check() -> None:
    assert sorted(CHECKS) == EXAMPLES


@pytest.mark.parametrize("late", [False, True], ids=["before our module", "after it"])
@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_does_what_it_says(site: Site, tab: Page, name: str, late: bool) -> None:
    if late and name == "player.js":
        pytest.skip("it waits for an event that has passed: wait.js shows the way that does not")
    check = CHECKS[name]
    script = "" if late else f"<script>{BLOCKS[name]}</script>"
    await tab.goto(site.page("/p", START + check.html + script))
    await until(tab, "!!window.consentkit?.ready?.then")
    if late:
        await tab.evaluate(f"() => {{ {BLOCKS[name]} }}")

    for act, true in check.steps:
        await tab.evaluate(f"void ({act or 0})")
        await until(tab, true)


async def test_an_error_has_the_status_of_the_answer(site: Site, tab: Page) -> None:
    site.fail = 503
    await tab.goto(
        site.page("/p", START + CHECKS["refuse.js"].html + f"<script>{BLOCKS['refuse.js']}</script>")
    )
    await until(tab, "!!window.consentkit?.ready?.then")

    await tab.locator("#refuse").click()

    await until(tab, "document.querySelector('#refuse').textContent === 'Not saved (503). Try again.'")


async def test_the_types_name_all_that_is_there_with_as_many_parameters(site: Site, tab: Page) -> None:
    types = re.sub(r"/\*\*.*?\*/", "", source("consentkit.d.ts"), flags=re.DOTALL)
    await tab.goto(site.page("/p", START))
    await until(tab, "!!window.consentkit?.ready?.then")

    found = await tab.evaluate(
        "Object.fromEntries(Object.keys(consentkit).map("
        "name => [name, typeof consentkit[name] === 'function' ? consentkit[name].length : null]))"
    )

    assert found == _members(types, "Consentkit")
    state = await tab.evaluate("Object.fromEntries(Object.keys(consentkit.state).map(name => [name, null]))")
    assert state == _members(types, "ConsentState")
    documented = set(
        re.findall(r"`(\w+)(?:\(|`)", REFERENCE[REFERENCE.index("| name |") : REFERENCE.index("An act is")])
    )
    assert documented >= found.keys() | state.keys()


def _members(types: str, interface: str) -> dict[str, int | None]:
    """The members of an interface: how many parameters each takes, ``None`` for a value."""
    body = re.search(rf"interface {interface} \{{\n(.*?)^\}}", types, re.DOTALL | re.MULTILINE)
    assert body
    members = re.findall(r"^  (?:readonly )?(\w+)(?:\((.*)\))?: .*;$", body[1], re.MULTILINE)
    return {
        name: None
        if f"{name}(" not in body[1]
        else len(re.findall(r"\b\w+: ", re.sub(r"\(.*?\) =>", "", parameters)))
        for name, parameters in members
    }


async def run(tab: Page, steps: list[dict[str, Any]]) -> bool:
    """Follows steps of a rule as its engine's documentation describes them, those that this rule uses and no others."""
    find = """selector => [selector].flat().reduce(
        (found, each) => found && (found.shadowRoot ?? found).querySelector(each), document)"""
    for step in steps:
        (name,) = step.keys() - {"timeout", "check"}
        selector = step[name]
        if name == "exists":
            done = await tab.evaluate(f"selector => !!({find})(selector)", selector)
        elif name == "visible":
            assert step["check"] == "any"
            done = await tab.evaluate(f"selector => !!({find})(selector)?.checkVisibility()", selector)
        elif name == "waitFor":
            done = await until(tab, f"!!({find})({json.dumps(selector)})", step["timeout"] / 1000)
        else:
            assert name == "waitForThenClick"
            await until(tab, f"!!({find})({json.dumps(selector)})")
            done = await tab.evaluate(f"selector => {{ ({find})(selector).click(); return true }}", selector)
        if not done:
            return False
    return True


@pytest.mark.parametrize(("act", "logged"), [("optOut", "reject"), ("optIn", "accept")])
@pytest.mark.parametrize(
    ("layout", "scripts"),
    [("bar", True), ("box", True), ("modal", True), ("bar", False)],
    ids=["bar", "box", "modal", "as a form"],
)
async def test_the_rule_for_extensions_answers_in_every_layout(
    site: Site, tab: Page, layout: str, act: str, logged: str, scripts: bool
) -> None:
    site.use(layout=layout)
    if not scripts:
        await tab.route("**/static/first.*", lambda route: route.abort())
    await tab.goto(site.page("/p", START))

    assert await run(tab, RULE["detectCmp"])
    assert await run(tab, RULE["detectPopup"])
    assert await run(tab, RULE[act])

    assert await run(tab, RULE["test"]) is (act == "optOut")
    assert [each["action"] for each in site.acts] == [logged]
    await tab.goto(f"{site.origin}/p")
    assert await run(tab, RULE["detectCmp"])
    assert not await run(tab, RULE["detectPopup"])


async def test_the_outcome_on_the_element_opens_nothing(site: Site, tab: Page) -> None:
    gated = '<script type="text/plain" data-ck="analytics" data-ck-src="{third}/t.js"></script>'
    await tab.goto(site.page("/p", START + gated))
    await until(tab, "!!window.consentkit?.ready?.then")

    await tab.evaluate(f"void ({HOST}.dataset.consent = 'accepted')")
    await tab.evaluate("consentkit.ready")

    assert await tab.evaluate("consentkit.state.outcome") == "undecided"
    await tab.reload()
    await until(tab, "!!window.consentkit?.ready?.then")
    assert await tab.evaluate(f"{HOST}.dataset.consent") == "undecided"
    assert site.hits == []
    assert site.acts == []
