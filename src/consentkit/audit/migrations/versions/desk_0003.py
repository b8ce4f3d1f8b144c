"""What the desk keeps, how far those who follow the log came, and the index by time.

Nothing here is evidence but what the index is over: who may look, what verifications found, what a webhook was told.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("events_time", "events", ["log_id", "time", "seq"])
    for lay in (_lay_desk_access, _lay_verifications, _lay_followers, _lay_deliveries):
        lay()


def _lay_desk_access() -> None:
    op.create_table(
        "desk_access",
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.PrimaryKeyConstraint("log_id", "id", name="desk_access_pk"),
        sqlite_with_rowid=False,
    )


def _lay_verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("begun", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "id", name="verifications_pk"),
        sqlite_with_rowid=False,
    )


def _lay_followers() -> None:
    op.create_table(
        "followers",
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "name", name="followers_pk"),
        sqlite_with_rowid=False,
    )


def _lay_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("log_id", sa.Text, nullable=False),
        sa.Column("hook", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "hook", "seq", name="deliveries_pk"),
        sqlite_with_rowid=False,
    )
