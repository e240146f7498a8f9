"""The host name of a garage's own that customers are sent to."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the release before goes on working without it."""
    op.add_column(
        "tenant_domains",
        sa.Column("is_main", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index(
        "ux_tenant_domains_main",
        "tenant_domains",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("is_main"),
    )


def downgrade() -> None:
    """Drop the column, and its index with it."""
    op.drop_index("ux_tenant_domains_main", table_name="tenant_domains")
    op.drop_column("tenant_domains", "is_main")
