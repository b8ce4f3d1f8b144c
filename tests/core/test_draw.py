"""Random bytes that are drawn many at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from consentkit.audit.event import uuid7
from consentkit.core.draw import AT_ONCE, Draw
from consentkit.web.viewword import new_word


def test_no_two_pieces_are_alike_and_each_has_its_size() -> None:
    draw = Draw(16)

    drawn = [draw() for _ in range(3 * AT_ONCE)]

    assert len(set(drawn)) == 3 * AT_ONCE
    assert {len(piece) for piece in drawn} == {16}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.parametrize(("make", "certain"), [(Draw(11).__call__, 0), (uuid7, 24), (new_word, 6)])
def test_a_process_and_its_child_draw_nothing_alike(make: Callable[[], Any], certain: int) -> None:
    make()  # so that some is drawn, and waits
    out, into = os.pipe()

    child = os.fork()
    if child == 0:
        os.write(into, "\n".join(repr(make()[certain:]) for _ in range(20)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(out, 65_536).decode().split("\n")
    ours = [repr(make()[certain:]) for _ in range(20)]

    assert len(theirs) == 20
    assert not set(theirs) & set(ours)
    os.close(out)
    os.close(into)
