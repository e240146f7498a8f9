"""Which photo came in which visit, so that its sender can take it back."""

import sqlalchemy as sa
from alembic import op

from core.db.ddl import lock_tenant_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "self_service_portal_visit_photos"


def upgrade() -> None:
    """Create the table; the release before knows nothing of it."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        TABLE,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("visit_hash", sa.Text(), nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "photo_id"],
            ["photos.tenant_id", "photos.id"],
            name=op.f(f"fk_{TABLE}_tenant_id_photo_id_photos"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("tenant_id", "photo_id", name=op.f(f"uq_{TABLE}_tenant_id_photo_id")),
    )
    op.create_index(f"ix_{TABLE}_created", TABLE, ["tenant_id", "created_at"])
    lock_tenant_tables((TABLE,))


def downgrade() -> None:
    """Drop it."""
    op.drop_table(TABLE)
