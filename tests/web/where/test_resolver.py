"""Resolvers, alone and one after another."""

from __future__ import annotations

import pytest
from tests.asgi import GATED, get, http, serving

from consentkit.core.errors import ConfigurationError
from consentkit.web import where

SCOPE = http(client=("203.0.113.77", 1))


def broken(scope):
    raise LookupError(scope["client"][0])


@pytest.mark.parametrize("code", ["FR", "US-CA", "EU", "world"])
def test_a_fixed_place_is_everybodys(code):
    assert where.fixed(code)(SCOPE) == code


@pytest.mark.parametrize("code", ["", "XX", "France", "fra", "US_CA", "US-CALI", None])
def test_a_fixed_place_that_is_none_is_refused_at_start(code):
    with pytest.raises(ConfigurationError, match=r"where\.fixed: found "):
        where.fixed(code)


def test_a_fixed_place_may_be_written_small():
    assert where.fixed("fr")(SCOPE) == "FR"


def test_the_first_that_knows_is_believed():
    unknown, France, Spain = (lambda scope: None), where.fixed("FR"), where.fixed("ES")

    assert where.first(unknown, France, Spain)(SCOPE) == "FR"
    assert where.first(broken, Spain, France)(SCOPE) == "ES"
    assert where.first(lambda scope: "XX", France)(SCOPE) == "FR"
    assert where.first(unknown, broken)(SCOPE) is None


def test_nothing_to_ask_is_refused_at_start():
    with pytest.raises(ConfigurationError, match=r"where\.first: found nothing"):
        where.first()


def test_a_fault_is_unknown_and_logged_once_by_kind_without_data(caplog):
    asked = where.safely(broken)

    assert [asked(SCOPE), asked(SCOPE)] == [None, None]

    (record,) = caplog.records
    assert "LookupError" in record.getMessage()
    assert "203.0.113.77" not in record.getMessage()
    assert record.exc_info is None


@pytest.mark.parametrize("found", [b"FR", 7, "nowhere at all", ["FR"]])
def test_what_is_no_code_is_unknown_and_logged_once_without_data(caplog, found):
    asked = where.safely(lambda scope: found)

    assert [asked(SCOPE), asked(SCOPE)] == [None, None]

    (record,) = caplog.records
    assert type(found).__name__ in record.getMessage()
    assert "nowhere" not in record.getMessage()


def test_a_safe_resolver_is_not_wrapped_twice():
    asked = where.safely(lambda scope: "fr")

    assert where.safely(asked) is asked
    assert asked(SCOPE) == "FR"


@pytest.mark.parametrize("asked", [where.safely(broken), where.first(broken, lambda scope: None)])
async def test_a_page_is_served_gated_where_nobody_knows(wrap, asked):
    reply = await get(wrap(serving(GATED), jurisdiction=asked), "/")

    assert reply.status == 200
    assert b'type="text/plain" data-ck=' in reply.body
