"""One service: the shape of its snippet, and what its parts may be."""

from typing import Any

import pytest
from pydantic import ValidationError

from consentkit.core.service import Loader, Service

LOADER = Loader(parts=("window.stats", "createElement(", "insertBefore("), within=60)


@pytest.mark.parametrize(
    "script",
    [
        "window.stats=[];d.createElement(t);x.insertBefore(y)",
        "  window . stats = [ ] ;\n d.create\tElement ( t );\r\n x.insertBefore ( y ) ",
        "window.stats=1;" * 9 + "d.createElement(t);x.insertBefore(y)",
        "insertBefore(createElement(window.stats createElement( insertBefore(",
    ],
    ids=["plain", "white space", "the first text several times", "the others before it too"],
)
def test_a_snippet_of_the_form_is_known(script: str) -> None:
    assert LOADER.matches(script)


@pytest.mark.parametrize(
    "script",
    [
        "",
        "window.stats=[];x.insertBefore(d.createElement(t))",
        "window.stats=[];" + "-" * 60 + "d.createElement(t);x.insertBefore(y)",
        "window.stats=[];d.createElement(t);" + "-" * 60 + "x.insertBefore(y)",
        "window.Stats=[];d.createElement(t);x.insertBefore(y)",
    ],
    ids=["nothing", "another order", "too far", "the last too far", "other capitals"],
)
def test_a_script_that_only_mentions_it_is_not(script: str) -> None:
    assert not LOADER.matches(script)


def test_the_longest_snippet_ends_where_within_says() -> None:
    parts, script = ("abc", "def"), "abc----def"

    assert Loader(parts=parts, within=10).matches(script)
    assert not Loader(parts=parts, within=9).matches(script)


def test_texts_do_not_share_characters() -> None:
    assert not Loader(parts=("abcd", "cdef")).matches("abcdef")


def test_a_script_of_first_texts_is_judged_in_one_pass() -> None:
    assert not Loader(parts=("abc", "xyz"), within=10).matches("abc" * 300_000 + "-" * 10 + "xyz")


@pytest.mark.parametrize(
    "changes",
    [
        {"hosts": ("",)},
        {"addresses": ("cdn.example?x",)},
        {"addresses": ("/",)},
        {"addresses": ("*",)},
        {"addresses": ("*.*",)},
        {"addresses": ("https://cdn.example",)},
        {"paths": ("/a?b",)},
        {"loaders": ({"parts": ("    ",)},)},
        {"stubs": ("gtag",)},
        {"stubs": ("setTimeout()",)},
        {"storage": ("^a|b$",)},
        {"storage": ("^.*$",)},
        {"widgets": ("a b",)},
        {"hides": ("",)},
    ],
    ids=str,
)
def test_a_pattern_that_is_empty_or_none_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Service.model_validate({"vendor": "V", "purposes": ["ads"], **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"addresses": ("www.google.*/maps", "*.cdn.example:8443/a*b/", "/metrics/")},
        {"stubs": ("gtag()", "FB.init()", "_paq[]", "$crisp[]", "windowed()", "performanceTag.open()")},
        {"storage": ("stats-id", "^stats-[0-9]+$", "$x", "stats$")},
    ],
    ids=str,
)
def test_patterns_as_sites_need_them_are_taken(changes: dict[str, Any]) -> None:
    assert Service.model_validate({"vendor": "V", "purposes": ["ads"], **changes})


def test_a_loader_is_of_its_form_in_whatever_quotes_it_is_written() -> None:
    loader = Loader(parts=('load("', "//a.example"))

    assert loader.matches("load ( '//a.example')")
    assert loader.matches("load(`//a.example`)")
