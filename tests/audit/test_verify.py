"""Each way to change a stored log that can be seen without a checkpoint has its name."""

from __future__ import annotations

import os
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.audit.batch import seal
from consentkit.audit.event import canonical, leaf_hash
from consentkit.audit.verify import StoredEvent, verify


@pytest.fixture
def rows(make_event, make_refusal) -> list[StoredEvent]:
    sealed = [
        seal(make_refusal() if n % 3 == 2 else make_event(visitor=f"v{n}"), None, os.urandom(32))
        for n in range(6)
    ]
    return [StoredEvent(seq, *row[:6], row.salt, row.visitor) for seq, row in enumerate(sealed, 1)]


def test_a_sound_log_is_sound(rows):
    report = verify(rows, 6)

    assert (report.sound, report.events, report.erased) == (True, 6, 0)


def stored(seq, event) -> StoredEvent:
    row = seal(event, None, os.urandom(32))
    return StoredEvent(seq, *row[:6], row.salt, row.visitor)


def test_an_erased_personal_part_is_counted_and_sound(rows, make_event):
    rows[0] = rows[0]._replace(salt=None, visitor=None)
    rows.append(stored(7, make_event(act="erase", visitor=None, subject=((1, 1),))))

    report = verify(rows, 7)

    assert (report.sound, report.erased) == (True, 1)


@pytest.mark.parametrize("subject", [(), ((2, 6),), ((7, 9),)], ids=["nothing", "others", "what-came-later"])
def test_a_personal_part_that_is_gone_without_an_event_that_says_so_is_found(rows, make_event, subject):
    rows[0] = rows[0]._replace(salt=None, visitor=None)
    rows.append(stored(7, make_event(act="erase", visitor=None, subject=subject)))

    report = verify(rows, 7)

    assert (report.first[:2], report.erased) == ((1, "personal-gone"), 0)


def test_only_an_act_of_erasing_erases(rows, make_event):
    rows[0] = rows[0]._replace(salt=None, visitor=None)
    rows.append(stored(7, make_event(act="supersede", visitor=None, subject=((1, 1),))))

    assert verify(rows, 7).first[:2] == (1, "personal-gone")


CHANGES = {
    "act": ({"act": "reject"}, "columns"),
    "time": ({"time": 1}, "columns"),
    "site": ({"site": "other.example"}, "columns"),
    "id": ({"id": "another"}, "columns"),
    "leaf": ({"leaf": bytes(32)}, "leaf"),
    "bytes": ({"canonical": b"{}"}, "leaf"),
    "text-for-bytes": ({"canonical": "{}"}, "canonical"),
    "visitor": ({"visitor": "someone-else"}, "personal"),
    "salt": ({"salt": bytes(32)}, "personal"),
    "salt-alone": ({"visitor": None}, "personal"),
}


@pytest.mark.parametrize(("change", "what"), CHANGES.values(), ids=CHANGES)
def test_a_changed_field_is_named_with_its_event(rows, change, what):
    rows[3] = rows[3]._replace(**change)

    report = verify(rows, 6)

    assert (report.first.seq, report.first.what) == (4, what)


def test_a_visitor_beside_a_refusal_is_found(rows):
    rows[2] = rows[2]._replace(salt=bytes(32), visitor="planted")

    assert verify(rows, 6).first[:2] == (3, "personal")


def test_bytes_and_leaf_changed_together_still_differ_from_the_columns(rows, make_event):
    text = canonical(make_event(id=rows[1].id, time=rows[1].time, act="save", visitor=None), None)
    rows[1] = rows[1]._replace(canonical=text, leaf=leaf_hash(text))

    assert verify(rows, 6).first[:2] == (2, "columns")


def test_a_missing_event_is_a_gap(rows):
    del rows[2]

    report = verify(rows, 6)

    assert (report.first[:2], report.findings) == ((3, "gap"), 1)


def test_a_cut_tail_is_a_truncation(rows):
    report = verify(rows[:4], 6)

    assert report.first[:2] == (5, "truncated")


def test_an_emptied_log_is_a_truncation():
    assert verify([], 6).first[:2] == (1, "truncated")


def test_a_row_above_the_head_is_found(rows):
    assert verify(rows, 5).first[:2] == (6, "beyond")


def test_a_repeated_number_is_found(rows):
    rows.insert(3, rows[2])

    assert verify(rows, 6).first[:2] == (3, "repeated")


def test_a_document_under_another_hash_is_found(rows):
    sound = ("notice", sha256(b"we use cookies").hexdigest(), b"we use cookies")

    assert verify(rows, 6, [sound]).sound
    assert verify(rows, 6, [(*sound[:2], b"we use none")]).first.what == "document"


@given(data=st.data())
def test_any_flipped_byte_of_the_stored_fields_is_found(data, make_event_once):
    row = make_event_once
    field = data.draw(st.sampled_from(["canonical", "leaf", "salt", "id", "act", "site", "visitor"]))
    value = getattr(row, field)
    raw = bytearray(value if isinstance(value, bytes) else value.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 127))
    changed = bytes(raw) if isinstance(value, bytes) else raw.decode()

    assert not verify([row._replace(**{field: changed})], 1).sound


@pytest.fixture(scope="module")
def make_event_once() -> StoredEvent:
    from consentkit.audit.event import Event, uuid7

    event = Event(
        id=uuid7(),
        time=1,
        site="news.example",
        act="accept",
        policy="p",
        notice="n",
        how="banner",
        visitor="v" * 22,
    )
    row = seal(event, None, os.urandom(32))
    return StoredEvent(1, *row[:6], row.salt, row.visitor)
