"""When those who wait for a time were last seen to find none, so that the next one is news."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "self_service_portal_time_wishes"


def upgrade() -> None:
    """Add the column; the release before leaves it alone."""
    op.add_column(TABLE, sa.Column("none_free_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop it."""
    op.drop_column(TABLE, "none_free_at")
