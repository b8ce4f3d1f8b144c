"""What a page looks like behind the rewriter, whole and in pieces."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.html.conftest import NOTICE, NOTICE_AT_END, Denied, Marked, ParkAll, pieces, rewrite

from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import PASS, DocumentFacts, Insertion, Memo, Placement, Verdict
from consentkit.html.scan import LIMIT
from consentkit.html.tag import Context, Tag

Tr = Callable[..., bytes]
IMG = b"<img data-category=no src=x>"
HELD = b"<img data-category=no data-ck-src=x>"
OPENED = b"<img data-category=yes src=x>"

GATED = {
    "plain": b"%b",
    "in a paragraph": b"<p class='a' title=\"b\">it's %b</p>",
    "after a stray quote": b"<p alt=it's>%b",
    "after a quote inside an unquoted value": b'<p a=b"c>%b',
    "after a stray quote between attributes": b'<p " b>%b',
    "after a comment in a title": b'<a title="<!-- ">%b</a>',
    "after a value that starts with an angle": b'<a title="> <script>">%b</a>',
    "after a value that holds a closed tag": b"<a title='<b c=\"d\">'>%b</a>",
    "after an equals sign that is a name": b'<a ="x>%b',
    "after an empty comment": b"<!-->%b",
    "after a dashed comment": b"<!--->%b",
    "after a comment with a bang": b"<!-- a --!>%b",
    "after a conditional comment": b"<!--[if !IE]><!-->%b<!--<![endif]-->",
    "after a processing instruction": b"<?php x ?>%b",
    "after a bogus end tag": b"</ x>%b",
    "after an empty end tag": b"</>%b",
    "after CDATA outside foreign content": b"<![CDATA[ x > %b",
    "after CDATA in svg": b"<svg><![CDATA[ > <p> ]]></svg>%b",
    "after a script": b"<script>if (a<b) '<img '</script>%b",
    "after a script with a comment": b"<script><!-- </script>%b",
    "after an escaped script": b"<script><!-- <script> </script> --></script>%b",
    "after a double escaped script": b"<script><!-- <script> --></script>%b",
    "after a script whose comment ends at once": b"<script><!--><script></script>%b",
    "after a style that may be svg's": b"<svg></div><style><!-- </style>%b",
    "in a script that may be svg's": b"<svg></div><script>%b",
    "after a textarea": b"<textarea><!-- <script></textarea>%b",
    "after a style": b"<style>a{}<script></STYLE >%b",
    "in svg": b"<svg><g>%b</g></svg>",
    "in a title of svg": b"<svg><title>%b</title></svg>",
    "in a style of svg": b"<svg><style>%b</style></svg>",
    "after an svg closed by its ancestor": b"<div><svg><g></div><style>a</style>%b",
    "in a foreignObject": b"<svg><foreignObject><p>%b</p></foreignObject></svg>",
    "in a noscript": b"<noscript>%b</noscript>",
    "behind a noscript with an open comment": b"<noscript><!-- </noscript>%b",
    "behind a noscript with an open quote": b'<noscript><p title="</noscript>%b',
    "in a nested noscript": b"<noscript><noscript>%b</noscript>",
    "in a template": b"<template><div>%b</div></template>",
    "in a title that a select may ignore": b"<select><title>%b</title></select>",
    "behind NUL bytes": b"<p \x00a=\x00>\x00%b",
    "behind shift_jis": "<p title=表示>ソ".encode("shift_jis") + b"%b",
    "behind gb18030": "<p title='𠮷'>𠮷".encode("gb18030") + b"%b",
    "behind invalid bytes": b"<p \xff\xfe>\x80%b",
    "in any case": b"<DIV CLASS=x>%b",
}
NOT_GATED = {
    "in a comment": b"<!-- %b -->",
    "in a comment never closed": b"<p><!-- %b",
    "in a script": b"<script>'%b'</script>",
    "in a double escaped script": b"<script><!-- <script> %b </script> --></script>",
    "in a textarea": b"<textarea>%b</textarea>",
    "in a title": b"<title>%b</title>",
    "in a noembed": b"<noembed>%b</noembed>",
    "in a noframes": b"<noframes>%b</noframes>",
    "in an xmp": b"<xmp>%b</xmp>",
    "in an iframe": b"<iframe>%b</iframe>",
    "in plaintext": b"<plaintext></plaintext>%b",
    "in an attribute": b'<a title="%b">',
    "behind an angle in an attribute": b'<p class="b"><a title="> %b">',
    "behind an angle in an attribute with the other quotes": b"<p class=\"b\"><a title='> %b'>",
    "in a bogus comment": b"<!x %b",
    "in CDATA of svg": b"<svg><![CDATA[%b]]></svg>",
    "in a tag that never ends": b"<a title=' %b",
}


@pytest.mark.parametrize("around", GATED.values(), ids=GATED)
def test_a_denied_opener_is_gated(tr: Tr, around: bytes) -> None:
    page = around.replace(b"%b", IMG)

    assert tr(page) == page.replace(IMG, HELD)


@pytest.mark.parametrize("around", NOT_GATED.values(), ids=NOT_GATED)
def test_what_is_no_tag_stays(tr: Tr, around: bytes) -> None:
    page = around.replace(b"%b", IMG)

    assert tr(page) == page


FAR = b"<p>a</p>" * 100
QUOTED = b'<p class="a">b</p>' * 50


@pytest.mark.parametrize("filler", [FAR, FAR + QUOTED + FAR, b"words " * 200])
@pytest.mark.parametrize(
    ("around", "gated"),
    [
        (b'%f<p title="> %b">', False),
        (b'%f<p title= "> %b">', False),
        (b"%f<p title='<i a=\"b\"> %b'>", False),
        (b"<p title='%f<i a=\"b\">%f%b'>", False),
        (b"<p title= '%f<i a=\"b\">%f%b'>", False),
        (b"%f<p title=\n'<i a=\"b\">%f %b'>", False),
        (b"%f<p title='a'>%f<p title='<i a=\"b\"> %b'>", False),
        (b'<p title="%f %b">', False),
        (b'%f<p a=b">%b', True),
        (b'%f<p a="b" >%b', True),
        (b'%f<p "">%b', True),
        (b"%f it's '%b'", True),
        (b"%f<p a='b'>%b", True),
        (b"%f</ a='\">%b", True),
        (b"%f<p a=b c=/d>%b", True),
        (b'%f<p a=b"c d="> %b">', False),
        (b"%f<p a='b>c' d=e>%b", True),
        (b"%f<p a=b>c < d %b", True),
    ],
)
def test_what_stands_far_behind_the_last_known_place_is_judged_right(
    tr: Tr, filler: bytes, around: bytes, gated: bool
) -> None:
    image = IMG.replace(b"<img ", b"<img  ")
    page = around.replace(b"%f", filler if b'"%f' not in around else FAR).replace(b"%b", image)

    assert tr(page) == (page.replace(image, HELD.replace(b"<img ", b"<img  ")) if gated else page)


def test_a_granted_opener_stays(tr: Tr) -> None:
    assert tr(OPENED) == OPENED


def test_image_is_shown_outside_svg_and_in_it(tr: Tr) -> None:
    page = b"<image src=a data-category=no><svg><image href=a data-category=no></svg>"

    assert (
        tr(page)
        == b"<image data-ck-src=a data-category=no><svg><image data-ck-href=a data-category=no></svg>"
    )


def test_every_address_of_a_tag_is_parked(tr: Tr) -> None:
    page = b"<iframe src=a data-category=no SRC=b></iframe>"

    assert tr(page) == b"<iframe data-ck-src=a data-category=no data-ck-SRC=b></iframe>"


def test_an_opener_of_any_name_is_shown_when_it_holds_a_mark(tr: Tr) -> None:
    page = b"<div style='background:URL(//t)'>url(//x)<p>url(</p></div>"

    assert tr(page, None, ParkAll) == page.replace(b"style", b"data-ck-style")


def test_a_mark_in_the_shortest_tag_is_seen() -> None:
    rules = ParkAll()

    rewrite(rules, [b"<p url(><script></script>"])

    assert [tag.name for tag in rules.seen] == [b"p", b"script"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<!doctype html><html><head><title>a</title></head><body class=b><p>c</p></body></html>",
         b"<!doctype html><html><head>[H]<title>a</title></head><body class=b>[B]<p>c</p></body></html>"),
        (b"<!doctype html><title>a</title><p>c</p>", b"<!doctype html>[H]<title>a</title>[B]<p>c</p>"),
        (b"<!DOCTYPE html>\n text", b"<!DOCTYPE html>\n [H][B]text"),
        (b"<html><head></head>\n<noscript></noscript>", b"<html><head>[H]</head>\n[B]<noscript></noscript>"),
        (b"<html><head><noscript><img></noscript></head><body>",
         b"<html><head>[H]<noscript><img></noscript></head><body>[B]"),
        (b"<html><head><script>'<body>'</script><!--<body>--><template><body></template><BODY\n>",
         b"<html><head>[H]<script>'<body>'</script><!--<body>--><template><body></template><BODY\n>[B]"),
        (b"<html><head></head></body>", b"<html><head>[H]</head>[B]</body>"),
        (b"<html><head></head></html>", b"<html><head>[H]</head>[B]</html>"),
        (b"<html><head></head>\n", b"<html><head>[H]</head>\n[B]"),
        (b"<html>", b"<html>[H][B]"),
        (b"<?xml version='1.0'?><!-- a --><!doctype html><body>",
         b"<?xml version='1.0'?><!-- a --><!doctype html>[H]<body>[B]"),
        (b"<body>a<body>b", b"[H]<body>[B]a<body>b"),
        (b"<head><head></head><head><body>", b"<head>[H]<head></head><head><body>[B]"),
        (b"\xef\xbb\xbf<!doctype html><body>", b"\xef\xbb\xbf<!doctype html>[H]<body>[B]"),
        (b"<html><head></head><frameset><frame src=a></frameset></html>",
         b"<html><head>[H]</head><frameset><frame src=a></frameset></html>"),
    ],
)  # fmt: skip
def test_the_pieces_stand_first_in_head_and_body(tr: Tr, page: bytes, expected: bytes) -> None:
    assert tr(page, NOTICE) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<html><head></head><body>a</body></html>", b"<html><head>[H]</head><body>a[B]</body></html>"),
        (b"<html><body>a<script>'</body>'</script><!--</body>--></body >\n</html>",
         b"<html>[H]<body>a<script>'</body>'</script><!--</body>-->[B]</body >\n</html>"),
        (b"<body><template></body></template><noscript></body></noscript></html>",
         b"[H]<body><template></body></template><noscript></body></noscript>[B]</html>"),
        (b"<body>a</body><!-- b --></body>", b"[H]<body>a[B]</body><!-- b --></body>"),
        (b"<!doctype html><p>a", b"<!doctype html>[H]<p>a[B]"),
        (b"<!doctype html><p>a<b c", b"<!doctype html>[H]<p>a[B]<b c"),
        (b"<html><frameset></frameset></html>", b"<html>[H]<frameset></frameset></html>"),
    ],
)  # fmt: skip
def test_the_body_piece_stands_last_when_asked(tr: Tr, page: bytes, expected: bytes) -> None:
    assert tr(page, NOTICE_AT_END) == expected


@pytest.mark.parametrize(
    "page",
    [b"<div>a</div>", b'{"a": "<body>"}', b"<p><!doctype html>", b"</p><html>", b"", b" ", b"text",
     "<!doctype html><html ⚡><head></head><body>".encode(), b"<html AMP><body>"],
)  # fmt: skip
def test_what_is_no_document_gets_no_piece(tr: Tr, page: bytes) -> None:
    assert tr(page, NOTICE) == page
    assert tr(page, NOTICE_AT_END) == page


def test_a_select_that_is_open_at_the_end_is_closed_before_the_notice(tr: Tr) -> None:
    page = b"<html><body><select><option>a%s</body></html>"

    assert tr(page % b"", NOTICE_AT_END).endswith(b"<option>a</select>[B]</body></html>")
    assert tr(page % b"</select>", NOTICE_AT_END).endswith(b"<option>a</select>[B]</body></html>")


def test_amp_is_told() -> None:
    rewriter = Rewriter(Denied(), NOTICE)
    rewriter.whole(b"<html amp>")

    assert rewriter.amp
    assert rewriter.document


def test_a_fragment_is_gated_without_a_notice(tr: Tr) -> None:
    assert tr(b"<p>" + IMG, NOTICE) == b"<p>" + HELD


def test_a_piece_may_be_drawn_when_the_language_is_known(tr: Tr) -> None:
    seen: list[DocumentFacts] = []

    def draw(facts: DocumentFacts) -> bytes:
        seen.append(facts)
        return b"[B]"

    assert tr(b"<html lang='fr&#45;CA'><p>", Placement(body=draw)) == b"<html lang='fr&#45;CA'>[B]<p>"
    assert set(seen) == {DocumentFacts("fr-CA", implied=True)}


def test_placed_and_document_are_told() -> None:
    placed = Rewriter(Denied(), NOTICE)
    placed.whole(b"<!doctype html><body>")
    fragment = Rewriter(Denied(), NOTICE)
    fragment.whole(b"<p>")

    assert (placed.placed, placed.document) == (True, True)
    assert (fragment.placed, fragment.document) == (False, False)
    assert Rewriter(Denied(), NOTICE).document is None


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf_16_passes_untouched(mark: bytes) -> None:
    page = mark + "<script data-category=no src=x>".encode("utf-16-le")

    assert rewrite(Denied(), pieces(page, 1), NOTICE) == page


def test_chunks_may_be_any_kind_of_bytes() -> None:
    rewriter = Rewriter(Denied())

    out = (
        rewriter.feed(bytearray(IMG[:9]))
        + rewriter.feed(b"")
        + rewriter.feed(memoryview(IMG)[9:])
        + rewriter.close()
    )

    assert out == HELD


def test_untouched_bytes_are_handed_on_as_they_are() -> None:
    page = b"<p class='a'>b</p>" * 100

    assert Rewriter(Denied()).feed(page) is page


def test_a_page_that_never_ends_streams() -> None:
    rewriter = Rewriter(Denied(), NOTICE)

    assert rewriter.feed(b"<!doctype html><body><p>a") == b"<!doctype html>[H]<body>[B]<p>a"
    assert rewriter.feed(b"<p>b</p><im") == b"<p>b</p>"
    assert rewriter.feed(b"g><script>a<b") == b"<img><script>a"
    assert rewriter.feed(b";c</script") == b"<b;c"
    assert rewriter.feed(b"><!-- d -") == b"</script><!-- d "


def test_counts_are_kept_by_label() -> None:
    rewriter = Rewriter(Denied())
    rewriter.whole(IMG * 3 + OPENED)

    assert rewriter.counts == {"denied": 3}


class Texts(Denied):
    """Asks for the text of scripts and gates those that say so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, bool]] = []

    def judge(self, tag: Tag) -> Verdict:
        return Verdict(wants_text=True) if tag.name in (b"script", b"style") else super().judge(tag)

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        self.asked.append((len(text), complete))
        if b"loader" not in text:
            return PASS
        return Verdict(
            (Insertion(tag.name_end, b" type=t"),), (Insertion(text.index(b"loader"), b"[T]"),), label="text"
        )


