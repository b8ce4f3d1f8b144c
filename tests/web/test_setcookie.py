"""Deletions: every domain that a cookie may have, the paths that it is likely to have, and no more than there is room for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.web.setcookie import MOST_BYTES, expiring, size


def written(*names: str, host: str = "www.paper.co.uk", path: str = "/", partitioned: bool = False, **more):
    return [
        value.decode() for _, value in expiring([(name, partitioned) for name in names], host, path, **more)
    ]


def test_a_cookie_is_deleted_on_the_host_and_on_each_domain_down_to_the_registrable_one():
    assert written("_tp", host="a.www.paper.co.uk:8443") == [
        "_tp=; Max-Age=0; Path=/",
        "_tp=; Max-Age=0; Path=/; Domain=a.www.paper.co.uk",
        "_tp=; Max-Age=0; Path=/; Domain=www.paper.co.uk",
        "_tp=; Max-Age=0; Path=/; Domain=paper.co.uk",
    ]


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "github.io", ""])
def test_where_no_domain_can_be_said_none_is(host):
    assert written("_tp", host=host) == ["_tp=; Max-Age=0; Path=/"]


def test_a_partitioned_cookie_goes_only_with_its_attribute():
    assert written("_tp", host="localhost", partitioned=True) == [
        "_tp=; Max-Age=0; Path=/",
        "_tp=; Max-Age=0; Path=/; Secure; Partitioned",
    ]


@pytest.mark.parametrize("name", ["__Secure-tp", "__HOST-tp", "__Http-tp"])
def test_a_name_with_a_prefix_is_deleted_as_its_prefix_asks(name):
    assert written(name, host="localhost") == [f"{name}=; Max-Age=0; Path=/; Secure; HttpOnly"]


def test_directories_of_the_page_come_after_the_root_of_all():
    found = written("_a", "_b", host="localhost", path="/news/today?x=1")

    assert found[:2] == ["_a=; Max-Age=0; Path=/", "_b=; Max-Age=0; Path=/"]
    assert {line.partition("Path=")[2] for line in found[2:]} == {"/news/today", "/news/", "/news"}


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a;b", "caf\xe9", "a=b", "x" * 300])
def test_a_name_that_cannot_be_written_back_is_left_alone(name):
    assert written(name) == []


@given(
    st.lists(st.from_regex(r"[_a-zA-Z0-9.-]{1,60}", fullmatch=True), unique=True, max_size=80),
    st.sampled_from(["/", "/a/b/c/d", "/" + "x/" * 200]),
    st.booleans(),
    st.integers(0, 100),
)
def test_a_response_never_takes_more_than_there_is_room_for(names, path, partitioned, start):
    found = expiring([(name, partitioned) for name in names], "www.paper.example", path, start=start)

    assert size(found) <= MOST_BYTES


def test_what_has_no_room_now_gets_it_when_the_first_are_gone():
    waiting = [f"_c{at:02}" for at in range(60)]
    rounds = 0
    while waiting:
        gone = {line.partition("=")[0] for line in written(*waiting, host="paper.example")}
        waiting = [name for name in waiting if name not in gone]
        rounds += 1

    assert 2 <= rounds <= 5


def test_another_start_gives_every_name_its_turn():
    names = [f"_c{at:02}" for at in range(60)]

    begun = {written(*names, host="paper.example", start=start)[0].partition("=")[0] for start in range(60)}

    assert begun == set(names)
