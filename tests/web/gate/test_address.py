"""Addresses, read as a browser reads them."""

from __future__ import annotations

import ada_url
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from consentkit.web.gate.address import Base, candidates, located, relative_to

BASE = Base("paper.example", "/a/")
PAGE = "https://paper.example/a/"

SPELT = [
    *(
        "https:",
        "HTTP:",
        "ws:",
        "data:",
        "javascript:",
        "blob:",
        "//",
        "/",
        "\\",
        "\t",
        "\n",
        " ",
        "\x01",
        ":",
        "?",
        "#",
        "%",
    ),
    *(
        "t.example",
        "T.Example",
        "%74.example",
        "é.example",
        "1.2.3.4",
        "[::1]",
        "user@",
        "u:p@",
        ":443",
        ":8080",
    ),
    *("..", ".", "%2e", "x", "a b"),
]
pieces = st.sampled_from(SPELT)


@settings(max_examples=2000, deadline=None)
@given(st.lists(pieces, max_size=7).map("".join))
@example("https:/t.example/x")
@example("https:///t.example/x")
@example("\\\\t.example\\x")
@example("ht\ntps://t.exa\tmple/x")
def test_whatever_a_browser_fetches_from_another_host_is_read_so(text: str) -> None:
    try:
        right = ada_url.URL(text, PAGE)
    except ValueError:
        return
    found = located(text, BASE)

    if right.protocol in ("http:", "https:", "ws:", "wss:") and right.hostname.strip(".") not in (
        "",
        "paper.example",
    ):
        assert found is not None
        assert found.host.removesuffix(":" + right.port).rstrip(".") == right.hostname.rstrip(".")


@pytest.mark.parametrize(
    "text",
    ["data:text/html,x", "javascript:x", "mailto:a@b.example", "about:blank", "blob:https://t.example/1"],
)
def test_an_address_that_no_server_is_asked_for_leads_nowhere(text: str) -> None:
    assert located(text, BASE) is None


@pytest.mark.parametrize(
    ("text", "path"),
    [("x", "/a/x"), ("/x?y=//t", "/x?y=//t"), ("../x", "/x"), ("./%2e%2E/x", "/x"), ("?q", "/a/?q")],
)
def test_a_relative_address_is_the_pages_own(text: str, path: str) -> None:
    found = located(text, BASE)

    assert found is not None
    assert (found.host, found.path) == ("paper.example", path)


def test_a_base_may_be_relative_itself() -> None:
    assert relative_to("b/c", BASE) == Base("paper.example", "/a/b/")
    assert relative_to("//t.example/d", BASE) == Base("t.example", "/")
    assert relative_to("data:x", BASE) == BASE


def test_a_list_of_addresses_gives_each() -> None:
    assert {"/a", "https://t.example/b,c"} <= set(candidates("/a 1x, https://t.example/b,c 2x"))