def test_a_text_is_judged_with_its_opener(tr: Tr) -> None:
    page = b"<script a>x<y;loader()</script><script>b</script>" + IMG

    assert tr(page, None, Texts) == b"<script type=t a>x<y;[T]loader()</script><script>b</script>" + HELD


def test_a_long_text_is_judged_by_its_head(tr: Tr) -> None:
    page = b"<script>" + b"loader();" * 20_000 + b"</script>" + IMG
    rules = Texts()

    out = rewrite(rules, pieces(page, 1000))

    assert out == Rewriter(Texts()).whole(page) == rewrite(Texts(), [page], exact=True)
    assert out.startswith(b"<script type=t>[T]loader")
    assert out.endswith(HELD)
    assert rules.asked == [(LIMIT - len(b"<script>"), False)]


def test_no_text_of_foreign_scripts_is_asked_for(tr: Tr) -> None:
    rules = Texts()

    assert rewrite(rules, [b"<svg><script>loader</script></svg>"]) == b"<svg><script>loader</script></svg>"
    assert rules.asked == []


class Switch(Denied):
    """Becomes another set of rules after a base element."""

    names = Denied.names | {b"base"}

    def judge(self, tag: Tag) -> Verdict:
        return Verdict(rules=ParkAll()) if tag.name == b"base" else super().judge(tag)


