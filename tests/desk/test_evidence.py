"""The evidence page: a file about a visitor, a time or an incident, noted in the log, or a clear word why there is none."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.asgi import FORM, KEY, SAME, Reply, body_of, http, receiver
from tests.desk.conftest import OTHER, VISITOR, Person, signed_in
from tests.desk.test_integrity import change_an_event, sign
from tests.desk.test_policies import seen

from consentkit.audit.event import Event
from consentkit.audit.keys import generate
from consentkit.audit.log import AuditLog
from consentkit.audit.reader import Reader
from consentkit.core.policy import Policy
from consentkit.desk import evidence as module
from consentkit.desk.app import ComplianceDesk
from consentkit.desk.passes import Passes

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    generate(tmp_path / "key", "desk.example")
    return tmp_path / "key"


@pytest.fixture
def desk(policy: Policy, audit: AuditLog, key: Path) -> ComplianceDesk:
    """One whose log was signed, by a key that it was given."""
    sign(audit, key)
    return ComplianceDesk(policy, audit, secret_key=KEY, public_keys=[f"{key}.pub"])


def records(reply: Reply) -> list[int]:
    """Numbers of the events in a file."""
    assert reply.status == 200, seen(reply)
    with zipfile.ZipFile(io.BytesIO(reply.body)) as file:
        lines = file.read("records.jsonl").splitlines()
    return [json.loads(line)["seq"] for line in lines]


def ids(audit: AuditLog) -> list[str]:
    return [row.id for row in Reader(audit.url).events()]


def last(audit: AuditLog) -> dict[str, object]:
    (row,) = Reader(audit.url).last(1)
    return dict(json.loads(row.canonical))


async def ask(person: Person, about: str, **fields: str) -> Reply:
    return await person.post("/evidence", {"about": about, **fields})


async def test_a_file_about_a_visitor_is_noted_before_it_leaves(officer: Person, audit: AuditLog) -> None:
    reply = await ask(officer, "visitor", who=VISITOR)

    assert records(reply) == [1, 3, 7]
    noted = last(audit)
    assert (noted["act"], noted["how"], noted["subject"]) == ("export", "desk", [[1, 1], [3, 3], [7, 7]])
    assert sha256(reply.body).hexdigest() in str(noted["statement"])
    assert VISITOR not in json.dumps(noted)
    name = reply.one(b"content-disposition")
    assert name is not None
    assert name.startswith(b'attachment; filename="evidence-visitor-')
    assert reply.one(b"content-length") == str(len(reply.body)).encode()


async def test_a_receipt_leads_to_its_visitor(officer: Person, audit: AuditLog) -> None:
    assert records(await ask(officer, "visitor", who=ids(audit)[2])) == [1, 3, 7]


async def test_a_receipt_of_a_refusal_stands_for_itself(officer: Person, audit: AuditLog) -> None:
    assert records(await ask(officer, "visitor", who=ids(audit)[1])) == [2]


async def test_a_file_about_a_time(officer: Person, audit: AuditLog) -> None:
    assert records(await ask(officer, "range", **{"from": "2020-01-01T00:00"})) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_file_about_an_incident(officer: Person, audit: AuditLog) -> None:
    known = ids(audit)

    reply = await ask(officer, "events", events=f"{known[1]}\r\n {known[4]},{known[1]}\n")

    assert records(reply) == [2, 5]
    assert last(audit)["subject"] == [[2, 2], [5, 5]]


async def test_it_proves_itself_elsewhere(
    officer: Person, audit: AuditLog, tmp_path: Path, key: Path
) -> None:
    folder = tmp_path / "unpacked"
    reply = await ask(officer, "visitor", who=VISITOR)
    with zipfile.ZipFile(io.BytesIO(reply.body)) as file:
        file.extractall(folder)

    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "--key", f"{key}.pub"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    table = folder / "records.csv"
    table.write_bytes(table.read_bytes().replace(b"accept", b"reject", 1))
    changed = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=folder, capture_output=True, text=True, check=False
    )

    assert (done.returncode, changed.returncode) == (0, 1)
    assert "All is well" in done.stdout
    assert "Traceback" not in changed.stdout + changed.stderr


async def test_records_that_no_checkpoint_covers_are_not_handed_out(
    officer: Person, audit: AuditLog, make_event: Callable[..., Event]
) -> None:
    await audit.record(make_event(visitor=OTHER))
    size = Reader(audit.url).size()

    reply = await ask(officer, "visitor", who=OTHER)

    assert reply.status == 409
    assert "No checkpoint that a key of this desk signed covers all of these records" in seen(reply)
    assert Reader(audit.url).size() == size
    assert "1 came since" in seen(await officer.get("/evidence"))


async def test_a_log_that_nobody_signed_gives_no_evidence(
    policy: Policy, audit: AuditLog, key: Path, passes: Passes
) -> None:
    person = await signed_in(
        ComplianceDesk(policy, audit, secret_key=KEY, public_keys=[f"{key}.pub"]), passes, "officer"
    )

    assert (await ask(person, "visitor", who=VISITOR)).status == 409
    assert "Nobody has signed this log yet" in seen(await person.get("/evidence"))


async def test_a_checkpoint_of_another_key_is_worth_nothing(
    policy: Policy, audit: AuditLog, key: Path, passes: Passes, tmp_path: Path
) -> None:
    generate(tmp_path / "other", "desk.example")
    sign(audit, tmp_path / "other")
    person = await signed_in(
        ComplianceDesk(policy, audit, secret_key=KEY, public_keys=[f"{key}.pub"]), passes, "officer"
    )

    assert (await ask(person, "visitor", who=VISITOR)).status == 409
    assert "none of the keys" in seen(await person.get("/evidence"))


async def test_a_desk_without_keys_says_so(policy: Policy, audit: AuditLog, passes: Passes) -> None:
    person = await signed_in(ComplianceDesk(policy, audit, secret_key=KEY), passes, "officer")

    reply = await ask(person, "visitor", who=VISITOR)

    assert reply.status == 409
    assert "given no public key" in seen(reply)
    assert "given no public key" in seen(await person.get("/evidence"))


def change_an_id(audit: AuditLog) -> None:
    with create_engine(audit.url).begin() as connection:
        connection.execute(text("UPDATE personal SET visitor = :visitor WHERE seq = 5"), {"visitor": VISITOR})


@pytest.mark.parametrize("change", [change_an_event, change_an_id])
async def test_a_changed_record_is_no_evidence(
    officer: Person, audit: AuditLog, change: Callable[[AuditLog], None]
) -> None:
    change(audit)

    reply = await ask(officer, "visitor", who=VISITOR)

    assert reply.status == 409
    assert "is not what was written" in seen(reply)


@pytest.mark.parametrize(
    ("about", "fields", "status", "told"),
    [
        ("visitor", {"who": "nobody"}, 404, "holds no such records"),
        ("visitor", {"who": ""}, 400, "Say what the file is to be about"),
        ("visitor", {}, 400, "Say what the file is to be about"),
        ("visitor", {"who": "x\0"}, 400, "characters"),
        ("visitor", {"who": "x" * 301}, 400, "characters"),
        ("range", {"from": "2026-02-01", "to": "2026-01-01"}, 400, "ends before it begins"),
        ("range", {"from": "1969-01-01"}, 400, "ends before it begins"),
        ("range", {"from": "now"}, 400, "no date or time"),
        ("range", {}, 400, "Say what the file is to be about"),
        ("range", {"to": "1999-01-01"}, 404, "holds no such records"),
        ("events", {"events": " \n"}, 400, "Say what the file is to be about"),
        ("events", {"events": HOSTILE}, 404, "There is no event with this id"),
        ("events", {"events": "\n".join(map(str, range(501)))}, 400, "more than 500"),
        ("everything", {}, 400, "Say what the file is to be about"),
    ],
)
async def test_what_cannot_be_meant_is_told_and_nothing_noted(
    officer: Person, audit: AuditLog, about: str, fields: dict[str, str], status: int, told: str
) -> None:
    size = Reader(audit.url).size()

    reply = await ask(officer, about, **fields)

    assert reply.status == status
    assert told in seen(reply) or status == 404
    assert b"<img" not in reply.body
    assert Reader(audit.url).size() == size


async def test_one_unknown_id_among_others_is_named(officer: Person, audit: AuditLog) -> None:
    reply = await ask(officer, "events", events=f"{ids(audit)[0]} <b>unknown</b>")

    assert reply.status == 404
    assert "There is no event with this id: <b>unknown</b>." in seen(reply)


async def test_more_than_a_browser_waits_for_is_left_to_the_command(
    officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 6)

    reply = await ask(officer, "range", **{"from": "2020-01-01"})

    assert reply.status == 400
    assert "more than 6 records" in seen(reply)


async def test_a_log_that_takes_no_note_hands_nothing_out(
    officer: Person, audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from consentkit.audit.errors import LogUnavailable

    async def refuse(*_: object, **__: object) -> None:
        raise LogUnavailable("the disk is full")

    monkeypatch.setattr(audit, "record", refuse)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reply = await ask(officer, "visitor", who=VISITOR)

    assert reply.status == 503
    assert b"PK" not in reply.body[:4]


async def test_a_viewer_may_not(viewer: Person, audit: AuditLog) -> None:
    size = Reader(audit.url).size()

    assert (await viewer.get("/evidence")).status == 403
    assert (await ask(viewer, "visitor", who=VISITOR)).status == 403
    assert Reader(audit.url).size() == size


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
async def test_a_form_is_filled_with_what_another_page_sends(officer: Person, language: str) -> None:
    reply = await officer.get(f"/evidence?of=%3Cimg%3E&event=%3Cimg%3E&lang={language}")

    assert reply.status == 200
    assert b'value="&lt;img&gt;"' in reply.body
    assert b"<img>" not in reply.body


async def test_memory_does_not_grow_with_the_file(
    policy: Policy, audit: AuditLog, key: Path, officer: Person
) -> None:
    """The file is sent in parts, from a place that is no memory."""
    from consentkit.audit.sample import append_sample

    append_sample(audit.url, audit.log_id, 6000, 5)
    sign(audit, key)
    sizes: list[int] = []

    async def send(message: dict[str, object]) -> None:
        body = message.get("body", b"")
        assert isinstance(body, bytes)
        sizes.append(len(body))

    fields = f"about=range&from=2020-01-01&form-token={officer.form_token}".encode()
    scope = http("/evidence", method="POST", headers=[(b"cookie", officer.cookie.encode()), FORM, SAME])
    tracemalloc.start()
    await officer.desk(scope, receiver(body_of(fields)), send)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(sizes) > 1_000_000
    assert max(sizes) <= module.PART
    assert peak < 24_000_000
