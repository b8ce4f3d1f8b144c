"""Each of the 45 cases has a test whose name begins with its number."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

FOLDERS = ("conformance", "sockets", "caches")
TESTS = Path(__file__).parents[1]
OVER_SOCKETS = (17, 18, 19, 34)


def cases_in(*folders: str) -> set[int]:
    """The numbers that names of tests begin with."""
    found = set()
    for path in (path for folder in folders for path in (TESTS / folder).glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                number = re.match(r"test_(\d+)[a-z]?_", node.name)
                found |= {int(number[1])} if number else set()
    return found


@pytest.mark.parametrize("case", range(1, 46))
def test_every_case_has_a_test(case: int) -> None:
    assert case in cases_in(*FOLDERS)


@pytest.mark.parametrize("case", OVER_SOCKETS)
def test_what_framing_decides_is_tried_over_sockets_too(case: int) -> None:
    assert case in cases_in("sockets")


def test_what_a_shared_cache_may_keep_is_tried_with_a_real_one() -> None:
    assert 41 in cases_in("caches")
