"""Every regular expression of the rewriter means the same on every Python that we support.

Before 3.11.5, a possessive repeat of a group that can backtrack inside goes wrong (CPython gh-106052): it ends at the place
where its last, failed round stood. An atomic group as the repeated thing is right everywhere.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import consentkit.html
from consentkit.html.hop import Hop
from consentkit.html.rawtext import RAW_NAMES

parser: Any = re._parser  # type: ignore[attr-defined]
SIMPLE = {"LITERAL", "NOT_LITERAL", "IN", "ANY", "CATEGORY"}


def patterns() -> Iterator[tuple[str, bytes | str]]:
    """All patterns of the package's modules, and those that are put together for a set of names."""
    for module in pkgutil.iter_modules(consentkit.html.__path__):
        loaded = importlib.import_module(f"consentkit.html.{module.name}")
        for name, value in vars(loaded).items():
            owner = value if isinstance(value, re.Pattern) else getattr(value, "__self__", None)
            if isinstance(owner, re.Pattern):
                yield f"{module.name}.{name}", owner.pattern
    hop = Hop(frozenset({b"img", b"script"}) | RAW_NAMES, (b"data-category", b"url("), at_end=True)
    for name in ("far", "body", "head", "entry", "svg", "math", "island"):
        yield f"hop.{name}", getattr(hop, name).__self__.pattern


def repeated(parsed: Any) -> Iterator[Any]:
    """What each possessive repeat of a parsed pattern repeats."""
    for code, argument in parsed:
        if str(code) == "POSSESSIVE_REPEAT":
            yield list(argument[2])
        for part in argument if isinstance(argument, list | tuple) else [argument]:
            for inner in part if isinstance(part, list) else [part]:
                if isinstance(inner, parser.SubPattern):
                    yield from repeated(inner)


@pytest.mark.parametrize(("name", "pattern"), list(patterns()))
def test_a_possessive_repeat_repeats_one_byte_or_an_atomic_group(name: str, pattern: bytes | str) -> None:
    wrong = [
        body
        for body in repeated(parser.parse(pattern))
        if not (len(body) == 1 and str(body[0][0]) in {*SIMPLE, "ATOMIC_GROUP"})
    ]

    assert wrong == [], name
