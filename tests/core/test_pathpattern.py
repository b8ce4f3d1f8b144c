import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.pathpattern import path_matches


@pytest.mark.parametrize(
    ("pattern", "path", "matched"),
    [
        ("/legal/*", "/legal/", True),
        ("/legal/*", "/legal/a/b", True),
        ("/legal/*", "/legal", False),
        ("/legal/*", "/x/legal/a", False),
        ("/legal", "/legal", True),
        ("/legal", "/legal/", False),
        ("/*/imprint", "/en/imprint", True),
        ("/*/imprint", "/a/b/imprint", True),
        ("/*/imprint", "/imprint", False),
        ("/*a*a", "/a", False),
        ("/*a*a", "/aa", True),
        ("/*a*a*", "/a", False),
        ("/*a*a*", "/aa", True),
        ("/a*ba", "/aba", True),
        ("/aba*ba", "/aba", False),
        ("/**", "/", True),
        ("/a.b", "/axb", False),
        ("/[ab]?", "/[ab]?", True),
        ("/[ab]", "/a", False),
        ("/a", "/a\n", False),
    ],
)
def test_a_star_stands_for_anything_and_all_else_for_itself(pattern: str, path: str, matched: bool) -> None:
    assert path_matches(pattern, path) is matched


@given(st.text("*ab", max_size=6), st.text("ab", max_size=4))
def test_a_star_means_what_dot_star_means_to_a_regular_expression(pattern: str, path: str) -> None:
    meant = ".*".join(re.escape(piece) for piece in pattern.split("*"))

    assert path_matches(pattern, path) is (re.fullmatch(meant, path, re.DOTALL) is not None)
