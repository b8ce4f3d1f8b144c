"""One-time links, sessions, and their end."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import create_engine, text
from tests.asgi import KEY, SAME, get
from tests.desk.conftest import Person, signed_in

from consentkit.audit.log import AuditLog
from consentkit.core.errors import SecretKeyError
from consentkit.core.policy import Policy
from consentkit.desk import passes as module
from consentkit.desk.app import ComplianceDesk
from consentkit.desk.passes import Kind, Passes

SECOND = 1_000_000


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> object:
    """Lets so many seconds pass for passes."""
    real, shift = module.now, [0]

    def wait(seconds: int) -> None:
        shift[0] += seconds * SECOND

    monkeypatch.setattr(module, "now", lambda: real() + shift[0])
    return wait


async def test_looking_at_a_link_uses_nothing_up(stranger: Person, passes: Passes) -> None:
    link = passes.issue(Kind.LINK, "viewer", 60)

    for method in ("GET", "HEAD", "GET"):
        reply = await stranger.get(f"/sign-in?link={link}", method=method)
        assert reply.status == 200
        assert reply.every(b"set-cookie") == []

    assert (await stranger.post("/sign-in", {"link": link})).status == 303


async def test_a_link_works_once(desk: ComplianceDesk, passes: Passes) -> None:
    link = passes.issue(Kind.LINK, "viewer", 60)

    replies = await asyncio.gather(*(Person(desk).post("/sign-in", {"link": link}) for _ in range(5)))

    assert sorted(reply.status for reply in replies) == [303, 401, 401, 401, 401]


async def test_a_link_expires(stranger: Person, passes: Passes, later: object) -> None:
    link = passes.issue(Kind.LINK, "viewer", 60)
    later(61)  # type: ignore[operator]

    assert (await stranger.post("/sign-in", {"link": link})).status == 401


@pytest.mark.parametrize("link", ["", "made-up", "x" * 5000, "\0", "%", "\ud800"])
async def test_a_made_up_link_opens_nothing(stranger: Person, link: str) -> None:
    body = b"link=" + link.encode("utf-8", "surrogatepass")

    reply = await stranger.send(
        "/sign-in", body, [SAME, (b"content-type", b"application/x-www-form-urlencoded")]
    )

    assert reply.status == 401
    assert reply.every(b"set-cookie") == []


@pytest.mark.parametrize("kind", [Kind.SESSION, Kind.TOKEN])
async def test_nothing_else_is_a_link(stranger: Person, passes: Passes, kind: Kind) -> None:
    assert (await stranger.post("/sign-in", {"link": passes.issue(kind, "officer", 60)})).status == 401


async def test_the_cookie_is_for_this_site_and_no_script(stranger: Person, passes: Passes) -> None:
    link = passes.issue(Kind.LINK, "viewer", 60)

    reply = await stranger.post("/sign-in", {"link": link}, scheme="https")

    (cookie,) = reply.every(b"set-cookie")
    assert cookie.startswith(b"__Host-consentkit-desk=")
    assert cookie.endswith(b"; Path=/; HttpOnly; SameSite=Strict; Secure")


async def test_a_session_ends_after_half_an_hour_of_nothing(viewer: Person, later: object) -> None:
    for _ in range(3):
        later(29 * 60)  # type: ignore[operator]
        assert (await viewer.get("/gate")).status == 200
    later(30 * 60)  # type: ignore[operator]

    assert (await viewer.get("/gate")).status == 401


async def test_a_session_ends_after_twelve_hours(viewer: Person, later: object) -> None:
    for _ in range(24):
        later(29 * 60)  # type: ignore[operator]
        assert (await viewer.get("/gate")).status == 200
    later(25 * 60)  # type: ignore[operator]

    assert (await viewer.get("/gate")).status == 401


async def test_who_signs_out_is_out_with_every_copy_of_the_cookie(viewer: Person) -> None:
    copy = viewer.cookie

    reply = await viewer.post("/sign-out")

    assert reply.status == 303
    assert b"Max-Age=0" in reply.every(b"set-cookie")[0]
    assert (await get(viewer.desk, "/gate", [(b"cookie", copy.encode())])).status == 401


async def test_a_revoked_session_is_out(viewer: Person, officer: Person, passes: Passes) -> None:
    (row,) = [each for each in passes.open_ones() if each.role == "viewer"]

    assert passes.revoke(row.id[:12]) == 1

    assert (await viewer.get("/gate")).status == 401
    assert (await officer.get("/gate")).status == 200


async def test_the_store_holds_nothing_that_lets_anybody_in(
    viewer: Person, audit: AuditLog, passes: Passes
) -> None:
    token = passes.issue(Kind.TOKEN, "viewer", 60)
    secret = viewer.cookie.partition("=")[2].rpartition(".")[0]

    with create_engine(audit.url).connect() as connection:
        stored = str(connection.execute(text("SELECT * FROM desk_access")).all())

    assert secret
    assert secret not in stored
    assert token not in stored


async def test_a_changed_cookie_lets_nobody_in(viewer: Person) -> None:
    name, _, value = viewer.cookie.partition("=")
    secret = value.rpartition(".")[0]
    for changed in (secret, f"{secret}.{'A' * 43}", value[:-2], "x" + value, "", value * 20):
        reply = await get(viewer.desk, "/gate", [(b"cookie", f"{name}={changed}".encode())])

        assert reply.status == 401, changed


async def test_two_cookies_of_our_name_let_nobody_in(viewer: Person) -> None:
    fields = [(b"cookie", f"{viewer.cookie}; consentkit-desk=other".encode())]

    assert (await get(viewer.desk, "/gate", fields)).status == 401


async def test_an_older_key_still_lets_in(policy: Policy, audit: AuditLog, passes: Passes) -> None:
    person = await signed_in(ComplianceDesk(policy, audit, secret_key=KEY), passes, "viewer")

    person.desk = ComplianceDesk(policy, audit, secret_key=["N7-wq2Lr9_vXe4Tz8bHn3Jm6Pd1Sf5Gy0", KEY])
    assert (await person.get("/gate")).status == 200

    person.desk = ComplianceDesk(policy, audit, secret_key="N7-wq2Lr9_vXe4Tz8bHn3Jm6Pd1Sf5Gy0")
    assert (await person.get("/gate")).status == 401


async def test_a_short_key_is_refused(policy: Policy, audit: AuditLog) -> None:
    with pytest.raises(SecretKeyError):
        ComplianceDesk(policy, audit, secret_key="short")


async def test_sessions_of_one_log_are_none_of_another(
    viewer: Person, policy: Policy, audit: AuditLog
) -> None:
    viewer.desk = ComplianceDesk(policy, AuditLog(audit.url, log_id="another"), secret_key=KEY)

    assert (await viewer.get("/gate")).status == 401
