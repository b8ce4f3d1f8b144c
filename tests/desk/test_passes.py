"""Links, sessions and tokens on both kinds of store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.audit.conftest import postgresql, postgresql_url, sqlite_url  # noqa: F401 - fixtures

from consentkit.desk.passes import Kind, Passes


@pytest.fixture(params=["sqlite", "postgresql"])
def passes(request: pytest.FixtureRequest) -> Passes:
    return Passes(request.getfixturevalue(f"{request.param}_url"), "a log")


def test_a_link_opens_one_session_however_many_use_it_at_once(passes: Passes) -> None:
    link = passes.issue(Kind.LINK, "officer", 60)

    with ThreadPoolExecutor(8) as pool:
        opened = [found for found in pool.map(passes.exchange, [link] * 8) if found]

    assert len(opened) == 1
    session, role = opened[0]
    assert role == "officer"
    assert passes.role_of(Kind.SESSION, session) == "officer"
    assert passes.role_of(Kind.TOKEN, session) is None


def test_what_is_revoked_or_signed_out_of_lets_nobody_in(passes: Passes) -> None:
    one, other = (passes.issue(Kind.TOKEN, "viewer", 60) for _ in range(2))
    passes.end(Kind.TOKEN, one)
    assert passes.role_of(Kind.TOKEN, one) is None
    assert passes.role_of(Kind.TOKEN, other) == "viewer"

    assert passes.revoke() == 1

    assert passes.role_of(Kind.TOKEN, other) is None
    assert passes.open_ones() == []


@pytest.mark.parametrize("beginning", ["%", "_", "zz"])
def test_a_beginning_is_no_pattern(passes: Passes, beginning: str) -> None:
    passes.issue(Kind.TOKEN, "viewer", 60)

    assert passes.revoke(beginning) == 0
    assert len(passes.open_ones()) == 1
