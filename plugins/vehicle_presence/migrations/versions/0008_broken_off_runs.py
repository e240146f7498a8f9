"""Looks of the clean-up that something stopped for good are told from those that came to their
end."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RUNS = "vehicle_presence_cleanup_runs"


def upgrade() -> None:
    """Add what the release before neither reads nor writes."""
    op.add_column(
        RUNS, sa.Column("broke_off", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_column(RUNS, "broke_off")
