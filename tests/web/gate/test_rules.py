"""What may live in a page, by address, loader form and style."""

from __future__ import annotations

import re
from itertools import product

import pytest
from tests.live import fetches, lexbor, without_scripts
from tests.web.gate.conftest import Rig

from consentkit.html.rewriter import Rewriter
from consentkit.html.tag import Tag
from consentkit.web.gate.rules import Observed

GA = b"https://www.google-analytics.com/collect"
GTM = (
    b"<script>(function(w,d,s,l,i){w[l]=w[l]||[];w[l].push({'gtm.start': new Date().getTime(),event:'gtm.js'});"
    b"var f=d.getElementsByTagName(s)[0], j=d.createElement(s),dl=l!='dataLayer'?'&l='+l:'';j.async=true;"
    b"j.src='https://gtm.shop.example/gtm.js?id='+i+dl;f.parentNode.insertBefore(j,f);"
    b"})(window,document,'script','dataLayer','GTM-X');</script>"
)

STILLED = {
    "script": b'<script src="%b"></script>',
    "worker script": b'<script type="text/partytown" src="%b"></script>',
    "module": b'<script type=module src="%b"></script>',
    "script whose last type runs": b'<script type="application/json" type="text/javascript" src="%b"></script>',
    "script by language": b'<script language=JavaScript src="%b"></script>',
    "svg script": b'<svg><script href="%b"/></svg>',
    "svg image": b'<svg><image xlink:href="%b"/></svg>',
    "svg filter": b'<svg><feImage href="%b"/></svg>',
    "iframe": b'<iframe src="%b"></iframe>',
    "frame": b'<frameset><frame src="%b"></frameset>',
    "img": b'<img src="%b">',
    "image": b'<image src="%b">',
    "srcset": b'<img src="/a.jpg" srcset="/b.jpg 1x, %b 2x">',
    "srcset without blanks": b'<img srcset="/b.jpg 1x,%b 2x">',
    "source": b'<picture><source srcset="%b"></picture>',
    "imagesrcset": b'<link rel=preload as=image imagesrcset="%b 2x">',
    "preload": b'<link rel="PreLoad" href="%b">',
    "preconnect": b'<link rel=preconnect href="%b">',
    "one of several relations": b'<link rel="alternate stylesheet" href="%b">',
    "embed": b'<embed src="%b">',
    "object": b'<object data="%b"></object>',
    "video": b'<video src="%b"></video>',
    "poster": b'<video poster="%b"></video>',
    "audio": b'<audio src="%b"></audio>',
    "track": b'<video><track src="%b"></video>',
    "image button": b'<input type=image src="%b">',
    "body": b'<body background="%b">',
    "noscript": b'<noscript><img src="%b"></noscript>',
    "template": b'<template><script src="%b"></script></template>',
    "srcdoc": b'<iframe srcdoc="<img src=%b>"></iframe>',
    "srcdoc in srcdoc": b"<iframe srcdoc=\"<iframe srcdoc='<img src=%b>'></iframe>\"></iframe>",
    "lazy": b'<img data-src="%b">',
    "lazy background": b'<div data-bg="%b"></div>',
    "style": b'<p style="background:url(%b)">',
    "style with quotes": b"<p style='background:url(\"%b\")'>",
    "style with references": b'<p style="background:url(&quot;%b&quot;)">',
    "image-set": b"<p style=\"background:image-set('%b' 1x)\">",
    "sheet": b"<style>p{background:url(%b)}</style>",
    "sheet escaped": b"<style>p{background:\\75 R\\6c(%b)}</style>",
    "import": b"<style>@import '%b';</style>",
    "import behind a comment": b"<style>@import/* x */'%b';</style>",
    "base": b'<base href="https://www.google-analytics.com/x/"><img src="collect"><!-- %b -->',
    "a second base": b'<base href="https://www.google-analytics.com/"><base href="/"><img src=a><!-- %b -->',
}


@pytest.mark.parametrize("page", STILLED.values(), ids=STILLED)
def test_an_element_of_a_service_that_may_not_run_is_stilled(page: bytes, rig: Rig) -> None:
    out = rig.gate(page % GA)

    assert b'data-ck="!google-analytics"' in out
    assert [
        found.address
        for parse in (lexbor, without_scripts)
        for found in fetches(parse(out))
        if rig.denied(found.host, found.path)
    ] == []


