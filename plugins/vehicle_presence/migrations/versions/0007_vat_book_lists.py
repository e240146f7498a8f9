"""Departures of a period are found by their day, and a row is reminded of once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LINES, DUES = "vehicle_presence_vat_lines", "vehicle_presence_vat_dues"


def upgrade() -> None:
    """Add what the release before neither reads nor writes."""
    op.add_column(DUES, sa.Column("reminded_on", sa.Date(), nullable=True))
    op.create_index(
        f"ix_{LINES}_left",
        LINES,
        ["tenant_id", "location_id", "day", "number"],
        postgresql_where=sa.text("kind = 'exit'"),
    )


def downgrade() -> None:
    """Take both away."""
    op.drop_index(f"ix_{LINES}_left", LINES)
    op.drop_column(DUES, "reminded_on")
