"""The tables of the log. Migrations lay them; this is their present form.

Personal data stands in ``personal`` alone. ``log_head`` is the one row that a writer takes before it appends, so that
numbers have no gaps; ``edge`` is the right edge of the Merkle tree over the leaves: the hashes of its full parts, largest
first.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0003"
"""The newest migration: what a store must have for this version to use it."""

metadata = MetaData()

log_head = Table(
    "log_head",
    metadata,
    Column("log_id", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("edge", LargeBinary),
)

events = Table(
    "events",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("canonical", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("once", LargeBinary),
    PrimaryKeyConstraint("log_id", "seq", name="events_pk"),
    UniqueConstraint("log_id", "id", name="events_id"),
)

# Partial: most stores would otherwise keep an entry for each event that has no such key.
Index(
    "events_once",
    events.c.log_id,
    events.c.once,
    unique=True,
    sqlite_where=events.c.once.is_not(None),
    postgresql_where=events.c.once.is_not(None),
)

personal = Table(
    "personal",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("visitor", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "seq", name="personal_pk"),
    sqlite_with_rowid=False,
)

# Cheap because our ids begin with a time: what is written within a second stands side by side. A batch of 128 costs 1.7 µs
# an event without the index, 2.5 with it; 17 with ids that are random from their first letter, and 17 with ids that begin
# with the day, since a day of a busy log fills too many pages.
Index("personal_visitor", personal.c.log_id, personal.c.visitor)

# For looking from the newest down, and between two moments. Times come nearly in their order, so that a batch fills the
# last page: see the figures in docs/explanation/decisions.md.
Index("events_time", events.c.log_id, events.c.time, events.c.seq)

documents = Table(
    "documents",
    metadata,
    Column("kind", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "hash", name="documents_pk"),
)

# Hashes of full parts of the tree at levels 8, 16, 24 …: one row for 256 events. A proof reads some of these and of the
# leaves, and never all leaves.
subtrees = Table(
    "subtrees",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("level", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("log_id", "level", "position", name="subtrees_pk"),
    sqlite_with_rowid=False,
)

# ``time`` in microseconds since 1970, UTC; ``note`` is the signed text as it left the process that signed.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    PrimaryKeyConstraint("log_id", "size", "time", name="checkpoints_pk"),
)

# ``consentkit.audit.rollup`` tells what a row counts. The slot stands first in the key, so that a batch writes to one or
# two pages: 2.2 µs an event in batches of 128, 19 in batches of 1. Kind first: 2.6 and 30; one row a slot that holds all
# counts as JSON: 2.1 and 65.
rollups = Table(
    "rollups",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("slot", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("timed", BigInteger, nullable=False),
    Column("after_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "slot", "kind", "name", "outcome", name="rollups_pk"),
    sqlite_with_rowid=False,
)

# What happens too often for events: ``day`` in days since 1970, UTC.
counts = Table(
    "counts",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "day", "kind", "name", "rule", name="counts_pk"),
    sqlite_with_rowid=False,
)

# One worker at a time does a task of a log; whoever finds ``until`` (microseconds since 1970, UTC) passed takes it over.
leases = Table(
    "leases",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "task", name="leases_pk"),
    sqlite_with_rowid=False,
)

# Who may look: one-time links, sessions and tokens of the desk. ``id`` is the hash of what was handed out; all times in
# microseconds since 1970, UTC; ``ended`` once it was used up, signed out of or revoked.
desk_access = Table(
    "desk_access",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("ended", BigInteger),
    PrimaryKeyConstraint("log_id", "id", name="desk_access_pk"),
    sqlite_with_rowid=False,
)

# ``consentkit.audit.verifications`` tells what a row says. Ids begin with a time, so that they sort by it.
verifications = Table(
    "verifications",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("begun", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("state", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("report", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "id", name="verifications_pk"),
    sqlite_with_rowid=False,
)

# How far somebody who follows the log came: the number of the last event that it looked at.
followers = Table(
    "followers",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("place", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "name", name="followers_pk"),
    sqlite_with_rowid=False,
)

# What a webhook is to be told, and was: an event each. ``due`` is the time of the next try, nothing once it ended.
deliveries = Table(
    "deliveries",
    metadata,
    Column("log_id", Text, nullable=False),
    Column("hook", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("tries", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("ended", BigInteger),
    Column("outcome", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "hook", "seq", name="deliveries_pk"),
    sqlite_with_rowid=False,
)
