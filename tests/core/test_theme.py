"""A theme's values: none leaves its place, and what is read can be read."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi import POLICY

from consentkit.core.policy import Policy
from consentkit.core.theme import DARK, LIGHT, READ, unreadable

LEAVING = [
    "red",
    "#fff;}*{display:none",
    "#fff}</style><script>alert(1)</script>",
    "url(https://evil.example/x)",
    "var(--x)",
    "#fff\n",
    "#ffff",
    "#ggg",
    "expression(alert(1))",
    "/*",
    "",
]


def policy(theme: Any) -> Policy:
    return Policy.model_validate({**POLICY, "theme": theme})


@pytest.mark.parametrize("value", LEAVING)
@pytest.mark.parametrize("name", sorted(LIGHT))
def test_a_colour_is_hexadecimal_and_nothing_else(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"theme\.{name}"):
        policy({name: value})


@pytest.mark.parametrize(
    "value", ["8px;", "8", "-8px", "8px}", "calc(1px)", "100px", "8px 8px", "8px/**/", "1e9px"]
)
def test_corners_are_one_length(value: str) -> None:
    with pytest.raises(ValueError, match=r"theme\.round"):
        policy({"round": value})


@pytest.mark.parametrize(
    "value",
    [
        "a;b",
        'a"',
        '"a',
        "'Lato'",
        "a}b{",
        "url(x)",
        "a,,b",
        "a\\62",
        '"a\\"',
        '"</style>"',
        "a" * 201,
        "a\n",
        "",
    ],
)
def test_fonts_are_names(value: str) -> None:
    with pytest.raises(ValueError, match=r"theme\.font"):
        policy({"font": value})


def test_what_a_theme_may_say() -> None:
    found = policy(
        {
            "fill": "#0a5a3a",
            "round": "0",
            "font": '"Source Sans 3", Lato, sans-serif',
            "dark": {"fill": "#9fe0c0"},
        }
    ).theme

    assert found.colours == {"fill": "#0a5a3a"}
    assert found.dark.colours == {"fill": "#9fe0c0"}
    assert found.shape == {"round": "0", "font": '"Source Sans 3", Lato, sans-serif'}


@pytest.mark.parametrize(
    ("theme", "key", "found"),
    [
        ({"fill": "#0f0"}, "theme.fill", "1.4"),
        ({"ink": "#999", "paper": "#fff"}, "theme.ink", "2.8"),
        ({"paper": "#000"}, "theme.paper", "1.3"),
        ({"soft": "#aaa"}, "theme.soft", "2.3"),
        ({"dark": {"on": "#eee"}}, "theme.dark.on", "1.1"),
    ],
    ids=str,
)
def test_text_that_can_hardly_be_read_is_refused(theme: dict[str, Any], key: str, found: str) -> None:
    problem = next(unreadable(theme))

    assert problem.key == key
    assert f"a contrast of {found}" in problem.found
    assert problem.expected.startswith("at least ")
    with pytest.raises(ValueError, match="contrast"):
        policy(theme)


def test_our_own_colours_can_be_read() -> None:
    ours = {**LIGHT, "dark": DARK}

    assert len(READ) == 4
    assert list(unreadable(ours)) == []


@pytest.mark.parametrize("theme", [{"fill": 5}, {"fill": "#zz"}, {"dark": 7}, {"fill": None}], ids=str)
def test_what_is_of_another_form_is_left_to_who_judges_it(theme: dict[str, Any]) -> None:
    assert list(unreadable(theme)) == []
