"""How the log stands: checkpoints, verifications in the background, and a checkpoint kept elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.asgi import KEY, SAME, Reply, http, recorder
from tests.desk.conftest import Person, signed_in

from consentkit.audit.event import Event, now
from consentkit.audit.keys import generate
from consentkit.audit.log import AuditLog
from consentkit.audit.signing import Signing
from consentkit.audit.verifications import Verifications
from consentkit.core.policy import Policy
from consentkit.desk.app import ComplianceDesk
from consentkit.desk.passes import Passes

BOUNDARY = "----------------------------a-boundary"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    generate(tmp_path / "key", "desk.example")
    return tmp_path / "key"


@pytest.fixture
def desk(policy: Policy, audit: AuditLog, key: Path) -> ComplianceDesk:
    """One that was given the log's public key."""
    return ComplianceDesk(policy, audit, secret_key=KEY, public_keys=[f"{key}.pub"])


def sign(audit: AuditLog, key: Path) -> bytes:
    return Signing(audit.url, audit.log_id, key).sign().note


async def upload(person: Person, content: bytes, *, told: int | None = None) -> Reply:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
    body = (head % ("form-token", "") + person.form_token + "\r\n").encode()
    body += (head % ("checkpoint", '; filename="../x.txt"\r\nContent-Type: text/plain')).encode() + content
    body += f"\r\n--{BOUNDARY}--\r\n".encode()
    fields = [SAME, (b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode())]
    if told is not None:
        fields.append((b"content-length", str(told or len(body)).encode()))
    return await person.send("/integrity/compare", body, fields)


def change_an_event(audit: AuditLog) -> None:
    with create_engine(audit.url).begin() as connection:
        connection.execute(
            text(
                "UPDATE events SET canonical = CAST(replace(CAST(canonical AS TEXT), 'FR', 'DE') AS BLOB) WHERE seq = 3"
            )
        )


async def verified(person: Person, audit: AuditLog) -> Reply:
    """The page of a verification that was started here, once it has ended."""
    moved = await person.post("/integrity/verify")
    name = (moved.one(b"location") or b"").decode().partition("run=")[2]
    found = Verifications(audit.url, audit.log_id)
    async with asyncio.timeout(120):
        while (run := found.find(name)) is None or run.state == "running":
            await asyncio.sleep(0.1)
    return await person.get(f"/integrity/{name}")


async def test_without_a_checkpoint_it_says_what_that_means(viewer: Person) -> None:
    page = (await viewer.get("/integrity")).body

    assert b"Nobody has signed this log yet" in page
    assert (await viewer.get("/integrity/checkpoint")).status == 404


async def test_the_last_checkpoint_and_what_it_covers(
    viewer: Person, audit: AuditLog, key: Path, make_event: Callable[..., Event]
) -> None:
    note = sign(audit, key)
    await audit.record(make_event())

    page = (await viewer.get("/integrity")).body
    file = await viewer.get("/integrity/checkpoint")

    assert b"It covers the first 7 of 8 events" in page
    assert b"1 came since" in page
    assert b"Signed by a key that this desk was given." in page
    assert file.body == note
    assert (file.one(b"content-disposition") or b"").startswith(b"attachment")


async def test_without_a_public_key_it_says_that_no_signature_was_checked(
    policy: Policy, audit: AuditLog, passes: Passes, key: Path
) -> None:
    sign(audit, key)
    person = await signed_in(ComplianceDesk(policy, audit, secret_key=KEY), passes, "viewer")

    assert b"the signature was not checked" in (await person.get("/integrity")).body


async def test_a_verification_runs_in_the_background_and_stands_in_the_history(
    viewer: Person, audit: AuditLog, key: Path
) -> None:
    sign(audit, key)

    page = (await verified(viewer, audit)).body

    assert b"sound: nothing was found wrong" in page
    assert b"checked" in page
    assert b"http-equiv" not in page
    assert b"sound: nothing was found wrong" in (await viewer.get("/integrity")).body


async def test_it_names_what_it_found(viewer: Person, audit: AuditLog) -> None:
    change_an_event(audit)

    page = (await verified(viewer, audit)).body

    assert b"something is wrong" in page
    assert b"the content of an event was changed" in page
    assert b"Event 3" in page


