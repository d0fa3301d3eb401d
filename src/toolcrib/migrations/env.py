"""Alembic's entry: always on a connection that `kernel.migrate` hands over."""

from alembic import context

from toolcrib.kernel.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
