"""The tree, checkpoints, roll-ups, counts, leases, and the index of visitors.

A log of the first schema gets the edge, the subtrees and the roll-ups that its events would have left. They are made by
the code of today. ``tests/audit/test_old_store.py`` holds what they came to when this was written: where a later change
makes it fail, what that code was belongs here.
"""

import json

import sqlalchemy as sa
from alembic import op

from consentkit.audit.errors import EventDamaged
from consentkit.audit.merkle import Edge
from consentkit.audit.rollup import tally, told_by

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PAGE = 5000  # rows; 4 MB


def upgrade() -> None:
    op.create_index("personal_visitor", "personal", ["log_id", "visitor"])
    for lay in (_lay_tree, _lay_checkpoints, _lay_rollups, _lay_counts, _lay_leases):
        lay()
    connection = op.get_bind()
    for log_id, size in connection.execute(sa.text("SELECT log_id, size FROM log_head")).all():
        _plant_tree(connection, log_id, size)


def _lay_tree() -> None:
    op.create_table(
        "subtrees",
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("level", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "level", "position", name="subtrees_pk"),
        sqlite_with_rowid=False,
    )


def _lay_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "size", "time", name="checkpoints_pk"),
    )


def _lay_rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("slot", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("timed", sa.BigInteger, nullable=False),
        sa.Column("after_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "slot", "kind", "name", "outcome", name="rollups_pk"),
        sqlite_with_rowid=False,
    )


def _lay_counts() -> None:
    op.create_table(
        "counts",
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("day", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "day", "kind", "name", "rule", name="counts_pk"),
        sqlite_with_rowid=False,
    )


def _lay_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "task", name="leases_pk"),
        sqlite_with_rowid=False,
    )


def _plant_tree(connection: sa.Connection, log_id: str, size: int) -> None:
    edge = Edge()
    while rows := connection.execute(
        _PAGE, {"log_id": log_id, "after": edge.size, "last": edge.size + PAGE}
    ).all():
        if [row.seq for row in rows] != list(range(edge.size + 1, edge.size + len(rows) + 1)):
            raise _damaged(log_id)
        full = edge.extend(bytes(row.leaf) for row in rows)
        _insert(connection, _PART, log_id, [part._asdict() for part in full])
        try:
            told = [json.loads(bytes(row.canonical)) for row in rows]
            counted = tally((told_by(one), one["decided_after_ms"]) for one in told)
        except (ValueError, KeyError, TypeError):
            raise _damaged(log_id) from None
        _insert(
            connection, _COUNT, log_id, [key._asdict() | count._asdict() for key, count in counted.items()]
        )
    if edge.size != size:
        raise _damaged(log_id)
    connection.execute(_EDGE, {"log_id": log_id, "edge": bytes(edge)})


def _insert(
    connection: sa.Connection, statement: sa.TextClause, log_id: str, rows: list[dict[str, object]]
) -> None:
    if rows:
        connection.execute(statement, [{"log_id": log_id, **row} for row in rows])


def _damaged(log_id: str) -> EventDamaged:
    msg = f"log {log_id!r} is damaged and gets no tree: `consentkit audit verify` of the version before says what is wrong"
    return EventDamaged(msg)


_PAGE = sa.text(
    "SELECT seq, canonical, leaf FROM events"
    " WHERE log_id = :log_id AND seq > :after AND seq <= :last ORDER BY seq"
)
_PART = sa.text(
    "INSERT INTO subtrees (log_id, level, position, hash) VALUES (:log_id, :level, :position, :hash)"
)
_EDGE = sa.text("UPDATE log_head SET edge = :edge WHERE log_id = :log_id")
_COUNT = sa.text(
    "INSERT INTO rollups (log_id, slot, kind, name, outcome, n, timed, after_ms)"
    " VALUES (:log_id, :slot, :kind, :name, :outcome, :n, :timed, :after_ms)"
    " ON CONFLICT (log_id, slot, kind, name, outcome) DO UPDATE SET n = rollups.n + excluded.n,"
    " timed = rollups.timed + excluded.timed, after_ms = rollups.after_ms + excluded.after_ms"
)
