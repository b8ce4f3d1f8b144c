"""The policy's page: versions, what changed and what that asked, what the rules find, the services."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.asgi import POLICY, Reply
from tests.desk.conftest import MINUTE, Person

from consentkit.audit.event import Document, Event, now
from consentkit.audit.log import AuditLog
from consentkit.audit.policydiff import Difference, differences
from consentkit.core.policy import Policy
from consentkit.desk import findings as module
from consentkit.desk.changed import sentences
from consentkit.desk.findings import Looked, findings
from consentkit.desk.policytold import changes
from consentkit.desk.versions import change
from consentkit.desk.words import words
from consentkit.web.laws import today

HOSTILE = "<img src=x onerror=alert(1)>\"'&{name}"
EARLIER = Policy.model_validate(
    {
        **POLICY,
        "layout": "modal",
        "services": {
            "counter": {"vendor": "Counter Group", "purposes": ["analytics"]},
            "maps": {"vendor": HOSTILE, "purposes": ["functional"], "recipients": [HOSTILE]},
        },
    }
)
SOME = {
    "rule": "R99",
    "name": "made-up-here",
    "severity": "warning",
    "key": "services.maps",
    "found": HOSTILE,
    "expected": "something else",
    "nearest": None,
    "where": "FR, DE",
    "why": "Because of it.",
    "sources": ["An act, art. 1"],
}


def seen(reply: Reply) -> str:
    """The words of a page."""
    return " ".join(html.unescape(re.sub(rb"<[^>]*>", b" ", reply.body).decode()).split())


@pytest.fixture(autouse=True)
def looked(monkeypatch: pytest.MonkeyPatch, policy: Policy) -> None:
    """The rules have run: nothing is started."""
    monkeypatch.setattr(module, "_known", {(policy.version, today()): Looked("done")})


@pytest.fixture
async def changed(audit: AuditLog, make_event: Callable[..., Event]) -> AuditLog:
    """The same log after a policy with other services, which was in force before all others."""
    earlier = Document("policy", EARLIER.version, EARLIER.document)
    event = make_event(time=now() - 2000 * MINUTE, policy=EARLIER.version)
    await audit.record(event, documents=[earlier])
    return audit


@pytest.mark.usefixtures("changed")
async def test_all_versions_are_listed_newest_first_with_what_they_asked(
    viewer: Person, policy: Policy
) -> None:
    reply = await viewer.get("/policy")

    listed = re.findall(rb'<th scope="row"><a class="id" href="[^"]*version=([0-9a-f]{64})"', reply.body)
    assert [each.decode() for each in listed] == [policy.version, EARLIER.version]
    assert "about counter, player" in seen(reply)
    assert "The first that the log knows." in seen(reply)


async def test_versions_come_by_the_page(
    viewer: Person, audit: AuditLog, make_event: Callable[..., Event], policy: Policy
) -> None:
    for number in range(22):
        await audit.record(make_event(time=now() - (number + 30) * 30 * MINUTE, policy=f"{number:064d}"))

    first = await viewer.get("/policy")
    address = re.search(rb'rel="next" href="([^"]*)"', first.body)
    assert address is not None
    second = await viewer.get(address[1].decode())

    rows = [reply.body.count(b'<th scope="row"><a class="id"') for reply in (first, second)]
    assert rows == [20, 3]
    assert b'rel="next"' not in second.body
    assert "The first that the log knows." not in seen(first)


@pytest.mark.parametrize("skip", ["x", "-1", "9" * 7, "1e3", "%C2%B2", "%00"])
async def test_a_page_made_up_is_told(viewer: Person, skip: str) -> None:
    assert (await viewer.get(f"/policy?skip={skip}")).status == 400


@pytest.mark.usefixtures("changed")
async def test_a_version_tells_what_changed_and_what_that_asks(viewer: Person, policy: Policy) -> None:
    text = seen(await viewer.get(f"/policy?version={policy.version}"))

    assert "Service player of Player SA was added for marketing. asks everyone again" in text
    assert (
        "Service counter: Counter Inc receives the data now, Counter Group no longer does. "
        "asks everyone again" in text
    )
    assert f"Service maps of {HOSTILE} was removed." in text
    assert "layout: was modal, is now bar." in text
    assert "Whoever had answered is asked again, about counter, player." in text


@pytest.mark.usefixtures("changed")
async def test_any_two_versions_can_be_compared(viewer: Person, policy: Policy) -> None:
    text = seen(await viewer.get(f"/policy?version={EARLIER.version}&before={policy.version}"))

    assert f"Service maps of {HOSTILE} was added for functional. asks everyone again" in text
    assert "Service player of Player SA was removed." in text


async def test_the_policy_in_force_is_there_before_anybody_chose(
    viewer: Person, policy: Policy, audit: AuditLog
) -> None:
    viewer.desk.desk.policy = EARLIER

    reply = await viewer.get(f"/policy?version={EARLIER.version}")

    assert "Nobody has chosen under it yet." in seen(reply)
    assert f"Compared with {policy.version[:16]}" in seen(reply)


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("language", ["en", "fr", "ar"])
async def test_hostile_text_in_a_policy_shows_as_text(viewer: Person, language: str) -> None:
    reply = await viewer.get(f"/policy?version={EARLIER.version}&lang={language}")

    assert reply.status == 200
    assert b"<img" not in reply.body
    assert HOSTILE in seen(reply)


@pytest.mark.parametrize(
    "asked",
    ["version=" + "0" * 64, "version=x", "version={policy}&before=x", "version=%3Cimg%3E"],
)
async def test_an_unknown_version_is_told(viewer: Person, policy: Policy, asked: str) -> None:
    reply = await viewer.get(f"/policy?{asked.format(policy=policy.version)}")

    assert reply.status == 404
    assert "no policy of that version" in seen(reply)


@pytest.mark.parametrize(
    "body", [b"\xff", b"[]", b'"x"', b"{}", b'{"services": [1], "purposes": 7, "regime": {"a": []}}']
)
async def test_a_text_that_this_version_cannot_read_is_no_fault(
    viewer: Person, policy: Policy, audit: AuditLog, make_event: Callable[..., Event], body: bytes
) -> None:
    other = "f" * 64
    event = make_event(time=now() - 2000 * MINUTE, policy=other)
    await audit.record(event, documents=[Document("policy", other, body)])

    pages = [
        await viewer.get("/policy"),
        await viewer.get(f"/policy?version={other}"),
        await viewer.get(f"/policy?version={policy.version}"),
    ]

    assert [page.status for page in pages] == [200, 200, 200]
    assert ("written by another version" in seen(pages[2])) == body.startswith(b"{")


async def test_a_version_whose_text_is_gone_is_listed(
    viewer: Person, audit: AuditLog, make_event: Callable[..., Event]
) -> None:
    await audit.record(make_event(policy="e" * 64))

    assert "The log does not hold its text." in seen(await viewer.get("/policy"))
    assert "The log does not hold its text." in seen(await viewer.get("/policy?version=" + "e" * 64))


async def test_an_empty_log_shows_the_policy_in_force(policy: Policy, empty: AuditLog) -> None:
    from consentkit.desk.app import ComplianceDesk

    person = Person(ComplianceDesk(policy, empty, lambda _scope: "viewer"))

    text = seen(await person.get("/policy"))

    assert "Nobody has chosen under it yet." in text
    assert "Counter Inc" in text


async def test_services_are_declared_with_what_receives_the_address(viewer: Person) -> None:
    text = seen(await viewer.get("/policy"))

    assert "https://paper.example/_consent/declaration" in text
    assert "counter Counter Inc analytics sets no cookies; receives the IP address" in text


async def test_what_the_rules_found_is_shown_as_text(
    viewer: Person, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_known", {(policy.version, today()): Looked("done", (SOME,))})

    reply = await viewer.get("/policy")

    assert b"<img" not in reply.body
    assert f"Advised against: 1 R99 made up here · services.maps · FR, DE In FR, DE Found {HOSTILE}" in seen(
        reply
    )


@pytest.mark.parametrize(
    ("state", "text", "refreshes"),
    [("running", "The rules are being applied", True), ("failed", "could not be applied", False)],
)
async def test_until_they_have_run_the_page_looks_again(
    viewer: Person, policy: Policy, monkeypatch: pytest.MonkeyPatch, state: str, text: str, refreshes: bool
) -> None:
    monkeypatch.setattr(module, "_known", {(policy.version, today()): Looked(state)})

    reply = await viewer.get("/policy")

    assert text in seen(reply)
    assert (b'http-equiv="refresh"' in reply.body) == refreshes


def test_a_failure_is_tried_again_later(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_START", "raise SystemExit(1)")
    monkeypatch.setattr(module, "_known", {})

    def wait() -> Looked:
        while (found := findings(policy, {})).state == "running":
            time.sleep(0.02)
        return found

    failed = wait()
    assert failed.state == "failed"
    assert findings(policy, {}) is failed

    module._known[policy.version, today()] = failed._replace(until=time.monotonic() - 1)
    assert findings(policy, {}).state == "running"
    assert wait().state == "failed"


def test_the_rules_run_in_a_process_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad words of a button, which a rule finds."""
    policy = Policy.model_validate(
        {**POLICY, "languages": ["en"], "texts": {"en": {"reject-all": "No, I hate news"}}}
    )
    monkeypatch.setattr(module, "_known", {})

    found = findings(policy, {})
    assert found.state == "running"
    for _ in range(600):
        found = findings(policy, {})
        if found.state != "running":
            break
        time.sleep(0.1)

    assert found.state == "done"
    assert any(each["key"] == "texts.en.reject-all" for each in found.findings)
    assert all(each["sources"] for each in found.findings)


