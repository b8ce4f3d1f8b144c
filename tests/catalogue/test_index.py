"""Whose an address is, and whose a cookie."""

from __future__ import annotations

import pytest
from tests.web.gate.conftest import Rig

from consentkit.catalogue.index import Index
from consentkit.catalogue.known import EMPTY
from consentkit.core.policy import Policy


def site(**services: list[str]) -> Index:
    policy = Policy.model_validate(
        {
            "site": {"name": "P", "address": "https://www.paper.example"},
            "controller": {"name": "P", "contact": "a@b.example"},
            "services": {
                name: {"vendor": name, "purposes": ["analytics"], "addresses": addresses}
                for name, addresses in services.items()
            },
        }
    )
    return Index(policy, EMPTY)


def owners(index: Index, host: str, path: str = "/") -> list[str]:
    return [owner.service for owner in index.owners(host, path)]


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("t.example", "/", ["exact"]),
        ("a.t.example", "/", ["below"]),
        ("b.a.t.example", "/", ["below"]),
        ("t.example:8080", "/", ["exact"]),
        ("not.example", "/", []),
        ("xt.example", "/", []),
        ("t.example.org", "/", []),
        ("google.com", "/maps/embed", ["maps"]),
        ("google.co.uk", "/maps/embed", ["maps"]),
        ("google.com.br", "/maps", ["maps"]),
        ("google.com", "/mapsx", []),
        ("www.paper.example", "/metrics/x?id=1", ["own"]),
        ("www.paper.example", "/static/app.js", []),
    ],
)
def test_the_most_specific_pattern_says_whose_an_address_is(
    host: str, path: str, expected: list[str]
) -> None:
    index = site(exact=["t.example"], below=["*.t.example"], maps=["google.*/maps"], own=["/metrics/"])

    assert owners(index, host, path) == expected


def test_of_a_listed_and_an_unlisted_service_with_equal_patterns_the_listed_one_counts() -> None:
    rig = Rig(
        services={"mine": {"vendor": "M", "purposes": ["analytics"], "hosts": ["www.google-analytics.com"]}}
    )

    assert owners(rig.index, "www.google-analytics.com", "/x") == ["mine"]


def test_an_unlisted_service_never_runs_but_for_captcha_payment_and_cdn() -> None:
    rig = Rig()
    everything = frozenset(rig.index.services)

    assert not rig.index.may_run("google-analytics", everything)
    assert rig.index.may_run("recaptcha", frozenset())


def test_own_is_the_same_registrable_domain() -> None:
    index = site()

    assert index.is_own("static.paper.example")
    assert not index.is_own("paper.example.org")


def test_cookies_have_owners_by_name_and_by_pattern() -> None:
    found = Rig().index

    assert "google-analytics" in {owner.service for owner in found.cookie_owners("_ga")}
    assert "google-analytics" in {owner.service for owner in found.cookie_owners("_ga_AB12CD")}
    assert found.cookie_owners("sessionid") == ()


def test_a_look_up_costs_the_same_however_many_services_there_are() -> None:
    """Counted in look-ups, not in time: the candidates of a host are those whose pattern ends as it does."""
    many = site(**{f"s{n}": [f"h{n}.vendor{n}.example"] for n in range(1500)})

    assert len(many._candidates("h7.vendor7.example")) == 1
    assert many._candidates("nobody.example") == []
