"""Notes."""

import sqlalchemy as sa
from alembic import op

from core.db.ddl import lock_tenant_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, then put its lock on."""
    op.create_table(
        "polite_notes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_polite_notes")),
    )
    lock_tenant_tables(("polite_notes",))


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("polite_notes")