def test_rules_may_hand_the_rest_of_a_page_to_others(tr: Tr) -> None:
    page = b"<img src=a><base href=b><img src=c>"

    assert tr(page, None, Switch) == b"<img src=a><base href=b><img data-ck-src=c>"


class Handover(Marked):
    """Hands over to `Denied` at one mark."""

    marks = (b"data-over",)

    def judge(self, tag: Tag) -> Verdict:
        return Verdict(rules=Denied())


@pytest.mark.parametrize(
    "before",
    [
        b"<p data-over>",
        b"<!doctype html><html><head><meta data-over></head><body>",
        b"<html><head>\n<link data-over href=a>",
        b"<template><p data-over></template>",
        b"<svg><g data-over></g></svg>",
    ],
)
def test_what_had_no_mark_is_searched_again_for_other_rules(tr: Tr, before: bytes) -> None:
    page = before + b"<p>a</p>" + IMG

    assert tr(page, None, Handover) == before + b"<p>a</p>" + HELD
    assert tr(page, NOTICE, Handover).endswith(b"<p>a</p>" + HELD)


def test_an_insertion_is_told_at_its_offset_behind_text_that_passed() -> None:
    told: list[int] = []
    rewriter = Rewriter(Denied(), trace=lambda at, length: told.append(at))
    text = b"<script>" + b"a=b;" * 100 + b"</script>"

    out = b"".join([*map(rewriter.feed, pieces(text + IMG, 50)), rewriter.close()])

    assert out == text + HELD
    assert told == [out.index(b"data-ck-")]


