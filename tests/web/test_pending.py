"""Grants that wait, and a refusal that comes meanwhile."""

from __future__ import annotations

from consentkit.web.pending import Grants


def test_a_refusal_overtakes_every_grant_that_still_waits_and_no_other():
    grants = Grants()
    with grants.waiting("a") as one, grants.waiting("a") as two, grants.waiting("b") as other:
        grants.overtake("a")

    assert (one.overtaken, two.overtaken, other.overtaken) == (True, True, False)


def test_of_two_grants_that_look_alike_the_one_that_is_done_is_forgotten():
    grants = Grants()
    first, second = grants.waiting("a"), grants.waiting("a")
    waits = first.__enter__()
    second.__enter__()
    second.__exit__(None, None, None)

    grants.overtake("a")
    first.__exit__(None, None, None)

    assert waits.overtaken
    assert grants._waiting == {}


def test_a_refusal_before_a_grant_does_not_concern_it():
    grants = Grants()
    grants.overtake("a")

    with grants.waiting("a") as later:
        assert not later.overtaken
