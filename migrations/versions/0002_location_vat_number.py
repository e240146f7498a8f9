"""The VAT number that the papers of a location carry."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the release before goes on working without it."""
    op.add_column("locations", sa.Column("vat_number", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("locations", "vat_number")
