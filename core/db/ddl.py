"""The locks and grants that migrations put on tables.

Row level security names the garage from a setting of the transaction. An unset setting is
`''` on a pooled connection after a commit, so it is turned into NULL before the cast: no garage
means no rows. FORCE makes the lock hold for the owner of the tables too.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from alembic import context, op
from sqlalchemy import text

ALL_DML = "SELECT, INSERT, UPDATE, DELETE"
ADD_ONLY = "SELECT, INSERT"
NOTE_CHANGE = "note_change"
"""The trigger, and its function, that :mod:`core.db.changes` is about."""
IN_SCOPE = "tenant_id = (select nullif(current_setting('app.tenant', true), ''))::uuid"


def app_role() -> str:
    """The application's role, quoted; set by whoever runs the migrations."""
    return _quoted(context.config.attributes["app_role"])


def platform_role() -> str:
    """The platform's role, quoted."""
    return _quoted(context.config.attributes["platform_role"])


def lock_tenant_tables(tables: Iterable[str], *, grant: str = ALL_DML) -> None:
    """Put row level security on tables of garages and let the application use them."""
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(
            f'CREATE POLICY tenant_lock ON "{table}" TO {app_role()}'
            f" USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})"
        )
        op.execute(f'GRANT {grant} ON "{table}" TO {app_role()}')


def note_changes_of(tables: Iterable[str]) -> None:
    """Let PostgreSQL note changes of tables of garages, so that what is read of them can be kept
    (:meth:`core.db.reading.Reading.kept`).

    What a foreign key deletes in turn is not noted, as it happens with the table's owner's rights:
    whoever reads such a table depends on the one that the key refers to as well.
    """
    for table in tables:
        op.execute(
            f'CREATE TRIGGER {NOTE_CHANGE} AFTER INSERT OR UPDATE OR DELETE ON "{table}"'
            f" FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION {NOTE_CHANGE}()"
        )


def note_no_changes_of(tables: Iterable[str]) -> None:
    """Take that back."""
    for table in tables:
        op.execute(f'DROP TRIGGER {NOTE_CHANGE} ON "{table}"')


def index_beside_work(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """Build an index on a table that is in use: rows are written meanwhile, which a plain
    `create_index` would hold up for as long as it takes. `options` are those of `create_index`.

    It runs outside the migration's transaction, so it is a migration's only step. One that was
    broken off has left an invalid index behind, which the next try drops.
    """
    with op.get_context().autocommit_block():
        # It waits for statements that run, and nobody waits for it: no reason to give up soon.
        before = op.get_bind().execute(text("show lock_timeout")).scalar_one()
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_quoted(name)}")
        op.create_index(name, table, list(columns), postgresql_concurrently=True, **options)
        op.execute(f"SET lock_timeout = '{before}'")


def drop_index_beside_work(name: str) -> None:
    """Take such an index back."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_quoted(name)}")


def open_platform_tables(tables: Iterable[str], *, grant: str = ALL_DML) -> None:
    """Let the platform role, and nobody else, use tables of the platform."""
    for table in tables:
        op.execute(f'GRANT {grant} ON "{table}" TO {platform_role()}')


def show_columns_to_platform(table: str, columns: Iterable[str]) -> None:
    """Let the platform role read some columns of all garages' rows (fan-out needs ids)."""
    listed = ", ".join(f'"{column}"' for column in columns)
    op.execute(f'GRANT SELECT ({listed}) ON "{table}" TO {platform_role()}')
    op.execute(
        f'CREATE POLICY platform_sees ON "{table}" FOR SELECT TO {platform_role()} USING (true)'
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
