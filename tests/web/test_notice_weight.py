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
    b"<!doctype html><html lang=en><meta charset=utf-8><title>The harbour opens</title><body>%s<h1>Harbour</h1>"
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
    body = book.body(resolve(policy, Signals(), None, 0), View(**{**vars_of(view), "inline": inline}))
    script = small(client.first().body)
    style = small(client.sheet("control", "banner", layout).body)

    html = small(PAGE % body) - small(PAGE % b"")

    assert script + style <= SCRIPT_AND_STYLE
    assert script + html + (0 if inline else style) <= IN_ALL


def vars_of(view: View) -> dict[str, object]:
    return {name: getattr(view, name) for name in View.__dataclass_fields__}
