"""Gating by markup, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.html.rewriter import Rewriter
from consentkit.html.tag import Tag
from consentkit.web.gate.markup import MarkupRules
from consentkit.web.gate.park import FETCHES

KNOWN = frozenset({"necessary", "analytics", "marketing", "counter", "player"})
CLOSED = MarkupRules(KNOWN, frozenset({"necessary"}))


def gate(page: bytes, *allowed: str) -> bytes:
    return Rewriter(MarkupRules(KNOWN, frozenset({"necessary", *allowed})), None).whole(page)


def live(page: bytes) -> dict[bytes, str]:
    """The attributes of a page's only tag as a browser reads them: the first of each name."""
    start = page.index(b"<") + 1
    end = min(page.index(byte, start) for byte in (b" ", b">") if byte in page[start:])
    found: dict[bytes, str] = {}
    for attribute in Tag(page[start:end].lower(), page[start - 1 : page.rindex(b">") + 1]).attributes:
        found.setdefault(attribute.name, attribute.text)
    return found


EVERY = [(element, name) for element, names in FETCHES.items() for name in sorted(names)]
QUOTED = {
    "double": b'%b="https://player.example/a?b=c&amp;d"',
    "single": b"%b='https://player.example/a?b=c&amp;d'",
    "unquoted": b"%b=https://player.example/a?b=c&amp;d",
    "spaced": b"%b \n=\t'https://player.example/a?b=c&amp;d'",
    "upper": b"%b='https://player.example/a?b=c&amp;d'",
}


@pytest.mark.parametrize("quoting", QUOTED)
@pytest.mark.parametrize(("element", "name"), EVERY, ids=lambda part: part.decode())
def test_no_attribute_that_fetches_or_runs_survives_on_a_denied_element(element, name, quoting):
    own = name.upper() if quoting == "upper" else name
    tag = element.upper() if quoting == "upper" else element
    page = b"<" + tag + b" " + QUOTED[quoting] % own + b' data-category="marketing">'

    denied = gate(page)

    assert name not in live(denied) or (name, live(denied)[name]) == (b"type", "text/plain")
    assert live(denied)[b"data-ck-" + name] == "https://player.example/a?b=c&d"
    assert live(denied)[b"data-ck"] == "marketing"
    assert gate(page, "marketing") == page


def test_a_denied_script_is_data_whatever_type_it_had():
    for own in (b"", b' type="module"', b" type=text/javascript type=module", b" TYPE=''", b" type"):
        denied = gate(b"<script" + own + b" data-category=analytics>x()</script>")
        assert live(denied)[b"type"] == "text/plain"
        assert denied.count(b" type=") == 1
        assert b" TYPE" not in denied


def test_every_one_of_a_doubled_attribute_is_renamed():
    denied = gate(b"<img src=a src=b SRC=c srcset=d data-category=marketing>")

    assert denied.count(b"data-ck-src=") + denied.count(b"data-ck-SRC=") == 3
    assert b"src" not in live(denied)


@pytest.mark.parametrize(
    "name",
    [b"data-src", b"data-srcset", b"data-lazy-src", b"data-href", b"DATA-SRC", b"data-original", b"data-bg"],
)
def test_an_attribute_that_a_lazy_loader_would_take_is_renamed(name):
    denied = gate(b"<img " + name + b"=//player.example/p.gif data-category=marketing>")

    assert name.lower() not in live(denied)
    assert b"data-ck-" + name.lower() in live(denied)


def test_attributes_that_do_not_fetch_stay():
    page = b'<iframe src=x title="t" width=560 loading=lazy data-title="u" data-category=marketing></iframe>'

    assert {b"title", b"width", b"loading", b"data-title", b"data-category"} <= live(gate(page)).keys()


@pytest.mark.parametrize(
    "mark",
    [
        b'data-category="news"',
        b'data-category=""',
        b"data-category",
        b'data-category="Analytics"',
        b'data-service="unheard-of"',
        b'data-categories="analytics"',
        b'title="data-category=analytics"',
        b'data-category="necessary"',
    ],
)
def test_what_the_policy_does_not_know_or_does_not_ask_is_left_alone(mark):
    page = b"<script src=/app.js " + mark + b"></script>"

    assert gate(page) == page


def test_elements_that_fetch_nothing_are_left_alone():
    page = b'<div data-category="analytics" style="x" src=a></div><p data-category=marketing>'

    assert gate(page) == page


@pytest.mark.parametrize(
    ("mark", "allowed", "is_live"),
    [
        ("data-category=analytics", (), False),
        ("data-category=analytics", ("analytics",), True),
        ("data-category='analytics marketing'", ("analytics",), False),
        ("data-category='analytics,marketing'", ("analytics",), False),
        ("data-category='analytics, marketing'", ("analytics", "marketing"), True),
        ("data-category='news marketing'", (), False),
        ("data-category=analytics data-category=necessary", (), False),
        ("data-category=necessary data-category=analytics", (), True),
        ("data-category='&#97;nalytics'", (), False),
        ("data-service=counter", ("analytics",), False),
        ("data-service=counter", ("counter",), True),
        ("data-category=analytics data-service=counter", ("analytics",), False),
        ("data-category=analytics data-service=counter", ("counter",), True),
        ("data-category=analytics data-service=unheard-of", ("analytics",), True),
        ("data-category=analytics data-service=unheard-of", (), False),
        ("data-service='counter player'", ("counter",), False),
    ],
)
def test_a_known_service_decides_else_every_known_category(mark, allowed, is_live):
    page = f"<script src=//counter.example/c.js {mark}></script>".encode()

    assert (gate(page, *allowed) == page) is is_live


