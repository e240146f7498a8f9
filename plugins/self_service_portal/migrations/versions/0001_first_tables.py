"""Drafts of requests, and their photos."""

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
        "self_service_portal_drafts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "answers",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
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
            ["tenant_id", "job_id"],
            ["jobs.tenant_id", "jobs.id"],
            name=op.f("fk_self_service_portal_drafts_tenant_id_job_id_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_self_service_portal_drafts")),
        sa.UniqueConstraint(
            "tenant_id",
            "secret_hash",
            name=op.f("uq_self_service_portal_drafts_tenant_id_secret_hash"),
        ),
    )
    op.create_index(
        "ix_self_service_portal_drafts_expiry",
        "self_service_portal_drafts",
        ["tenant_id", "expires_at"],
        unique=False,
    )
    op.create_table(
        "self_service_portal_draft_photos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
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
            ["tenant_id", "draft_id"],
            ["self_service_portal_drafts.tenant_id", "self_service_portal_drafts.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_self_service_portal_draft_photos")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "draft_id",
            "sha256",
            name=op.f("uq_self_service_portal_draft_photos_tenant_id_draft_id_sha256"),
        ),
    )
    lock_tenant_tables(("self_service_portal_drafts", "self_service_portal_draft_photos"))


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("self_service_portal_draft_photos")
    op.drop_table("self_service_portal_drafts")
