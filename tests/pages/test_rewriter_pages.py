"""Real news pages through the rewriter."""

from __future__ import annotations

from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser
from tests.html.conftest import ADDRESSES, NOTICE, WATCHED, ParkAll, pieces, restored, rewrite

from consentkit.html.rewriter import Rewriter

pytestmark = pytest.mark.pages


@pytest.fixture
def page(real_page: Path) -> bytes:
    return real_page.read_bytes()


def elements(page: bytes) -> list[tuple[str, dict[str, str | None]]]:
    root = LexborHTMLParser(page).root
    return [(node.tag, node.attributes) for node in root.traverse()] if root else []


def test_one_kilobyte_and_one_byte_chunks_give_what_the_whole_page_gives(page: bytes) -> None:
    whole = Rewriter(ParkAll(), NOTICE).whole(page)
    bytewise = page[:30_000]

    assert rewrite(ParkAll(), pieces(page, 1024), NOTICE) == whole
    assert rewrite(ParkAll(), pieces(bytewise, 1), NOTICE) == Rewriter(ParkAll(), NOTICE).whole(bytewise)


def test_hopping_gives_what_walking_gives(page: bytes) -> None:
    walked = rewrite(ParkAll(), [page], NOTICE, exact=True)

    assert rewrite(ParkAll(), [page], NOTICE) == walked
    assert rewrite(ParkAll(), pieces(page, 16_384), NOTICE) == walked


def test_the_same_bytes_but_ours_and_one_notice(page: bytes) -> None:
    rewriter = Rewriter(ParkAll(), NOTICE)
    out = rewriter.whole(page)

    assert restored(ParkAll(), page, NOTICE) == page
    assert rewriter.placed
    assert out.count(b"[B]") == page.count(b"[B]") + 1


def test_every_element_that_a_parser_sees_was_shown(page: bytes) -> None:
    live = [
        (tag, name)
        for tag, attributes in elements(Rewriter(ParkAll()).whole(page))
        if tag and tag.encode() in WATCHED
        for name in attributes
        if name.encode() in ADDRESSES
    ]

    assert live == []


def test_the_tree_of_the_host_is_the_same_but_for_what_was_parked(page: bytes) -> None:
    before = [tag for tag, _ in elements(page)]
    after = [tag for tag, _ in elements(Rewriter(ParkAll()).whole(page))]

    assert after == before
