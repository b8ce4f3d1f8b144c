"""Which sheets a page has, the theme behind them, and where a modal notice is none."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.asgi import POLICY, get, serving
from tests.fixtures import Wrap

from consentkit.core.policy import Policy
from consentkit.core.theme import DARK, LIGHT
from consentkit.web import client, look
from consentkit.web.notice import NoticeBook
from consentkit.web.pages import Pages

SAMPLE = {**POLICY, "pages": []}
PAGE = b"<!doctype html><html><head></head><body><p>Hello</p></body></html>"


def policy(**stated: Any) -> Policy:
    return Policy.model_validate({**SAMPLE, **stated})


def test_the_colours_of_our_sheets_are_those_that_a_theme_replaces() -> None:
    for sheet in ("control", "page"):
        light, dark = client.source(f"{sheet}.css").split("@media (prefers-color-scheme: dark)")[:2]
        for text, ours in ((light, LIGHT), (dark, DARK)):
            said = re.findall(r"--ck-(\w+): (#\w+);", text)[: len(ours)]
            assert dict(said) == ours


def test_a_theme_has_its_colours_in_their_scheme() -> None:
    stated = {"fill": "#0a5a3a", "round": "0", "dark": {"fill": "#9fe0c0"}}

    assert look.theme(policy(theme=stated).theme) == (
        ":host,body{--ck-round:0}"
        "@media(prefers-color-scheme:light){:host,body{--ck-fill:#0a5a3a}}"
        "@media(prefers-color-scheme:dark){:host,body{--ck-fill:#9fe0c0}}"
    )
    assert look.theme(policy().theme) == ""


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
@pytest.mark.parametrize("place", ["start", "end"])
@pytest.mark.parametrize("foot", [False, True])
def test_each_sheet_that_a_page_names_is_served(layout: str, place: str, foot: bool) -> None:
    stated = policy(layout=layout, place=place, theme={"fill": "#0a5a3a"})
    pages = Pages(stated, NoticeBook(stated))

    for rule in ("default", "inline"):
        for asks in (False, True):
            sheet = look.sheet(stated, rule, asks=asks, foot=foot)
            found = pages.static(sheet.name)
            assert found is not None
            assert b"--ck-fill:#0a5a3a" in found.body
    assert pages.static(look.page(stated).name) is not None


EXPLAINING = {
    "site": {"name": "The Lantern", "address": "https://lantern.example"},
    "layout": "modal",
    "privacy_url": "/legal/privacy",
    "imprint_url": "https://lantern.example/?page=7",
}


@pytest.mark.parametrize(
    ("path", "root", "query", "rule"),
    [
        ("/legal/privacy", "", "", "inline"),
        ("/legal/privacy/", "", "a=1", "inline"),
        ("/privacy", "/legal", "", "inline"),
        ("/legal/privacy-tools", "", "", "default"),
        ("/legal", "", "", "default"),
        ("/", "", "page=7", "inline"),
        ("/", "", "", "default"),
        ("/", "", "page=70", "default"),
    ],
)
def test_a_modal_notice_frees_the_pages_that_explain_it(path: str, root: str, query: str, rule: str) -> None:
    assert look.notice_rule(policy(**EXPLAINING), path, root=root, query=query) == rule


@pytest.mark.parametrize(
    "changes",
    [
        {"layout": "bar"},
        {"layout": "box"},
        {"privacy_url": "https://elsewhere.example/legal/privacy", "imprint_url": None},
        {"privacy_url": None, "imprint_url": None},
    ],
    ids=["bar", "box", "another site", "none"],
)
def test_any_other_notice_stands_there_as_everywhere(changes: dict[str, Any]) -> None:
    assert look.notice_rule(policy(**{**EXPLAINING, **changes}), "/legal/privacy") == "default"


def test_a_rule_of_the_policy_goes_before() -> None:
    never = policy(**EXPLAINING, pages=[{"match": "/legal/*", "notice": "never"}])

    assert look.notice_rule(never, "/legal/privacy") == "never"


async def test_the_page_itself_is_served_so(wrap: Wrap) -> None:
    app = wrap(serving(PAGE), policy=policy(**EXPLAINING))

    freed, other = await get(app, "/legal/privacy"), await get(app, "/news")

    assert b"<dialog" not in freed.body
    assert b'id="consentkit-banner"' in freed.body
    assert b"<dialog" in other.body
