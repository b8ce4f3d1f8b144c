"""Domains: what of a host can be registered, and which domains its cookies may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.domain import ascii_host, is_public_suffix, parents, registrable


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("www.bbc.co.uk", "bbc.co.uk"),
        ("bbc.co.uk", "bbc.co.uk"),
        ("a.b.news.example", "news.example"),
        ("WWW.News.Example.", "news.example"),
        ("www.news.example:8443", "news.example"),
        ("a.b.github.io", "b.github.io"),
        ("www.city.kobe.jp", "city.kobe.jp"),
        ("www.a.b.kobe.jp", "a.b.kobe.jp"),
        ("www.bücher.example", "xn--bcher-kva.example"),
        ("www.xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a.食狮。公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("co.uk", None),
        ("github.io", None),
        ("xn--55qx5d.cn", None),
        ("localhost", None),
        ("localhost:8000", None),
        ("127.0.0.1", None),
        ("127.0.0.1:8000", None),
        ("[::1]", None),
        ("[::1]:8000", None),
        ("127.1", None),
        ("a.0x7f", None),
        ("", None),
        ("a..example", None),
        (".", None),
    ],
)
def test_what_was_registered_of_a_host(host: str, expected: str | None) -> None:
    assert registrable(host) == expected


@pytest.mark.parametrize(
    "host", ["com", "co.uk", "CO.UK", "github.io", "公司.cn", "xn--55qx5d.cn", "kobe.jp", "com:80"]
)
def test_a_suffix_of_the_list_is_public(host: str) -> None:
    assert is_public_suffix(host)


@pytest.mark.parametrize(
    "host", ["bbc.co.uk", "localhost", "matomo", "news.example", "10.0.0.1", "[::1]", ""]
)
def test_what_the_list_does_not_have_is_not_public(host: str) -> None:
    assert not is_public_suffix(host)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.www.bbc.co.uk", ("a.www.bbc.co.uk", "www.bbc.co.uk", "bbc.co.uk")),
        ("news.example:8000", ("news.example",)),
        ("www.bücher.example", ("www.xn--bcher-kva.example", "xn--bcher-kva.example")),
        ("github.io", ()),
        ("localhost", ()),
        ("127.0.0.1", ()),
    ],
)
def test_a_cookie_may_have_the_domains_from_its_host_up_to_the_registered_one(
    host: str, expected: tuple[str, ...]
) -> None:
    assert parents(host) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("News.Example.", "news.example"),
        ("Straße.de", "xn--strae-oqa.de"),
        ("ＮＥＷＳ．example", "news.example"),
        ("[2001:DB8::1]:80", "[2001:db8::1]"),
    ],
)
def test_a_host_is_spelt_as_browsers_send_it(host: str, expected: str) -> None:
    assert ascii_host(host) == expected


@given(st.text())
def test_no_text_is_too_strange_for_an_answer(text: str) -> None:
    found = registrable(text)

    assert found is None or ascii_host(text).endswith(found)
    assert is_public_suffix(text) in (True, False)
    assert parents(text) == () or parents(text)[-1] == found