async def test_while_one_runs_the_page_loads_itself_again_and_starts_no_second(
    viewer: Person, audit: AuditLog
) -> None:
    with create_engine(audit.url).begin() as connection:
        connection.execute(
            text("INSERT INTO verifications VALUES (:log, 'one', :t, :t, NULL, 'running', 200, 50, '')"),
            {"log": audit.log_id, "t": now()},
        )

    page = (await viewer.get("/integrity")).body
    again = await viewer.post("/integrity/verify")

    assert b'http-equiv="refresh"' in page
    assert b'<progress max="100" value="25"' in page
    assert b"50 of 200 events" in page
    assert again.one(b"location") == b"/integrity?run=one"


async def test_a_checkpoint_kept_elsewhere_fits(
    viewer: Person, audit: AuditLog, key: Path, make_event: Callable[..., Event]
) -> None:
    note = sign(audit, key)
    await audit.record(make_event())

    reply = await upload(viewer, note)

    assert reply.status == 200
    assert b"The log of 8 events begins with exactly the 7 that were signed." in reply.body


async def test_a_checkpoint_of_more_events_tells_that_the_log_was_cut(
    viewer: Person, audit: AuditLog, key: Path
) -> None:
    note = sign(audit, key)
    with create_engine(audit.url).begin() as connection:
        connection.execute(text("UPDATE log_head SET size = 6"))

    assert b"was cut or rolled back" in (await upload(viewer, note)).body


async def test_another_logs_checkpoint_is_told_apart(viewer: Person, audit: AuditLog, tmp_path: Path) -> None:
    generate(tmp_path / "other", "other.example")
    note = sign(audit, tmp_path / "other")

    assert b"Signed by none of the keys" in (await upload(viewer, note)).body


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\xff", b"desk.example\n7\nAAAA\n", b"<script>alert(1)</script>", b"\n" * 1000],
    ids=["empty", "bytes", "cut", "markup", "lines"],
)
async def test_what_is_no_checkpoint_is_400(viewer: Person, content: bytes) -> None:
    reply = await upload(viewer, content)

    assert reply.status == 400
    assert b"<script" not in reply.body


@pytest.mark.parametrize("told", [None, 0], ids=["streamed", "with its length"])
async def test_ten_megabytes_are_refused_with_a_page(viewer: Person, told: int | None) -> None:
    reply = await upload(viewer, b"x" * 10_000_000, told=told)

    assert reply.status == 413
    assert b"too large: at most 65,536 bytes" in reply.body


async def test_a_body_that_says_it_is_huge_is_not_read_at_all(viewer: Person) -> None:
    reply = Reply()
    read: list[int] = []

    async def receive() -> dict[str, object]:
        read.append(1)
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    fields = [*viewer._cookies(), SAME, (b"content-length", b"10000000000"), (b"content-type", b"text/plain")]
    scope = http("/integrity/compare", method="POST", headers=fields)
    await viewer.desk(scope, receive, recorder(reply))

    assert (reply.status, read) == (413, [])


async def test_a_form_that_is_none_is_400(viewer: Person) -> None:
    fields = [SAME, (b"content-type", b"multipart/form-data; boundary=x")]
    for body in (b"", b"--x\r\nnothing", b"\0" * 100):
        assert (await viewer.send("/integrity/compare", body, fields)).status in (400, 403)


async def test_an_unknown_verification_is_404(viewer: Person) -> None:
    assert (await viewer.get("/integrity/made-up")).status == 404


async def test_every_kind_of_finding_has_its_words() -> None:
    from consentkit.audit.finding import KINDS
    from consentkit.desk.words import words

    for language in words().values():
        assert all(language.get(f"finding-{kind}") for kind in KINDS)


async def test_a_page_of_a_verification_shows_no_markup_of_its_report(
    viewer: Person, audit: AuditLog
) -> None:
    with create_engine(audit.url).begin() as connection:
        connection.execute(
            text("INSERT INTO verifications VALUES (:log, 'x', 1, 1, 2, 'failed', 2, 1, :report)"),
            {"log": audit.log_id, "report": '{"error": "<img src=x onerror=alert(1)>"}'},
        )

    page = (await viewer.get("/integrity/x")).body

    assert b"&lt;img" in page
    assert not re.search(rb"<img", page)