def test_what_the_site_wrote_inert_becomes_live_when_granted():
    page = b"""<script type="text/plain" data-category="analytics" data-src="https://a.example/s?b=1&amp;c='2'"></script>"""

    granted = gate(page, "analytics")

    assert live(granted)[b"src"] == "https://a.example/s?b=1&c='2'"
    assert b"type" not in live(granted)
    assert live(gate(page))[b"type"] == "text/plain"
    assert b"src" not in live(gate(page))


@pytest.mark.parametrize("kind", [b"text/plain", b"'TEXT/PLAIN'", b'" text/plain "', b"text&#47;plain"])
def test_an_inert_type_is_known_in_any_spelling_and_the_real_one_comes_back(kind):
    granted = gate(
        b"<script type=" + kind + b" data-type=module data-category=analytics>x</script>", "analytics"
    )

    assert live(granted)[b"type"] == "module"


@pytest.mark.parametrize(
    ("page", "name", "value"),
    [
        (
            b"<iframe data-category=marketing data-src=//player.example/v></iframe>",
            b"src",
            "//player.example/v",
        ),
        (b"<img data-category=marketing data-srcset='a 1x, b 2x'>", b"srcset", "a 1x, b 2x"),
        (b"<link rel=stylesheet data-category=marketing data-href=/a.css>", b"href", "/a.css"),
        (b"<img data-category=marketing data-src='a\"b'>", b"src", 'a"b'),
    ],
)
def test_a_held_back_address_is_copied_to_where_it_works(page, name, value):
    assert live(gate(page, "marketing"))[name] == value


@pytest.mark.parametrize(
    "address",
    [
        b"javascript:alert(1)",
        b"JaVa&#10;script:x",
        b" javascript&colon;x",
        b"vbscript:x",
        b"data:text/html,x",
    ],
)
@pytest.mark.parametrize("element", [b"iframe", b"script", b"embed"])
def test_a_held_back_address_that_would_run_stays_held_back(element, address):
    page = b"<" + element + b' data-category=marketing data-src="' + address + b'">'

    assert b"src" not in live(gate(page, "marketing"))


def test_an_element_that_has_its_live_address_gets_no_second_one():
    page = b"<img data-category=marketing src=small.gif data-src=large.gif>"

    assert gate(page, "marketing") == page


def test_in_svg_script_and_image_are_gated_by_either_address():
    page = (
        b"<svg><script xlink:href=//a.example/s.js data-category=analytics></script>"
        b"<image href=//a.example/i.png data-category=marketing></image></svg>"
    )

    denied = gate(page)

    assert b" xlink:href" not in denied
    assert b" href" not in denied
    assert b'type="text/plain"' in denied


@pytest.mark.parametrize("around", [b"<noscript>%b</noscript>", b"<template>%b</template>"])
def test_noscript_and_template_hide_nothing(around):
    page = around % b"<img src=//player.example/p data-category=marketing>"

    assert b"data-ck-src" in gate(page)


def test_a_tag_of_a_hundred_kilobytes_with_its_mark_first_is_gated_without_harm_to_its_grammar():
    page = b"<script data-category=analytics data-x='" + b"x" * 100_000 + b"' src=a></script><p>after</p>"

    denied = gate(page)

    assert b'<script type="text/plain"' in denied
    assert denied.endswith(b"</script><p>after</p>")


def test_a_mark_in_a_later_part_of_a_huge_tag_gates_that_part():
    page = b"<img title='" + b"x" * 70_000 + b"' src=//player.example/p data-category=marketing>"

    denied = gate(page)

    assert b" src=" not in denied
    assert b'data-ck="marketing" ' in denied


words = st.sampled_from(
    [
        b"<script",
        b"<img",
        b"<iframe",
        b"<IMG",
        b" src=a",
        b" src='//b'",
        b' data-category="marketing"',
        b" data-category=analytics",
        b" data-service=player",
        b" data-src=c",
        b" type=text/plain",
        b" alt=it's",
        b' title="> <script>"',
        b"/",
        b">",
        b"</script>",
        b"text",
        b"<!--",
        b"-->",
        b" ",
    ]
)


@given(st.lists(words, max_size=14).map(b"".join))
def test_only_insertions_are_made_and_taking_them_out_gives_the_page_back(page):
    trace: list[tuple[int, int]] = []
    rewriter = Rewriter(CLOSED, None, trace=lambda at, length: trace.append((at, length)))

    gated = rewriter.whole(page)

    for at, length in sorted(trace, reverse=True):
        gated = gated[:at] + gated[at + length :]
    assert gated == page


@given(st.lists(words, max_size=14).map(b"".join))
def test_gating_what_is_gated_changes_nothing_that_runs(page):
    once = gate(page)

    assert b"data-ck-data-ck-" not in gate(once)
