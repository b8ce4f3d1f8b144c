"""``use``: services of the catalogue become the policy's, with what the site adds and replaces."""

import tomllib

import pytest

from consentkit.catalogue.load import Catalogue, catalogue, entries_of
from consentkit.core.addresspattern import addresses_of
from consentkit.core.errors import PolicyError, Problem
from consentkit.core.policy import Policy
from consentkit.policyfile import load_text, located, schema
from consentkit.policyfile.use import resolved

KNOWN = Catalogue(
    entries_of(
        """\
vendor = "Tube LLC"
privacy_url = "https://tube.example/privacy"
source = "https://tube.example/docs"
checked = 2026-11-25

[services.tube]
title = "Tube"
kind = "video"
purposes = ["marketing"]
addresses = ["tube.example", "*.tube.example/embed/"]
stubs = ["tube()"]
storage = ["tube-id"]
cookies = [{ name = "_tube", lifetime = "2y" }, { pattern = "^_tube_[0-9]+$", party = "third" }]
loaders = [{ parts = ["tube.load"], within = 500, example = "tube.load()" }]
examples = ["https://tube.example/"]

[services.counter]
purposes = ["analytics"]
hosts = ["counter.example"]
paths = ["/hit"]
""",
        "tube.toml",
    )
)
BASE = """
[site]
name = "News"
address = "https://news.example"
[controller]
name = "News Ltd"
contact = "privacy@news.example"
"""


def made(use: str, rest: str = "") -> Policy:
    return load_text(f"use = {use}\n{BASE}{rest}", "mine.toml", KNOWN)


def refused(use: str, rest: str = "") -> list[Problem]:
    with pytest.raises(PolicyError) as caught:
        made(use, rest)
    return list(caught.value.problems)


def test_a_service_of_the_catalogue_is_in_the_policy_whole() -> None:
    policy = made('["tube"]')

    expected = KNOWN.entries["tube"].model_dump(exclude={"source", "checked", "examples"})
    expected["loaders"][0]["example"] = ""
    assert policy.services["tube"].model_dump() == expected
    assert policy.use == ("tube",)


def test_services_stand_in_the_order_of_use_and_before_the_sites_own() -> None:
    rest = '[services.own]\nvendor = "Own"\npurposes = ["functional"]\n[services.counter]\nsells = true\n'

    assert list(made('["tube", "counter", "tube"]', rest).services) == ["tube", "counter", "own"]


def test_a_table_adds_to_lists_its_own_first() -> None:
    service = made(
        '["tube"]', '[services.tube]\naddresses = ["/films/"]\nstubs = ["tube()", "films()"]\n'
    ).services["tube"]

    assert service.addresses == ("/films/", "tube.example", "*.tube.example/embed/")
    assert service.stubs == ("tube()", "films()")
    assert service.storage == ("tube-id",)


def test_the_sites_own_hosts_and_paths_leave_the_vendors_hosts_as_they_are() -> None:
    rest = '[services.counter]\nhosts = ["news.example"]\npaths = ["/metrics/"]\n'

    assert list(addresses_of(made('["counter"]', rest).services["counter"])) == [
        "news.example/metrics/",
        "counter.example/hit",
    ]


def test_a_table_replaces_single_values_and_purposes() -> None:
    service = made(
        '["tube"]', '[services.tube]\nvendor = "Tube EU"\npurposes = ["functional"]\nsells = true\n'
    ).services["tube"]

    assert (service.vendor, service.purposes, service.sells) == ("Tube EU", ("functional",), True)
    assert (service.title, service.kind) == ("Tube", "video")


def test_a_vendor_may_be_replaced_although_services_of_the_old_one_share_an_address() -> None:
    shared = {
        name: entry.model_copy(update={"addresses": ("cdn.tube.example",)})
        for name, entry in KNOWN.entries.items()
    }

    policy = load_text(
        f'use = ["tube", "counter"]\n{BASE}[services.tube]\nvendor = "Tube EU"\n', None, Catalogue(shared)
    )

    assert {service.vendor for service in policy.services.values()} == {"Tube EU", "Tube LLC"}


def test_a_cookie_of_the_same_name_replaces_the_catalogues() -> None:
    cookies = (
        made(
            '["tube"]',
            '[[services.tube.cookies]]\nname = "_tube"\nlifetime = "1d"\n[[services.tube.cookies]]\nname = "_new"\n',
        )
        .services["tube"]
        .cookies
    )

    assert [(cookie.name or cookie.pattern, cookie.lifetime) for cookie in cookies] == [
        ("_tube", 86_400),
        ("_new", None),
        ("^_tube_[0-9]+$", None),
    ]


def test_a_table_without_use_is_a_service_of_the_sites_own() -> None:
    service = made(
        "[]", '[services.tube]\nvendor = "Mine"\npurposes = ["functional"]\nhosts = ["tube.mine.example"]\n'
    ).services["tube"]

    assert (service.vendor, service.hosts, service.addresses) == ("Mine", ("tube.mine.example",), ())


def test_a_table_that_wants_the_catalogue_is_told_how() -> None:
    vendor, purposes = refused("[]", '[services.tube]\naddresses = ["/films/"]\n')

    assert (vendor.key, vendor.line) == ("services.tube.vendor", 9)
    assert vendor.expected.endswith('(use = ["tube"] takes it from the catalogue)')
    assert purposes.expected.endswith('(use = ["tube"] takes it from the catalogue)')


