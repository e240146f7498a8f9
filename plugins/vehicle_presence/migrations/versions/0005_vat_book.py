"""The VAT book: registers, their lines that are only ever added, closed months, exports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.db.ddl import ADD_ONLY, app_role, lock_tenant_tables

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = "vehicle_presence_vat"
KEPT = (f"{NAME}_lines", f"{NAME}_closings", f"{NAME}_exports")
HEAD = (
    "position",
    "number",
    "head",
    "closed_until",
    "checked_at",
    "checked_position",
    "checked_number",
    "broken_at",
)


def upgrade() -> None:
    """Create the tables, put their locks on, and let nobody change what was written."""
    _books()
    _lines()
    _dues()
    _closings()
    _exports()
    lock_tenant_tables((f"{NAME}_books", *KEPT), grant=ADD_ONLY)
    lock_tenant_tables((f"{NAME}_dues",))
    columns = ", ".join(HEAD)
    op.execute(f"GRANT UPDATE ({columns}) ON {NAME}_books TO {app_role()}")
    op.execute(
        f"CREATE FUNCTION {NAME}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION 'the VAT book is only ever added to: % of % is refused',"
        " TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {NAME}_refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_only_added")


def downgrade() -> None:
    """Drop the tables."""
    for table in (f"{NAME}_dues", f"{NAME}_books", *KEPT):
        op.drop_table(table)
    op.execute(f"DROP FUNCTION {NAME}_refuse_change()")


def _key(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
    )


def _moment(name: str, *, nullable: bool = False) -> sa.schema.SchemaItem:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _books() -> None:
    table = f"{NAME}_books"
    op.create_table(
        table,
        *_key(table),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("number", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("head", sa.Text(), server_default="0" * 64, nullable=False),
        sa.Column("closed_until", sa.Date(), nullable=True),
        _moment("checked_at", nullable=True),
        sa.Column("checked_position", sa.Integer(), nullable=True),
        sa.Column("checked_number", sa.Integer(), nullable=True),
        sa.Column("broken_at", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"], ["locations.tenant_id", "locations.id"]
        ),
        sa.UniqueConstraint("tenant_id", "location_id"),
    )


def _lines() -> None:
    table = f"{NAME}_lines"
    op.create_table(
        table,
        *_key(table),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        _moment("at", nullable=True),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in ("plate", "vin", "vat_number", "words", "reason")
        ),
        sa.Column("is_late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("stay_id", sa.Uuid(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _moment("recorded_at"),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.UniqueConstraint("tenant_id", "location_id", "position"),
        sa.CheckConstraint(
            "kind in ('entry', 'exit', 'invoice', 'no_invoice', 'strike')",
            name=op.f(f"ck_{table}_kind"),
        ),
        sa.CheckConstraint(
            "kind <> 'strike' or strikes is not null", name=op.f(f"ck_{table}_strike_strikes")
        ),
        sa.CheckConstraint(
            "strikes is null or (strikes < position and reason is not null)",
            name=op.f(f"ck_{table}_correction"),
        ),
    )
    its_entry = sa.text("kind = 'entry'")
    for name, columns, options in (
        (
            f"uq_{table}_strikes",
            ["location_id", "strikes"],
            {"unique": True, "postgresql_where": sa.text("strikes is not null")},
        ),
        (
            f"uq_{table}_number",
            ["location_id", "number"],
            {"unique": True, "postgresql_where": sa.text("kind = 'entry' and strikes is null")},
        ),
        (f"ix_{table}_row", ["location_id", "number"], {}),
        (f"ix_{table}_day", ["location_id", "day", "number"], {"postgresql_where": its_entry}),
        (f"ix_{table}_stay", ["stay_id"], {"postgresql_where": its_entry}),
        (
            f"ix_{table}_late",
            ["location_id", "recorded_at"],
            {"postgresql_where": sa.text("is_late")},
        ),
    ):
        op.create_index(name, table, ["tenant_id", *columns], **options)


def _dues() -> None:
    table = f"{NAME}_dues"
    op.create_table(
        table,
        *_key(table),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.UniqueConstraint("tenant_id", "location_id", "number"),
    )
    op.create_index(f"ix_{table}_due", table, ["tenant_id", "due_on"])


def _closings() -> None:
    table = f"{NAME}_closings"
    op.create_table(
        table,
        *_key(table),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        _moment("closed_at"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.UniqueConstraint("tenant_id", "location_id", "month"),
    )


def _exports() -> None:
    table = f"{NAME}_exports"
    op.create_table(
        table,
        *_key(table),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        _moment("made_at"),
        sa.Column("made_by", sa.Text(), nullable=False),
    )
    op.create_index(f"ix_{table}_sha256", table, ["tenant_id", "sha256"])
