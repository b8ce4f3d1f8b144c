"""How much a first view grows by. The limits are the design's: 5.0 KB in all, 4.0 KB for script and style."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import brotli
import pytest

from consentkit.core.consent import Signals, resolve
from consentkit.core.jurisdiction import Shown
from consentkit.core.parts import NoticeRule
from consentkit.core.policy import Policy
from consentkit.core.terms import Terms
from consentkit.jurisdictions import atlas
from consentkit.web import client, look
from consentkit.web.notice import NoticeBook, View

IN_ALL = 5000
WORDIEST = {"el": 30, "ur": 30, "uk": 30}
"""What the words of the heaviest languages may add under a law that shows the link: the design counts no texts."""
SCRIPT_AND_STYLE = 4000
SHOWS = {
    "nothing": (),
    "a cross": (Shown.CLOSE,),
    "the link": (Shown.OPT_OUT_LINK,),
    "a status": (),
    "link and status": (Shown.OPT_OUT_LINK,),
}
"""What a law makes a page show, and a browser that sends a signal. No law asks for both the link and the cross."""
PAGE = (
    b"<!doctype html><html lang=en><head>%s<meta charset=utf-8><title>The harbour opens</title><body>%s<h1>Harbour</h1>"
    + b"".join(
        b"<p>The harbour of Wrenmouth opened on Monday after %d years of work on its walls.</p>" % year
        for year in range(60)
    )
)


def small(data: bytes) -> int:
    return len(brotli.compress(data, quality=11))


@pytest.mark.parametrize("shows", SHOWS)
@pytest.mark.parametrize("inline", [True, False], ids=["style in the page", "style as a file"])
@pytest.mark.parametrize("language", ["en", "fr", "ar", "el", "ur", "uk"])
@pytest.mark.parametrize("layout", ["bar", "box", "modal", "inline"])
def test_a_first_view_stays_light(layout: str, language: str, inline: bool, shows: str) -> None:
    policy = under(
        SHOWS[shows],
        {
            "site": {"name": "The Wrenmouth Lantern", "address": "https://lantern.example"},
            "controller": {"name": "Lantern Press", "contact": "privacy@lantern.example"},
            "layout": "bar" if layout == "inline" else layout,
            "privacy_url": "/legal/privacy",
            "purposes": {"analytics": {}, "marketing": {}},
            "services": {
                f"service-{n}": {"vendor": f"Vendor {n}", "purposes": ["analytics"]} for n in range(8)
            },
        },
    )
    book = NoticeBook(policy)
    view = View(
        next="/articles/harbour", nonce="kX3v0zqfT1s9Zr4Yp8Aw2g", view="5f0c2d8e1b7a4c93", language=language
    )
    rule: NoticeRule = "inline" if layout == "inline" else "default"
    seen = View(
        **{
            **vars_of(view),
            "rule": rule,
            "inline": inline,
            "script": inline,
            "hint": "__Host-consentkit-hint",
        }
    )
    consent = replace(resolve(policy, Signals(gpc="status" in shows), None, 0), ask=True)
    body, head = book.body(consent, seen), book.head(consent, seen)
    sheet = look.sheet(policy, rule, asks=True, foot=shows not in ("nothing", "a cross"))
    modules = [client.first()]
    modules += [client.on_demand("signal")] if client.on_demand("signal").name.encode() in body else []
    modules += [client.on_demand("modal")] if layout == "modal" else []
    scripts = sum(small(module.body) for module in modules)
    beginning, style = small(client.head("check").body), small(sheet.body)

    html = small(PAGE % (head, body)) - small(PAGE % (b"", b""))

    assert (sheet.body if inline else sheet.name.encode()) in body
    assert scripts + beginning + style <= SCRIPT_AND_STYLE
    # What stands in the page is counted with it; what comes as a file by itself.
    assert scripts + html + (0 if inline else beginning + style) <= IN_ALL + WORDIEST.get(language, 0)


def under(shows: tuple[Shown, ...], stated: dict[str, Any]) -> Policy:
    """The policy under a row that shows this and nothing else."""
    rule = atlas().rows["EU"].on(date(2026, 11, 25)).model_copy(update={"shows": shows})
    return Policy.model_validate(stated).under(Terms("EU", rule, "EU"))


def vars_of(view: View) -> dict[str, object]:
    return {name: getattr(view, name) for name in View.__dataclass_fields__}


@pytest.mark.parametrize("parts", [(), ("mode",), ("stubs",), ("mode", "stubs")], ids=str)
def test_the_first_script_of_a_page_for_all_stays_below_a_kilobyte(parts: tuple[str, ...]) -> None:
    assert small(client.head("shared", *parts).body) < 1000
