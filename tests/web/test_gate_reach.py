"""Whom a source lets in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.service import Service
from consentkit.web.gate.allowlist import allow_list, spelled_out
from consentkit.web.gate.csp_source import parse_source
from consentkit.web.gate.reach import BROAD, Reach, left_of, let_in_with


def at(*addresses: str, **more) -> Service:
    return Service(vendor="V", purposes=("analytics",), addresses=addresses, **more)


SERVICES = {
    "counter": at("www.counter.example", "*.counter.example", "www.search.*/pagead"),
    "maps": at("maps.search.*", "www.search.*/maps"),
    "captcha": at("www.search.*/captcha"),
    "metrics": at("/metrics/"),
    "own-host": at("m.paper.example"),
    "hosted": at("d1.cloudfront.net"),
    "shared-path": Service(
        vendor="V", purposes=("analytics",), hosts=("a.example", "*.b.example"), paths=("/p/",)
    ),
    "ported": at("local:8443"),
    "usual": at("usual.example:443"),
    "starred": at("star.example/v*/embed/"),
}
REACH = Reach(
    SERVICES,
    "paper.example",
    lambda host: f".{host}".endswith(".paper.example"),
    lambda host: host in ("com", "net", "cloudfront.net", "co.uk"),
)


@pytest.mark.parametrize(
    ("source", "services"),
    [
        ("www.counter.example", "counter"),
        ("x.counter.example", "counter"),
        ("*.counter.example", "counter"),
        ("*.deep.counter.example", "counter"),
        ("counter.example", ""),
        ("https://WWW.Counter.Example:443/J", "counter"),
        ("wss://www.counter.example", "counter"),
        ("www.search.de", "captcha counter maps"),
        ("www.search.co.uk", "captcha counter maps"),
        ("*.search.com", "captcha counter maps"),
        ("*.search.co.uk", "captcha counter maps"),
        ("*.research.com", ""),
        ("www.search.com/maps/", "maps"),
        ("www.search.com/captcha/api.js", "captcha"),
        ("www.search.com/other/", ""),
        ("www.search.com/mapsy", ""),
        ("*.search.com/maps/", "maps"),
        ("a.example", "shared-path"),
        ("a.example/p/x", "shared-path"),
        ("a.example/q", ""),
        ("*.b.example", "shared-path"),
        ("local", ""),
        ("local:8443", "ported"),
        ("local:*", "ported"),
        ("usual.example", "usual"),
        ("star.example", "starred"),
        ("star.example/v2/embed/x", "starred"),
        ("star.example/x", ""),
        ("d1.cloudfront.net", "hosted"),
        ("d2.cloudfront.net", ""),
        ("data:", ""),
        ("blob:", ""),
        ("a..b", ""),
        ("[::1]:80", ""),
        ("*a.b", ""),
    ],
)
def test_a_source_lets_in_who_has_an_address_in_it(source, services):
    found = REACH.of(source.encode())

    assert (sorted(found.services), found.broad) == (services.split(), False)


@pytest.mark.parametrize(
    ("source", "services"),
    [
        ("paper.example", ""),
        ("www.paper.example", ""),
        ("*.paper.example", ""),
        ("paper.example/news/", ""),
        ("paper.example/metrics/a.js", "metrics"),
        ("m.paper.example", "own-host"),
    ],
)
def test_a_source_of_the_sites_own_stays_unless_all_of_it_is_a_services(source, services):
    assert sorted(REACH.of(source.encode()).services) == services.split()


@pytest.mark.parametrize(
    "source",
    [
        "*",
        "https:",
        "HTTP:",
        "ws:",
        "wss:",
        "https://*",
        "*:8080",
        "*:*/x",
        "*.com",
        "*.co.uk",
        "*.cloudfront.net",
    ],
)
def test_a_source_that_names_no_ones_hosts_is_too_broad(source):
    assert REACH.of(source.encode()) == BROAD


@pytest.mark.parametrize(
    ("source", "running", "left"),
    [
        ("*.search.com", "captcha counter maps", "*.search.com"),
        ("*.search.com", "", ""),
        ("*.search.com", "captcha", "www.search.com"),
        ("https://*.Search.com:443/", "maps", "https://*.Search.com:443/"),
        (
            "https://*.Wide.example:443/",
            "one two",
            "https://one.wide.example:443/ https://two.wide.example:443/",
        ),
        ("*.search.com/maps/", "captcha", ""),
        ("*.search.co.uk:*", "counter", "www.search.co.uk:*"),
        ("*.counter.example", "counter", "*.counter.example"),
        ("*.wide.example", "wide", "*.wide.example"),
        ("*.wide.example", "one", "one.wide.example"),
        ("*.deep.wide.example", "wide", "*.deep.wide.example"),
        ("*.above.example", "below", "*.below.above.example"),
        ("www.search.com", "captcha", "www.search.com"),
        ("www.search.com", "", "www.search.com"),
        ("https://www.search.com/", "", "https://www.search.com/"),
        ("www.search.com/captcha/", "", ""),
        ("www.search.com/captcha/a.js", "", ""),
        ("www.search.com/other/", "", "www.search.com/other/"),
        ("star.example", "", "star.example"),
        ("star.example/v2/embed/", "", ""),
        ("star.example/v", "", "star.example/v"),
        ("a.example", "", "a.example"),
        ("*.star.example", "", "*.star.example"),
        ("*.part.example", "", ""),
        ("*.part.example/in/", "", ""),
        ("*.part.example", "other", "*.part.example"),
        ("www.counter.example", "", ""),
        ("https:", "", "https:"),
        ("data:", "", "data:"),
        ("unknown.example", "", "unknown.example"),
    ],
)
def test_a_source_gives_way_to_what_may_run_in_it(source, running, left):
    more = {
        "wide": at("*.wide.example"),
        "one": at("one.wide.example"),
        "two": at("two.wide.example"),
        "below": at("*.below.above.example"),
        "beside": at("x.above.example"),
        "part": at("www.part.example/in/deep/"),
        "other": at("other.part.example"),
    }
    reach = Reach({**SERVICES, **more}, "paper.example", lambda _: False, lambda _: False)

    found = left_of(source.encode(), reach.of(source.encode()), running.split())

    assert b" ".join(found).decode() == left


@pytest.mark.parametrize(
    ("source", "running", "services"),
    [
        ("www.search.com", "", "captcha counter maps"),
        ("www.search.com", "captcha", ""),
        ("*.star.example", "", ""),
        ("star.example", "", "starred"),
        ("star.example/v2/embed/", "", ""),
        ("www.counter.example", "", ""),
        ("*.search.com", "", ""),
        ("*.search.com", "maps", "captcha counter"),
        ("unknown.example", "", ""),
    ],
)
def test_a_source_that_stays_for_what_else_is_there_says_who_is_let_in_with_it(source, running, services):
    assert let_in_with(REACH.of(source.encode()), running.split()) == services.split()


def test_the_pattern_that_fits_best_decides_alone():
    reach = Reach(
        {"all": at("*.x.example"), "one": at("cdn.x.example"), "path": at("cdn.x.example/p/")},
        "paper.example",
        lambda _: False,
        lambda _: False,
    )

    assert reach.of(b"cdn.x.example/p/a.js").services == {"path"}
    assert reach.of(b"cdn.x.example/q/").services == {"one"}
    assert reach.of(b"other.x.example").services == {"all"}
    assert reach.of(b"cdn.x.example").services == {"one", "path"}


def test_a_service_on_another_host_of_the_site_is_found():
    assert REACH.elsewhere("paper.example") == {"own-host"}


@given(st.binary(max_size=80))
def test_any_source_is_read_without_a_fault(source):
    parse_source(source)
    REACH.of(source)


def test_hosts_under_every_countrys_domain_are_spelled_out():
    found = spelled_out(["www.search.*", "x.example", "*.s.*:8443"], ["com", "co.uk"])

    assert list(found) == [
        "www.search.com",
        "www.search.co.uk",
        "x.example",
        "*.s.com:8443",
        "*.s.co.uk:8443",
    ]


def test_the_policy_that_is_built_names_each_host_once():
    found = allow_list(["x.example", "y.example", "x.example"])

    assert found == (
        b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: filesystem: mediastream: x.example y.example"
    )
