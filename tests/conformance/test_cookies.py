"""Case 45 and what stands beside it: the gate on ``Set-Cookie``, the cookies of a request, and their expiry."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.asgi import HTML, JSON, KEY, PAGE, POLICY, SAME, body_of, drive, get, http, post, serving

from consentkit.core.policy import Policy
from consentkit.testing import decision_cookie

SERVICES = {
    "counter": {
        "vendor": "Counter Inc",
        "purposes": ["analytics"],
        "cookies": [
            {"name": "_c"},
            {"pattern": "^_c_[A-Z0-9]+$", "lifetime": "13mo"},
            {"name": "_cp", "partitioned": True},
            {"name": "_shared"},
        ],
        "storage": ["_c.id", "^_c_.+$", "_both"],
    },
    "player": {
        "vendor": "Player SA",
        "purposes": ["marketing"],
        "cookies": [{"name": "_shared"}, {"name": "__Secure-player"}],
        "storage": ["_both"],
    },
    "basket": {"vendor": "The Paper", "purposes": ["necessary"], "cookies": [{"name": "basket"}]},
}
LONG_AGO = b"Expires=Thu, 01 Jan 1970 00:00:00 GMT"
JSON_PAGE = [(b"content-type", b"application/json")]


def policy_with(**more: Any) -> Policy:
    return Policy.model_validate({**POLICY, "services": SERVICES, **more})


@pytest.fixture
def policy() -> Policy:
    return policy_with()


def setting(*cookies: bytes, headers: Any = JSON_PAGE) -> Any:
    return serving(b"{}", headers=[*headers, *((b"set-cookie", cookie) for cookie in cookies)])


def visitor(policy: Policy, *granted: str, cookies: bytes = b"") -> list[tuple[bytes, bytes]]:
    name, value = decision_cookie(policy, KEY, granted=granted)
    return [(b"cookie", f"{name}={value}".encode() + (b"; " + cookies if cookies else b""))]


def gone(reply: Any) -> set[bytes]:
    """The names of the cookies that an answer deletes."""
    return {value.partition(b"=")[0] for value in reply.every(b"set-cookie") if b"Max-Age=0" in value}


@pytest.mark.parametrize(
    "field",
    [
        b"_c=1",
        b"_c=1; Path=/; HttpOnly",
        b' _c = "a b" ;SECURE; partitioned;samesite=NONE; Path=/',
        b"_c_AB12=1; max-age=99; path=/",
        b"_c",
        b"=_c=1; Path=/",
        b"_c=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Domain=paper.example",
        b'_c=1; Max-Age="0"',
    ],
)
async def test_45_a_cookie_of_a_denied_service_is_not_set_by_any_response(wrap, policy, field):
    reply = await get(wrap(setting(field)), headers=visitor(policy))

    assert reply.every(b"set-cookie") == []


async def test_45b_it_is_set_once_the_service_is_granted(wrap, policy):
    reply = await get(wrap(setting(b"_c=1; Path=/")), headers=visitor(policy, "analytics"))

    assert reply.every(b"set-cookie") == [b"_c=1; Path=/"]


@pytest.mark.parametrize(
    "field",
    [
        b"_c=; Max-Age=0",
        b"_c=; path=/; MAX-AGE=-1; Secure",
        b"_c=gone; " + LONG_AGO,
        b"_c=; " + LONG_AGO + b"; Max-Age=0; Partitioned; Secure",
    ],
)
async def test_45c_a_deletion_passes_byte_for_byte(wrap, policy, field):
    reply = await get(wrap(setting(field)), headers=visitor(policy))

    assert reply.every(b"set-cookie") == [field]


async def test_45d_repeated_fields_keep_their_order_case_and_bytes(wrap, policy):
    own = [
        (b"Set-Cookie", b"a=1;  Path=/ ;HttpOnly"),
        (b"x-own", b"1"),
        (b"SET-COOKIE", b"_c=1"),
        (b"set-cookie", b"caf\xe9=\xff; Partitioned; Future=1"),
        (b"Vary", b"Origin"),
        (b"set-cookie", b"a=2"),
    ]

    reply = await get(wrap(serving(b"{}", headers=[*JSON_PAGE, *own])), headers=visitor(policy))

    assert reply.headers == [*JSON_PAGE, *own[:2], *own[3:]]


async def test_45e_a_cookie_of_several_services_is_set_while_one_of_them_may_run(wrap, policy):
    app = wrap(setting(b"_shared=1"))

    assert (await get(app, headers=visitor(policy, "marketing"))).every(b"set-cookie") == [b"_shared=1"]
    assert (await get(app, headers=visitor(policy))).every(b"set-cookie") == []


@pytest.mark.parametrize(("rule", "kept"), [("allow", [b"own=1", b"basket=2"]), ("drop", [b"basket=2"])])
async def test_45f_a_cookie_that_nobody_is_known_for_follows_the_policy(wrap, rule, kept):
    policy = policy_with(unknown_cookies=rule)

    reply = await get(wrap(setting(b"own=1", b"basket=2"), policy=policy), headers=visitor(policy))

    assert reply.every(b"set-cookie") == kept


async def test_45g_dropping_unknown_cookies_leaves_deletions_and_ours_alone(wrap):
    policy = policy_with(unknown_cookies="drop")
    fields = [b"own=; Max-Age=0", b"consentkit=x", b"__Host-consentkit=x", b"__Host-consentkit-hint=x"]

    reply = await get(wrap(setting(*fields), policy=policy), headers=visitor(policy))

    assert reply.every(b"set-cookie") == fields


async def test_45h_where_nothing_is_enforced_every_cookie_passes(wrap):
    reply = await get(wrap(setting(b"_c=1"), enabled=False))

    assert reply.every(b"set-cookie") == [b"_c=1"]


async def test_45i_the_session_of_a_framework_is_never_a_service_that_the_policy_does_not_name(wrap, policy):
    fields = [b"session=1", b"sessionid=1", b"csrftoken=1", b"PHPSESSID=1"]

    reply = await get(wrap(setting(*fields)), headers=visitor(policy))

    assert reply.every(b"set-cookie") == fields


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b"</own.css>; rel=preload; as=style", b"</own.css>; rel=preload; as=style"),
        (b"<https://c.example/c.js>; rel=preload", None),
        (b'<//C.example/c.js>; rel="preload", </a>; rel=next', b"</a>; rel=next"),
        (
            b"<https://c.example>; rel=preconnect,<https://x.example>; rel=preconnect",
            b"<https://x.example>; rel=preconnect",
        ),
        (b"<https:\\\\c.example\\x>; rel=prefetch", None),
        (b"<https://c.example/>; rel=canonical", b"<https://c.example/>; rel=canonical"),
        (b"</metrics/m.js>; rel=modulepreload", None),
    ],
)
async def test_7b_links_to_a_denied_service_go_from_fields_and_from_early_hints(wrap, value, left):
    services = {
        "c": {"vendor": "C", "purposes": ["analytics"], "addresses": ["c.example", "/metrics/"]},
    }
    policy = policy_with(services=services)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.early_hint", "links": [value, b"</x>; rel=preload"]})
        await serving(b"{}", headers=[*JSON_PAGE, (b"Link", value)])(scope, receive, send)

    reply = await get(wrap(app, policy=policy), headers=visitor(policy))

    hinted = next(each for each in reply.messages if each["type"] == "http.response.early_hint")
    assert reply.every(b"link") == ([left] if left else [])
    assert hinted["links"] == [*([left] if left else []), b"</x>; rel=preload"]


@pytest.mark.parametrize("hide", [True, False])
async def test_cookies_of_denied_services_are_hidden_from_the_app_where_the_policy_says_so(wrap, hide):
    policy = policy_with(hide_request_cookies=hide)
    seen: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(value for name, value in scope["headers"] if name == b"cookie")
        await serving(b"{}", headers=JSON_PAGE)(scope, receive, send)

    (cookie,) = visitor(policy)
    sent = [(b"cookie", b"a=1; _c=2;b=\xff"), cookie, (b"cookie", b"_c_X1=1")]
    await get(wrap(app, policy=policy), headers=sent)

    everything = [value for _, value in sent]
    assert seen == ([b"a=1;b=\xff", cookie[1]] if hide else everything)


async def test_k25_cookies_that_were_there_before_are_expired_by_the_first_refusal(wrap, policy):
    cookies = (b"cookie", b"_c=GA1.1.1; _c_AB12CD=GS2.1.s1; _cp=fb.1.2; sessionid=s; other=1")
    secure = {"host": b"www.paper.example", "scheme": "https"}

    reply = await post(wrap(serving(PAGE)), {"action": "reject"}, [SAME, cookies], **secure)

    fields = reply.every(b"set-cookie")
    assert fields[0].startswith(b"__Host-consentkit=")
    assert gone(reply) == {b"_c", b"_c_AB12CD", b"_cp"}
    assert [field for field in fields if field.startswith(b"_c=")] == [
        b"_c=; Max-Age=0; Path=/",
        b"_c=; Max-Age=0; Path=/; Domain=www.paper.example",
        b"_c=; Max-Age=0; Path=/; Domain=paper.example",
    ]
    assert b"_cp=; Max-Age=0; Path=/; Secure; Partitioned" in fields


async def test_what_a_decision_leaves_open_is_not_expired(wrap, policy):
    notice = json.loads((await get(wrap(serving(PAGE)), "/_consent/state")).body)["notice"]
    fields = {"action": "save", "purpose": ["analytics"], "notice": notice}

    reply = await post(
        wrap(serving(PAGE)), fields, [SAME, (b"cookie", b"_c=1; __Secure-player=2; _shared=3")]
    )

    assert gone(reply) == {b"__Secure-player"}


async def test_a_page_expires_what_a_script_has_written_again(wrap, policy):
    app = wrap(serving(PAGE))

    first = await get(app, headers=visitor(policy, cookies=b"_c=1; own=1"))
    again = await get(app, headers=visitor(policy, cookies=b"_c=1; own=1"))

    assert gone(first) == gone(again) == {b"_c"}


async def test_a_page_tries_its_own_directories_too(wrap, policy):
    reply = await get(wrap(serving(PAGE)), "/news/today", headers=visitor(policy, cookies=b"_c=1"))

    assert b"_c=; Max-Age=0; Path=/news" in reply.every(b"set-cookie")


@pytest.mark.parametrize(
    "asked",
    [
        [(b"sec-fetch-dest", b"iframe"), (b"sec-fetch-site", b"cross-site")],
        [(b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"no-cors")],
    ],
)
async def test_where_our_cookie_may_be_withheld_nothing_is_expired(wrap, asked):
    reply = await get(wrap(serving(PAGE)), headers=[*asked, (b"cookie", b"_c=1")])

    assert gone(reply) == set()


async def test_neither_the_session_nor_ours_nor_an_unknown_cookie_is_ever_expired(wrap):
    policy = policy_with(unknown_cookies="drop", hide_request_cookies=True)
    cookies = b"session=1; sessionid=2; basket=3; own=4; consentkit-hint=5; __Host-consentkit=6"

    reply = await get(wrap(serving(PAGE), policy=policy), headers=visitor(policy, cookies=cookies))

    # Their own hint alone is put right.
    assert [value.partition(b"=")[0] for value in reply.every(b"set-cookie")] == [b"consentkit-hint"]


async def test_three_hundred_cookies_are_expired_within_two_kilobytes_and_in_turns(wrap, policy):
    cookies = b"; ".join(b"_c_%d=1" % at for at in range(300))

    replies = [await get(wrap(serving(PAGE)), headers=visitor(policy, cookies=cookies)) for _ in range(8)]

    for reply in replies:
        assert sum(len(b"set-cookie: \r\n" + value) for value in reply.every(b"set-cookie")) <= 2048
    assert len(set().union(*map(gone, replies))) > len(gone(replies[0]))


async def test_the_state_expires_too_and_names_what_is_to_be_cleared_in_the_browser(wrap, policy):
    reply = await get(wrap(serving(PAGE)), "/_consent/state", headers=visitor(policy, cookies=b"_c=1"))

    assert gone(reply) == {b"_c"}
    assert {"_c.id", "^_c_.+$", "_both"} <= set(json.loads(reply.body)["storage"])


async def test_a_decision_in_json_names_what_is_to_be_cleared_and_nothing_that_one_still_keeps(wrap, policy):
    notice = json.loads((await get(wrap(serving(PAGE)), "/_consent/state")).body)["notice"]
    body = json.dumps({"action": "save", "purpose": ["marketing"], "notice": notice}).encode()
    scope = http("/_consent", method="POST", headers=[JSON, SAME])

    reply = await drive(wrap(serving(PAGE)), scope, body_of(body))

    stored = json.loads(reply.body)["storage"]
    assert {"_c.id", "^_c_.+$"} <= set(stored)
    assert "_both" not in stored


@pytest.mark.parametrize(
    "headers",
    [
        [(b"set-cookie", b"\x00\xff\r\n=;;;=")],
        [(b"set-cookie", b"")],
        [(b"link", b"<http://[>; rel=preload")],
        [(b"link", b"<https://x:99999/>; rel=preload")],
        [(b"link", b"\xff" * 1000)],
        [(b"set-cookie", b"c%d=1" % at) for at in range(300)],
    ],
    ids=["control-bytes", "empty", "broken-address", "no-port", "latin-1", "three-hundred"],
)
async def test_header_bytes_of_any_kind_pass_without_a_fault(wrap, policy, headers):
    reply = await get(wrap(serving(b"{}", headers=[*JSON_PAGE, *headers])), headers=visitor(policy))

    assert reply.headers == [*JSON_PAGE, *headers]


@pytest.mark.parametrize("value", [b"\xff\xfe=1; \x00=2", b";" * 5000, b"=;=;=", b"_c" * 5000])
async def test_cookies_of_any_kind_are_read_without_a_fault(wrap, value):
    policy = policy_with(hide_request_cookies=True)

    reply = await get(wrap(serving(PAGE), policy=policy), headers=[(b"cookie", value)])

    assert reply.status == 200


async def test_what_is_dropped_is_counted_by_service_and_by_the_name_that_is_known(wrap, policy):
    app = wrap(
        serving(
            PAGE, headers=[*HTML, (b"set-cookie", b"_c_AB=1"), (b"link", b"<//counter.example>; rel=icon")]
        )
    )
    told: list[Any] = []
    app._laws.strictest.gate.count = told.append

    await get(app, headers=visitor(policy))

    assert {("cookie", "counter", "^_c_[A-Z0-9]+$"): 1} in told


async def test_a_service_that_runs_under_consent_mode_alone_keeps_nothing_in_the_browser(wrap):
    mode = {"consent_mode": True, "cookies": [{"name": "_c"}], "storage": ["_c.id"]}
    services = {"counter": {"vendor": "C", "purposes": ["analytics"], **mode}}
    policy = policy_with(services=services, consent_mode="advanced")

    reply = await get(wrap(setting(b"_c=1"), policy=policy), headers=visitor(policy))
    state = await get(
        wrap(serving(PAGE), policy=policy), "/_consent/state", headers=visitor(policy, cookies=b"_c=1")
    )

    assert reply.every(b"set-cookie") == []
    assert gone(state) == {b"_c"}
    assert "_c.id" in json.loads(state.body)["storage"]
