"""What of a page's requests is wrong."""

from __future__ import annotations

import pytest

from consentkit.catalogue.load import catalogue
from consentkit.policyfile import load_text
from consentkit.scan.browse import Asked, Seen
from consentkit.scan.judge import NOBODY, Judge, Report, Views

POLICY = """
use = ["google-analytics", "youtube"]
[site]
name = "Paper"
address = "https://paper.example"
[controller]
name = "Paper Ltd"
contact = "privacy@paper.example"
"""
BARE, OURS = "http://127.0.0.1:1001", "http://127.0.0.1:1002"
GA = "https://www.google-analytics.com/analytics.js?id=1"
HOTJAR = "https://static.hotjar.com/c/hotjar-1.js"
CAPTCHA = "https://www.google.com/recaptcha/api.js"
NEWS = "https://news.example/a.js"


def judge(more: str = "") -> Judge:
    return Judge(load_text(more + POLICY), catalogue(), [BARE, OURS])


def seen(*addresses: str, errors: tuple[str, ...] = ()) -> Seen:
    return Seen([Asked(address, "script") for address in addresses], list(errors))


def report(before: Seen, *plain: Seen, policy: str = "") -> Report:
    return judge(policy).report("/p", Views(plain, {"before": before}))


@pytest.mark.parametrize(
    ("address", "services"),
    [
        (GA, ("google-analytics",)),
        ("wss://WS.hotjar.com:443/x", ("hotjar",)),
        (NEWS, (NOBODY,)),
        (f"{OURS}/app.js", ()),
        ("https://cdn.paper.example/app.js", ()),
        ("blob:http://127.0.0.1:1002/1", ()),
    ],
    ids=["catalogue", "socket", "unknown", "served here", "the site's domain", "no address"],
)
def test_each_request_is_somebodys(address: str, services: tuple[str, ...]) -> None:
    assert judge().services(Asked(address, "script")) == services


@pytest.mark.parametrize("policy", ["", 'unlisted = "allow"\n'], ids=["gate", "allow"])
def test_a_service_that_nobody_was_asked_about_is_a_leak_captchas_are_none(policy: str) -> None:
    found = report(seen(GA, GA, HOTJAR, CAPTCHA, NEWS), policy=policy)

    assert [(leak.service, leak.listed, leak.address) for leak in found.leaks] == [
        ("google-analytics", True, "https://www.google-analytics.com/analytics.js"),
        ("hotjar", False, HOTJAR),
    ]
    assert found.counts["google-analytics"] == {"before": 2}


def test_after_an_acceptance_nothing_is_a_leak() -> None:
    found = judge().report("/p", Views((), {"accepted": seen(GA, HOTJAR)}))

    assert found.leaks == []


def test_an_open_regime_may_run_before_a_choice_and_not_after_a_refusal() -> None:
    views = Views((), {"before": seen(GA), "rejected": seen(GA)})
    found = judge('regime = "opt-out"\n').report("/p", views)

    assert [leak.stage for leak in found.leaks] == ["rejected"]


def test_lost_is_what_was_asked_each_time_and_nobody_forbade() -> None:
    plain = seen(GA, NEWS, f"{BARE}/own.js", "https://once.example/x"), seen(GA, NEWS, f"{BARE}/own.js")
    found = report(seen(), *plain)

    assert found.lost["before"] == ["news.example/a.js", "paper.example/own.js"]


def test_what_is_new_each_time_is_compared_without_it() -> None:
    plain = seen("https://news.example/p/1764050000123?r=1", errors=(f"bad {BARE}/a",))
    ours = seen(
        "https://news.example/p/1764050009999?r=2", errors=(f"bad {OURS}/a", "Uncaught bad " + BARE + "/a")
    )
    found = report(ours, plain, plain)

    assert (found.lost["before"], found.added["before"], found.errors["before"]) == ([], [], [])


def test_an_error_and_a_third_party_that_come_with_us_are_told() -> None:
    found = report(seen(NEWS, errors=("fbq is not defined",)), seen(), seen())

    assert found.added["before"] == ["news.example/a.js"]
    assert found.errors["before"] == ["fbq is not defined"]