def test_context_tells_where_an_opener_stands() -> None:
    rules = ParkAll(memo=False)
    page = b"<img><svg><image><img></svg><template><img></template><noscript><img></noscript><select><img>"
    rewrite(rules, [page], exact=True)

    assert [(tag.name, tag.context) for tag in rules.seen] == [
        (b"img", Context.HTML),
        (b"image", Context.FOREIGN),
        (b"img", Context.HTML),
        (b"img", Context.TEMPLATE),
        (b"img", Context.NOSCRIPT),
        (b"img", Context.UNSURE),
    ]


def test_a_script_in_svg_is_told_to_be_foreign() -> None:
    rules = ParkAll()
    rewrite(rules, [b"<svg><script href=a></script></svg>"])

    assert [tag.context for tag in rules.seen] == [Context.FOREIGN]


def test_a_tag_is_judged_once_for_all_pages() -> None:
    rules = ParkAll()
    for _ in range(3):
        rewrite(rules, [IMG * 3 + b"<p>" + IMG])

    assert len(rules.seen) == 1


def test_the_memo_never_grows_beyond_its_limit() -> None:
    rules = ParkAll()
    rules.memo = Memo(entries=10, longest=40)
    rewrite(rules, [b"".join(b"<img src=%d>" % number for number in range(100))])
    rewrite(rules, [b"<img src=" + b"a" * 50 + b">"])

    assert 0 < len(rules.memo) <= 10
    assert all(len(key) <= 40 for key in rules.memo if isinstance(key, bytes))


