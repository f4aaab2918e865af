"""How Alembic runs our revisions: on the connection, and in the transaction, that `migrate` hands over."""

from __future__ import annotations

from alembic import context

from auralarchive.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,  # also on SQLite, where `migrate` began the transaction itself
)
with context.begin_transaction():
    context.run_migrations()
