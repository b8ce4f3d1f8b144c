"""The worst inputs cost what their length costs, and no more is held than is said."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest
from tests.html.conftest import MARKS, NOTICE, Denied, Marked, ParkAll, pieces, rewrite

from consentkit.html.rewriter import Rewriter
from consentkit.html.scan import LIMIT

WORST = {
    "angles": lambda n: b"<" * n,
    "angles and letters": lambda n: b"<a" * (n // 2),
    "open double quotes": lambda n: b'<a b="' * (n // 6),
    "open single quotes": lambda n: b"<a b='\">" * (n // 8),
    "one quote never closed": lambda n: b'<a title="' + b"<script>" * (n // 8),
    "attributes": lambda n: b"<a " + b"b=c " * (n // 4) + b">",
    "attributes of a watched tag": lambda n: b"<img " + b"src=c " * (n // 6) + b">",
    "blanks in a tag": lambda n: b"<img" + b" " * n + b">",
    "a long name": lambda n: b"<" + b"a" * n + b">",
    "comments never closed": lambda n: b"<!--" * (n // 4),
    "comments closed oddly": lambda n: b"<!-- --!" * (n // 8),
    "dashes": lambda n: b"<!--" + b"-" * n,
    "escaped scripts": lambda n: b"<script><!--<script>" * (n // 20),
    "scripts never closed": lambda n: b"<script></scrip" * (n // 15),
    "deep nesting": lambda n: b"<div>" * (n // 5),
    "deep foreign nesting": lambda n: b"<svg><a>" * (n // 8),
    "marks in one stretch": lambda n: b"<p style='a:url(b)'>" * (n // 20),
    "one mark near, one nowhere": lambda n: b"<p style='a:url(b)'>c-d<title></title>" * (n // 38),
    "marks in text": lambda n: b"url( " * (n // 5),
    "marks in one svg": lambda n: b"<svg>" + b"<g fill='url(#a)'/>" * (n // 19),
    "noscripts never closed": lambda n: b"<noscript><p>" * (n // 13),
    "stray heads": lambda n: b"<!doctype html><head>" + b"<basefont>" * (n // 10),
    "bogus comments": lambda n: b"</ " * (n // 3),
    "svg with a break": lambda n: b"<svg><g></g><div>" * (n // 17),
    "CDATA": lambda n: b"<svg>" + b"<![CDATA[" * (n // 9),
}


class MarkedUnlike(Marked):
    """Marks of which one may be near again and again while another is nowhere."""

    marks = MARKS


def seconds(page: bytes) -> float:
    def once() -> float:
        start = time.process_time()
        rewrite(Denied(), pieces(page, 16_384), NOTICE)
        for rules in (Denied, Marked, MarkedUnlike):
            Rewriter(rules(), NOTICE).whole(page)
        return time.process_time() - start

    gc.disable()  # else it is paid for what other tests have left
    try:
        return min(once() for _ in range(2))
    finally:
        gc.enable()


@pytest.mark.parametrize("worst", WORST.values(), ids=WORST)
def test_eight_times_the_bytes_cost_about_eight_times_the_time(worst: Callable[[int], bytes]) -> None:
    # A quadratic cost would give 64; short runs are noisy, so the smaller one is given a floor.
    small, large = seconds(worst(60_000)), seconds(worst(480_000))

    assert large < 24 * max(small, 0.004)


@pytest.mark.parametrize("worst", WORST.values(), ids=WORST)
def test_never_more_than_the_limit_is_held(worst: Callable[[int], bytes]) -> None:
    page = worst(150_000)
    inserted: list[int] = []
    rewriter = Rewriter(ParkAll(), trace=lambda _, length: inserted.append(length))
    ahead = most = 0

    for chunk in pieces(page, 5000):
        ahead += len(chunk) - len(rewriter.feed(chunk)) + sum(inserted)
        inserted.clear()
        most = max(most, ahead)

    assert most <= LIMIT + 5000


LONG = b"d" * (LIMIT * 2)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<img alt='%b' src=a>", b"<img alt='%b' data-ck-src=a>"),
        (b"<img src='%b' srcset=a>", b"<img data-ck-src='%b' data-ck-srcset=a>"),
        (b'<img alt="a" src="data:%b" class=b>', b'<img alt="a" data-ck-src="data:%b" class=b>'),
        (b"<img alt=%b src=a>", b"<img alt=%b data-ck-src=a>"),
        (b"<img %b src=a>", b"<img %b data-ck-src=a>"),
        (b"<img src\n%b = 'x>y' href=a><p>", b"<img data-ck-src\n%b = 'x>y' data-ck-href=a><p>"),
        (b"<p title='%b' style='a:url(b)'>", b"<p title='%b' data-ck-style='a:url(b)'>"),
        (b"<p style='%b url(b)'>", b"<p data-ck-style='%b url(b)'>"),
        (b"</p title='%b'><img src=a>", b"</p title='%b'><img data-ck-src=a>"),
        (b"<textarea title='%b'><img src=a></textarea>", b"<textarea title='%b'><img src=a></textarea>"),
        (b"<a%b src='>'><img src=a>", b"<a%b src='>'><img data-ck-src=a>"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [701, 65_536, 10**9])
def test_a_tag_beyond_the_limit_is_judged_part_by_part(page: bytes, expected: bytes, size: int) -> None:
    page, expected = page.replace(b"%b", LONG), expected.replace(b"%b", LONG)

    assert rewrite(ParkAll(), pieces(page, size)) == expected
    assert rewrite(ParkAll(), [page], exact=True) == expected


def test_blanks_that_hide_an_equals_sign_are_no_way_out() -> None:
    page = b"<img src" + b" " * LIMIT * 2 + b"= a><img src=b>"

    assert rewrite(ParkAll(), pieces(page, 999)) == page.replace(b"src", b"data-ck-src")


def test_parts_tell_that_they_are_parts() -> None:
    rules = ParkAll()
    rewrite(rules, [b"<img alt='" + LONG + b"' src=a>"])

    assert [(tag.name, tag.complete, tag.part) for tag in rules.seen] == [
        (b"img", False, 0),
        (b"img", False, 1),
        (b"img", False, 2),
    ]
    assert [[(a.name, a.cut) for a in tag.attributes] for tag in rules.seen] == [
        [],
        [(b"alt", True)],
        [(b"src", False)],
    ]
