"""Every answer to a policy must fit into our cookie, and come back out of it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consentkit.core.cookie import LIMIT, CookieCodec
from consentkit.core.decision import Act, Choice, Outcome, decide
from consentkit.core.errors import PolicyError
from consentkit.core.policy import Policy
from consentkit.core.size import check_size

KEY = "2fD0aVb7qXw9sLk3Zp8RtYc1NmEu5HgJ"


def policy(purposes: list[str], services: int) -> Policy:
    made: dict[str, Any] = {
        "site": {"name": "News", "address": "https://news.example"},
        "controller": {"name": "News Ltd", "contact": "privacy@news.example"},
        "purposes": {name: {} for name in purposes},
        "services": {f"s{number}": {"vendor": "V", "purposes": purposes[:1]} for number in range(services)},
    }
    return Policy.model_validate(made)


@settings(max_examples=40)
@given(st.integers(1, 70), st.integers(1, 40), st.integers(0, 100), st.integers(0, 2**100))
def test_a_policy_that_is_taken_has_no_answer_that_is_lost(
    count: int, length: int, services: int, bits: int
) -> None:
    names = [f"p{number}".ljust(length, "x") for number in range(count)]
    made = policy(names, services)
    try:
        check_size(made)
    except PolicyError:
        return
    exceptions = {name: bool(bits >> number & 1) for number, name in enumerate(made.services)}
    outcome = decide(
        made, Choice(Act.SAVE, frozenset(names), exceptions), now=1_795_600_000, visitor="v" * 22
    )
    assert isinstance(outcome, Outcome)
    codec = CookieCodec([KEY], made.site.address)

    value = codec.dump(outcome.decision)

    assert len(value) <= LIMIT
    assert CookieCodec([KEY], made.site.address).load(value) == outcome.decision


def test_forty_services_and_four_purposes_fit() -> None:
    check_size(policy(["functional", "analytics", "marketing", "personalisation"], 40))


def test_too_many_services_are_told_with_the_size_they_would_need() -> None:
    with pytest.raises(
        PolicyError, match=r"services: found 1 purposes and 90 services, a cookie of up to 1,\d{3} bytes"
    ):
        check_size(policy(["analytics"], 90))


def test_too_many_purposes_are_told_even_where_their_bytes_would_fit() -> None:
    with pytest.raises(PolicyError, match="purposes: found 65 purposes; expected at most 64"):
        check_size(policy([f"p{number}" for number in range(65)], 0))
