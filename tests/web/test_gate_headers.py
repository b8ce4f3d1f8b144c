"""Header fields of a gated page: what must change does, and everything else stays where it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.web.gate.candidate import is_html
from consentkit.web.gate.csp import FREE, inline
from consentkit.web.gate.headers import clears_cookies, private, tag_with_state, tags_for_app, untagged

STATE, OTHER = b"0123456789ab", b"ba9876543210"
CHANGED = {
    b"cache-control",
    b"vary",
    b"etag",
    b"content-length",
    b"expires",
    b"pragma",
    b"last-modified",
    b"accept-ranges",
    b"cdn-cache-control",
}
tokens = st.from_regex(rb"[A-Za-z][A-Za-z-]{0,15}", fullmatch=True)
names = (
    st.sampled_from(sorted(CHANGED | {b"set-cookie", b"X-Own", b"Link", b"Content-Type", b"ETag", b"VARY"}))
    | tokens
)
values = st.binary(max_size=20).map(lambda raw: re.sub(rb"[\x00-\x1f\x7f]", b"", raw))
fields = st.lists(st.tuples(names, values), max_size=12)


@given(fields, st.none() | st.integers(0, 10**9))
def test_every_other_field_stays_as_it_is_and_in_its_order(headers, length):
    before = list(headers)

    after = private(headers, state=STATE, vary=(b"Cookie",), length=length)

    assert headers == before
    untouched = [field for field in headers if field[0].lower() not in CHANGED]
    special = re.compile(
        rb"(surrogate|edge|cloudflare|x-accel|content-md5|digest|repr-|content-digest)", re.IGNORECASE
    )
    untouched = [field for field in untouched if not special.match(field[0])]
    kept = [field for field in after if field[0].lower() not in CHANGED]
    assert kept == untouched


@given(fields, st.none() | st.integers(0, 10**9))
def test_a_gated_page_is_private_once_varies_on_cookie_and_has_one_length(headers, length):
    after = private(headers, state=STATE, vary=(b"Cookie",), length=length)

    (caching,) = [value for name, value in after if name.lower() == b"cache-control"]
    assert caching.startswith(b"private, no-cache")
    assert b"max-age" not in caching
    varying = b",".join(value for name, value in after if name.lower() == b"vary").lower()
    assert {b"cookie", b"*"} & {part.strip() for part in varying.split(b",")}
    lengths = [value for name, value in after if name.lower() == b"content-length"]
    said = any(name.lower() == b"content-length" for name, _ in headers)
    assert lengths == ([b"%d" % length] if said and length is not None else [])


@given(st.from_regex(rb'(W/)?"[!#-~]{0,20}"', fullmatch=True))
def test_a_validator_comes_back_to_the_app_as_it_was_and_only_in_its_state(etag):
    sent = tag_with_state(etag, STATE)

    assert sent.startswith(b'W/"')
    assert tags_for_app(sent, STATE) == etag
    assert tags_for_app(sent, OTHER) is None
    assert tags_for_app(b'"x", ' + sent + b', W/"y"', STATE) == etag
    assert not untagged(sent)


@given(st.binary(max_size=60))
def test_any_condition_of_a_browser_is_read_without_a_fault(value):
    tags_for_app(value, STATE)
    tag_with_state(value, STATE)


@given(st.binary(max_size=120))
def test_any_policy_is_read_without_a_fault_and_never_frees_more_than_no_policy(value):
    found = inline([(b"content-security-policy", value)])

    assert (
        found == FREE
        or found.nonce is not None
        or not (found.allowed and found.script)
        or b"'unsafe-inline'" in value.lower()
    )


@pytest.mark.parametrize(
    ("value", "clears"),
    [
        (b'"cookies"', True),
        (b'"*"', True),
        (b'"cache", "cookies"', True),
        (b'"storage"', False),
        (b"cookies", False),
    ],
)
def test_what_wipes_cookies_is_told_from_what_does_not(value, clears):
    assert clears_cookies(value) is clears


@pytest.mark.parametrize(
    "value", [b"text/html", b"TEXT/html;a=b", b"\ttext/html ;x", b"text/html, text/plain"]
)
def test_html_by_any_spelling(value):
    assert is_html(value)


@pytest.mark.parametrize(
    "value", [b"", b"text/htm", b"text/html2", b"text/html-x", b"x-text/html", b"application/html"]
)
def test_what_is_no_html(value):
    assert not is_html(value)
