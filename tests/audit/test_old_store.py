"""A store of the first schema, laid by SQL as it was laid then, comes to the same tree and the same counts for ever.

Nothing here asks the code of today how such a store looked. Where a test fails, that code has changed: migrations that
used it get a copy of what it was.
"""

from __future__ import annotations

import sqlite3
from hashlib import sha256

import psycopg
import pytest
from sqlalchemy import text

from consentkit.audit.engine import locate, reading
from consentkit.audit.upgrade import upgrade
from consentkit.audit.verifying import verify_log

FIRST = """
CREATE TABLE log_head (log_id TEXT NOT NULL, size BIGINT NOT NULL, edge {blob}, PRIMARY KEY (log_id));
CREATE TABLE events (
    log_id TEXT NOT NULL, seq BIGINT NOT NULL, id TEXT NOT NULL, time BIGINT NOT NULL, act TEXT NOT NULL, site TEXT NOT NULL,
    canonical {blob} NOT NULL, leaf {blob} NOT NULL, once {blob},
    CONSTRAINT events_pk PRIMARY KEY (log_id, seq), CONSTRAINT events_id UNIQUE (log_id, id));
CREATE UNIQUE INDEX events_once ON events (log_id, once) WHERE once IS NOT NULL;
CREATE TABLE personal (
    log_id TEXT NOT NULL, seq BIGINT NOT NULL, salt {blob} NOT NULL, visitor TEXT NOT NULL,
    CONSTRAINT personal_pk PRIMARY KEY (log_id, seq)){rowid};
CREATE TABLE documents (
    kind TEXT NOT NULL, hash TEXT NOT NULL, body {blob} NOT NULL, CONSTRAINT documents_pk PRIMARY KEY (kind, hash));
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO alembic_version (version_num) VALUES ('0001');
INSERT INTO log_head (log_id, size) VALUES ('a', 300);
"""
ACCEPTED = (
    '{{"act":"accept","decided_after_ms":1400,"denied":[],"granted":["analytics"],"how":"banner","id":"{id}",'
    '"jurisdiction":"FR","language":"fr","notice":"n","personal":"{personal}","policy":"p","regimes":{{"analytics":"opt-in"}},'
    '"services_denied":[],"services_granted":[],"signal":null,"site":"news.example","time":{time}}}'
)
REFUSED = (
    '{{"act":"reject","decided_after_ms":null,"denied":["analytics"],"granted":[],"how":"page","id":"{id}",'
    '"jurisdiction":null,"language":"de","notice":"n","personal":null,"policy":"p","regimes":{{"analytics":"opt-in"}},'
    '"services_denied":[],"services_granted":[],"signal":"gpc","site":"news.example","time":{time}}}'
)
EVENT = (
    "INSERT INTO events (log_id, seq, id, time, act, site, canonical, leaf)"
    " VALUES ('a', :seq, :id, :time, :act, 'news.example', :canonical, :leaf)"
)
PERSONAL = "INSERT INTO personal (log_id, seq, salt, visitor) VALUES ('a', :seq, :salt, :visitor)"
VISITOR, SALT = "visitor", bytes(range(32))

# Made by the recursive definition of RFC 9162, section 2.1.1, over the leaves of ``statements``: 300 = 256 + 32 + 8 + 4.
ROOT_OF_THE_FIRST_256 = "e4ef51d5bb3aed6acc1d34ef7fa4708a19f7ed82e3278acf3aeeeb0ebe3ac756"
EDGE = ROOT_OF_THE_FIRST_256 + (
    "549e4dfe2f95a8c52dc21769f3d379c3fa577370fc0ac2bc335e162314b8d73b"
    "5057f9e6b801e34978f571f30dad76d09124cdf21cb6e6cc9235ad52937f592f"
    "16cd269e269799474809a87e0f9029c637117355cee0a576ae30874b68adc8d7"
)
COUNTS = sorted(
    ("a", 0, *thing, *counted)
    for counted, things in {
        (200, 200, 280_000): [
            ("act", "", "accept"),
            ("how", "banner", "accept"),
            ("jurisdiction", "FR", "accept"),
            ("language", "fr", "accept"),
            ("notice", "n", "accept"),
            ("policy", "p", "accept"),
            ("purpose", "analytics", "granted"),
            ("signal", "", "accept"),
        ],
        (100, 0, 0): [
            ("act", "", "reject"),
            ("how", "page", "reject"),
            ("jurisdiction", "", "reject"),
            ("language", "de", "reject"),
            ("notice", "n", "reject"),
            ("policy", "p", "reject"),
            ("purpose", "analytics", "denied"),
            ("signal", "gpc", "reject"),
        ],
    }.items()
    for thing in things
)


def statements() -> list[tuple[str, dict[str, object]]]:
    """The rows of 300 decisions, two seconds apart."""
    rows = []
    for seq in range(1, 301):
        act = "reject" if seq % 3 == 0 else "accept"
        said = {"id": f"018f0000-0000-7000-8000-{seq:012d}", "time": seq * 2_000_000}
        shape = REFUSED if act == "reject" else ACCEPTED
        canonical = shape.format(**said, personal=sha256(SALT + VISITOR.encode()).hexdigest()).encode()
        leaf = sha256(b"\x00" + canonical).digest()
        rows.append((EVENT, {"seq": seq, **said, "act": act, "canonical": canonical, "leaf": leaf}))
        if act == "accept":
            rows.append((PERSONAL, {"seq": seq, "salt": SALT, "visitor": VISITOR}))
    return rows


@pytest.fixture
def old_sqlite(tmp_path):
    file = tmp_path / "old.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(FIRST.format(blob="BLOB", rowid=" WITHOUT ROWID"))
        for statement, values in statements():
            connection.execute(statement, values)
    connection.close()
    return f"sqlite:///{file}"


@pytest.fixture
def old_postgresql(postgresql):
    with psycopg.connect(postgresql.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE laid_by_hand")
    url = postgresql.get_uri(database="laid_by_hand")
    with psycopg.connect(url) as connection:
        connection.execute(FIRST.format(blob="BYTEA", rowid=""))
        for statement, values in statements():
            named = statement
            for name in values:
                named = named.replace(f":{name}", f"%({name})s")
            connection.execute(named, values)
    return url


@pytest.mark.parametrize("store", ["old_sqlite", "old_postgresql"])
def test_a_store_laid_by_hand_comes_to_the_known_root_and_the_known_counts(request, store):
    url = request.getfixturevalue(store)

    assert upgrade(url)[0] == "0001"
    with reading(locate(url), 5.0).begin() as connection:
        [(size, edge)] = connection.execute(text("SELECT size, edge FROM log_head"))
        parts = connection.execute(text("SELECT level, position, hash FROM subtrees")).all()
        counts = connection.execute(text("SELECT * FROM rollups")).all()
    assert (size, bytes(edge).hex()) == (300, EDGE)
    assert [(level, at, bytes(hash_).hex()) for level, at, hash_ in parts] == [(8, 0, ROOT_OF_THE_FIRST_256)]
    assert sorted(map(tuple, counts)) == COUNTS
    assert verify_log(url, "a")[2].sound
