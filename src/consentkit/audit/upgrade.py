"""The schema of a log: is it the one that we use, and making it so."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from consentkit.audit.engine import STORE_ERRORS, cause, locate, writing
from consentkit.audit.errors import LogUnavailable, SchemaMismatch
from consentkit.audit.schema import REVISION

_one_at_a_time = threading.Lock()  # Alembic hands its context to migrations by a global
_WAIT = 30.0  # seconds: a migration may wait for running writers, which a decision may not


def upgrade(url: str) -> tuple[str | None, str]:
    """Bring the schema of a log up to this version's.

    :returns: the revision before (``None``: the store was empty) and after.
    :raises SchemaMismatch: the store was made by a newer consentkit.
    :raises LogUnavailable: the store cannot be reached or written.
    :raises LogLocationError: the URL cannot be used.
    """
    where = locate(url)
    try:
        engine = writing(where, _WAIT)
        with engine.begin() as connection:
            return migrate(connection)
    except STORE_ERRORS as error:
        msg = f"the log could not be upgraded: {cause(error)}"
        raise LogUnavailable(msg) from None


def migrate(connection: Connection) -> tuple[str | None, str]:
    """The same on a connection that holds a transaction for writing."""
    before = revision(connection)
    if before == REVISION:
        return before, before
    # Alembic takes 0.2 s to import, and a store that is up to date needs none of it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        with _one_at_a_time:
            command.upgrade(config, REVISION)
    except CommandError:
        raise _too_new(before) from None
    return before, REVISION


def revision(connection: Connection) -> str | None:
    """The revision of a store; ``None`` where there is no log yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require(connection: Connection, shown_url: str) -> None:
    """Refuse a store whose schema is not ours.

    :param shown_url: URL without its password, for the command that the message tells.
    :raises SchemaMismatch: the schema is missing, older or newer.
    """
    found = revision(connection)
    if found == REVISION:
        return
    if found is not None and found > REVISION:
        raise _too_new(found)
    state = "holds no log yet" if found is None else f"has schema {found}, and this version needs {REVISION}"
    msg = f"the store {state}: run `consentkit db upgrade --audit {shown_url}`"
    raise SchemaMismatch(msg)


def _too_new(found: str | None) -> SchemaMismatch:
    return SchemaMismatch(
        f"the store has schema {found}, made by a newer consentkit than this one, which knows {REVISION}: "
        "upgrade with `pip install --upgrade consentkit`"
    )
