"""When somebody last looked and saw a vehicle that the clean-up had asked about."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the release before goes on working without it."""
    op.add_column(
        "vehicle_presence_stays",
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("vehicle_presence_stays", "seen_at")
