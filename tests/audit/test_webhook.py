"""A webhook hears of withdrawals and erasures: signed, at least once, and nothing personal is kept for it."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.audit.commands import write
from tests.audit.conftest import VISITOR, build_event, build_refusal

from consentkit.audit import deliveries as delivering
from consentkit.audit.deliveries import AGAIN, Outbox, newest
from consentkit.audit.engine import locate, reading, writing
from consentkit.audit.erase import erase
from consentkit.audit.errors import WebhookRefused
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.schema import deliveries, events, followers
from consentkit.audit.webhook import Webhook, closed

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLDER = "whsec_" + base64.b64encode(bytes(range(24))).decode()
PATIENCE = 60.0


class Receiver:
    """Another server, which checks what it gets as the specification tells."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.heard: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(status)
                if status == 302:
                    self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?token=t0p-secret"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.heard]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.stop()


def hook_of(receiver: Receiver) -> Webhook:
    return Webhook(receiver.url, (SECRET, OLDER))


def outbox(url: str, receiver: Receiver) -> Outbox:
    """What follows the log from here on."""
    found = Outbox(url, "", hook_of(receiver))
    found.enter()
    return found


def tell(found: Outbox) -> None:
    found.enter()
    for seq in found.due(100):
        found.send(seq)


def test_a_signature_is_that_of_the_specifications_own_example():
    hook = Webhook("https://example.com", ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",))

    headers = hook.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_withdrawal_is_told_with_whose_it_is_and_what_was_closed(url, receiver):
    write(url, build_event(time=1, granted=("analytics", "marketing"), denied=("functional",)))
    found = outbox(url, receiver)
    event = build_event(
        time=2_000_000, act="withdraw", granted=(), denied=("functional", "analytics", "marketing")
    )
    write(url, event)

    tell(found)

    [(headers, body)] = receiver.heard
    assert json.loads(body) == {
        "type": "consent.withdrawn",
        "timestamp": "1970-01-01T00:00:02.000000Z",
        "data": {
            "log": "", "seq": 2, "event": event.id, "site": "news.example", "act": "withdraw", "visitor": VISITOR,
            "closed": {"purposes": ["analytics", "marketing"], "services": []},
        },
    }  # fmt: skip
    assert headers["webhook-id"] == event.id
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 3600
    signed = f"{event.id}.{headers['webhook-timestamp']}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in (SECRET, OLDER)]
    expected = [base64.b64encode(hmac.digest(key, signed, sha256)).decode() for key in keys]
    assert headers["webhook-signature"] == " ".join(f"v1,{one}" for one in expected)


def test_an_erasure_is_told_by_the_events_that_were_theirs_and_never_by_who(url, receiver):
    events = [build_event() for _ in range(3)]
    write(url, events[0], build_event(visitor="another"), *events[1:])
    found = outbox(url, receiver)
    erase(url, "", VISITOR, reason="asked for")

    tell(found)

    [message] = receiver.messages
    assert message["type"] == "consent.erased"
    assert message["data"]["events"] == [one.id for one in events]
    assert message["data"]["subject"] == [[1, 1], [3, 4]]
    assert message["data"]["more"] is False
    assert VISITOR.encode() not in receiver.heard[0][1]


def test_a_large_erasure_names_some_and_says_that_there_are_more(sqlite_url, receiver, monkeypatch):
    monkeypatch.setattr(delivering, "MOST_IDS", 2)
    events = [build_event() for _ in range(5)]
    write(sqlite_url, *events)
    found = outbox(sqlite_url, receiver)
    erase(sqlite_url, "", VISITOR)

    tell(found)

    data = receiver.messages[0]["data"]
    assert (data["events"], data["more"], data["subject"]) == ([events[0].id, events[1].id], True, [[1, 5]])


ACCEPTED = {"granted": ("analytics", "marketing"), "denied": ()}


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ({"act": "reject", "granted": (), "denied": ("analytics", "marketing")}, ["analytics", "marketing"]),
        ({"act": "save", "granted": ("analytics",), "denied": ("marketing",)}, ["marketing"]),
        ({"act": "save", "granted": ("analytics", "marketing"), "services_denied": ("shop",)}, ["shop"]),
        ({"act": "save", "granted": ("analytics", "marketing", "functional")}, None),
        ({"act": "accept", "granted": ("analytics", "marketing")}, None),
        ({"act": "signal", "granted": (), "denied": ("analytics", "marketing")}, None),
    ],
    ids=["reject after accept", "a purpose less", "a service less", "more", "the same", "a signal"],
)
def test_a_choice_that_closes_what_was_open_is_a_withdrawal_whatever_it_is_called(
    sqlite_url, receiver, act, told
):
    write(sqlite_url, build_event(**ACCEPTED))
    found = outbox(sqlite_url, receiver)
    write(sqlite_url, build_event(**act))

    tell(found)

    shut = [one["data"]["closed"] for one in receiver.messages]
    assert [one["purposes"] + one["services"] for one in shut] == ([] if told is None else [told])


