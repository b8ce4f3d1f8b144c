"""A desk over a log with decisions of some visitors, and somebody who signed in to it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.asgi import FORM, KEY, POLICY, SAME, Fields, Reply, body_of, drive, http

from consentkit.audit.event import Document, Event, now, uuid7
from consentkit.audit.log import AuditLog
from consentkit.core.policy import Policy
from consentkit.desk.app import ComplianceDesk
from consentkit.desk.passes import Kind, Passes
from consentkit.web.notice import NoticeBook

VISITOR = "visitor-7Zq9-never-in-a-log-line"
OTHER = "visitor-of-another-story"
MINUTE = 60_000_000
"""Microseconds."""


@dataclass
class Person:
    """Somebody at a browser: keeps cookies, and sends the token of the last page's form."""

    desk: ComplianceDesk
    cookie: str = ""
    form_token: str = ""
    root: str = ""

    async def get(self, path: str = "/", headers: Fields = (), **more: Any) -> Reply:
        scope = http(self.root + path, headers=[*self._cookies(), *headers], root_path=self.root, **more)
        return self._kept(await drive(self.desk, scope))

    async def post(
        self, path: str, fields: dict[str, Any] | None = None, headers: Fields = (SAME,), **more: Any
    ) -> Reply:
        body = urlencode({"form-token": self.form_token, **(fields or {})}, doseq=True).encode()
        return await self.send(path, body, [FORM, *headers], **more)

    async def send(self, path: str, body: bytes, headers: Fields, method: str = "POST", **more: Any) -> Reply:
        fields = [*self._cookies(), *headers]
        scope = http(self.root + path, method=method, headers=fields, root_path=self.root, **more)
        return self._kept(await drive(self.desk, scope, body_of(body)))

    def _cookies(self) -> list[tuple[bytes, bytes]]:
        return [(b"cookie", self.cookie.encode())] if self.cookie else []

    def _kept(self, reply: Reply) -> Reply:
        for field in reply.every(b"set-cookie"):
            pair = field.partition(b";")[0].decode()
            if pair.startswith(("consentkit-desk=", "__Host-")):
                self.cookie = pair
        found = re.search(rb'name="form-token" value="([0-9a-f]+)"', reply.body)
        if found:
            self.form_token = found[1].decode()
        return reply


@pytest.fixture
def policy() -> Policy:
    return Policy.model_validate(POLICY)


@pytest.fixture
def documents(policy: Policy) -> tuple[Document, Document]:
    """The notice and the policy that events of this log name."""
    notice = NoticeBook(policy).notice("en")
    return Document("notice", notice.hash, notice.document), Document(
        "policy", policy.version, policy.document
    )


@pytest.fixture
def make_event(policy: Policy, documents: tuple[Document, Document]) -> Callable[..., Event]:
    def event(**changes: Any) -> Event:
        values: dict[str, Any] = {
            "id": uuid7(),
            "time": now(),
            "site": policy.site.address,
            "act": "accept",
            "policy": policy.version,
            "notice": documents[0].hash,
            "how": "banner",
            "visitor": VISITOR,
            "granted": ("functional", "analytics", "marketing"),
            "regimes": (("functional", "opt-in"), ("analytics", "opt-in"), ("marketing", "opt-in")),
            "jurisdiction": "FR",
            "language": "en",
            "decided_after_ms": 1400,
        }
        return Event(**{**values, **changes})

    return event


@pytest.fixture
async def empty(tmp_path: Path, policy: Policy) -> AsyncIterator[AuditLog]:
    """A log that nobody wrote to yet."""
    log = AuditLog(f"sqlite:///{tmp_path / 'consent.db'}", log_id=policy.site.address, timeout=10.0)
    yield log
    await log.close()


@pytest.fixture
async def audit(
    empty: AuditLog, documents: tuple[Document, Document], make_event: Callable[..., Event]
) -> AuditLog:
    """Seven decisions: three of one visitor, one of another, three refusals that bear no id."""
    refusal: dict[str, Any] = {"act": "reject", "visitor": None, "granted": (), "jurisdiction": "DE"}
    refusal["denied"] = ("functional", "analytics", "marketing")
    changes: list[dict[str, Any]] = [
        {},
        refusal,
        {"act": "save", "granted": ("functional",), "denied": ("analytics", "marketing")},
        refusal,
        {"visitor": OTHER, "jurisdiction": "US-CA", "signal": "gpc"},
        refusal,
        {"act": "withdraw", "granted": (), "denied": ("functional", "analytics", "marketing")},
    ]
    begin = now() - len(changes) * MINUTE
    for number, each in enumerate(changes):
        event = make_event(time=begin + number * MINUTE, **each)
        await empty.record(event, documents=documents if number == 0 else ())
    return empty


@pytest.fixture
def passes(audit: AuditLog) -> Passes:
    return Passes(audit.url, audit.log_id)


@pytest.fixture
def desk(policy: Policy, audit: AuditLog) -> ComplianceDesk:
    return ComplianceDesk(policy, audit, secret_key=KEY)


@pytest.fixture
def stranger(desk: ComplianceDesk) -> Person:
    return Person(desk)


@pytest.fixture
async def viewer(desk: ComplianceDesk, passes: Passes) -> Person:
    return await signed_in(desk, passes, "viewer")


@pytest.fixture
async def officer(desk: ComplianceDesk, passes: Passes) -> Person:
    return await signed_in(desk, passes, "officer")


async def signed_in(desk: ComplianceDesk, passes: Passes, role: str, root: str = "") -> Person:
    """Somebody who used a one-time link."""
    person = Person(desk, root=root)
    await person.post("/sign-in", {"link": passes.issue(Kind.LINK, role, 60)})
    await person.get("/integrity")
    return person
