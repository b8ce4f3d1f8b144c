"""A place from the header fields of a proxy or a CDN."""

from __future__ import annotations

import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asgi import http

from consentkit.core.errors import ConfigurationError
from consentkit.web import where

CDN = ["198.51.100.0/24", "2001:db8::/32"]
PEER = ("198.51.100.9", 443)
STRANGER = ("203.0.113.9", 443)
COUNTRY, PART = b"x-country", b"x-part"
RESOLVER = where.header("X-Country", region="X-Part", trusted=CDN)


def said(*fields: tuple[bytes, bytes], client: tuple[str, int] | None = PEER) -> str | None:
    return RESOLVER(http(headers=fields, client=client))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([(COUNTRY, b"FR")], "FR"),
        ([(COUNTRY, b"fr")], "FR"),
        ([(COUNTRY, b"US"), (PART, b"CA")], "US-CA"),
        ([(PART, b"us-ca"), (COUNTRY, b"us")], "US-CA"),
        ([(COUNTRY, b"US"), (PART, b"")], "US"),
        ([(COUNTRY, b"US")], "US"),
        ([(PART, b"CA")], None),
        ([(COUNTRY, b"FR"), (COUNTRY, b"FR")], None),
        ([(COUNTRY, b"FR,FR")], None),
        ([(COUNTRY, b"US"), (PART, b"CA"), (PART, b"CA")], None),
        ([(COUNTRY, b"US"), (PART, b"CA,NY")], None),
        ([(COUNTRY, b"XX")], None),
        ([(COUNTRY, b"T1")], None),
        ([(COUNTRY, b"\xff\xfe")], None),
        ([(COUNTRY, b"")], None),
        ([(b"accept-language", b"fr-FR")], None),
        ([], None),
    ],
)
def test_a_trusted_peer_says_the_place_once_and_well_formed_or_it_is_unknown(fields, code):
    assert said(*fields) == code


@pytest.mark.parametrize("client", [STRANGER, None, ("", 0), ("::ffff:203.0.113.9", 1), ("unix", 1)])
def test_from_a_peer_that_is_not_trusted_nothing_is_believed(client):
    assert said((COUNTRY, b"US"), (PART, b"CA"), client=client) is None


@pytest.mark.parametrize("address", ["198.51.100.1", "::ffff:198.51.100.1", "2001:db8::5"])
def test_a_trusted_peer_is_known_by_its_network_in_either_version(address):
    assert said((COUNTRY, b"FR"), client=(address, 1)) == "FR"


def test_language_never_says_where():
    fields = [(b"accept-language", b"en-US"), (COUNTRY, b"FR")]

    assert said(*fields) == "FR"
    assert said(fields[0]) is None


def test_every_peer_is_every_peer():
    resolver = where.header("X-Country", trusted=where.EVERY_PEER)

    for client in (PEER, STRANGER, ("2001:db9::1", 1), None):
        assert resolver(http(headers=[(COUNTRY, b"FR")], client=client)) == "FR"


def test_a_field_from_a_stranger_is_told_once_without_what_it_says(caplog):
    resolver = where.header("X-Country", trusted=CDN)

    for _ in range(3):
        resolver(http(headers=[(COUNTRY, b"QQ")], client=STRANGER))
        resolver(http(headers=[], client=STRANGER))

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "X-Country" in record.getMessage()
    assert "QQ" not in record.getMessage()
    assert STRANGER[0] not in record.getMessage()


@pytest.mark.parametrize("name", ["", "X Country", "X-Country:", "Länd"])
def test_a_name_that_no_field_can_have_is_refused(name):
    with pytest.raises(ConfigurationError, match=re.escape(repr(name))):
        where.header(name, trusted=CDN)
    with pytest.raises(ConfigurationError, match=re.escape(repr(name))):
        where.header("X-Country", region=name, trusted=CDN)


@pytest.mark.parametrize("trusted", [[], (), "198.51.100.9", ["cdn.example"]])
def test_without_peers_to_trust_no_field_can_be_read(trusted):
    with pytest.raises(ConfigurationError, match="trusted: found"):
        where.header("X-Country", trusted=trusted)


BYTES = st.one_of(st.binary(max_size=12), st.sampled_from([b"US", b"us", b"FR", b"CA", b"US-CA", b"XX"]))
FIELDS = st.lists(st.tuples(st.sampled_from([COUNTRY, PART, b"x-akamai-edgescape"]), BYTES), max_size=5)


@given(FIELDS)
def test_no_bytes_in_any_field_make_it_raise_or_return_what_is_no_code(fields):
    for resolver in (RESOLVER, where.akamai(CDN)):
        found = resolver(http(headers=fields, client=PEER))

        assert found is None or re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", found)


@given(FIELDS, st.ip_addresses(v=4).map(str).filter(lambda address: not address.startswith("198.51.100.")))
def test_forged_fields_change_nothing(fields, stranger):
    assert said(*fields, client=(stranger, 1)) == said(client=(stranger, 1))
