"""Our cookie is read on bytes, by its exact name, and means something only when we signed it for this site."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asgi import KEY, PAGE, POLICY, get, post, serving

from consentkit.core.cookie import LIMIT, CookieCodec, largest, values_of
from consentkit.core.decision import Decision
from consentkit.core.errors import SecretKeyError
from consentkit.core.policy import Policy
from consentkit.testing import decision_cookie

INERT = b'type="text/plain" data-ck='
OTHER_KEY = "m3Vb9-Zx7Qw1_Er5Ty8Ui2Op6As4Df0Gh"
SITE = Policy.model_validate(POLICY)
NAME, VALUE = (part.encode() for part in decision_cookie(SITE, KEY, granted=["analytics", "marketing"]))
SECURE = b"__Host-consentkit"


async def opened(wrap, *cookies: bytes, **keywords) -> bool:
    """Whether a request with these ``Cookie`` fields is served an open page."""
    reply = await get(wrap(serving(PAGE), **keywords), headers=[(b"cookie", each) for each in cookies])
    return INERT not in reply.body


async def test_the_cookie_of_these_tests_opens_the_page(wrap):
    assert await opened(wrap, NAME + b"=" + VALUE)
    assert await opened(wrap, b"a=1; " + NAME + b"=" + VALUE + b"; b=2")
    assert await opened(wrap, b"a=1", NAME + b"=" + VALUE)
    assert await opened(wrap, b"a=1;" + NAME + b"=" + VALUE)


@pytest.mark.parametrize(
    "before",
    [b"\xa0", b"\x85", b"\xe2\x80\x80", b"\xc2\xa0", b"\t", b"  ", b"\x0b", b"\x0c", b"\x1f", b"\x00", b"="],
    ids=repr,
)
async def test_a_byte_before_the_name_makes_another_name(wrap, before):
    assert not await opened(wrap, before + NAME + b"=" + VALUE)
    assert not await opened(wrap, b"a=1; " + before + NAME + b"=" + VALUE)


@pytest.mark.parametrize(
    "cookie",
    [
        NAME + b" =" + VALUE,
        NAME + b"\xa0=" + VALUE,
        NAME.upper() + b"=" + VALUE,
        b'a="x; ' + NAME + b"=y; " + NAME + b"=" + VALUE,
        NAME + b'="' + VALUE + b'"',
        NAME + b"=" + VALUE + b" ",
        NAME + b"= " + VALUE,
        NAME + b"=" + VALUE[:-1],
        NAME + b"=" + VALUE + b"x",
        NAME + b"=",
        NAME,
        b"=" + NAME + b"=" + VALUE,
        b"x" + NAME + b"=" + VALUE,
        SECURE + b"=" + VALUE,
    ],
    ids=map(str, range(14)),  # the values hold the time, and workers must agree on names
)
async def test_anything_but_the_exact_name_and_value_is_no_consent(wrap, cookie):
    assert not await opened(wrap, cookie)


async def test_quotes_and_legacy_attributes_have_no_meaning(wrap):
    assert await opened(wrap, b'$Version=1; a="x; ' + NAME + b"=" + VALUE)
    assert not await opened(wrap, b"$Version=1; $Path=" + NAME + b"=" + VALUE)


async def test_over_https_only_the_prefixed_name_counts(wrap):
    assert await opened(wrap, SECURE + b"=" + VALUE, https=True)
    assert not await opened(wrap, NAME + b"=" + VALUE, https=True)


@pytest.mark.parametrize("second", [VALUE, b"", b"x", VALUE + b"y"], ids=["same", "empty", "bad", "longer"])
async def test_two_cookies_of_our_name_are_no_consent(wrap, second):
    both = [NAME + b"=" + VALUE, NAME + b"=" + second]

    assert not await opened(wrap, b"; ".join(both))
    assert not await opened(wrap, *both)
    assert not await opened(wrap, *reversed(both))


async def test_three_hundred_cookies_around_ours_change_nothing(wrap):
    many = b"; ".join(b"c%d=%d" % (number, number) for number in range(300))

    assert await opened(wrap, many, NAME + b"=" + VALUE + b"; " + many)


async def test_a_value_over_the_limit_is_ignored_though_it_is_signed(wrap):
    codec = CookieCodec([KEY], SITE.site.address)
    asked = (f"{number:06}" for number in range(150))
    fields = (dict.fromkeys(SITE.askable, True), {}, frozenset({*asked, *SITE.fingerprints.values()}))
    long = codec.dump(Decision(*fields, SITE.version[:16], int(time.time())))
    short = codec.dump(
        Decision(*fields[:2], frozenset(SITE.fingerprints.values()), SITE.version[:16], int(time.time()))
    )

    assert len(long) > LIMIT
    assert codec.load(long) is None
    assert await opened(wrap, NAME + b"=" + short)
    assert not await opened(wrap, NAME + b"=" + long)


def resigned(payload: bytes, *, key: str = KEY, digest: str = "sha256", salt: bytes | None = None) -> bytes:
    """A payload signed by hand, so that one thing can be wrong at a time."""
    salt = b"consentkit.decision.1:https://paper.example" if salt is None else salt
    derived = hmac.digest(key.encode(), salt, digest)
    signature = base64.urlsafe_b64encode(hmac.digest(derived, payload, digest)).rstrip(b"=")
    return payload + b"." + signature


PAYLOAD = VALUE.rpartition(b".")[0]


@pytest.mark.parametrize(
    ("value", "opens"),
    [
        (resigned(PAYLOAD), True),
        (resigned(PAYLOAD, digest="sha1"), False),
        (resigned(PAYLOAD, digest="sha512"), False),
        (resigned(PAYLOAD, key=OTHER_KEY), False),
        (resigned(PAYLOAD, salt=b"itsdangerous.Signer"), False),
        (resigned(PAYLOAD, salt=b"consentkit.decision.1:https://other.example"), False),
        (PAYLOAD + b"." + hashlib.sha256(PAYLOAD).hexdigest().encode(), False),
        (PAYLOAD, False),
        (PAYLOAD + b".", False),
        (resigned(b"0" + PAYLOAD[1:]), False),
        (resigned(b"2" + PAYLOAD[1:]), False),
        (resigned(PAYLOAD + b"\n"), False),
        (resigned(PAYLOAD.replace(b"+analytics", b"+Analytics")), False),
        (resigned(b""), False),
        (resigned(b'{"analytics": true}'), False),
    ],
    ids=map(str, range(15)),
)
async def test_only_our_form_of_payload_under_our_key_algorithm_and_site_counts(wrap, value, opens):
    assert await opened(wrap, NAME + b"=" + value) is opens


async def test_keys_rotate_newest_first(wrap):
    new_first = CookieCodec([OTHER_KEY, KEY], SITE.site.address)
    token = new_first.dump(CookieCodec([KEY], SITE.site.address).load(VALUE))

    assert CookieCodec([OTHER_KEY], SITE.site.address).load(token) is not None
    assert CookieCodec([KEY], SITE.site.address).load(token) is None
    assert await opened(wrap, NAME + b"=" + VALUE, secret_key=[OTHER_KEY, KEY])
    assert not await opened(wrap, NAME + b"=" + VALUE, secret_key=[OTHER_KEY])


@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        "x" * 31,
        "x" * 64,
        "abcabcabcabcabcabcabcabcabcabcabcabc",
        "change-me-change-me-change-me-please",
        "my-secret-key-for-the-news-site-9472",
        "an-Example-key-of-thirty-six-letters",
        "ÄÖ" * 7,
    ],
)
def test_a_weak_or_sample_key_is_refused_and_not_shown(key):
    with pytest.raises(SecretKeyError) as caught:
        CookieCodec([KEY, key], SITE.site.address)

    assert not key or key not in str(caught.value)


def test_no_key_at_all_is_refused():
    with pytest.raises(SecretKeyError, match="CONSENTKIT_SECRET_KEY"):
        CookieCodec([], SITE.site.address)


@pytest.mark.parametrize(("offset", "opens"), [(-60, True), (250, True), (400, False), (86_400, False)])
async def test_clocks_may_differ_by_minutes_and_a_grant_from_the_future_opens_nothing(wrap, offset, opens):
    payload = PAYLOAD.split(b"~")
    payload[1] = str(int(time.time()) + offset).encode()

    assert await opened(wrap, NAME + b"=" + resigned(b"~".join(payload))) is opens


async def test_a_refusal_from_the_future_holds(wrap):
    policy = SITE.model_copy(update={"regime": "notice"})
    _, refusal = decision_cookie(policy, KEY)
    payload = refusal.encode().rpartition(b".")[0].split(b"~")
    payload[1] = str(int(time.time()) + 86_400).encode()
    cookie = NAME + b"=" + resigned(b"~".join(payload))

    assert await opened(wrap, policy=policy)
    assert not await opened(wrap, cookie, policy=policy)


async def test_a_decision_ends_with_the_policys_lifetime(wrap):
    payload = PAYLOAD.split(b"~")
    payload[1] = str(int(time.time()) - SITE.cookie_lifetime - 1).encode()

    assert not await opened(wrap, NAME + b"=" + resigned(b"~".join(payload)))


async def test_strays_of_our_name_are_cleared_by_the_next_decision(wrap):
    app = wrap(serving(PAGE))
    headers = [(b"sec-fetch-site", b"same-origin"), (b"cookie", NAME + b"=x; " + NAME + b"=y")]

    reply = await post(app, {"action": "reject", "next": "/a/b"}, headers, host=b"news.paper.localhost:8000")

    cleared = [value for value in reply.every(b"set-cookie") if b"Max-Age=0" in value]
    assert {b"Path=/a/b", b"Path=/a/"} <= {value.rpartition(b"; ")[2] for value in cleared}
    assert any(b"Domain=news.paper.localhost" in value for value in cleared)
    assert any(b"Domain=paper.localhost" in value for value in cleared)
    assert b"Max-Age=0" not in reply.every(b"set-cookie")[-1]


async def test_without_strays_nothing_is_cleared(wrap):
    reply = await post(wrap(serving(PAGE)), {"action": "reject"})

    assert not [value for value in reply.every(b"set-cookie") if b"Max-Age=0" in value]


names = st.sampled_from(["functional", "analytics", "marketing"])
decisions = st.builds(
    Decision,
    purposes=st.dictionaries(names, st.booleans()),
    services=st.dictionaries(st.sampled_from(sorted(SITE.marks.values())), st.booleans()),
    asked=st.sets(st.sampled_from(sorted(SITE.fingerprints.values()))).map(frozenset),
    policy=st.just(SITE.version[:16]),
    at=st.integers(0, 9_999_999_999),
    visitor=st.none() | st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True),
    signalled=st.booleans(),
)
CODEC = CookieCodec([KEY], SITE.site.address)


@given(decisions)
def test_what_is_written_is_read_back(decision):
    value = CODEC.dump(decision)

    assert CookieCodec([KEY], SITE.site.address).load(value) == decision
    assert len(value) <= largest(SITE) + 32
    assert not set(value) & set(b' ",;\\\x7f')
    assert value.isascii()


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_garbage_never_is_a_decision(garbage, tail):
    for value in (garbage, garbage + b"." + tail, PAYLOAD + b"." + garbage, garbage + VALUE):
        if value != VALUE:
            assert CODEC.load(value) is None


@given(st.integers(0, len(VALUE) * 8 - 1))
def test_no_changed_bit_of_a_cookie_survives(bit):
    changed = bytearray(VALUE)
    changed[bit // 8] ^= 1 << bit % 8
    # The last character of a signature holds four bits that stand for nothing.
    known = CODEC.load(bytes(changed))

    assert known is None or (bit // 8 == len(VALUE) - 1 and known == CODEC.load(VALUE))


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_reading_any_cookie_fields_raises_nothing(fields):
    assert isinstance(values_of(NAME, fields), list)
    assert CODEC.read(NAME, fields).decision is None


def test_the_keyed_hash_depends_on_text_and_key():
    other = CookieCodec([OTHER_KEY], SITE.site.address)

    assert CODEC.keyed_hash(b"a") == CODEC.keyed_hash(b"a")
    assert len({CODEC.keyed_hash(b"a"), CODEC.keyed_hash(b"b"), other.keyed_hash(b"a")}) == 3
