"""``Link`` fields: an entry goes where it fetches what is denied, and what stays keeps its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.web.gate.link import FETCHING, allowed_links, host_and_path

BAD = b"<https://bad.example/a.js>; rel=preload; as=script"
OK = b'<https://ok.example/b.js>; rel="preload"; title="x, <https://bad.example/>; y"'


def bad(address: str) -> bool:
    return "bad.example" in address


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (BAD, None),
        (OK, OK),
        (BAD + b", " + OK, OK),
        (OK + b" , " + BAD, OK + b" "),
        (OK + b"," + BAD + b",  " + OK, OK + b",  " + OK),
        (b"<https://bad.example/>; rel=canonical", b"<https://bad.example/>; rel=canonical"),
        (b"<https://bad.example/>", b"<https://bad.example/>"),
        (b"<https://bad.example/?a,b>;REL = 'x'; rel=\"next  PreConnect\"", None),
        (b'<https://bad.example/>; title="a\\", b"; rel=dns-prefetch', None),
        (b"<https://bad.example/; rel=preload", None),
        (b'<https://bad.example/>; rel="preload', None),
        (b"< https://bad.example/ >;rel=modulepreload", None),
        (b"", b""),
        (b",,", b",,"),
    ],
)
def test_entries_are_told_apart_and_judged_each(value, left):
    assert allowed_links(value, bad) == left


@pytest.mark.parametrize("relation", sorted(FETCHING))
def test_every_relation_that_fetches_is_judged(relation):
    assert allowed_links(b"<//bad.example/>; rel=" + relation.encode(), bad) is None


@given(st.text('<>"\\,;= relpoad', max_size=60))
def test_where_nothing_is_denied_every_byte_stays(text):
    value = text.encode()

    assert allowed_links(value, lambda _: False) == value


@given(
    st.lists(st.sampled_from([OK, b"</own.css>; rel=preload", b"<x>; rel=next"]), max_size=5),
    st.integers(0, 5),
)
def test_what_is_denied_goes_from_any_place(entries, at):
    value = b", ".join([*entries[:at], BAD, *entries[at:]])

    assert allowed_links(value, bad) == (b", ".join(entries) or None)


@pytest.mark.parametrize("unit", [b"<", b'"', b",", b"; rel=", b"\\", b'<>;"', b'"\\'])
def test_long_fields_are_read_to_their_end(unit):
    value = unit * (300_000 // len(unit))

    assert allowed_links(value, lambda _: False) == value


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("https://C.Example/a.js?x", ("c.example", "/a.js")),
        ("//c.example:443", ("c.example", "/")),
        ("http://c.example:8080/", ("c.example:8080", "/")),
        ("\\\\c.example\\a", ("c.example", "/a")),
        ("ht\ntps://c.exa\tmple./", ("c.example", "/")),
        ("https://user@c.example/", ("c.example", "/")),
        ("a.js", ("paper.example", "/news/a.js")),
        ("/a.js", ("paper.example", "/a.js")),
        ("data:text/css,x", ("", "text/css,x")),
        ("https://[", ("", "")),
        ("https://c.example:99999/", ("", "")),
    ],
)
def test_an_address_is_read_as_browsers_read_it(link, place):
    assert host_and_path(link, "https://paper.example/news/today") == place
