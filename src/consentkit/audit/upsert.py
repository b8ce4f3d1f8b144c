"""Counting in a table: a row that is there already grows. SQLite and PostgreSQL say it alike, SQLAlchemy by dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def adding(dialect: Dialect, table: Table, values: Sequence[Mapping[str, Any]]) -> Insert:
    """An insert that adds every column outside of the primary key to the row that is there.

    :param values: no two of one primary key, which PostgreSQL refuses.
    """
    kind = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    statement = kind(table).values(values)
    own = set(table.primary_key.columns)
    sums = {one.name: one + statement.excluded[one.name] for one in table.columns if one not in own}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=sums)
