"""Stays of vehicles, and the doubts about them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.db.ddl import lock_tenant_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, then put their locks on."""
    op.create_table(
        "vehicle_presence_stays",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_noted_by", sa.Text(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_noted_by", sa.Text(), nullable=True),
        sa.Column("left_noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "closed_by is null or closed_by in ('clock', 'bulk', 'sweep', 'correction')",
            name=op.f("ck_vehicle_presence_stays_closed_by"),
        ),
        sa.CheckConstraint(
            "(left_at is null) = (closed_by is null)",
            name=op.f("ck_vehicle_presence_stays_closed_by_somebody"),
        ),
        sa.CheckConstraint(
            "left_at is null or left_at >= arrived_at",
            name=op.f("ck_vehicle_presence_stays_times_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["jobs.tenant_id", "jobs.id"],
            name=op.f("fk_vehicle_presence_stays_tenant_id_job_id_jobs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["locations.tenant_id", "locations.id"],
            name=op.f("fk_vehicle_presence_stays_tenant_id_location_id_locations"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_vehicle_presence_stays")),
    )
    op.create_index(
        "ix_vehicle_presence_stays_job",
        "vehicle_presence_stays",
        ["tenant_id", "job_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_vehicle_presence_stays_left",
        "vehicle_presence_stays",
        ["tenant_id", sa.literal_column("left_at DESC")],
        unique=False,
        postgresql_where=sa.text("left_at is not null"),
    )
    op.create_index(
        "ix_vehicle_presence_stays_on_site",
        "vehicle_presence_stays",
        ["tenant_id", "arrived_at", "id"],
        unique=False,
        postgresql_where=sa.text("left_at is null"),
    )
    op.create_index(
        "uq_vehicle_presence_stays_open",
        "vehicle_presence_stays",
        ["tenant_id", "job_id"],
        unique=True,
        postgresql_where=sa.text("left_at is null"),
    )
    op.create_table(
        "vehicle_presence_doubts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("ask_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "stay_id"],
            ["vehicle_presence_stays.tenant_id", "vehicle_presence_stays.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_vehicle_presence_doubts")),
    )
    op.create_index(
        "ix_vehicle_presence_doubts_open",
        "vehicle_presence_doubts",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where=sa.text("settled_at is null"),
    )
    op.create_index(
        "uq_vehicle_presence_doubts_stay",
        "vehicle_presence_doubts",
        ["tenant_id", "stay_id"],
        unique=True,
    )
    lock_tenant_tables(("vehicle_presence_stays", "vehicle_presence_doubts"))


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("vehicle_presence_doubts")
    op.drop_table("vehicle_presence_stays")
