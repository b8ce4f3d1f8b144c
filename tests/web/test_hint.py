"""The hint cookie: what it says, when it is set, and that the server takes no consent from it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from tests.asgi import HTML, PAGE, POLICY, cookie_of, get, post, serving
from tests.fixtures import Wrap

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.decision import Act, Choice, Outcome, decide
from consentkit.core.duration import DAY
from consentkit.core.jurisdiction import Rule
from consentkit.core.policy import Policy
from consentkit.core.terms import Terms
from consentkit.web.hint import Hints, hint_cookie, hint_name, hint_sent, lasts
from consentkit.web.transport import Keeping

LARGE = {
    **POLICY,
    "services": {f"service-{n}": {"vendor": f"Vendor {n}", "purposes": ["analytics"]} for n in range(40)},
}


def after(policy: Policy, act: Act, **choice: object) -> Consent:
    outcome = decide(policy, Choice(act, **choice), now=1_000_000, visitor="v")  # type: ignore[arg-type]
    assert isinstance(outcome, Outcome)
    return resolve(policy, Signals(), outcome.decision, 1_000_000)


def hints_of(reply: object) -> list[bytes]:
    return [value for value in reply.every(b"set-cookie") if value.startswith(b"consentkit-hint=")]  # type: ignore[attr-defined]


def test_a_hint_says_what_may_run_a_bit_for_each_name(policy: Policy) -> None:
    hints = Hints(policy)

    value = hints.value(after(policy, Act.SAVE, purposes=frozenset({"analytics"})))

    digest, outcome, bits = value.decode().split(".")
    granted = {name for at, name in enumerate(hints.ids) if int(bits, 16) >> (len(hints.ids) - 1 - at) & 1}
    assert digest == hints.digest
    assert outcome == "custom"
    assert granted == {"analytics", "counter"}


def test_without_a_choice_there_is_no_hint(policy: Policy) -> None:
    assert Hints(policy).value(resolve(policy, Signals(), None, 0)) == b""
    assert Hints(policy).value(resolve(policy, Signals(withheld=True), None, 0)) == b""


def test_a_hint_names_nobody_and_stays_short() -> None:
    policy = Policy.model_validate(LARGE)

    first, second = (Hints(policy).value(after(policy, Act.ACCEPT)) for _ in range(2))

    assert first == second
    assert len(first) <= 64


def test_hints_of_policies_that_ask_otherwise_differ_though_their_bits_do_not(policy: Policy) -> None:
    renamed = {"meter": POLICY["services"]["counter"], "player": POLICY["services"]["player"]}
    other = Policy.model_validate({**POLICY, "services": renamed})

    values = {Hints(each).value(after(each, Act.ACCEPT)) for each in (policy, other)}

    assert len(values) == 2


@pytest.mark.parametrize(
    "change",
    [{"recipients": ["Broker GmbH"]}, {"vendor": "Another Inc"}, {"purposes": ["marketing"]}],
    ids=lambda change: next(iter(change)),
)
def test_a_hint_to_another_question_is_another_though_its_names_are_the_same(
    policy: Policy, change: dict[str, object]
) -> None:
    counter = {**POLICY["services"]["counter"], **change}
    other = Policy.model_validate({**POLICY, "services": {**POLICY["services"], "counter": counter}})

    assert Hints(other).ids == Hints(policy).ids
    assert Hints(other).digest != Hints(policy).digest


@pytest.mark.parametrize(
    ("keeping", "field"),
    [
        (Keeping.SECURE, b"n-hint=v; Path=/; Max-Age=60; SameSite=Lax; Secure"),
        (Keeping.PLAIN, b"n-hint=v; Path=/; Max-Age=60; SameSite=Lax"),
    ],
    ids=str,
)
def test_a_hint_can_be_read_by_scripts_and_lives_as_long_as_the_choice(
    keeping: Keeping, field: bytes
) -> None:
    assert hint_cookie(hint_name(b"n"), b"v", keeping, 60) == (b"set-cookie", field)


@pytest.mark.parametrize(("act", "life"), [(Act.ACCEPT, 180), (Act.REJECT, 360)], ids=str)
def test_a_hint_that_comes_back_ends_with_what_it_says(act: Act, life: int) -> None:
    rule = Rule.model_validate(
        {
            **dict.fromkeys(("functional", "analytics", "marketing"), "opt-in"),
            "ask_again": "12mo",
            "lifetime": "6mo",
            "sources": [{"act": "An act"}],
            "checked": "2026-11-25",
            "confidence": "high",
        }
    )
    policy = Policy.model_validate(POLICY).under(Terms("ZZ", rule, "ZZ"))
    outcome = decide(policy, Choice(act), now=1_000_000, visitor="v")
    assert isinstance(outcome, Outcome)

    assert lasts(policy, outcome.decision, 1_000_000 + 100 * DAY) == (life - 100) * DAY


async def test_a_hint_renewed_on_a_later_day_lives_no_longer_for_it(
    wrap: Wrap, decided: Callable[..., tuple[bytes, bytes]], policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, cookie, real = wrap(serving(PAGE)), decided("analytics"), time.time

    def lives(field: bytes) -> int:
        return int(field.split(b"Max-Age=")[1].partition(b";")[0])

    (first,) = hints_of(await get(app, headers=[cookie]))
    monkeypatch.setattr(time, "time", lambda: real() + 10 * DAY)
    (later,) = hints_of(await get(app, headers=[cookie]))

    assert lives(first) <= policy.grant_lifetime
    assert 10 * DAY - 60 <= lives(first) - lives(later) <= 10 * DAY + 60


def test_two_hints_of_one_name_are_the_right_one_never() -> None:
    assert hint_sent(b"h", [b"h=1; h=2"]) not in (b"", b"1", b"2")


@pytest.mark.parametrize("action", ["accept", "reject"])
async def test_a_decision_sets_its_hint_beside_its_cookie(wrap: Wrap, policy: Policy, action: str) -> None:
    app = wrap(serving(PAGE))
    notice = (await get(app, "/_consent/state")).body.split(b'"notice":"')[1][:64].decode()

    reply = await post(app, {"action": action, "notice": notice})

    expected = Hints(policy).value(after(policy, Act(action)))
    assert [value.partition(b";")[0] for value in hints_of(reply)] == [b"consentkit-hint=" + expected]
    assert b"httponly" not in hints_of(reply)[0].lower()
    assert hints_of(await get(app, headers=[cookie_of(reply)])) == []


async def test_a_lost_hint_comes_back_with_the_next_page_and_with_state(
    wrap: Wrap, policy: Policy, decided: Callable[..., tuple[bytes, bytes]]
) -> None:
    app = wrap(serving(PAGE))
    expected = b"consentkit-hint=" + Hints(policy).value(
        after(policy, Act.SAVE, purposes=frozenset({"analytics"}))
    )

    page = await get(app, headers=[decided("analytics")])
    state = await get(app, "/_consent/state", headers=[decided("analytics")])

    assert [value.partition(b";")[0] for value in hints_of(page)] == [expected]
    assert [value.partition(b";")[0] for value in hints_of(state)] == [expected]


async def test_a_hint_without_a_choice_goes(wrap: Wrap) -> None:
    reply = await get(wrap(serving(PAGE)), headers=[(b"cookie", b"consentkit-hint=1f3a9c02.a.f")])

    assert [b"Max-Age=0" in value for value in hints_of(reply)] == [True]


async def test_a_hint_opens_nothing_on_the_server(wrap: Wrap, policy: Policy) -> None:
    forged = b"consentkit-hint=" + Hints(policy).value(after(policy, Act.ACCEPT))

    reply = await get(wrap(serving(PAGE)), headers=[(b"cookie", forged)])

    assert b'data-ck-src="https://counter.example/c.js"' in reply.body


@pytest.mark.parametrize(
    ("path", "headers", "fields"),
    [
        ("/", [(b"sec-fetch-dest", b"iframe")], HTML),
        ("/", [(b"hx-request", b"true")], HTML),
        ("/data", [], [(b"content-type", b"application/json")]),
    ],
    ids=["a frame", "a fragment", "data"],
)
async def test_what_nobody_looks_at_sets_no_hint(
    wrap: Wrap, decided: Callable[..., tuple[bytes, bytes]], path: str, headers: list[object], fields: object
) -> None:
    app = wrap(serving(PAGE, headers=fields))

    reply = await get(app, path, headers=[decided("analytics"), *headers])  # type: ignore[list-item]

    assert hints_of(reply) == []
