import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.cookiename import OWN, check_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "^_ga$",
        r"^_ga_[A-Z0-9]+$",
        r"^_gat(_gtag_UA_[0-9]+_[0-9]+)?$",
        r"^(_hj|_hp2)_[a-z]{2,8}\.?$",
        r"^amp_[0-9a-f]{6}$",
        r"^_pk_id\.[0-9]+\.[0-9a-f]{4}$",
        r"^a\$$",
        r"^[\]|^]x$",
        r"^(?:a|b)c$",
        r"^\d+_tracked$",
    ],
)
def test_patterns_that_real_cookies_need_are_taken(pattern: str) -> None:
    assert check_pattern(pattern) == pattern


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", "whole name"),
        ("^$", "whole name"),
        ("_ga", "whole name"),
        ("^_ga", "whole name"),
        ("_ga$", "whole name"),
        (r"^_ga\$", "whole name"),
        ("^a|b$", "whole name"),
        ("^(a|b)|c$", "whole name"),
        ("^(a$", "regular expression"),
        ("^a{99999999999999999999}$", "regular expression"),
        ("^a*$", "empty name"),
        ("^(a|b)?$", "empty name"),
        ("^.+$", "own cookie"),
        ("^.*consentkit.*$", "own cookie"),
        ("^__Host-[a-z]+$", "own cookie"),
        ("^(a+)+$", "without repeated groups"),
        ("^(a|b){3}$", "without repeated groups"),
        ("^(?=a)b$", "without repeated groups"),
        ("^(?i)a$", "regular expression"),
        ("^[[a]$", "regular expression"),
        (r"^(a)\1$", "without repeated groups"),
        (r"^a\b$", "without repeated groups"),
        ("^a$b$", "without repeated groups"),
        ("^ä$", "ASCII"),
        ("^a\n$", "ASCII"),
        ("^" + "a" * 300 + "$", "ASCII"),
    ],
)
def test_patterns_that_mean_too_much_or_too_little_are_refused(pattern: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        check_pattern(pattern)


@given(st.text("^$()[]|\\+*?{}.:=!<ab1", max_size=12))
def test_a_pattern_that_is_taken_never_matches_nothing_or_our_own(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except ValueError:
        return

    compiled = re.compile(pattern)
    assert not any(compiled.search(name) for name in ("", *OWN))
    assert compiled.match("x" * 50 + "\n") is None