VALUES = [None, 1, "x", True, [], ["a", HOSTILE], [{"name": "_a", "lifetime": 5}], {"b": [1]}, 86_400]


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize("thing", ["service", "purpose", ""])
def test_any_change_of_any_setting_has_a_sentence(thing: str, language: str) -> None:
    """Also of one that only an older or a newer consentkit knows."""
    paths = [*Policy.model_fields, "texts.fr.accept", "texts.fr", "title.en", "description.fr", "unheard-of"]
    paths += [*type(EARLIER.services["maps"]).model_fields, "category"]
    for path in paths:
        for before in VALUES:
            for after in VALUES:
                if before != after and path not in ("use", "services", "purposes"):
                    told = sentences(words()[language], Difference(thing, "maps", path, before, after))
                    assert told, path
                    assert all(told), path
    for whole in ({}, {"vendor": 1, "purposes": 5}):
        if thing:
            assert sentences(words()[language], Difference(thing, "maps", "", None, whole))
            assert sentences(words()[language], Difference(thing, "maps", "", whole, None))
            assert sentences(words()[language], Difference(thing, "", "", ["a"], ["b"]))


def test_each_setting_has_words_in_its_three_languages() -> None:
    keys = {language: set(words()[language].messages) for language in ("en", "fr", "ar")}
    holes = [
        {key: sorted(re.findall(r"\{[a-z]+\}", text)) for key, text in words()[language].messages.items()}
        for language in ("en", "fr", "ar")
    ]

    assert keys["en"] == keys["fr"] == keys["ar"]
    assert holes[0] == holes[1] == holes[2]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            {"recipients": ["A"]},
            {"recipients": ["A", "B"]},
            ["Service x: the data now also goes to B (recipient)."],
        ),
        (
            {"recipients": ["A", "B"]},
            {"recipients": ["B"]},
            ["Service x: the data no longer goes to A (recipient)."],
        ),
        (
            {"cookies": [{"name": "_ga", "lifetime": 86_400 * 30}]},
            {"cookies": [{"name": "_ga", "lifetime": 86_400 * 400}, {"pattern": "^_ga_[A-Z]+$"}]},
            [
                "Service x: cookies added: _ga_*.",
                "Service x: the cookie _ga was kept 1 month, is now kept 400 days.",
            ],
        ),
        ({"cookies": [{"name": "a"}]}, {"cookies": []}, ["Service x: cookies removed: a."]),
        (
            {"hosts": ["a.example"]},
            {"hosts": ["b.example"]},
            ["Service x: addresses added: b.example.", "Service x: addresses removed: a.example."],
        ),
        (
            {"loaders": []},
            {"loaders": [{"parts": ["x"]}]},
            ["Service x: what it is recognised by in pages was changed."],
        ),
        (
            {"sells": False},
            {"sells": True},
            ["Service x: its use is now said to be a sale or sharing of data."],
        ),
        ({"purposes": ["a"]}, {"purposes": ["a", "b"]}, ["Service x: was used for a, is now used for a, b."]),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_change_of_a_service_is_told_in_words(
    before: dict[str, Any], after: dict[str, Any], told: list[str]
) -> None:
    found = differences({"services": {"x": before}}, {"services": {"x": after}})

    assert [text for each in found for text in sentences(words()["en"], each)] == told


