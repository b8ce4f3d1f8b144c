"""Rules for the rewriter's tests, and the ways in which a page can arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import PASS, Insertion, Memo, Placement, Verdict
from consentkit.html.tag import Tag

WATCHED = frozenset(b"script iframe frame img image link embed object source video audio track".split())
ADDRESSES = frozenset((b"src", b"srcset", b"href", b"xlink:href", b"data", b"poster"))
MARKS = (b"data-category", b"data-service", b"url(")


class ParkAll:
    """Parks every address in every opener that it is shown; a mark `url(` becomes inert."""

    names: frozenset[bytes] = WATCHED
    marks: tuple[bytes, ...] = MARKS

    def __init__(self, *, memo: bool = True) -> None:
        self.memo = Memo() if memo else None
        self.seen: list[Tag] = []

    def judge(self, tag: Tag) -> Verdict:
        self.seen.append(tag)
        found = [
            Insertion(attribute.name_start, b"data-ck-")
            for attribute in tag.attributes
            if attribute.name in ADDRESSES or attribute.name == b"style"
        ]
        return Verdict(tuple(found), label="parked") if found else PASS

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        raise AssertionError("no text was asked for")


class Denied(ParkAll):
    """Gates what says `data-category="no"`: the type is set first, the address parked."""

    def judge(self, tag: Tag) -> Verdict:
        category = tag.get(b"data-category")
        if category is None or category.value != b"no":
            return PASS
        typed = (Insertion(tag.name_end, b' type="text/plain"'),) if tag.name == b"script" else ()
        return Verdict((*typed, *super().judge(tag).insertions), label="denied")


class Marked(Denied):
    """Gates the same, and asks to see what holds a mark alone."""

    names: frozenset[bytes] = frozenset()
    marks: tuple[bytes, ...] = MARKS[:2]


def pieces(page: bytes, size: int) -> Iterator[bytes]:
    return (page[at : at + size] for at in range(0, len(page), size))


def rewrite(
    rules: ParkAll, chunks: Iterable[bytes], placement: Placement | None = None, **how: bool
) -> bytes:
    faults: list[BaseException] = []
    rewriter = Rewriter(rules, placement, on_fault=faults.append, **how)
    result = b"".join([*map(rewriter.feed, chunks), rewriter.close()])
    if faults:
        raise faults[0]
    return result


def restored(rules: ParkAll, page: bytes, placement: Placement | None = None) -> bytes:
    """Rewrite and take every insertion out again."""
    insertions: list[tuple[int, int]] = []
    rewriter = Rewriter(rules, placement, trace=lambda at, length: insertions.append((at, length)))
    rest = rewriter.whole(page)
    for at, length in reversed(insertions):
        rest = rest[:at] + rest[at + length :]
    return rest


NOTICE = Placement(head=b"[H]", body=b"[B]")
NOTICE_AT_END = Placement(head=b"[H]", body=b"[B]", place="end")


@pytest.fixture
def tr() -> Callable[..., bytes]:
    """Rewrite whole, byte by byte, in other sizes, exactly, and with bytes behind it; all agree."""

    def run(page: bytes, placement: Placement | None = None, rules: type[ParkAll] = Denied) -> bytes:
        whole = Rewriter(rules(), placement).whole(page)
        assert rewrite(rules(), [page], placement, exact=True) == whole
        for size in (1, 2, 3, 7):
            assert rewrite(rules(), pieces(page, size), placement) == whole
        warm = rules()
        rewrite(warm, [page], placement)
        assert rewrite(warm, [page], placement) == whole
        assert rewrite(warm, pieces(page, 1), placement) == whole
        if rules is Denied:
            assert Rewriter(Marked(), placement).whole(page) == whole
            assert rewrite(Marked(), pieces(page, 5), placement) == whole
        assert restored(rules(), page, placement) == page
        return whole

    return run
