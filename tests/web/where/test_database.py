"""A place from the visitor's address."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asgi import http
from tests.web.where.mmdb import write

from consentkit.core.errors import ConfigurationError
from consentkit.web import where

NETWORKS = {
    "198.51.100.0/25": {"country": {"iso_code": "FR"}, "subdivisions": [{"iso_code": "IDF"}]},
    "198.51.100.128/25": {
        "country": {"iso_code": "US"},
        "subdivisions": [{"iso_code": "CA"}, {"iso_code": "XY"}],
    },
    "192.0.2.0/26": {"country": {"iso_code": "US"}},
    "192.0.2.64/26": {"registered_country": {"iso_code": "US"}},
    "192.0.2.128/26": {"country": "US"},
    "192.0.2.192/26": {"country": {"iso_code": 33}},
    "2001:db8:fa::/48": {"country": {"iso_code": "IT"}},
}
FRENCH, CALIFORNIAN, PROXY = "198.51.100.7", "198.51.100.200", "10.0.0.1"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return write(tmp_path_factory.mktemp("geo") / "places.mmdb", NETWORKS)


@pytest.fixture(scope="module")
def asked(database):
    return where.maxmind(database, trusted_proxies=["10.0.0.0/8"])


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (FRENCH, "FR"),
        (CALIFORNIAN, "US-CA"),
        ("192.0.2.1", "US"),
        ("192.0.2.65", None),
        ("192.0.2.129", None),
        ("192.0.2.193", None),
        ("203.0.113.1", None),
        ("2001:db8:fa::9", "IT"),
        ("2001:db8:fb::9", None),
        (f"::ffff:{FRENCH}", "FR"),
        ("testclient", None),
        ("", None),
    ],
)
def test_an_address_is_looked_up(asked, address, code):
    assert asked(http(client=(address, 1))) == code


def test_without_an_address_the_place_is_unknown(asked):
    assert asked(http(client=None)) is None


def test_an_address_that_cannot_be_looked_up_is_no_fault(database, tmp_path, caplog):
    old = where.maxmind(write(tmp_path / "old.mmdb", {"192.0.2.0/24": {}}, ip_version=4))

    assert where.maxmind(database)(http(client=("testclient", 1))) is None
    assert old(http(client=("2001:db8::1", 1))) is None
    assert not caplog.records


@pytest.mark.parametrize(
    ("forwarded", "code"),
    [
        ([FRENCH], "FR"),
        ([f"{CALIFORNIAN}, {FRENCH}"], "FR"),
        ([f"{CALIFORNIAN}, {FRENCH}, 10.0.0.2"], "FR"),
        ([CALIFORNIAN, FRENCH], "FR"),
        ([f"{FRENCH}, garbage"], None),
        ([f"{FRENCH}:8080"], None),
        (["10.0.0.3"], None),
        ([], None),
    ],
)
def test_behind_trusted_proxies_the_nearest_address_that_is_none_of_them_counts(asked, forwarded, code):
    lines = [(b"x-forwarded-for", line.encode()) for line in forwarded]

    assert asked(http(headers=lines, client=(PROXY, 1))) == code


def test_a_stranger_cannot_say_where_he_is(asked):
    lines = [(b"x-forwarded-for", CALIFORNIAN.encode()), (b"accept-language", b"en-US")]

    assert asked(http(headers=lines, client=(FRENCH, 1))) == "FR"


def test_a_database_of_the_old_addresses_alone_knows_nothing_of_the_new(tmp_path):
    old = {network: record for network, record in NETWORKS.items() if ":" not in network}
    asked = where.maxmind(write(tmp_path / "old.mmdb", old, ip_version=4))

    assert asked(http(client=(FRENCH, 1))) == "FR"
    assert asked(http(client=(f"::ffff:{FRENCH}", 1))) == "FR"
    assert asked(http(client=("2001:db8:fa::9", 1))) is None


def test_a_missing_database_stops_the_start_and_says_what_to_do(tmp_path):
    with pytest.raises(
        ConfigurationError, match=r"none\.mmdb cannot be read \(FileNotFoundError\).*download one"
    ):
        where.maxmind(tmp_path / "none.mmdb")


@pytest.mark.parametrize(
    "content", [b"", b"no database", b"\xab\xcd\xefMaxMind.com"], ids=["empty", "text", "cut"]
)
def test_a_file_that_is_no_database_stops_the_start(tmp_path, content):
    (tmp_path / "bad.mmdb").write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"bad\.mmdb"):
        where.maxmind(tmp_path / "bad.mmdb")


def test_without_the_reader_the_start_stops_and_names_the_extra(monkeypatch, database):
    monkeypatch.setitem(sys.modules, "maxminddb", None)

    with pytest.raises(ConfigurationError, match=r"install consentkit\[geo\]"):
        where.maxmind(database)


def test_a_database_that_breaks_later_makes_the_place_unknown_and_tells_no_address(
    tmp_path, database, caplog
):
    whole = database.read_bytes()
    data = whole.index(b"country") - 2
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(whole[:data] + b"\xff" * 200 + whole[data + 200 :])
    asked = where.maxmind(broken)

    assert [asked(http(client=(FRENCH, 1))) for _ in range(3)] == [None] * 3

    assert len(caplog.records) == 1
    assert FRENCH not in caplog.text


def test_each_process_opens_the_database_itself_and_not_before_it_asks(tmp_path):
    path = write(tmp_path / "places.mmdb", NETWORKS)
    asked = where.maxmind(path)

    write(path, {"198.51.100.0/24": {"country": {"iso_code": "ES"}}})

    assert asked(http(client=(FRENCH, 1))) == "ES"


@given(st.lists(st.binary(max_size=30), max_size=4), st.sampled_from([PROXY, FRENCH, "", "x"]))
def test_no_bytes_make_it_raise(asked, lines, client):
    found = asked(http(headers=[(b"x-forwarded-for", line) for line in lines], client=(client, 1)))

    assert found in (None, "FR", "US", "US-CA", "IT")
