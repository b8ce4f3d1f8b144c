"""How Alembic reaches the log: always on the connection that ``consentkit.audit.upgrade`` hands over."""

from alembic import context

from consentkit.audit.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite too: BEGIN IMMEDIATE stands around the whole upgrade
)
with context.begin_transaction():
    context.run_migrations()
