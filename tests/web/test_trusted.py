"""Whose word about a request is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asgi import http

from consentkit.core.errors import ConfigurationError
from consentkit.web.trusted import Trusted, peer

FORWARDED = (b"x-forwarded-for", b"203.0.113.7")


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::1", True),
        ("2001:db8::2", False),
        ("", False),
        ("unix", False),
        ("no address", False),
    ],
)
def test_an_address_is_trusted_where_a_network_of_its_version_holds_it(address, trusted):
    assert (address in Trusted(["10.0.0.0/8", "2001:db8::1"])) is trusted


@pytest.mark.parametrize("client", [None, ("", 0), (None, None)], ids=["none", "empty", "named by nothing"])
def test_a_peer_without_an_address_is_trusted_where_it_is_named(client):
    scope = http(headers=[FORWARDED], client=client)

    assert Trusted(["unix"]).visitor(scope) == "203.0.113.7"
    assert Trusted(["0.0.0.0/0", "::/0"]).visitor(scope) == ""


def test_nobody_becomes_a_socket_by_saying_so():
    scope = http(headers=[(b"x-forwarded-for", b"203.0.113.7, unix")], client=None)

    assert Trusted(["unix"]).visitor(scope) == "unix"


def test_the_lines_of_a_forwarded_field_are_one_list():
    lines = [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"203.0.113.7, 10.0.0.2")]

    assert Trusted(["10.0.0.0/8"]).visitor(http(headers=lines, client=("10.0.0.1", 1))) == "203.0.113.7"


@pytest.mark.parametrize("proxies", ["10.0.0.1", ["localhost"], [""], ["10.0.0.1:80"]])
def test_what_is_no_list_of_addresses_is_refused_by_the_name_of_its_setting(proxies):
    with pytest.raises(ConfigurationError, match=r"^door: found "):
        Trusted(proxies, "door")


OURS = Trusted(["10.0.0.0/8"])


@given(st.lists(st.binary(max_size=40)), st.ip_addresses().map(str).filter(lambda found: found not in OURS))
def test_a_stranger_is_taken_for_nobody_but_himself(lines, stranger):
    scope = http(headers=[(b"x-forwarded-for", line) for line in lines], client=(stranger, 1))

    assert OURS.visitor(scope) == peer(scope) == stranger