def test_a_name_that_the_catalogue_does_not_have_is_told_with_those_near_it() -> None:
    [problem] = refused('[\n  "tube",\n  "contuer",\n]')

    assert (problem.key, problem.line, problem.found, problem.nearest) == ("use.1", 3, '"contuer"', "counter")


def test_a_purpose_that_the_policy_does_not_have_is_told_at_use_with_what_to_write() -> None:
    [problem] = refused(
        '[\n  "counter",\n  "tube",\n]', "[purposes.ads]\n[services.counter]\npurposes = ['ads']\n"
    )

    assert (problem.file, problem.line, problem.key) == ("mine.toml", 3, "use.1")
    assert problem.found == '"tube", which serves "marketing"'
    assert problem.expected.endswith('define it, or write purposes = ["…"] in [services.tube]')


@pytest.mark.parametrize(
    ("rest", "line", "key"),
    [
        ('[services.tube]\npurposes = ["adds"]\n', 10, "services.tube.purposes.0"),
        (
            '[services.tube]\ncookies = [\n{ name = "a" },\n{ lifetime = "1d" }]\n',
            12,
            "services.tube.cookies.1",
        ),
        ("[services.tube]\nloaders = [\n{ within = 5 }]\n", 11, "services.tube.loaders.0.parts"),
        ('[services.tube]\nhosst = ["x"]\n', 10, "services.tube.hosst"),
        ('[services.tube]\naddresses = ["news.example"]\n', 10, "services.tube.addresses.0"),
        (
            '[services.own]\nvendor = "Own"\npurposes = ["functional"]\naddresses = ["tube.example"]\n',
            12,
            "services.own.addresses.0",
        ),
        ("[purposes.tube]\n[purposes.marketing]\n", 1, "services.tube"),
    ],
    ids=[
        "purpose",
        "cookie",
        "loader",
        "key",
        "own host",
        "another vendor's address",
        "a purpose of its name",
    ],
)
def test_what_the_site_wrote_wrong_beside_use_has_its_own_line(rest: str, line: int, key: str) -> None:
    assert [(problem.line, problem.key) for problem in refused('["tube"]', rest)] == [(line, key)]


def test_what_the_catalogue_brings_beside_the_sites_own_has_the_line_of_use() -> None:
    base = BASE.replace("news.example", "www.tube.example", 1)
    text = f'use = ["tube"]\n{base}[services.tube]\naddresses = ["/films/"]\n'

    policy = load_text(text, "mine.toml", KNOWN)
    with pytest.raises(PolicyError) as caught:
        load_text(text.replace("www.tube.example", "tube.example"), "mine.toml", KNOWN)

    assert policy.services["tube"].addresses[0] == "/films/"
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (1, "services.tube.addresses.1")
    ]


def test_what_is_found_later_in_what_comes_from_the_catalogue_has_the_line_of_use() -> None:
    text = f'\nuse = ["youtube"]\n{BASE}[services.youtube]\nsells = true\n'

    problems = located(
        [Problem.at(("services", "youtube", "addresses", 3), "a", "b"), Problem.at(("site",), "a", "b")], text
    )

    assert [problem.line for problem in problems] == [2, 4]


def test_more_services_than_a_cookie_holds_is_told_at_use_where_nothing_else_names_them() -> None:
    many = {f"s{number}": KNOWN.entries["counter"] for number in range(90)}

    with pytest.raises(PolicyError) as caught:
        load_text(f"\nuse = {list(many)}\n{BASE}", "mine.toml", Catalogue(many))

    [problem] = caught.value.problems
    assert (problem.line, problem.key) == (2, "services")


def test_a_broken_file_of_the_catalogue_keeps_its_own_name() -> None:
    broken = Problem("services.tube", "a", "b", file="tube.toml", line=3)

    assert [problem.file for problem in located([broken], BASE, "mine.toml")] == ["tube.toml"]


@pytest.mark.parametrize(
    "data",
    [
        {"use": "tube"},
        {"use": [3]},
        {"services": 3, "use": ["tube"]},
        {"services": {"tube": 3}, "use": ["tube"]},
    ],
)
def test_data_of_another_form_is_left_as_it_is(data: dict[str, object]) -> None:
    assert {key: value for key, value in resolved(data, KNOWN).items() if key in data} == data


def test_a_policy_made_in_code_must_have_the_services_that_it_uses() -> None:
    data = tomllib.loads(BASE)

    with pytest.raises(ValueError, match=r'use\.0: found "tube"; expected a service of this policy'):
        Policy.model_validate({**data, "use": ["tube"]})


def test_each_service_that_ships_can_be_used() -> None:
    for name in catalogue().entries:
        assert list(load_text(f'use = ["{name}"]\n{BASE}').services) == [name]


def test_all_services_of_a_vendor_and_others_can_be_used_together() -> None:
    names = [
        name
        for name, entry in catalogue().entries.items()
        if entry.vendor.startswith(("Google", "Meta", "Microsoft"))
    ][:40]

    assert set(load_text(f"use = {names}\n{BASE}").services) == set(names)


def test_editors_are_told_the_names_that_use_may_hold() -> None:
    assert schema()["properties"]["use"]["items"] == {"enum": list(catalogue().entries)}
