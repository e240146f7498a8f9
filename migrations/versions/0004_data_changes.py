"""PostgreSQL notes which tables of a garage were changed, for those who keep what they read."""

import sqlalchemy as sa
from alembic import op

from core.db.ddl import lock_tenant_tables, note_changes_of, note_no_changes_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "appointments",
    "customers",
    "job_events",
    "job_tasks",
    "jobs",
    "locations",
    "staff_members",
    "vehicles",
)


def upgrade() -> None:
    """Create the table, the function and the triggers; the release before goes on with them."""
    op.create_table(
        "data_changes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("transaction", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_data_changes")),
        sa.UniqueConstraint(
            "tenant_id",
            "transaction",
            "source",
            name=op.f("uq_data_changes_tenant_id_transaction_source"),
        ),
    )
    lock_tenant_tables(["data_changes"], grant="SELECT, INSERT, UPDATE, DELETE")
    op.execute(_FUNCTION)
    note_changes_of(TABLES)


def downgrade() -> None:
    """Drop them."""
    note_no_changes_of(TABLES)
    op.execute("DROP FUNCTION note_change()")
    op.drop_table("data_changes")


# One row per transaction and table, the first time; what is older than an hour goes meanwhile.
# A setting of the transaction says that it is there, which spares the insert for each further row;
# like the row, it goes with a savepoint that is rolled back.
_FUNCTION = """
create function note_change() returns trigger language plpgsql as $body$
declare
    garage uuid := case when tg_op = 'DELETE' then old.tenant_id else new.tenant_id end;
    said text := 'changes.' || tg_table_name;
    mark text := garage || ' ' || pg_current_xact_id();
begin
    if current_setting(said, true) = mark then
        return null;
    end if;
    insert into data_changes (tenant_id, transaction, source)
    values (garage, pg_current_xact_id()::text::bigint, tg_table_name)
    on conflict do nothing;
    if found then
        delete from data_changes where (tenant_id, id) in (
            select tenant_id, id from data_changes
            where tenant_id = garage and id < uuidv7(interval '-1 hour')
            order by id limit 5 for update skip locked
        );
    end if;
    perform set_config(said, mark, true);
    return null;
end
$body$
"""
