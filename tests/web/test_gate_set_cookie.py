"""The app's cookies: read as browsers read them, dropped or passed whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.web.gate.cookiedate import cookie_date
from consentkit.web.gate.set_cookie import cookie_name, deletes

NOW = 1_795_600_000
"""25 November 2026."""
PAST, FUTURE = b"Thu, 01 Jan 1970 00:00:00 GMT", b"Wed, 01 Jan 2031 00:00:00 GMT"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (b"_ga=GA1.1; Path=/", "_ga"),
        (b"  _ga \t= GA1; Path=/", "_ga"),
        (b"_ga", "_ga"),
        (b"_ga; Path=/", "_ga"),
        (b"=_ga=GA1; Path=/", "_ga"),
        (b"= _ga; Path=/", "_ga"),
        (b'_ga="a=b"; Path=/', "_ga"),
        (b"caf\xe9=1", "caf\xe9"),
        (b"", ""),
        (b"; Path=/", ""),
    ],
)
def test_a_cookie_is_known_by_the_name_under_which_it_comes_back(field, name):
    assert cookie_name(field) == name


@pytest.mark.parametrize(
    "attributes",
    [
        b"Max-Age=0",
        b"max-AGE = 0 ",
        b"Max-Age=-1",
        b"MAX-AGE=00",
        b"Path=/; Max-Age=0; Expires=" + FUTURE,
        b"Expires=" + PAST,
        b"expires=" + PAST + b"; Secure; Partitioned; SameSite=None",
        b'Expires="' + PAST + b'"',
        b"Expires=Thu, 01-Jan-70 00:00:01 GMT",
        b"Expires=1970 Jan 1 0:0:0",
        b"Expires=Sun, 06 Nov 1994 08:49:37.123 GMT",
        b"Partitioned;HttpOnly;;=;Expires=" + PAST,
    ],
)
def test_what_every_browser_takes_for_a_deletion_is_one(attributes):
    assert deletes(b"_ga=; " + attributes, NOW)


@pytest.mark.parametrize(
    "attributes",
    [
        b"",
        b"Path=/",
        b"Max-Age=1",
        b"Max-Age=99999999999999999999",
        b'Max-Age="0"',
        b"Max-Age=",
        b"Max-Age=0x",
        b"Max-Age=0.5",
        b"Max-Age=99; Expires=" + PAST,
        b"Max-Age=0; Max-Age=99",
        b"Max-Age=0; Max-Age=x",
        b"Expires=" + FUTURE,
        b"Expires=" + PAST + b"; Expires=" + FUTURE,
        b"Expires=0",
        b"Expires=-1",
        b"Expires=Thu, 01 Jan 1970",
        b"Expires=Thu, 31 Feb 2000 00:00:00 GMT",
        b"Expires=Thu, 01 Jan 1970 24:00:00 GMT",
        b"Expires=Thu, 01 January 1970 00:00:00Z",
        b"Max-Ages=0",
        b"Comment=Max-Age=0",
    ],
)
def test_what_a_browser_may_keep_is_no_deletion(attributes):
    """Each of these was kept by Chromium, or is kept by a browser that reads the standard."""
    assert not deletes(b"_ga=1; " + attributes, NOW)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (PAST, 0),
        (b"Thu, 01 Jan 1970 00:01:00 GMT", 60),
        (b"Wed, 18 May 2033 03:33:20 GMT", 2_000_000_000),
        (b"18-MAY-33 3:33:20", 2_000_000_000),
        (b"Thu, 01 Jan 69 00:00:00 GMT", 3_124_224_000),
        (b"Thu, 01 Jan 1600 00:00:00 GMT", None),
        (b"Thu, 01 Jan 1970 00:60:00 GMT", None),
        (b"Thu, 32 Jan 1970 00:00:00 GMT", None),
        (b"tomorrow", None),
        (b"", None),
    ],
)
def test_a_date_is_read_as_the_standard_has_it(text, seconds):
    assert cookie_date(text) == seconds


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_a_fault(field):
    cookie_name(field)
    deletes(field, NOW)