LEFT = {
    "a link to go to": b'<a href="%b">x</a>',
    "a canonical link": b'<link rel=canonical href="%b">',
    "a feed": b'<link rel="alternate" href="%b">',
    "a data block": b'<script type="application/ld+json">{"@id":"%b"}</script>',
    "an import map": b'<script type=importmap>{"imports":{"a":"%b"}}</script>',
    "speculation rules": b'<script type=speculationrules>{"a":"%b"}</script>',
    "a template of a library": b'<script type="text/x-template"><img src="%b"></script>',
    "a mention": b"<script>var blocked = ['%b', 'fbq', 'gtag'];</script>",
    "a comment": b'<!-- <script src="%b"></script> -->',
    "text": b'<textarea><script src="%b"></script></textarea>',
    "a form": b'<form action="%b"></form>',
    "a base in a template": b'<template><base href="https://www.google-analytics.com/"></template><img src=/a><!--%b-->',
}


@pytest.mark.parametrize("page", LEFT.values(), ids=LEFT)
def test_what_fetches_nothing_keeps_every_byte(page: bytes, rig: Rig) -> None:
    assert rig.gate(page % GA) == page % GA


def test_captcha_payment_and_cdn_run_although_the_policy_does_not_name_them(rig: Rig) -> None:
    page = b'<script src="https://www.google.com/recaptcha/api.js" async defer></script>'

    assert rig.gate(page) == page


def test_k09_each_service_of_one_host_goes_its_own_way() -> None:
    rig = Rig(use=["google-maps", "recaptcha"])
    maps = [
        b'<iframe src="https://www.google.de/maps/embed?pb=X"></iframe>',
        b'<iframe src="https://maps.google.ca/maps?q=Y&output=embed"></iframe>',
    ]
    captcha = [
        b'<script src="https://www.google.com/recaptcha/api.js" async defer></script>',
        b'<script src="https://www.recaptcha.net/recaptcha/api.js"></script>',
    ]

    assert all(b'data-ck="google-maps"' in rig.gate(page, "recaptcha") for page in maps)
    assert all(rig.gate(page, "recaptcha") == page for page in captcha)
    assert all(b'data-ck="recaptcha"' in rig.gate(page, "google-maps") for page in captcha)


def test_k12_a_tag_manager_on_the_sites_own_host_is_known_by_form_host_and_path() -> None:
    rig = Rig(
        use=["google-tag-manager"],
        services={"google-tag-manager": {"addresses": ["gtm.shop.example", "/metrics/"]}},
    )
    gated = [
        GTM,
        b'<script async src="/metrics/?id=G-XXXX"></script>',
        b'<noscript><iframe src="https://gtm.shop.example/ns.html?id=GTM-XX"></iframe></noscript>',
    ]
    app = b'<script src="/static/app.js"></script>'

    assert all(b'data-ck="google-tag-manager"' in rig.gate(page) for page in gated)
    assert all(rig.gate(page, "google-tag-manager") == page for page in gated)
    assert rig.gate(app) == app


def test_what_the_site_wrote_itself_decides_alone() -> None:
    rig = Rig(use=["google-analytics"])
    page = b'<script data-category="necessary" src="%b"></script>' % GA

    assert rig.gate(page) == page


def test_several_services_must_all_run() -> None:
    rig = Rig(
        use=["google-analytics"],
        services={"shop": {"vendor": "S", "purposes": ["analytics"], "hosts": ["s.example"]}},
    )
    page = b'<img src="%b" srcset="https://s.example/x 2x">' % GA

    assert b'data-ck="google-analytics shop"' in rig.gate(page)
    assert b'data-ck="shop"' in rig.gate(page, "google-analytics")
    assert rig.gate(page, "google-analytics", "shop") == page


def test_an_anti_flicker_style_never_leaves_the_page_hidden(rig: Rig) -> None:
    out = rig.gate(b"<style media=screen>.async-hide { opacity: 0 !important}</style>")

    assert out == (
        b'<style media="not all" data-ck="!google-optimize" data-ck-media=screen>.async-hide { opacity: 0 !important}</style>'
    )


