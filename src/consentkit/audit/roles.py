"""Roles of PostgreSQL for a log: who may do what, as SQL for the database's owner to run.

====================  ==================================================================================================
writer                the site: appends events, counts, tells a webhook, and shows visitors their own history
reader                statistics and exports that name no visitor
officer               the desk: reads everything, exports, looks visitors up, verifies, signs checkpoints, and says so in
                      the log
eraser                forgets visitors and lets go of old proofs, and says so in the log; the desk, where it is to erase
====================  ==================================================================================================

Nobody among them may change or delete an event: that is for the owner of the tables, who runs ``consentkit db upgrade`` and
whom checkpoints kept elsewhere watch. Pure: names in, SQL out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

LONGEST_NAME = 63
"""Bytes of a PostgreSQL identifier; a longer one would be cut without a word (checked 2026-11, PostgreSQL 18)."""
ROLES = ("writer", "reader", "officer", "eraser")
DEFAULT_NAMES = {role: f"consentkit_{role}" for role in ROLES}

_LOOK = dict.fromkeys(
    ("alembic_version", "log_head", "events", "documents", "subtrees", "checkpoints", "rollups", "counts"),
    "SELECT",
)
# An upsert reads the row that is there.
_APPEND = {
    "log_head": "SELECT, INSERT, UPDATE",
    "events": "SELECT, INSERT",
    "subtrees": "SELECT, INSERT",
    "rollups": "SELECT, INSERT, UPDATE",
}
_SIGN = {"checkpoints": "SELECT, INSERT", "leases": "SELECT, INSERT, UPDATE, DELETE"}
_TELL = {"followers": "SELECT, INSERT, UPDATE", "deliveries": "SELECT, INSERT, UPDATE, DELETE"}
_DESK = {
    "desk_access": "SELECT, INSERT, UPDATE, DELETE",
    "verifications": "SELECT, INSERT, UPDATE, DELETE",
    "deliveries": "SELECT",
}
RIGHTS: Mapping[str, Mapping[str, str]] = {
    "writer": {
        **_LOOK,
        **_APPEND,
        **_SIGN,
        **_TELL,
        "personal": "SELECT, INSERT",
        "documents": "SELECT, INSERT",
        "counts": "SELECT, INSERT, UPDATE",
    },
    "reader": _LOOK,
    "officer": {**_LOOK, **_APPEND, **_SIGN, **_DESK, "personal": "SELECT"},
    "eraser": {**_LOOK, **_APPEND, "personal": "SELECT, DELETE"},
}
"""What each role may do with which table; with the others nothing."""


def sql(names: Mapping[str, str] = DEFAULT_NAMES) -> Iterator[str]:
    """Lines of SQL that make the roles and give them their rights, and may be run again.

    :param names: of the roles, by what they are for.
    :raises ValueError: a name is empty, too long or holds a control character, or two are the same.
    """
    for name in names.values():
        if not name or not name.isprintable() or len(name.encode()) > LONGEST_NAME:
            msg = f"a role's name has 1 to {LONGEST_NAME} bytes, and no control character"
            raise ValueError(msg)
    if len(set(names.values())) < len(names):
        msg = "two roles have the same name"
        raise ValueError(msg)
    yield "-- Run by the owner of the tables, in the database of the log, after `consentkit db upgrade`:"
    yield "--   consentkit audit roles | psql -1 -v ON_ERROR_STOP=1 DATABASE"
    yield "-- Then give them to who logs in: GRANT consentkit_writer TO the_user_of_the_site;"
    for role, name in names.items():
        yield from _role(role, name)


def _role(role: str, name: str) -> Iterator[str]:
    quoted, text = _identifier(name), _literal(name)
    yield ""
    yield f"-- {role}"
    yield (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {text}) THEN"
        f" EXECUTE format('CREATE ROLE %I NOLOGIN', {text}); END IF; END $$;"
    )
    yield (
        f"DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), {text});"
        f" EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), {text});"
        f" EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), {text}); END $$;"
    )
    for table, rights in RIGHTS[role].items():
        yield f"GRANT {rights} ON {table} TO {quoted};"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(name: str) -> str:
    # E'' and $ as an escape: the text stands inside a $$ body, which a $$ of its own would end.
    return "E'" + name.replace("\\", "\\\\").replace("'", "\\'").replace("$", "\\x24") + "'"
