"""What a page gets when the rules fail, and what `Blunt` lets through."""

from __future__ import annotations

import pytest
from tests.html.conftest import Denied, pieces

from consentkit.html.blunt import Blunt
from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import Placement, Verdict
from consentkit.html.scan import LIMIT
from consentkit.html.tag import Tag


class Failing(Denied):
    """Fails at the first tag that says so."""

    def judge(self, tag: Tag) -> Verdict:
        if b"fail" in tag.raw:
            raise RuntimeError("a bug")
        if b"text" in tag.raw:
            return Verdict(wants_text=True)
        return super().judge(tag)


PAGE = b"<p>a</p><img data-category=no src=a><b>c</b><img fail><script src=d>e</script><p>f<iframe src=g></iframe>"
BLUNTED = (
    b"<p>a</p><img data-category=no data-ck-src=a><b>c</b><ck-held fail><template src=d>e</template><p>f"
    b"<ck-held src=g></ck-held>"
)


@pytest.mark.parametrize("size", [1, 2, 5, 11, 1000])
def test_after_a_fault_the_rest_of_the_page_is_inert_and_no_byte_is_lost(size: int) -> None:
    faults: list[BaseException] = []
    rewriter = Rewriter(Failing(), on_fault=faults.append)

    out = b"".join([*map(rewriter.feed, pieces(PAGE, size)), rewriter.close()])

    assert out == BLUNTED
    assert rewriter.failed
    assert [str(fault) for fault in faults] == ["a bug"]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_fault_over_a_text_begins_at_its_opener(size: int) -> None:
    page = b"<p>a</p><script text>b</script><p>c"
    rewriter = Rewriter(Failing())

    out = b"".join([*map(rewriter.feed, pieces(page, size)), rewriter.close()])

    assert out == b"<p>a</p><template text>b</template><p>c"


def test_a_fault_in_the_notice_leaves_the_page() -> None:
    def draw(_: object) -> bytes:
        raise ValueError("no notice")

    rewriter = Rewriter(Denied(), Placement(body=draw))

    assert rewriter.whole(b"<!doctype html><body><p>a<script>") == b"<!doctype html><body><p>a<template>"
    assert not rewriter.placed


def test_a_long_tag_is_closed_where_the_fault_was() -> None:
    page = b"<img a='" + b"b" * LIMIT + b"' src=fail><img>"
    rewriter = Rewriter(Failing())

    out = rewriter.whole(page)

    assert out.startswith(b"<img a='bbb")
    assert out.endswith(b"b'> src=fail><ck-held>")


ARMED = [
    (b"<SCRIPT src=a></Script >", b"<template src=a></template >"),
    (b"<img src=a><image href=b>", b"<ck-held src=a><ck-held href=b>"),
    (b"<iframe><frame><embed><object><link>", b"<ck-held><ck-held><ck-held><ck-held><ck-held>"),
    (b"<video><source><track></video><audio>", b"<ck-held><ck-held><ck-held></ck-held><ck-held>"),
    (b"<p style='a:url(//b)'>", b"<p style='a:ck-url(//b)'>"),
    (b"<style>@import '//a'", b"<style>ck-@import '//a'"),
    (b"<imgx><scripted><frameset><links>", b"<imgx><scripted><frameset><links>"),
    (b"<p>words, you and I</p>", b"<p>words, you and I</p>"),
]


@pytest.mark.parametrize(("page", "expected"), ARMED)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_blunt_leaves_words_and_takes_what_runs(page: bytes, expected: bytes, size: int) -> None:
    blunt = Blunt()

    assert b"".join([*map(blunt.feed, pieces(page, size)), blunt.close()]) == expected


@pytest.mark.parametrize("size", [1, 4, 100])
def test_blunt_lets_an_open_script_end(size: int) -> None:
    page = b"a='<img>'</script><script>"
    blunt = Blunt(text=b"script")

    assert b"".join([*map(blunt.feed, pieces(page, size)), blunt.close()]) == b"a='<img>'</script><template>"
