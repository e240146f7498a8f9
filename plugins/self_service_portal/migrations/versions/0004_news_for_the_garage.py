"""What customers did online, for the garage's people."""

import sqlalchemy as sa
from alembic import op

from core.db.ddl import lock_tenant_tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "self_service_portal_news"


def upgrade() -> None:
    """Create the table; the release before knows nothing of it."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        TABLE,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("starts_at", moment, nullable=True),
        sa.Column("before", moment, nullable=True),
        sa.Column("seen_at", moment, nullable=True),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.Column("is_to_be_mailed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "kind in ('booked', 'moved', 'cancelled', 'approved', 'declined', 'message', 'photos')",
            name=op.f(f"ck_{TABLE}_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["jobs.tenant_id", "jobs.id"],
            name=op.f(f"fk_{TABLE}_tenant_id_job_id_jobs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "appointment_id"],
            ["appointments.tenant_id", "appointments.id"],
            name=op.f(f"fk_{TABLE}_tenant_id_appointment_id_appointments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(f"ix_{TABLE}_job", TABLE, ["tenant_id", "job_id"])
    op.create_index(f"ix_{TABLE}_appointment", TABLE, ["tenant_id", "appointment_id"])
    op.create_index(
        f"ix_{TABLE}_unseen",
        TABLE,
        ["tenant_id", "at"],
        postgresql_where=sa.text("seen_at is null and appointment_id is not null"),
    )
    op.create_index(
        f"ix_{TABLE}_unmailed",
        TABLE,
        ["tenant_id", "at"],
        postgresql_where=sa.text("is_to_be_mailed"),
    )
    lock_tenant_tables((TABLE,))


def downgrade() -> None:
    """Drop it."""
    op.drop_table(TABLE)
