"""PostgreSQL notes changes of what the marks on job lists show, so that they can be kept."""

from core.db.ddl import note_changes_of, note_no_changes_of

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "self_service_portal_confirmations",
    "self_service_portal_messages",
    "self_service_portal_quote_outcomes",
    "self_service_portal_quotes",
)


def upgrade() -> None:
    """Put the triggers on; the release before goes on with them."""
    note_changes_of(TABLES)


def downgrade() -> None:
    """Take them off."""
    note_no_changes_of(TABLES)
