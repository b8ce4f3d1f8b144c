"""How much a first view grows by. The limits are the design's: 5.0 KB in all, 4.0 KB for script and style."""

from __future__ import annotations

import brotli
import pytest

from consentkit.core.consent import Signals, resolve
from consentkit.core.policy import Policy
from consentkit.web import client
from consentkit.web.notice import NoticeBook, View

IN_ALL = 5000
SCRIPT_AND_STYLE = 4000
PAGE = (
    b"<!doctype html><html lang=en><head>%s<meta charset=utf-8><title>The harbour opens</title><body>%s<h1>Harbour</h1>"
    + b"".join(
        b"<p>The harbour of Wrenmouth opened on Monday after %d years of work on its walls.</p>" % year
        for year in range(60)
    )
)


def small(data: bytes) -> int:
    return len(brotli.compress(data, quality=11))


@pytest.mark.parametrize("inline", [True, False], ids=["style in the page", "style as a file"])
@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
def test_a_first_view_stays_light(layout: str, language: str, inline: bool) -> None:
    policy = Policy.model_validate(
        {
            "site": {"name": "The Wrenmouth Lantern", "address": "https://lantern.example"},
            "controller": {"name": "Lantern Press", "contact": "privacy@lantern.example"},
            "layout": layout,
            "privacy_url": "/legal/privacy",
            "services": {
                f"service-{n}": {"vendor": f"Vendor {n}", "purposes": ["analytics"]} for n in range(8)
            },
        }
    )
    book = NoticeBook(policy)
    view = View(
        next="/articles/harbour", nonce="kX3v0zqfT1s9Zr4Yp8Aw2g", view="5f0c2d8e1b7a4c93", language=language
    )
    seen = View(**{**vars_of(view), "inline": inline, "script": inline, "hint": "__Host-consentkit-hint"})
    consent = resolve(policy, Signals(), None, 0)
    body, head = book.body(consent, seen), book.head(consent, seen)
    # What stands in the page is counted with it; what comes as a file by itself.
    script = small(client.first().body) + (0 if inline else small(client.head("check").body))
    style = small(client.sheet("control", "banner", layout).body)

    html = small(PAGE % (head, body)) - small(PAGE % (b"", b""))

    code = small(client.first().body) + small(client.head("check").body) + style
    assert code <= SCRIPT_AND_STYLE
    assert script + html + (0 if inline else style) <= IN_ALL


def vars_of(view: View) -> dict[str, object]:
    return {name: getattr(view, name) for name in View.__dataclass_fields__}


@pytest.mark.parametrize("parts", [(), ("mode",), ("stubs",), ("mode", "stubs")], ids=str)
def test_the_first_script_of_a_page_for_all_stays_below_a_kilobyte(parts: tuple[str, ...]) -> None:
    assert small(client.head("shared", *parts).body) < 1000
