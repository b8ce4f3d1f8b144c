"""What is sent to the decision endpoint: limits, forms, types, unknown names."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.asgi import FORM, JSON, PAGE, SAME, Reply, body_of, drive, get, http, post, recorder, serving

from consentkit.web import form
from consentkit.web.form import LARGEST_BODY, Bad, Submission, parse


async def send_body(app: Any, *pieces: bytes, kind: tuple[bytes, bytes] = FORM) -> Reply:
    return await drive(app, http("/_consent", method="POST", headers=[kind, SAME]), body_of(*pieces))


async def nothing_happened(reply: Reply, audit: Any) -> bool:
    """No cookie was set and nothing was logged."""
    return not reply.every(b"set-cookie") and audit.health()["store"] == "unopened"


@pytest.mark.parametrize(
    "kind",
    [b"text/plain", b"multipart/form-data; boundary=x", b"text/html", b"application/xml", b"", b"form"],
)
async def test_another_content_type_is_415(wrap, audit, kind):
    reply = await send_body(wrap(serving(PAGE)), b"action=reject", kind=(b"content-type", kind))

    assert reply.status == 415
    assert await nothing_happened(reply, audit)


async def test_no_content_type_is_415(wrap):
    scope = http("/_consent", method="POST", headers=[SAME])

    assert (await drive(wrap(serving(PAGE)), scope, body_of(b"action=reject"))).status == 415


@pytest.mark.parametrize("kind", [FORM[1] + b"; charset=utf-8", b"Application/X-WWW-Form-URLencoded"])
async def test_a_form_in_any_spelling_of_its_type_is_taken(wrap, kind):
    assert (
        await send_body(wrap(serving(PAGE)), b"action=reject", kind=(b"content-type", kind))
    ).status == 303


async def test_a_body_over_the_limit_is_refused_while_it_is_read(wrap, audit):
    read = 0

    async def receive() -> Any:
        nonlocal read
        read += 1
        assert read < 100, "it reads on and on"
        return {"type": "http.request", "body": b"a" * 1024, "more_body": True}

    reply = Reply()
    await wrap(serving(PAGE))(
        http("/_consent", method="POST", headers=[FORM, SAME]), receive, recorder(reply)
    )

    assert reply.status == 413
    assert read == LARGEST_BODY // 1024 + 1
    assert await nothing_happened(reply, audit)


async def test_a_body_of_exactly_the_limit_is_read(wrap):
    body = b"action=reject&x="

    assert (await send_body(wrap(serving(PAGE)), body + b"a" * (LARGEST_BODY - len(body)))).status == 303


async def test_a_body_that_comes_too_slowly_is_given_up(wrap, monkeypatch):
    monkeypatch.setattr(form, "SLOWEST_BODY", 0.02)

    async def receive() -> Any:
        await asyncio.sleep(0.005)
        return {"type": "http.request", "body": b"a", "more_body": True}

    reply = Reply()
    await wrap(serving(PAGE))(
        http("/_consent", method="POST", headers=[FORM, SAME]), receive, recorder(reply)
    )

    assert reply.status == 408


async def test_a_client_that_goes_away_gets_no_answer_and_decides_nothing(wrap, audit):
    messages = [{"type": "http.request", "body": b"action=", "more_body": True}, {"type": "http.disconnect"}]

    reply = await drive(wrap(serving(PAGE)), http("/_consent", method="POST", headers=[FORM, SAME]), messages)

    assert reply.messages == []
    assert audit.health()["store"] == "unopened"


BAD_FORMS = {
    "no action": b"purpose=analytics",
    "empty action": b"action=",
    "unknown action": b"action=allow",
    "action in capitals": b"action=ACCEPT",
    "two actions": b"action=reject&action=accept",
    "unknown purpose": b"action=save&purpose=telepathy",
    "unknown service": b"action=save&service=spy",
    "unknown service denied": b"action=save&service=-spy",
    "unknown purpose with accept": b"action=accept&purpose=telepathy",
    "unknown purpose with reject": b"action=reject&purpose=telepathy",
    "unknown how": b"action=reject&how=telepathy",
    "too many fields": b"action=reject" + b"&a=1" * 256,
    "not utf-8": b"action=reject&x=\xff",
    "a grant without notice": b"action=accept",
    "a grant with half a notice": b"action=accept&notice=abc",
}


@pytest.mark.parametrize("name", BAD_FORMS)
async def test_a_form_that_is_no_decision_is_400_and_changes_nothing(wrap, audit, name, caplog):
    with caplog.at_level(logging.DEBUG, "consentkit"):
        reply = await send_body(wrap(serving(PAGE)), BAD_FORMS[name])

    assert reply.status == 400
    assert await nothing_happened(reply, audit)
    assert "telepathy" not in reply.body.decode() + caplog.text


BAD_JSON = {
    "nothing": b"",
    "half": b'{"action": "reject"',
    "a list": b"[]",
    "a text": b'"reject"',
    "deep": b'{"action": "reject", "x": ' + b"[" * 4000,
    "deep objects": b'{"a":' * 1600,
    "nested": b'{"action": "reject", "purpose": [["analytics"]]}',
    "an object inside": b'{"action": {"a": 1}}',
    "a boolean": b'{"action": "reject", "purpose": true}',
    "a float": b'{"action": "reject", "x": 1.5}',
    "not a number": b'{"action": "reject", "x": NaN}',
    "a huge number": b'{"action": "reject", "x": ' + b"9" * 5000 + b"}",
    "no action": b"{}",
    "null action": b'{"action": null}',
    "two actions": b'{"action": ["reject", "accept"]}',
    "too many values": b'{"action": "reject", "purpose": [' + b"1," * 300 + b"1]}",
    "too many fields": json.dumps({"action": "reject", **{f"f{n}": 1 for n in range(300)}}).encode(),
    "not utf-8": b'{"action": "\xff"}',
    "a lone surrogate": b'{"action": "save", "purpose": ["\\ud800"]}',
    "a grant without notice": b'{"action": "accept"}',
}


@pytest.mark.parametrize("name", BAD_JSON)
async def test_json_that_is_no_decision_is_400_and_changes_nothing(wrap, audit, name):
    reply = await send_body(wrap(serving(PAGE)), BAD_JSON[name], kind=JSON)

    assert reply.status == 400
    assert await nothing_happened(reply, audit)
    assert set(json.loads(reply.body)) == {"error", "notice"}


async def test_a_service_left_at_its_purpose_is_no_exception(wrap):
    """The preferences form sends an empty value for each service that has no answer of its own."""
    app = wrap(serving(PAGE))
    notice = json.loads((await get(app, "/_consent/state")).body)["notice"]
    fields = {"action": "save", "notice": notice, "purpose": "analytics", "service": ["", "-counter", ""]}

    reply = await post(app, fields)

    assert reply.status == 303


async def test_denying_a_service_wins_over_granting_it_in_the_same_form():
    for order in (b"service=counter&service=-counter", b"service=-counter&service=counter"):
        sent = parse(b"action=save&" + order, "application/x-www-form-urlencoded")
        assert isinstance(sent, Submission)
        assert sent.choice.services == {"counter": False}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary(max_size=200)
    | st.builds(
        lambda value: json.dumps(value).encode(),
        st.dictionaries(
            st.sampled_from(["action", "purpose", "service", "notice", "next", "view", "how", "shown_ms"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("reject"),
                lambda inner: st.lists(inner, max_size=3),
                max_leaves=5,
            ),
        ),
    ),
    st.sampled_from(["application/json", "application/x-www-form-urlencoded"]),
)
def test_any_body_is_a_decision_or_a_short_reason(body, kind):
    found = parse(body, kind)

    assert isinstance(found, Submission) or (isinstance(found, Bad) and found.status == 400)
