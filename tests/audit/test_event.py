"""Canonical bytes, leaves, ids."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
import uuid
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from consentkit.audit.event import (
    LARGEST_INTEGER,
    Document,
    Event,
    canonical,
    leaf_hash,
    personal_hash,
    same_but_salt,
    uuid7,
)

texts = st.text(max_size=12)
names = st.lists(texts, max_size=4).map(tuple)
integers = st.integers(0, LARGEST_INTEGER)
events = st.builds(
    Event,
    id=texts,
    time=integers,
    site=texts,
    act=texts,
    policy=texts,
    notice=texts,
    how=texts,
    visitor=st.none() | texts,
    granted=names,
    denied=names,
    services_granted=names,
    services_denied=names,
    regimes=st.dictionaries(texts, texts, max_size=4).map(lambda pairs: tuple(pairs.items())),
    jurisdiction=st.none() | texts,
    signal=st.none() | texts,
    language=st.none() | texts,
    decided_after_ms=st.none() | integers,
    statement=texts,
    subject=st.lists(st.tuples(st.integers(1, 50), st.integers(50, LARGEST_INTEGER)), max_size=3).map(tuple),
)


def as_value(event: Event, personal: str | None) -> dict:
    """The event as RFC 8785's reference would be given it."""
    fields = {field.name for field in dataclasses.fields(Event)} - {"visitor", "regimes"}
    fields -= {name for name in ("statement", "subject") if not getattr(event, name)}
    return {
        **{name: getattr(event, name) for name in fields},
        "regimes": dict(event.regimes),
        "personal": personal,
    }


@given(events, st.binary(min_size=32, max_size=32))
def test_canonical_bytes_are_those_of_the_rfc8785_reference(event, salt):
    own = salt if event.visitor is not None else None
    personal = None if event.visitor is None else sha256(salt + event.visitor.encode()).hexdigest()

    assert canonical(event, own) == rfc8785.dumps(as_value(event, personal))


def test_names_beyond_the_bmp_are_sorted_by_utf_16(make_event):
    event = make_event(regimes=(("\ufb01", "opt-in"), ("\U0001f36a", "opt-out")))

    assert list(json.loads(canonical(event, bytes(32)))["regimes"]) == ["\U0001f36a", "\ufb01"]


def test_the_visitor_id_is_nowhere_in_the_canonical_bytes(make_event):
    event = make_event(visitor="who-it-was")
    salt = os.urandom(32)

    text = canonical(event, salt)

    assert b"who-it-was" not in text
    assert json.loads(text)["personal"] == personal_hash(salt, "who-it-was")
    assert json.loads(canonical(make_event(visitor=None), None))["personal"] is None


def test_a_leaf_has_the_prefix_of_rfc_6962(make_event):
    assert leaf_hash(b"x") == sha256(b"\x00x").digest()


@pytest.mark.parametrize(
    ("changes", "salt"),
    [
        ({"time": 2**53}, bytes(32)),
        ({"time": -1}, bytes(32)),
        ({"decided_after_ms": 2**53}, bytes(32)),
        ({"site": "\ud800"}, bytes(32)),
        ({"visitor": None}, bytes(32)),
        ({}, None),
        ({}, b"short"),
    ],
    ids=["time-large", "time-negative", "after-large", "surrogate", "salt-alone", "id-alone", "short-salt"],
)
def test_what_json_or_the_commitment_cannot_hold_is_refused(make_event, changes, salt):
    with pytest.raises(ValueError):
        canonical(make_event(**changes), salt)


def test_the_same_act_is_known_under_another_salt(make_event):
    event = make_event()
    other = make_event(id=event.id, time=event.time, act="save")
    one, two = canonical(event, os.urandom(32)), canonical(event, os.urandom(32))

    assert one != two
    assert same_but_salt(one, two)
    assert not same_but_salt(one, canonical(other, os.urandom(32)))
    assert not same_but_salt(one, canonical(make_event(id=event.id, time=event.time, visitor=None), None))


def test_ids_are_version_7_and_rise_within_a_process_across_threads():
    made: list[list[str]] = [[] for _ in range(4)]

    def make(own: list[str]) -> None:
        own.extend(uuid7() for _ in range(3000))

    threads = [threading.Thread(target=make, args=(own,)) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    everything = [one for own in made for one in own]
    assert len(set(everything)) == 12_000
    assert all(own == sorted(own) for own in made)
    parsed = uuid.UUID(everything[0])
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_an_id_carries_the_time(monkeypatch):
    monkeypatch.setattr("consentkit.audit.event._uuid_last", 0)
    monkeypatch.setattr("consentkit.audit.event._time.time_ns", lambda: 1_645_557_742_000_000_000)

    # The timestamp of RFC 9562's own example, appendix A.6.
    assert uuid7().startswith("017f22e2-79b0-7000-")


def test_a_document_is_named_by_its_hash():
    assert Document.of("policy", b"body").hash == sha256(b"body").hexdigest()


def test_the_pure_part_imports_no_database():
    code = (
        "import sys, consentkit.audit.event, consentkit.audit.verify, consentkit.audit.batch;"
        "sys.exit(any(name.split('.')[0] in {'sqlalchemy', 'alembic', 'sqlite3', 'psycopg'} for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
