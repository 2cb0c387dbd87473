"""Alembic runs this for every migration: the connection is the caller's, who holds the lock."""

from alembic import context

from slac.store.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
