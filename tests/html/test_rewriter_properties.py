"""What holds of every page, however broken."""

from __future__ import annotations

import warnings

import html5lib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from tests.html.conftest import (
    ADDRESSES,
    NOTICE,
    NOTICE_AT_END,
    WATCHED,
    Marked,
    ParkAll,
    pieces,
    restored,
    rewrite,
)

from consentkit.html.rewriter import Rewriter

FRAGMENTS = [
    b"<div>", b"</div>", b"<p>", b"</p>", b"<img src=x>", b"<img src='a>b'>", b'<img alt="> <script>" src=y>',
    b"<script src=q>", b"</script>", b"<script>", b"<!--", b"-->", b"--!>", b"<!-->", b"<!--->", b"<style>", b"</style>",
    b"<textarea>", b"</textarea>", b"<title>", b"</title>", b"<iframe src=i>", b"</iframe>", b"<noembed>", b"</noembed>",
    b"<noframes>", b"</noframes>", b"<xmp>", b"</xmp>", b"<svg>", b"</svg>", b"<svg/>", b"<math>", b"</math>", b"<mi>",
    b"</mi>", b"<foreignObject>", b"</foreignObject>", b"<desc>", b"</desc>", b'<path d="m"/>', b"<g>", b"</g>",
    b"<![CDATA[", b"]]>", b"<template>", b"</template>", b'<a title="', b'">', b'"', b"'", b"=", b">", b"<", b"/", b"</",
    b"<!", b"<?", b"</ ", b"<a href=", b"<b c='", b"it's", b" ", b"\n", b"x", b'<p a=b"c>', b'<i a="b"c=d>', b"</body>",
    b"</html>", b"<body>", b"<head>", b"</head>", b"<html lang=e>", b'<html lang="x" amp>', b"<!doctype html>",
    b"<table>", b"<td>", b"</table>", b"<image src=z>", b"<link href=l>", b"<source srcset=s>", b"<object data=o>",
    b"<embed src=e>", b"<video poster=p>", b"<SCRIPT SRC=u>", b"</SCRIPT >", b"<iMg/sRc=w>",
    b'<div style="a:url(//t)">', b"url(", b"<p data-category=no>", b'<b x="1">', b"<b x='1'>", b'<b x= "1">', b"\x00",
    b"<!doctype", b"<meta c=d>", b"<font color=r>", b"<font>", b"<title/>", b"<style/>", b"-", b"--", b"!", b"\xff\xe9",
    b'<svg a=b><path d="m"/><title>x</title></svg>', b'<svg><g fill="url(#a)"/></svg>', b"<!-- c -->",
    b"<a data-category=no href=g>", b"<img src=x data-Category='no'>", b"<script data-category=no src=s></script>",
    b"<a href=/x>", b"<a title=a>b", b"<p class= 'a'>", b"<html><head>", b"</head><body>", b"<title>t</title>",
    b"<script>s</script>", b"<select><option>a</option></select>", b"<script>a<b</script>", b"<style>.a{}</style>",
    b"<svg><use href=u></svg>",
]  # fmt: skip
UNSETTLED = [
    b"<noscript>",
    b"</noscript>",
    b"<select>",
    b"</select>",
    b"<option>",
    b"<frameset>",
    b"<frame src=f>",
    b"<plaintext>",
]

soup = st.lists(st.sampled_from(FRAGMENTS), max_size=20).map(b"".join)
any_soup = st.lists(st.sampled_from(FRAGMENTS + UNSETTLED), max_size=20).map(b"".join)
placements = st.sampled_from((None, NOTICE, NOTICE_AT_END))
relaxed = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@given(any_soup, placements, st.integers(1, 30))
@relaxed
def test_the_result_does_not_depend_on_how_the_page_was_cut(
    page: bytes, placement: object, size: int
) -> None:
    whole = Rewriter(ParkAll(), placement).whole(page)

    assert rewrite(ParkAll(), pieces(page, size), placement) == whole
    assert rewrite(ParkAll(), pieces(page, 1), placement) == whole


@given(any_soup, placements)
@relaxed
def test_hopping_gives_the_same_bytes_as_walking(page: bytes, placement: object) -> None:
    rules = ParkAll()
    walked = rewrite(ParkAll(), [page], placement, exact=True)

    assert rewrite(rules, [page], placement) == walked
    assert rewrite(rules, [page], placement) == walked
    assert rewrite(ParkAll(memo=False), [page], placement) == walked


@given(
    st.lists(st.sampled_from(FRAGMENTS + UNSETTLED), max_size=12).map(b"".join),
    st.integers(1, 40),
    placements,
)
@relaxed
def test_hopping_agrees_over_long_gaps(page: bytes, times: int, placement: object) -> None:
    page = page + (b'<p class="a">b\'s</p>' * (times * 10)) + page * 2

    assert rewrite(ParkAll(), [page], placement) == rewrite(ParkAll(), [page], placement, exact=True)


@given(any_soup, placements, st.integers(1, 30))
@relaxed
def test_rules_of_marks_alone_gate_what_walking_gates(page: bytes, placement: object, size: int) -> None:
    rules = Marked()
    walked = rewrite(Marked(), [page], placement, exact=True)

    assert Rewriter(rules, placement).whole(page) == walked
    assert Rewriter(rules, placement).whole(page) == walked
    assert rewrite(rules, pieces(page, size), placement) == walked


@given(any_soup, placements)
@relaxed
def test_taking_the_insertions_out_gives_the_page_back(page: bytes, placement: object) -> None:
    assert restored(ParkAll(), page, placement) == page


@given(st.binary(max_size=200), placements)
@relaxed
def test_any_bytes_are_read_without_a_fault(page: bytes, placement: object) -> None:
    assert rewrite(ParkAll(), pieces(page, 3), placement) == rewrite(ParkAll(), [page], placement, exact=True)


def live_by_lexbor(page: bytes) -> list[tuple[str, str]]:
    root = LexborHTMLParser(page).root
    return [
        (node.tag, name)
        for node in (root.traverse() if root else ())
        if node.tag and node.tag.encode() in WATCHED
        for name in node.attributes
        if name.lower().encode() in ADDRESSES
    ]


def live_by_html5lib(page: bytes, *, scripting: bool) -> list[tuple[str, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = html5lib.parse(page.decode("latin-1"), namespaceHTMLElements=False, scripting=scripting)
        except AssertionError:  # of its own, for <html> inside foreign content
            return []
    return [
        (element.tag, name)
        for element in tree.iter()
        if isinstance(element.tag, str) and element.tag.rpartition("}")[2].lower().encode() in WATCHED
        for name in element.attrib
        if name.rpartition("}")[2].lower().encode() in ADDRESSES
    ]


@given(soup)
@relaxed
def test_no_address_is_live_in_the_eyes_of_lexbor(page: bytes) -> None:
    assert live_by_lexbor(Rewriter(ParkAll()).whole(page)) == []


@given(any_soup)
@relaxed
def test_no_address_is_live_in_the_eyes_of_html5lib_with_scripting(page: bytes) -> None:
    assert live_by_html5lib(Rewriter(ParkAll()).whole(page), scripting=True) == []


@given(soup)
@relaxed
def test_no_address_is_live_in_the_eyes_of_html5lib_without_scripting(page: bytes) -> None:
    assert live_by_html5lib(Rewriter(ParkAll()).whole(page), scripting=False) == []
