"""Real news pages through the gate, with a policy that names nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.live import fetches, lexbor, without_scripts
from tests.web.gate.conftest import Rig

from consentkit.html.rewriter import Rewriter
from consentkit.web.gate.rules import Observed

pytestmark = pytest.mark.pages


@pytest.fixture(scope="module")
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize("parse", [lexbor, without_scripts], ids=["with scripting", "without scripting"])
def test_no_address_of_a_service_that_may_not_run_is_live(real_page: Path, rig: Rig, parse) -> None:
    out = rig.gate(real_page.read_bytes())

    live = [
        (found, denied) for found in fetches(parse(out)) if (denied := rig.denied(found.host, found.path))
    ]

    assert live == []


def test_what_was_put_in_can_be_taken_out(real_page: Path, rig: Rig) -> None:
    page = real_page.read_bytes()
    places: list[tuple[int, int]] = []
    out = Rewriter(rig.rules(), None, trace=lambda at, length: places.append((at, length))).whole(page)
    for at, length in reversed(places):
        out = out[:at] + out[at + length :]

    assert out == page


def test_in_pieces_it_is_the_same(real_page: Path, rig: Rig) -> None:
    page = real_page.read_bytes()
    rewriter = Rewriter(rig.rules(), None)
    pieces = [rewriter.feed(page[at : at + 1000]) for at in range(0, len(page), 1000)]

    assert b"".join([*pieces, rewriter.close()]) == rig.gate(page)


def test_observing_changes_no_byte_and_counts_the_same_rules(real_page: Path, rig: Rig) -> None:
    page = real_page.read_bytes()
    gating, observing = Rewriter(rig.rules(), None), Rewriter(Observed(rig.rules()), None)
    gating.whole(page)

    assert observing.whole(page) == page
    assert observing.counts.keys() == gating.counts.keys()


def test_no_application_is_taken_for_a_loader(real_page: Path, rig: Rig) -> None:
    before = [text for tag, attributes, text in lexbor(real_page.read_bytes()) if _inline(tag, attributes)]
    after = [
        text
        for tag, attributes, text in lexbor(rig.gate(real_page.read_bytes()))
        if tag == "script" and "data-ck" in attributes and "data-ck-src" not in attributes
    ]

    # New Relic's whole agent is no application.
    large = [text for text in after if len(text) > 20_000 and "NREUM" not in text[:200]]
    assert large == []
    assert len(after) <= len(before)


def _inline(tag: str, attributes: dict[str, str]) -> bool:
    return tag == "script" and "src" not in attributes