ICON = b"<svg a=b><g fill='url(#c)'><!-- d --></g></svg>"


@pytest.mark.parametrize("element", [ICON, b"<noscript><p><b>a</b></noscript>", b"<template><p></template>"])
def test_an_element_without_anything_to_gate_is_walked_once(element: bytes) -> None:
    class Quiet(Denied):
        def judge(self, tag: Tag) -> Verdict:
            self.seen.append(tag)
            return PASS

    rules = Quiet()
    outs = [rewrite(rules, [b"<p>" + element + b"</p>" + IMG]) for _ in range(2)]

    assert outs == [b"<p>" + element + b"</p>" + IMG] * 2
    assert (element,) in rules.memo


def test_an_element_with_something_to_gate_is_gated_each_time() -> None:
    rules = Denied()
    page = b"<p><noscript>" + IMG + b"</noscript>"

    for _ in range(3):
        assert rewrite(rules, [page]) == b"<p><noscript>" + HELD + b"</noscript>"


def test_an_element_that_ends_the_body_is_not_taken_for_known() -> None:
    rules = Denied()
    page = b"<body><svg></body></svg>"
    first = rewrite(rules, [page], NOTICE)

    assert rewrite(rules, [page], NOTICE_AT_END) == b"[H]<body><svg>[B]</body></svg>"
    assert first == b"[H]<body>[B]<svg></body></svg>"
