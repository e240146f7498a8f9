"""An index by which what was delivered long ago is found, to be forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index; the release before goes on working with it."""
    op.create_index(
        "ix_outbox_done",
        "outbox",
        ["tenant_id", "done_at"],
        postgresql_where=sa.text("done_at is not null"),
    )


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_outbox_done", table_name="outbox")
