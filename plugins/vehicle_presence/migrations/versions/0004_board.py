"""Absences within a stay, what was noted at check-in, and saved looks at the board."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.db.ddl import lock_tenant_tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "vehicle_presence_absences",
    "vehicle_presence_absence_reasons",
    "vehicle_presence_check_ins",
    "vehicle_presence_board_views",
)


def upgrade() -> None:
    """Create the tables, then put their locks on; the release before goes on without them."""
    op.create_table(
        "vehicle_presence_absences",
        *_key("vehicle_presence_absences"),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("reason_texts", _json(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("out_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("out_noted_by", sa.Text(), nullable=False),
        sa.Column("expected_back", sa.DateTime(timezone=True), nullable=True),
        sa.Column("back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("back_noted_by", sa.Text(), nullable=True),
        sa.Column("ended_by_exit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        *_times(),
        sa.CheckConstraint(
            "back_at is null or back_at >= out_at",
            name=op.f("ck_vehicle_presence_absences_times_in_order"),
        ),
        _stay("vehicle_presence_absences"),
    )
    op.create_index(
        "uq_vehicle_presence_absences_out",
        "vehicle_presence_absences",
        ["tenant_id", "stay_id"],
        unique=True,
        postgresql_where=sa.text("back_at is null"),
    )
    op.create_index(
        "ix_vehicle_presence_absences_stay",
        "vehicle_presence_absences",
        ["tenant_id", "stay_id", sa.literal_column("id DESC")],
    )
    op.create_table(
        "vehicle_presence_absence_reasons",
        *_key("vehicle_presence_absence_reasons"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("texts", _json(), nullable=False),
    )
    op.create_index(
        "ix_vehicle_presence_absence_reasons_order",
        "vehicle_presence_absence_reasons",
        ["tenant_id", "position", "id"],
    )
    op.create_table(
        "vehicle_presence_check_ins",
        *_key("vehicle_presence_check_ins"),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("answers", _json(), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        *_times(),
        _stay("vehicle_presence_check_ins"),
    )
    op.create_index(
        "uq_vehicle_presence_check_ins_stay",
        "vehicle_presence_check_ins",
        ["tenant_id", "stay_id"],
        unique=True,
    )
    op.create_table(
        "vehicle_presence_board_views",
        *_key("vehicle_presence_board_views"),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        *_times(),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["staff_members.tenant_id", "staff_members.id"],
            name=op.f("fk_vehicle_presence_board_views_tenant_id_staff_id_staff_members"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "uq_vehicle_presence_board_views_own",
        "vehicle_presence_board_views",
        ["tenant_id", "staff_id", "name"],
        unique=True,
        postgresql_where=sa.text("staff_id is not null and removed_at is null"),
    )
    op.create_index(
        "uq_vehicle_presence_board_views_all",
        "vehicle_presence_board_views",
        ["tenant_id", "name"],
        unique=True,
        postgresql_where=sa.text("staff_id is null and removed_at is null"),
    )
    lock_tenant_tables(TABLES)


def downgrade() -> None:
    """Drop the tables."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _key(table: str) -> list[sa.Column[Any] | sa.Constraint]:
    return [
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
    ]


def _times() -> list[sa.Column[Any]]:
    return [
        sa.Column(
            name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        )
        for name in ("created_at", "updated_at")
    ]


def _stay(table: str) -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "stay_id"],
        ["vehicle_presence_stays.tenant_id", "vehicle_presence_stays.id"],
        name=op.f(f"fk_{table}_tenant_id_stay_id_vehicle_presence_stays"),
        ondelete="CASCADE",
    )


def _json() -> postgresql.JSONB:
    return postgresql.JSONB(astext_type=sa.Text())
