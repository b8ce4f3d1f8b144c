"""What nobody types: made-up tokens, encoded NULs, and rows that somebody with the store's password wrote."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from typing import Any
from urllib.parse import quote, unquote

import pytest
from sqlalchemy import create_engine, text
from tests.asgi import drive, http
from tests.audit.conftest import postgresql, postgresql_url  # noqa: F401 - fixtures
from tests.desk.conftest import VISITOR, Person

from consentkit.audit import search
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.audit.register import ACTS as REGISTERED
from consentkit.audit.search import Search
from consentkit.core.policy import Policy
from consentkit.desk.app import ComplianceDesk

BEYOND = 2**63
"""What no store takes for a number."""
SHARP = quote("\u00df") * 300
"""As long as a text may be, and twice that in capitals."""


@pytest.mark.parametrize(
    "asked",
    ["to=1960-01-01", "from=9999-12-31", "to=0001-01-01", f"jurisdiction={SHARP}"],
    ids=lambda each: each[:20],
)
@pytest.mark.parametrize("path", ["/decisions", "/api/decisions"])
async def test_a_search_that_cannot_be_meant_is_400(viewer: Person, path: str, asked: str) -> None:
    assert (await viewer.get(f"{path}?{asked}")).status == 400


async def test_nor_can_a_table_of_it_be_had(viewer: Person) -> None:
    assert (await viewer.post("/decisions/table", {"to": "1960-01-01"})).status == 400


@pytest.mark.parametrize("place", [(BEYOND, 1), (1, BEYOND), (2**64 - 1, 2**64 - 1)])
@pytest.mark.parametrize(
    ("path", "looked_for"),
    [
        ("/decisions?after=", Search()),
        ("/decisions?act=accept&after=", Search(act="accept")),
        ("/api/register?after=", Search(act=REGISTERED)),
    ],
    ids=["all", "an act", "the register"],
)
async def test_a_made_up_place_with_the_right_sum_is_400(
    officer: Person, policy: Policy, place: tuple[int, int], path: str, looked_for: Search
) -> None:
    raw = b"".join(each.to_bytes(8) for each in place)
    raw += search._checksum(policy.site.address, looked_for, raw)
    token = base64.urlsafe_b64encode(raw).decode().rstrip("=")

    assert (await officer.get(path + token)).status == 400


@pytest.mark.parametrize("path", ["/decisions/{}", "/notices/{}", "/integrity/{}", "/api/decisions/{}"])
@pytest.mark.parametrize("name", ["%00", "a%00b", "x" * 5000], ids=["NUL", "NUL within", "long"])
async def test_a_name_that_nothing_has_is_404_on_every_store(
    policy: Policy,
    postgresql_url: str,  # noqa: F811 - the fixture
    path: str,
    name: str,
) -> None:
    log = AuditLog(postgresql_url, log_id=policy.site.address)
    desk = ComplianceDesk(policy, log, lambda _scope: "officer")
    sent = path.format(name)

    reply = await drive(desk, http(unquote(sent), raw_path=sent.encode()))

    assert reply.status == 404
    await log.close()


def rewrite(audit: AuditLog, seq: int, canonical: object) -> None:
    """What who can write to the store can do."""
    with closing(create_engine(audit.url).connect()) as connection, connection.begin():
        connection.execute(
            text("UPDATE events SET canonical = :said WHERE seq = :seq"), {"said": canonical, "seq": seq}
        )


STRANGE: list[tuple[str, Any]] = [
    ("signal", ...),
    ("jurisdiction", ...),
    ("act", ...),
    ("act", "none-of-ours"),
    ("act", "erase"),
    ("regimes", []),
    ("granted", [[1]]),
    ("decided_after_ms", "soon"),
    ("policy", [[1]]),
    ("subject", [[1]]),
]


@pytest.mark.parametrize(("field", "value"), STRANGE, ids=[f"{name} {value}" for name, value in STRANGE])
async def test_an_event_that_says_strange_things_is_shown_as_damaged_and_hides_no_other(
    officer: Person, audit: AuditLog, field: str, value: Any
) -> None:
    row = next(Reader(audit.url).events(3, 3))
    said = {**json.loads(row.canonical), field: value}
    rewrite(audit, 3, json.dumps({name: each for name, each in said.items() if each is not ...}).encode())

    listed, one = await officer.get("/decisions"), await officer.get(f"/decisions/{row.id}")
    person = await officer.get(f"/people?of={row.id}")

    assert [reply.status for reply in (listed, one, person)] == [200] * 3
    for reply in (listed, one, person):
        assert b"This event is damaged" in reply.body
    assert listed.body.count(b'<td class="n"><a') == 7


@pytest.mark.parametrize("canonical", ["text", 5, b"[" * 200_000, b"null"], ids=lambda each: str(each)[:9])
async def test_bytes_that_are_no_event_hide_no_other(
    officer: Person, audit: AuditLog, canonical: object
) -> None:
    name = next(Reader(audit.url).events(3, 3)).id
    rewrite(audit, 3, canonical)

    for path in ("/decisions", f"/decisions/{name}", "/api/decisions", f"/api/decisions/{name}"):
        assert (await officer.get(path)).status == 200


async def test_what_cannot_be_read_is_not_handed_out_and_the_page_says_why(
    officer: Person, audit: AuditLog
) -> None:
    row = next(Reader(audit.url).events(3, 3))
    rewrite(audit, 3, b"{}")
    size = Reader(audit.url).size()

    for path, fields in (("/people/export", {"of": row.id}), ("/decisions/table", {})):
        reply = await officer.post(path, fields)

        assert reply.status == 409
        assert b"This event is damaged" in reply.body
        assert VISITOR.encode() not in reply.body
    assert Reader(audit.url).size() == size
