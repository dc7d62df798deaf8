"""Alembic's way into our migrations, on the connection that `migma_sql.migrate` hands over."""

from __future__ import annotations

from alembic import context
from migma_sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # the transaction is ours (`writing`): a migration happens entirely or not at all, also on SQLite
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