def test_only_what_asks_again_is_said_to(policy: Policy) -> None:
    """One recipient more and another title: the title is not why, nor is one recipient less."""
    services = {
        "counter": {"vendor": "Counter Inc", "purposes": ["analytics"], "recipients": ["A", "B"]},
        "player": {"vendor": "Player SA", "purposes": ["marketing"], "recipients": ["A", "B"]},
    }
    before = Policy.model_validate({**POLICY, "services": services})
    services["counter"] |= {"title": "Counting", "recipients": ["A", "B", "C"]}
    services["player"] |= {"recipients": ["A"]}
    after = Policy.model_validate({**POLICY, "services": services})

    told = changes(words()["en"], change("x", before.document, after.document, today()))

    assert [(each["text"][:24], each["asks"]) for each in told] == [
        ("Service counter: the dat", "asks everyone again"),
        ("Service counter, title: ", ""),
        ("Service player: the data", ""),
    ]


def test_each_text_of_the_notice_is_told_by_itself() -> None:
    found = differences({"texts": {}}, {"texts": {"fr": {"accept": "Oui", "reject": "Non"}}})

    assert [text for each in found for text in sentences(words()["en"], each)] == [
        "The notice (fr), accept: now the site’s own words, “Oui”.",
        "The notice (fr), reject: now the site’s own words, “Non”.",
    ]


def test_what_a_change_asks_is_worked_out_once() -> None:
    bodies = (EARLIER.document, Policy.model_validate(POLICY).document)

    assert change("a", *bodies, today()) is change("a", *bodies, today())
