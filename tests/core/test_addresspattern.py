"""Address patterns: what each takes and what it leaves, and which says more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.addresspattern import AddressPattern, addresses_of, parse_address
from consentkit.core.service import Service

OWN = "news.example"


def takes(written: str, address: str) -> bool:
    host, slash, path = address.partition("/")
    return parse_address(written, OWN).matches(host, slash + path)


@pytest.mark.parametrize(
    ("written", "taken", "left"),
    [
        (
            "cdn.example",
            ["cdn.example", "cdn.example/", "cdn.example/a.js", "cdn.example:8443/a"],
            ["x.cdn.example/", "dn.example"],
        ),
        (
            "*.cdn.example",
            ["a.cdn.example/", "a.b.cdn.example", "a.cdn.example:1/"],
            ["cdn.example/", "xcdn.example/"],
        ),
        (
            "www.google.*",
            [
                "www.google.com/",
                "www.google.de/",
                "www.google.co.uk/",
                "www.google.com.br/",
                "www.google.travel/",
            ],
            [
                "google.com/",
                "a.www.google.com/",
                "www.google.evil.com/",
                "www.google.a.b.com/",
                "www.google",
                "www.google./",
                "www.googlex.com/",
            ],
        ),
        (
            "*.google.*",
            ["maps.google.com/", "a.b.google.co.jp/", "a.google.x.google.de/"],
            ["google.com/", "google.google.evil.com/", "xgoogle.com/", "a.google/"],
        ),
        ("cdn.example:8443", ["cdn.example:8443/"], ["cdn.example/", "cdn.example:443/"]),
        ("/m", ["news.example/m", "news.example:8000/m"], ["cdn.example/m"]),
        (
            "cdn.example/ads",
            [
                "cdn.example/ads",
                "cdn.example/ads/x",
                "cdn.example/ads?x",
                "cdn.example/ads#x",
                "cdn.example/ads;x",
            ],
            ["cdn.example/adsense", "cdn.example/", "cdn.example/Ads", "cdn.example"],
        ),
        (
            "cdn.example/ads/",
            ["cdn.example/ads/", "cdn.example/ads/x?y"],
            ["cdn.example/ads", "cdn.example/x/ads/"],
        ),
        ("cdn.example/ads*", ["cdn.example/ads", "cdn.example/adsense/x"], ["cdn.example/ad"]),
        (
            "cdn.example/*/ads",
            ["cdn.example/x/ads", "cdn.example/x/y/ads/z", "cdn.example/x/adsense/ads?q"],
            ["cdn.example/ads", "cdn.example/x/adsense", "cdn.example/x?/ads"],
        ),
        ("cdn.example/a*b*", ["cdn.example/ab", "cdn.example/axbx"], ["cdn.example/ba"]),
        ("cdn.example/", ["cdn.example", "cdn.example/x"], ["x.example"]),
        (
            "/metrics/",
            ["news.example/metrics/g.js"],
            ["news.example/metrics", "news.example/", "x.example/metrics/"],
        ),
    ],
    ids=str,
)
def test_a_pattern_takes_what_it_means_and_no_more(written: str, taken: list[str], left: list[str]) -> None:
    assert [address for address in taken if not takes(written, address)] == []
    assert [address for address in left if takes(written, address)] == []


def test_a_path_alone_is_one_of_the_sites_own_host_and_port() -> None:
    pattern = parse_address("/metrics", "[::1]:8000")

    assert pattern == AddressPattern("[::1]", port="8000", path="/metrics")
    assert pattern.matches("[::1]:8000", "/metrics?x")
    assert not pattern.matches("[::1]", "/metrics")


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("cdn.example", "*.example/a/long/path"),
        ("cdn.example/a/b", "cdn.example/a"),
        ("cdn.example/a", "cdn.example"),
        ("cdn.example/ab", "cdn.example/a*******"),
        ("*.a.example", "*.example"),
        ("www.google.com", "www.google.*"),
        ("cdn.example:80", "cdn.example"),
    ],
)
def test_what_says_more_goes_first(more: str, less: str) -> None:
    assert parse_address(more, OWN).specificity > parse_address(less, OWN).specificity


@pytest.mark.parametrize("written", ["cdn.example/", "cdn.example/*"])
def test_a_path_that_every_path_begins_with_says_nothing(written: str) -> None:
    assert parse_address(written, OWN) == parse_address("cdn.example", OWN)


def test_hosts_and_paths_are_written_out_before_the_addresses() -> None:
    service = Service(
        vendor="V",
        purposes=("ads",),
        hosts=("a.example", "*.b.example"),
        paths=("/x", "/y"),
        addresses=("c.example",),
    )

    assert list(addresses_of(service)) == [
        "a.example/x",
        "a.example/y",
        "*.b.example/x",
        "*.b.example/y",
        "c.example",
    ]
    assert list(addresses_of(service.model_copy(update={"paths": ()}))) == [
        "a.example",
        "*.b.example",
        "c.example",
    ]


labels = st.from_regex(r"[a-z]{1,5}", fullmatch=True)


@given(st.lists(labels, min_size=2, max_size=5), st.lists(labels, max_size=4))
def test_an_address_is_taken_by_itself_and_by_all_above_it(host: list[str], path: list[str]) -> None:
    name, whole = ".".join(host), "".join(f"/{part}" for part in path)

    assert parse_address(name + whole, OWN).matches(name, whole)
    for depth in range(len(path)):
        assert parse_address(name + "".join(f"/{part}" for part in path[:depth]), OWN).matches(name, whole)
    for depth in range(1, len(host)):
        assert parse_address(f"*.{'.'.join(host[depth:])}", OWN).matches(name, whole)


def test_a_path_of_many_stars_is_judged_in_one_pass() -> None:
    pattern = parse_address("cdn.example/" + "a*" * 500 + "b", OWN)

    assert not pattern.matches_path("/" + "a" * 200_000)
