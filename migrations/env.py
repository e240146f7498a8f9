"""Runs one component's migrations on a connection that :mod:`core.db.migrate` opened."""

from alembic import context
from sqlalchemy import text

from core.db.base import Base
from core.db.migrate import LOCK_TIMEOUT, include_name_for, include_object_for

config = context.config
part = config.attributes["component"]
connection = config.attributes["connection"]

connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
connection.commit()
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=part.version_table,
    include_name=include_name_for(part),
    include_object=include_object_for(part),
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
