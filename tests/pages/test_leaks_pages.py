"""Real pages in Chromium: nobody is asked who may not be, everybody else is, and no new error appears.

A few pages by default; all of them with ``CONSENTKIT_LEAKS=all``.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from consentkit.scan.browse import chromium
from consentkit.scan.judge import Report
from consentkit.scan.leaks import Guard, Plain, found_in, naming, with_us, without_us

pytestmark = [pytest.mark.pages, pytest.mark.browser]

ALL = os.environ.get("CONSENTKIT_LEAKS") == "all"
PUBLISHERS = ("s.yimg.com", "o.aolcdn.com")
"""Publishers' own hosts, of which a service has a path."""
SAMPLE = frozenset({"buzzfeed-1", "engadget", "keep-images", "quanta-1", "youth"})
"""Pages with many services, hand-written pixels, `document.write`, late listeners, and what is known to be lost."""
KNOWN_LOST = {
    "keep-images": ("/_/stat", "/_/fp/css/"),
    "medium-2": ("/_/stat", "/_/fp/css/"),
    "quanta-1": ("/mathjax/MathJax.js",),
}
"""What a gated script alone would have asked for, or would have defined the function for: Medium's loader of styles stands in
one script with that of Google Analytics, Quanta's MathJax in one with that of Disqus.
"""
KNOWN_ERRORS = {
    "keep-images": ("_asyncStyles is not defined",),
    "medium-2": ("_asyncStyles is not defined",),
}
"""The same."""


async def test_nobody_is_asked_who_may_not_be_and_all_else_stays(real_page: Path) -> None:
    if real_page.stem not in SAMPLE and not ALL:
        pytest.skip("CONSENTKIT_LEAKS=all looks at every page")
    root = real_page.parent
    async with chromium(alone=True) as browser:
        [plain] = await without_us(browser, root, [f"/{real_page.name}"])
        policy = naming(found_in(root, plain), plain.origin)
        narrowed = policy.model_copy(update={"csp": "enforce", "csp_sources": PUBLISHERS})
        guards = {
            "named": Guard(policy),
            "named, with a CSP": Guard(narrowed, ((b"content-security-policy", csp_of(plain)),)),
            "nobody named": Guard(naming((), plain.origin), stages=("before",)),
        }
        reports = await with_us(browser, root, [plain] * len(guards), list(guards.values()))

    for name, report in zip(guards, reports, strict=True):
        assert report.trouble == "", name
        assert report.leaks == [], name
        assert unexplained(report, real_page.stem) == {}, name


def csp_of(page: Plain) -> bytes:
    """A policy of the app itself, which lists every host that the page asks."""
    asked = {urlsplit(each.address) for seen in page.views for each in seen.asked}
    hosts = sorted({f"{parts.scheme}://{parts.netloc}" for parts in asked if parts.netloc})
    return f"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: {' '.join(hosts)}".encode()


def unexplained(report: Report, page: str) -> dict[str, list[str]]:
    """What is lost or goes wrong with us only, apart from what is known."""
    known = KNOWN_LOST.get(page, ())
    found = {
        f"lost {stage}": [each for each in addresses if not any(part in each for part in known)]
        for stage, addresses in report.lost.items()
    } | {
        f"error {stage}": [each for each in errors if each not in KNOWN_ERRORS.get(page, ())]
        for stage, errors in report.errors.items()
    }
    return {name: each for name, each in found.items() if each}
