"""Stubs of services that are shut for good, right before the script that is shut."""

from __future__ import annotations

import pytest
from tests.asgi import HTML, POLICY, get, serving
from tests.fixtures import Wrap
from tests.web.gate.conftest import Rig

from consentkit.catalogue.entry import FREE_KINDS
from consentkit.core.policy import Policy
from consentkit.html.rewriter import Rewriter
from consentkit.web.gate.stubs import Inlines, StubbedRules, stubs_of

PIXEL = b'<script src="https://connect.facebook.net/en_US/fbevents.js"></script>'
INLINE = b"<script>fbq('init', '1234567890');</script>"
WITH_NONCE = PIXEL.replace(b"<script", b"<script nonce='a&amp;b\"'")
STUB = b"<script data-ck-stub>window.fbq??=function(){};document.currentScript?.remove()</script>"
TWO = {
    "shut": {"vendor": "A", "purposes": ["marketing"], "stubs": ["a()", "_a[]", "A.b.c()", "gtag()"]},
    "listed": {"vendor": "B", "purposes": ["marketing"], "stubs": ["gtag()"]},
}


def gate(page: bytes, rig: Rig, inlines: Inlines = "all") -> bytes:
    rewriter = Rewriter(StubbedRules(rig.rules(), stubs_of(rig.index), inlines), None)
    out = rewriter.whole(page)
    assert not rewriter.failed
    return out


@pytest.mark.parametrize("page", [PIXEL, INLINE], ids=["a file", "an inline loader"])
@pytest.mark.parametrize("before", [b"", b'<base href="/x/">'], ids=["plain", "behind a base"])
def test_a_script_of_a_service_that_is_shut_for_good_has_its_stub_before_it(
    page: bytes, before: bytes, rig: Rig
) -> None:
    out = gate(before + page, rig)

    assert out == before + STUB + rig.gate(page)


def test_a_stub_leaves_alone_what_is_there_and_makes_what_leads_to_it() -> None:
    rig = Rig()
    services = {name: Policy.model_validate({**POLICY, "services": TWO}).services[name] for name in TWO}
    rig.index.services = {**rig.index.services, "shut": services["shut"]}

    assert stubs_of(rig.index)["shut"][:3] == (
        "window.a??=function(){};",
        "window._a??=[];",
        "((window.A??={}).b??={}).c??=function(){};",
    )


def test_what_a_service_brings_that_may_run_one_day_has_no_stub() -> None:
    alone, beside = stubs_of(Rig().index), stubs_of(Rig(use=["google-analytics"]).index)

    assert "window.gtag??=function(){};" in alone["google-ads"]
    assert "window.gtag??=function(){};" not in beside["google-ads"]
    assert "google-analytics" not in beside


def test_what_runs_unnamed_has_no_stub() -> None:
    index = Rig().index

    free = {name for name, each in index.services.items() if each.kind in FREE_KINDS}
    assert free
    assert free.isdisjoint(stubs_of(index))
    assert stubs_of(Rig(unlisted="allow").index) == {}


@pytest.mark.parametrize(
    "page",
    [
        b"<svg>%b</svg>" % PIXEL.replace(b"src", b"href"),
        b"<template>%b</template>" % PIXEL,
        b"<noscript>%b</noscript>" % PIXEL,
        b'<img src="https://connect.facebook.net/tr">',
        b'<script src="/app.js"></script>',
        b'<script src="https://nobody.example/x.js"></script>',
    ],
    ids=["svg", "template", "noscript", "a picture", "the site's own", "nobody's"],
)
def test_nothing_else_has_one(page: bytes, rig: Rig) -> None:
    assert gate(page, rig) == rig.gate(page)


def test_a_service_that_the_policy_names_has_its_stub_in_the_first_script() -> None:
    rig = Rig(use=["meta-pixel"])

    assert gate(PIXEL, rig) == rig.gate(PIXEL)
    assert b'data-ck="meta-pixel"' in rig.gate(PIXEL)


def test_it_carries_the_nonce_of_the_script_that_is_shut(rig: Rig) -> None:
    assert gate(WITH_NONCE, rig, "nonce").startswith(b'<script data-ck-stub nonce="a&amp;b&quot;">')
    assert gate(PIXEL, rig, "nonce") == rig.gate(PIXEL)


@pytest.mark.parametrize(
    ("csp", "page", "there"),
    [
        (b"", PIXEL, True),
        (b"style-src 'self'", PIXEL, True),
        (b"script-src 'unsafe-inline' https:", PIXEL, True),
        (b"script-src 'self' https://connect.facebook.net", PIXEL, False),
        (b"script-src 'sha256-abc'", PIXEL, False),
        (b"script-src 'nonce-abc'", PIXEL, False),
        (b"script-src 'nonce-abc'", PIXEL.replace(b"<script", b"<script nonce=abc"), True),
    ],
    ids=["none", "styles only", "any inline", "files only", "hashes", "a nonce, not on it", "a nonce, on it"],
)
async def test_it_stands_where_it_would_run(wrap: Wrap, csp: bytes, page: bytes, there: bool) -> None:
    fields = [*HTML, *([(b"content-security-policy", csp)] if csp else [])]

    body = (await get(wrap(serving(page, headers=fields)))).body

    assert (b"<script data-ck-stub" in body) is there
    assert b'data-ck="!meta-pixel"' in body


async def test_under_observation_there_is_none(wrap: Wrap) -> None:
    assert b"data-ck-stub" not in (await get(wrap(serving(PIXEL), observe=True))).body
