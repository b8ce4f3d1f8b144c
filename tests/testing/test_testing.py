"""What consentkit offers to the tests of a site."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.asgi import GATED, KEY, PAGE, POLICY

from consentkit import ConsentMiddleware
from consentkit.core.policy import Policy
from consentkit.testing import assert_nothing_gated, decision_cookie, live_elements

SITE = Policy.model_validate(POLICY)


@pytest.fixture
def client(tmp_path):
    async def page(request):
        return HTMLResponse(PAGE)

    ours = Middleware(
        ConsentMiddleware, policy=SITE, secret_key=KEY, audit=f"sqlite:///{tmp_path / 'consent.db'}"
    )
    with TestClient(
        Starlette(routes=[Route("/", page)], middleware=[ours]), base_url="http://localhost"
    ) as client:
        yield client


def test_a_page_before_any_choice_runs_nothing_gated(client):
    assert_nothing_gated(client.get("/").content, SITE)


def test_a_client_with_a_decision_gets_the_page_of_that_decision(client, visitor_decides):
    visitor_decides(client, SITE, KEY, granted=("analytics",))

    page = client.get("/").text

    assert_nothing_gated(page, SITE, granted=("analytics",))
    with pytest.raises(AssertionError, match=r"counter\.example.*needs analytics"):
        assert_nothing_gated(page, SITE)


def test_a_client_that_refused_gets_a_closed_page_and_is_not_asked(client, visitor_decides):
    visitor_decides(client, SITE, KEY)

    page = client.get("/")

    assert_nothing_gated(page.content, SITE)
    assert client.get("/_consent/state").json()["outcome"] == "refused"


def test_a_policy_may_be_given_by_its_path(tmp_path):
    file = tmp_path / "consent.toml"
    file.write_text(
        '[site]\nname = "The Paper"\naddress = "https://paper.example"\n'
        '[controller]\nname = "Paper Ltd"\ncontact = "privacy@paper.example"\n'
    )

    assert decision_cookie(file, KEY)[0] == "consentkit"
    assert_nothing_gated(b"<p>", str(file))


def test_over_https_the_cookie_has_its_prefix_and_another_name_is_kept():
    assert decision_cookie(SITE, KEY, https=True)[0] == "__Host-consentkit"
    assert decision_cookie(SITE, KEY, cookie="shop")[0] == "shop"


def test_a_name_that_the_policy_does_not_know_is_an_error():
    with pytest.raises(ValueError, match="does not have"):
        decision_cookie(SITE, KEY, granted=("telepathy",))


@pytest.mark.parametrize(
    ("tag", "is_live"),
    [
        (GATED, True),
        (b'<script data-category="analytics">x()</script>', True),
        (b'<script type="text/plain" data-category="analytics">x()</script>', False),
        (b'<script type="module" data-category="analytics">x()</script>', True),
        (b'<iframe data-category="analytics" data-src="//x"></iframe>', False),
        (b'<iframe data-category="analytics" srcdoc="x"></iframe>', True),
        (b'<img data-category="analytics" alt="x">', False),
        (b'<img data-category="news" src="x">', False),
        (b'<noscript><img data-category="analytics" src="x"></noscript>', True),
        (b'<!-- <img data-category="analytics" src="x"> -->', False),
        (b'<img data-service="counter" src="x">', True),
        (b'<img data-category="necessary" src="x">', False),
    ],
)
def test_an_element_is_live_when_it_would_run_or_fetch(tag, is_live):
    assert bool(live_elements(tag, SITE, frozenset())) is is_live


@pytest.mark.parametrize(
    ("granted", "is_live"),
    [((), True), (("analytics",), False), (("counter",), False), (("marketing",), True)],
)
def test_a_service_runs_with_its_purposes_or_by_its_own_name(granted, is_live):
    found = live_elements(b'<img data-service="counter" src="x">', SITE, frozenset(granted))

    assert bool(found) is is_live
