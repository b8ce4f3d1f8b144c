"""The catalogue's own checks: each fault is found, named by its entry; and the data that ships has none."""

import datetime
from typing import Any

import pytest

from consentkit.catalogue.check import faults
from consentkit.catalogue.entry import Entry
from consentkit.catalogue.load import catalogue

TODAY = datetime.date(2026, 11, 25)
GOOD: dict[str, Any] = {
    "vendor": "Stats Ltd",
    "purposes": ("analytics",),
    "kind": "analytics",
    "addresses": ("cdn.stats.example/a.js", "*.collect.example"),
    "cookies": ({"name": "_stats"},),
    "loaders": ({"parts": ("stats.load", "insertBefore("), "example": "stats.load(); x.insertBefore(y)"},),
    "source": "https://stats.example/docs",
    "checked": TODAY,
    "examples": ("https://cdn.stats.example/a.js?id=1", "//eu.collect.example/p"),
}


def found(**others: dict[str, Any]) -> list[str]:
    """The faults of one good entry, ``stats``, beside others, each as it differs from it."""
    entries = {"stats": GOOD, **{name: GOOD | changes for name, changes in others.items()}}
    return list(faults({name: Entry.model_validate(entry) for name, entry in entries.items()}, TODAY))


def test_what_is_right_has_no_fault() -> None:
    assert found() == []


ALONE: dict[str, Any] = {
    "addresses": ("other.example",),
    "examples": ("https://other.example/",),
    "loaders": (),
    "cookies": (),
}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"checked": TODAY + datetime.timedelta(1)}, "other: checked on 2026-11-26, which is yet to come"),
        ({"purposes": ("ads",)}, 'other: "ads", a purpose that no policy has by default'),
        ({"addresses": (), "examples": ()}, "other: nothing by which it could be known"),
        ({"stubs": ("a()", "a()")}, 'other: stubs: "a()" 2 times'),
        (
            {"examples": ("https://other.example/", "https://x.example/")},
            "other: the example https://x.example/ is at none of its addresses",
        ),
        ({"addresses": ("other.example", "more.example")}, 'other: "more.example" has no example'),
        ({"cookies": ({"name": "_a"}, {"name": "_a"})}, "other: the cookie _a 2 times"),
        ({"cookies": ({"pattern": "^(session|_a)$"},)}, "other: the cookie session may be the app's own"),
        (
            {"loaders": ({"parts": ("abc", "def"), "example": "def abc"},)},
            "other: the example of loader 0 is not of its form",
        ),
        (
            {
                "vendor": "Other",
                "loaders": ({"parts": ("insertBefore(",), "example": GOOD["loaders"][0]["example"]},),
            },
            "other: the example of loader 0 is of a form of stats too",
        ),
        (
            {
                "vendor": "Other",
                "addresses": ("x.collect.example",),
                "examples": ("https://x.collect.example/",),
            },
            "other: x.collect.example lies below *.collect.example, which is stats's",
        ),
        (
            {"addresses": ("cdn.stats.example",), "examples": ("https://cdn.stats.example/a.js",)},
            "other: the example https://cdn.stats.example/a.js is at an address of stats",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_names_its_entry(changes: dict[str, Any], fault: str) -> None:
    assert [text for text in found(other=ALONE | changes) if text.startswith("other: ")] == [fault]


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("*.co.uk", 'services.other.addresses.0: found "*.co.uk", a public suffix'),
        (
            "*.collect.example",
            'services.other.addresses.0: found "*.collect.example", an address of stats too',
        ),
    ],
)
def test_an_address_is_judged_as_in_a_policy(address: str, fault: str) -> None:
    changes = {
        "vendor": "Other",
        "addresses": (address,),
        "examples": (f"https://{address.replace('*', 'x')}/",),
    }

    assert [text for text in found(other=ALONE | changes) if text.startswith(fault)] != []


def test_a_path_below_another_vendors_hosts_may_be_shared_out() -> None:
    stats = GOOD | {"addresses": ("*.cloud.example/stats/",), "examples": ("https://x.cloud.example/stats/",)}
    other = ALONE | {
        "vendor": "Other",
        "addresses": ("a.cloud.example",),
        "examples": ("https://a.cloud.example/",),
    }

    assert found(stats=stats, other=other) == []


def test_services_of_one_vendor_may_share_an_address() -> None:
    assert found(other=GOOD | {"vendor": "STATS  ltd", "loaders": ()}) == []


def test_a_cookie_on_the_vendors_own_domain_may_have_any_name() -> None:
    assert found(other=ALONE | {"cookies": ({"name": "session", "party": "third"},)}) == []


def test_the_data_that_ships_has_no_fault() -> None:
    assert list(faults(catalogue().entries, datetime.date.today())) == []  # noqa: DTZ011 - the day of who reads it


def test_at_least_150_services_of_every_kind_are_known() -> None:
    entries = catalogue().entries

    assert len(entries) >= 150
    kinds = {entry.kind for entry in entries.values()}
    assert kinds >= {
        "analytics",
        "tag-manager",
        "advertising",
        "pixel",
        "social",
        "video",
        "map",
        "font",
        "chat",
        "testing",
        "replay",
        "captcha",
        "payment",
        "cdn",
    }


def test_consent_windows_are_all_of_one_purpose() -> None:
    """Beside ours such a window is the site's own choice, needed for nothing: no file may say otherwise."""
    windows = {name: entry.purposes for name, entry in catalogue().entries.items() if entry.kind == "consent"}

    assert len(windows) >= 17
    assert set(windows.values()) == {("functional",)}