def test_a_first_refusal_is_nobodys_and_is_told_to_nobody(sqlite_url, receiver):
    write(sqlite_url)
    found = outbox(sqlite_url, receiver)
    write(sqlite_url, build_refusal(), build_event(act="save", granted=("analytics",), denied=("marketing",)))

    tell(found)

    assert receiver.heard == []


def test_what_was_before_the_webhook_is_not_told(url, receiver):
    write(url, build_event(), build_event(act="withdraw", granted=()))
    found = outbox(url, receiver)

    tell(found)

    assert receiver.heard == []


def test_a_try_that_fails_is_repeated_with_the_same_id_and_then_given_up(sqlite_url, receiver, caplog):
    write(sqlite_url, build_event())
    found = outbox(sqlite_url, receiver)
    write(sqlite_url, build_event(act="withdraw", granted=()))
    receiver.answers = [500] * (len(AGAIN) + 1)
    pauses = []

    tell(found)
    for _ in AGAIN:
        [one] = newest(Reader(sqlite_url))
        pauses.append((one.due - one.made) / 1_000_000)
        with writing(locate(sqlite_url), 5.0).begin() as connection:
            connection.execute(update(deliveries).values(due=0, made=one.due))
        tell(found)

    [one] = newest(Reader(sqlite_url))
    assert (one.tries, one.due, one.outcome) == (len(AGAIN) + 1, None, "status 500")
    assert one.ended is not None
    assert 4 <= pauses[0] < 60
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    assert "given up (status 500)" in caplog.text
    assert not any(secret in caplog.text for secret in ("t0p-secret", SECRET, VISITOR, "127.0.0.1"))
    tell(found)
    assert len(receiver.heard) == len(AGAIN) + 1


@pytest.mark.parametrize(
    ("status", "ended"), [(200, True), (204, True), (302, False), (400, False), (410, True)]
)
def test_only_a_status_of_success_is_taken_and_no_redirect_is_followed(sqlite_url, receiver, status, ended):
    write(sqlite_url, build_event())
    found = outbox(sqlite_url, receiver)
    write(sqlite_url, build_event(act="withdraw", granted=()))
    receiver.answers = [status]

    tell(found)

    [one] = newest(Reader(sqlite_url))
    assert (one.ended is not None, one.outcome, one.tries) == (ended, f"status {status}", 1)
    assert len(receiver.heard) == 1


def test_a_receiver_that_is_away_is_told_once_it_is_there(sqlite_url):
    away = Receiver()
    away.stop()
    write(sqlite_url, build_event())
    found = outbox(sqlite_url, away)
    write(sqlite_url, build_event(act="withdraw", granted=()))

    tell(found)

    [one] = newest(Reader(sqlite_url))
    assert (one.outcome, one.ended) == ("ConnectionRefusedError", None)
    assert one.due > one.made


@pytest.mark.parametrize("canonical", [b"{", b"{}", b"[" * 100_000], ids=["no JSON", "nothing", "deep"])
@pytest.mark.parametrize("act", ["withdraw", "save"])
def test_a_damaged_event_keeps_no_other_from_being_told(url, receiver, caplog, act, canonical):
    write(url, build_event())
    found = outbox(url, receiver)
    last = build_event(act="withdraw", granted=(), denied=("analytics", "marketing"))
    write(url, build_event(act=act, granted=(), denied=("analytics", "marketing")), last)
    with writing(locate(url), 5.0).begin() as connection:
        connection.execute(update(events).where(events.c.seq == 2).values(canonical=canonical))

    tell(found)

    assert [one["data"]["event"] for one in receiver.messages] == [last.id]
    assert receiver.messages[0]["data"]["closed"]["purposes"] == ["analytics", "marketing"]
    assert {one.seq: one.outcome for one in newest(Reader(url))} == {
        2: "the event is damaged",
        3: "status 204",
    }
    assert "event 2: given up" in caplog.text


def test_a_host_whose_name_is_none_is_a_failed_try(sqlite_url, receiver):
    write(sqlite_url, build_event())
    found = Outbox(sqlite_url, "", Webhook(f"https://{'a' * 70}.example/", (SECRET,)))
    found.enter()
    write(sqlite_url, build_event(act="withdraw", granted=()))

    tell(found)

    [one] = newest(Reader(sqlite_url))
    assert one.outcome.startswith("Unicode")
    assert (one.tries, one.ended) == (1, None)


def test_nothing_personal_stands_in_what_is_kept_for_it(url, receiver):
    write(url, build_event())
    found = outbox(url, receiver)
    write(url, build_event(act="withdraw", granted=()))
    found.enter()
    erase(url, "", VISITOR)

    with reading(locate(url), 5.0).begin() as connection:
        rows = [*connection.execute(select(deliveries)), *connection.execute(select(followers))]
    tell(found)

    assert VISITOR not in repr(rows)
    assert receiver.url not in repr(rows)
    assert [one["data"].get("visitor") for one in receiver.messages] == [None, None]