def test_a_style_is_stilled_beyond_its_first_64_kilobytes(rig: Rig) -> None:
    page = b"<style>" + b"p{color:red}" * 20_000 + b"p{background:url(%b)}</style>" % GA
    rewriter = Rewriter(rig.rules(), None)

    out = b"".join(rewriter.feed(page[at : at + 777]) for at in range(0, len(page), 777)) + rewriter.close()

    assert out == page.replace(GA, b"data:ck," + GA) == rig.gate(page)


@pytest.mark.parametrize(
    "pattern",
    [
        b"<style>p{background:image-set('%b' 1x)}q{background:url(%b)}@import '%b';r{background:url(%b)}</style>",
        b"<p style=\"background:image-set('%b' 1x);cursor:url(%b),url(/own)\">",
    ],
    ids=["element", "attribute"],
)
def test_addresses_of_every_kind_are_inert_where_they_stand(pattern: bytes, rig: Rig) -> None:
    page = pattern.replace(b"%b", GA)

    out = rig.gate(page)

    assert out.count(b"data:ck," + GA) == page.count(GA)
    assert re.sub(rb"data:ck,| data-ck=\"[^\"]*\"", b"", out) == page


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [
        ("allow", b"<img src=//nobody.example/x>"),
        ("report", b"<img src=//nobody.example/x>"),
        ("gate", b'<img data-ck="!unknown" data-ck-src=//nobody.example/x>'),
    ],
)
def test_third_parties_that_nobody_knows_follow_the_policy(unknown: str, expected: bytes) -> None:
    rig = Rig(unknown=unknown)

    assert rig.gate(b"<img src=//nobody.example/x>") == expected
    assert bool(rig.counts(b"<img src=//nobody.example/x>")) == (unknown != "allow")


def test_unlisted_services_run_where_the_policy_says_so() -> None:
    page = b'<script src="%b"></script>' % GA

    assert Rig(unlisted="allow").gate(page) == page


def test_observing_changes_nothing_and_counts(rig: Rig) -> None:
    page = b'<base href="/a/"><script src="%b"></script><style>p{background:url(%b)}</style>' % (GA, GA)
    rewriter = Rewriter(Observed(rig.rules()), None)

    assert rewriter.whole(page) == page
    assert rewriter.counts == rig.counts(page)


def test_a_long_tag_is_stilled_part_by_part(rig: Rig) -> None:
    page = b'<img alt="' + b"a" * 70_000 + b'" src="%b">' % GA

    assert b'data-ck-src="https://www.google' in rig.gate(page)


ADDRESSES = (
    "/a.jpg",
    "//www.google-analytics.com/collect",
    "/\\www.google-analytics.com/a",
    "/\t/www.google-analytics.com/a",
    "/\n/www.google-analytics.com/a",
    "/\r/www.google-analytics.com/a",
    "&sol;/www.google-analytics.com/a",
    "http:www.google-analytics.com/a",
    "/metrics/a.js",
    "/b.jpg 1x,/c.jpg 2x",
    "background&#58;url(/metrics/a)",
    "analytics",
    "stylesheet",
    "",
)
NAMES = (
    "src",
    "SRC",
    "srcset",
    "href",
    "style",
    "data-src",
    "data-category",
    "DATA-Service",
    "poster",
    "alt",
)
SITES = {
    "a site": Rig(),
    "a site with a service on its own path": Rig(
        services={"own": {"vendor": "O", "purposes": ["analytics"], "addresses": ["/metrics/"]}}
    ),
}


@pytest.mark.parametrize("complete", [True, False], ids=["whole", "in parts"])
@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
@pytest.mark.parametrize(
    "name", ["img", "source", "link", "video", "embed", "iframe", "object", "script", "div"]
)
def test_what_is_told_at_first_sight_is_what_reading_tells(name: str, site: Rig, complete: bool) -> None:
    rules = site.rules()

    def judged(attributes: str) -> tuple[str, list[bytes]]:
        raw = f"<{name} rel=icon {attributes}{'>' if complete else ''}".encode()
        verdict = rules.judge(Tag(name.encode(), raw, complete=complete))
        return verdict.label, [insertion.text for insertion in verdict.insertions]

    for key, value in product(NAMES, ADDRESSES):
        own = f'src="/a.jpg" {key}="{value}"'

        assert judged(own) == judged(f'title="read: this" {own}'), own
