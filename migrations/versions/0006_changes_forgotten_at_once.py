"""Of old notes of changes, never more are forgotten than was meant, whichever plan is taken."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the function; its triggers go on with the new one."""
    op.execute(_function(_ASKED_ONCE))


def downgrade() -> None:
    """Put the one before back."""
    op.execute(_function(_AS_IT_WAS))


_ASKED_ONCE = """
        with forgotten as materialized (
            select tenant_id, id from data_changes
            where tenant_id = garage and id < uuidv7(interval '-1 hour')
            order by id limit 5 for update skip locked
        )
        delete from data_changes using forgotten
        where data_changes.tenant_id = forgotten.tenant_id and data_changes.id = forgotten.id;
"""
# As a subquery, some plans ask it again for each row, and it skips what it deleted itself.
_AS_IT_WAS = """
        delete from data_changes where (tenant_id, id) in (
            select tenant_id, id from data_changes
            where tenant_id = garage and id < uuidv7(interval '-1 hour')
            order by id limit 5 for update skip locked
        );
"""


def _function(forget: str) -> str:
    """What notes a change, as revision 0004 explains it."""
    return f"""
create or replace function note_change() returns trigger language plpgsql as $body$
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
{forget.strip(chr(10))}
    end if;
    perform set_config(said, mark, true);
    return null;
end
$body$
"""
