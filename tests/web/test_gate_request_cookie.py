"""The cookies of a request, and the field without some of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import cookie_parser

from consentkit.web.gate.request_cookie import names_in, without


def tracker(name: str) -> bool:
    return name.startswith("_t")


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        (b"a=1; b=2", b"a=1; b=2"),
        (b"a=1; _t=2; b=3", b"a=1; b=3"),
        (b"_t=2; b=3", b"b=3"),
        (b"a=1; _t=2", b"a=1"),
        (b"a=1;_t=2;b=3", b"a=1;b=3"),
        (b"a=1;  _t = 2;b=3 ", b"a=1;b=3 "),
        (b"_t=1; _tp=2", None),
        (b"_t", None),
        (b"\xa0_t\x85=1; a=\xff", b"a=\xff"),
        (b"a=_t=1", b"a=_t=1"),
        (b"", b""),
    ],
)
def test_what_is_hidden_goes_and_every_other_byte_stays(sent, left):
    assert without(sent, tracker) == left


@given(st.lists(st.binary(max_size=12), max_size=12))
def test_no_parser_of_a_framework_finds_a_hidden_name(parts):
    value = b";".join(parts)

    left = without(value, tracker) or b""

    assert not any(tracker(name) for name in cookie_parser(left.decode("latin-1")))
    assert not any(map(tracker, names_in([left])))


@given(st.lists(st.from_regex(rb"[ab][a-z]{0,4}=[!-+\--:<-~]{0,8}", fullmatch=True), max_size=12))
def test_where_nothing_is_hidden_nothing_changes(pairs):
    value = b"; ".join(pairs)

    assert without(value, tracker) == value


def test_a_name_that_is_sent_twice_is_told_once_and_in_its_place():
    assert list(names_in([b"b=1; a=2", b"b=3; c=4"])) == ["b", "a", "c"]


def test_three_hundred_cookies_are_read_in_their_order():
    value = b"; ".join(b"c%d=%d" % (at, at) for at in range(300))

    found = without(value, lambda name: name.endswith("7"))

    assert found is not None
    assert re.findall(rb"c(\d+)=", found) == [b"%d" % at for at in range(300) if at % 10 != 7]
