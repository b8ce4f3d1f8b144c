"""Inline scripts by their loader form."""

from __future__ import annotations

import json

import pytest
from tests.web.gate.conftest import Rig

from consentkit.catalogue.load import catalogue
from consentkit.web.gate.loaders import LONGEST

FORMS = [
    (name, number, loader)
    for name, entry in catalogue().entries.items()
    for number, loader in enumerate(entry.loaders, 1)
]


@pytest.mark.parametrize(
    ("name", "number", "loader"), FORMS, ids=[f"{name}-{number}" for name, number, _ in FORMS]
)
def test_each_form_is_found_in_its_example(name, number, loader, rig: Rig) -> None:
    found = rig.facts.loaders.found(loader.example.encode())

    assert name in {owner.service for owner in found}


def test_a_loader_in_a_long_script_is_found(rig: Rig) -> None:
    name, _, loader = FORMS[0]

    found = rig.facts.loaders.found(b"a=1;" * 8_000 + loader.example.encode())

    assert name in {owner.service for owner in found}


def test_a_loader_that_is_a_text_in_the_data_of_a_long_script_is_none(rig: Rig) -> None:
    _, _, loader = next(form for form in FORMS if form[0] == "google-tag-manager")
    state = json.dumps({"n": list(range(8_000)), "snippet": loader.example, "z": 1})

    assert rig.facts.loaders.found(f"window.state = {state}".encode()) == ()


TAG_MANAGER = next(loader for name, _, loader in FORMS if name == "google-tag-manager")
SNIPPET = json.dumps({"tag": TAG_MANAGER.example, "z": 1})


@pytest.mark.parametrize("state", [SNIPPET, SNIPPET.replace("/", "\\/")], ids=["plain", "escaped slashes"])
def test_a_loader_that_is_a_text_in_a_script_of_data_alone_is_none(state: str, rig: Rig) -> None:
    assert rig.facts.loaders.found(f"window.state = {{a: {state}, b: [1, 'c']}};".encode()) == ()


@pytest.mark.parametrize(
    "script",
    [f"run({SNIPPET})", f"var s = {SNIPPET}; eval(s.tag)"],
    ids=["handed over", "run"],
)
def test_a_loader_that_is_a_text_in_a_script_that_calls_something_is_one(script: str, rig: Rig) -> None:
    assert {owner.service for owner in rig.facts.loaders.found(script.encode())} == {"google-tag-manager"}


def test_an_address_in_data_that_a_script_fetches_counts(rig: Rig) -> None:
    script = b'd = {"a": "//www.google-analytics.com/p.gif"}; i = new Image; i.src = d.a'

    assert [owner.service for owner in rig.facts.loaders.found(script)] == ["google-analytics"]


def test_the_parts_of_a_form_far_apart_are_no_loader(rig: Rig) -> None:
    loader = next(loader for _, _, loader in FORMS if len(loader.parts) > 1)
    apart = (";" + "x=1;" * loader.within).join(loader.parts)

    assert rig.facts.loaders.found(apart.encode()[:LONGEST]) == ()


@pytest.mark.parametrize(
    "script",
    [
        "var p = new Image(); p.src = 'http://www.google-analytics.com/collect?v=1&r=' + Math.random();",
        'var u = (location.protocol == "https:" ? "https:" : "http:") + "//www.google-analytics.com/t"; i.src = u',
        "!function(d,n){var a=d.createElement('script');a.src=n;d.head.append(a)}(document,'//www.google-analytics.com/a.js')",
        r"s.src = 'https:\/\/www.google-analytics.com\/a.js'",
        "navigator.sendBeacon(`https://www.google-analytics.com/b`)",
    ],
    ids=["pixel", "by protocol", "argument", "escaped slashes", "beacon"],
)
def test_a_short_script_that_fetches_an_address_in_it_is_of_its_service(script: str, rig: Rig) -> None:
    found = rig.facts.loaders.found(script.encode())

    assert [owner.service for owner in found] == ["google-analytics"]


@pytest.mark.parametrize(
    "script",
    [
        "var settings = {ga: 'https://www.google-analytics.com/analytics.js', own: '/app.js'};",
        "var p = new Image(); p.src = '/own.gif'; // see www.google-analytics.com",
        "var p = new Image(); p.src = 'https://www.google-analytics.com/t';" + " " * 2_000,
        "fetch('/own?from=https://www.google-analytics.com/')",
    ],
    ids=["mention", "comment", "long", "inside another address"],
)
def test_a_script_that_fetches_no_address_of_a_service_is_left_alone(script: str, rig: Rig) -> None:
    assert rig.facts.loaders.found(script.encode()) == ()


def test_a_queue_whose_library_is_required_by_name_is_google_analytics(rig: Rig) -> None:
    """A real news page's form: no element is made, a module loader gets the address in two pieces."""
    script = b"""if (conf.google_analytics) {
        var _gaq = _gaq || []; _gaq.push(["_setAccount", "UA-0000000-1"]); _gaq.push(["_trackPageview"]);
        var at = ('https:' == document.location.protocol) ? 'https://ssl' : 'http://www';
        require([at + ".google-analytics.com/ga.js"]); }"""

    assert [owner.service for owner in rig.facts.loaders.found(script)] == ["google-analytics"]


def test_a_vendors_whole_script_is_known_by_its_opening(rig: Rig) -> None:
    opening = b"(window.NREUM||(NREUM={})).loader_config={xpid:'a'};"
    rest = b"a=1;" * LONGEST

    assert {owner.service for owner in rig.facts.loaders.found(opening + rest)} == {"new-relic"}
    assert rig.facts.loaders.found(rest + opening) == ()