def test_whoever_comes_too_late_enters_nothing_twice(sqlite_url, receiver):
    write(sqlite_url, build_event())
    one, other = outbox(sqlite_url, receiver), outbox(sqlite_url, receiver)
    write(sqlite_url, build_event(act="withdraw", granted=()))

    one._advance(1, 2, [2])
    other._advance(1, 2, [2])
    one.enter()

    assert [found.seq for found in newest(Reader(sqlite_url))] == [2]


async def test_a_site_tells_by_itself_and_its_workers_not_twice(url, receiver, monkeypatch):
    monkeypatch.setattr(delivering, "PAUSE", 0.05)
    logs = [AuditLog(url, timeout=10.0, webhook=hook_of(receiver)) for _ in range(2)]
    for log in logs:
        await log.record(build_event())
    event = build_event(act="withdraw", granted=())

    def following() -> bool:
        with reading(locate(url), 5.0).begin() as connection:
            return connection.execute(select(followers.c.place)).scalar() is not None

    until(following)
    await logs[0].record(event)
    until(lambda: receiver.heard and newest(Reader(url))[0].ended)
    for log in logs:
        await log.close()

    assert [headers["webhook-id"] for headers, _ in receiver.heard] == [event.id]


def test_somebody_who_waits_for_it_to_pause_waits_for_one_message_at_most(sqlite_url, receiver, monkeypatch):
    write(sqlite_url, build_event())
    outbox(sqlite_url, receiver)
    write(sqlite_url, *(build_event(act="withdraw", granted=()) for _ in range(5)))
    monkeypatch.setattr(delivering, "PAUSE", 0.01)
    begun, paused = threading.Event(), threading.Event()
    send = Outbox.send

    def slowly(self, seq):
        begun.set()
        assert paused.wait(PATIENCE)
        return send(self, seq)

    monkeypatch.setattr(Outbox, "send", slowly)
    teller = delivering.Teller(sqlite_url, "", hook_of(receiver))
    assert begun.wait(PATIENCE)
    pausing = threading.Thread(target=teller.pause)
    pausing.start()
    until(lambda: teller.hurried)
    paused.set()
    pausing.join()

    heard = len(receiver.heard)
    teller.resume()
    until(lambda: len(receiver.heard) == 5)
    teller.stop()

    assert heard == 1
    assert teller.join(PATIENCE)


def until(there: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("http://example.com/hook", SECRET),
        ("ftp://example.com", SECRET),
        ("https://user:pass@example.com", SECRET),
        ("https://example.com/#x", SECRET),
        ("https://example.com/a b", SECRET),
        ("https://example.com/\r\nx: y", SECRET),
        ("https://[::1", SECRET),
        ("https://example.com:99999", SECRET),
        ("", SECRET),
        ("https://example.com", ""),
        ("https://example.com", "whsec_c2hvcnQ="),
        ("https://example.com", SECRET.removeprefix("whsec_")),
        ("https://example.com", "whsec_!!!"),
    ],
)  # fmt: skip
def test_an_address_or_a_secret_that_is_none_is_refused_and_not_repeated(address, secret):
    with pytest.raises(WebhookRefused) as caught:
        Webhook(address, (secret,))

    assert not address or address not in str(caught.value)
    assert not secret or secret not in str(caught.value)


def test_the_environment_names_a_webhook(monkeypatch, sqlite_url):
    monkeypatch.setenv("CONSENTKIT_WEBHOOK", "https://example.com/hook")
    monkeypatch.setenv("CONSENTKIT_WEBHOOK_SECRET", f"{SECRET} {OLDER}")

    found = Webhook.from_environment()

    assert found == Webhook("https://example.com/hook", (SECRET, OLDER))
    assert SECRET not in repr(found)
    assert AuditLog(sqlite_url)._webhook == found
    monkeypatch.setenv("CONSENTKIT_WEBHOOK_SECRET", "")
    with pytest.raises(WebhookRefused):
        AuditLog(sqlite_url)
    monkeypatch.delenv("CONSENTKIT_WEBHOOK")
    assert Webhook.from_environment() is None


def test_a_choice_without_one_before_closes_what_it_denies():
    after = {"granted": [], "denied": ["analytics"], "services_granted": [], "services_denied": ["shop"]}

    assert closed(None, after) == {"purposes": ["analytics"], "services": ["shop"]}
    before = {
        "granted": [],
        "denied": ["analytics"],
        "services_granted": ["map"],
        "services_denied": ["shop"],
    }
    assert closed(before, after) == {"purposes": [], "services": ["map"]}


def test_a_log_without_a_webhook_loads_no_client(sqlite_url):
    code = f"import sys; from consentkit import AuditLog; AuditLog({sqlite_url!r}); print('http.client' in sys.modules)"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONSENTKIT")}

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean)

    assert done.stdout == "False\n"


@pytest.fixture(autouse=True)
def _all_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="consentkit")
