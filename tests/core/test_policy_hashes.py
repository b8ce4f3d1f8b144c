"""The two hashes: of the whole policy, and of what a visitor is asked."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.policy import Policy

BASE: dict[str, Any] = {
    "site": {"name": "News", "address": "https://news.example"},
    "controller": {"name": "News Ltd", "contact": "privacy@news.example"},
    "purposes": {"necessary": {}, "analytics": {"title": {"en": "Statistcs"}}, "marketing": {}},
    "services": {
        "stats": {"vendor": "Stats Ltd", "purposes": ["analytics"], "hosts": ["stats.example"]},
        "ads": {"vendor": "Ads Ltd", "purposes": ["marketing", "analytics"]},
        "login": {"vendor": "Login Ltd", "purposes": ["necessary"]},
    },
}
"""Built of plain dicts, so that a change is one path and one value."""

GOLDEN = {"analytics": "hs0UJa", "marketing": "dcp4Ib", "stats": "fKeT6P", "ads": "-w4iqO"}
GOLDEN_MARKS = {"stats": "2XSMr5", "ads": "aMnAlc", "login": "E1u5CR"}
GOLDEN_RECIPIENT = "P1HFr5"


def changed(path: str, value: Any) -> Policy:
    return Policy.model_validate(_with(BASE, path.split("."), value))


def _with(data: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    first, *rest = path
    return {**data, first: _with(data.get(first, {}), rest, value) if rest else value}


def base() -> Policy:
    return Policy.model_validate(BASE)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("purposes.analytics.title.en", "Statistics"),
        ("purposes.analytics.description", {"en": "How many read what."}),
        ("services.stats.title", "Stats"),
        ("services.stats.privacy_url", "https://stats.example/privacy"),
        ("services.stats.hosts", ["stats.example", "cdn.stats.example"]),
        ("services.stats.cookies", [{"name": "_stats"}]),
        ("privacy_url", "/privacy"),
        ("site.name", "The News"),
        ("controller.address", "1 High Street"),
        ("texts", {"en": {"accept": "OK"}}),
        ("layout", "box"),
        ("lifetime", "90d"),
        ("regime", "opt-out"),
        ("services.stats.vendor", "STATS  ltd"),
        ("services.login.vendor", "Other Login Ltd"),
        ("services.pay", {"vendor": "Pay Ltd", "purposes": ["necessary"]}),
    ],
)
def test_words_looks_and_what_is_not_asked_change_the_version_and_never_ask_again(
    path: str, value: Any
) -> None:
    before, after = base(), changed(path, value)

    assert after.version != before.version
    assert after.asked == before.asked
    assert after.fingerprints == before.fingerprints


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        ("services.stats.vendor", "Other Stats Ltd", "stats"),
        ("services.stats.purposes", ["analytics", "marketing"], "stats"),
        ("services.films", {"vendor": "Films Ltd", "purposes": ["marketing"]}, "films"),
        ("services.login.purposes", ["analytics"], "login"),
        ("purposes.comfort", {}, "comfort"),
    ],
)
def test_a_new_vendor_service_or_purpose_changes_both_and_asks_again(
    path: str, value: Any, name: str
) -> None:
    before, after = base(), changed(path, value)

    assert after.version != before.version
    assert after.asked != before.asked
    new = set(after.fingerprints.values()) - set(before.fingerprints.values())
    assert new == {after.fingerprints[name]}


@pytest.mark.parametrize("name", sorted(BASE["services"]))
def test_a_service_less_adds_nothing_to_ask(name: str) -> None:
    services = {other: service for other, service in BASE["services"].items() if other != name}
    after = changed("services", services)

    assert set(after.fingerprints.values()) <= set(base().fingerprints.values())
    assert after.version != base().version


def test_a_purpose_that_becomes_exempt_is_asked_no_more() -> None:
    after = changed("purposes.analytics.regime", "exempt")

    assert set(after.fingerprints) == {"marketing", "ads"}
    assert after.asked != base().asked


def test_what_is_not_asked_has_no_fingerprint() -> None:
    assert set(base().fingerprints) == {"analytics", "marketing", "stats", "ads"}


def test_a_no_to_a_service_outlives_its_vendor() -> None:
    assert changed("services.stats.vendor", "Other Ltd").marks == base().marks
    assert base().marks["stats"] != base().fingerprints["stats"]


def test_fingerprints_are_the_same_in_every_release_or_every_visitor_is_asked_again() -> None:
    assert base().fingerprints == GOLDEN
    assert base().marks == GOLDEN_MARKS
    told = changed("services.stats.recipients", ["Panel House"]).questions
    assert told.recipients == {"stats": {GOLDEN_RECIPIENT}, "ads": frozenset()}
    assert told.marks == {*GOLDEN.values(), GOLDEN_RECIPIENT, "told-1"}


def test_the_version_is_the_hash_of_the_document() -> None:
    made = base()

    assert hashlib.sha256(made.document).hexdigest() == made.version


def test_a_purpose_named_twice_is_the_same_question() -> None:
    assert changed("services.stats.purposes", ["analytics", "analytics"]).asked == base().asked


@given(st.permutations(sorted(BASE["services"])), st.permutations(sorted(BASE["purposes"])), st.booleans())
def test_order_changes_nothing_of_what_is_asked(
    services: list[str], purposes: list[str], turned: bool
) -> None:
    data = {
        **BASE,
        "services": {name: BASE["services"][name] for name in services},
        "purposes": {name: BASE["purposes"][name] for name in purposes},
    }
    data["services"]["ads"] = {
        "vendor": "Ads Ltd",
        "purposes": ["marketing", "analytics"][:: -1 if turned else 1],
    }

    assert Policy.model_validate(data).asked == base().asked


names = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)
regimes = st.sampled_from(["opt-in", "opt-out", "notice", "exempt", None])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    purposes = draw(
        st.dictionaries(names.filter(lambda name: name != "necessary"), regimes, min_size=1, max_size=5)
    )
    services = draw(
        st.dictionaries(
            names.filter(lambda name: name not in purposes and name != "necessary"),
            st.tuples(
                st.sampled_from(["A", "B"]),
                st.lists(st.sampled_from(sorted(purposes)), min_size=1, max_size=3),
            ),
            max_size=6,
        )
    )
    return Policy.model_validate(
        {
            **BASE,
            "purposes": {name: {"regime": regime} for name, regime in purposes.items()},
            "services": {
                name: {"vendor": vendor, "purposes": uses} for name, (vendor, uses) in services.items()
            },
        }
    )


@given(policies())
def test_a_policy_goes_through_plain_data_and_json_unchanged(made: Policy) -> None:
    for again in (
        Policy.model_validate(made.model_dump()),
        Policy.model_validate_json(made.model_dump_json()),
    ):
        assert again == made
        assert again.version == made.version
        assert again.asked == made.asked


@given(policies())
def test_each_thing_asked_has_a_fingerprint_of_its_own(made: Policy) -> None:
    asked = set(made.askable) | {
        name for name, service in made.services.items() if set(service.purposes) & set(made.askable)
    }

    assert set(made.fingerprints) == asked
    assert len(set(made.fingerprints.values())) == len(asked)
    assert set(made.marks) == set(made.services)
