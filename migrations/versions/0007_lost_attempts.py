"""Attempts that ended with their worker are counted apart from those that failed."""

import sqlalchemy as sa
from alembic import op

from core.db.ddl import platform_role

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and show the platform how often something was tried; the release before
    goes on working with it."""
    op.add_column(
        "outbox",
        sa.Column("lost_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.execute(f"GRANT SELECT (attempts) ON outbox TO {platform_role()}")


def downgrade() -> None:
    """Take both back."""
    op.execute(f"REVOKE SELECT (attempts) ON outbox FROM {platform_role()}")
    op.drop_column("outbox", "lost_attempts")
