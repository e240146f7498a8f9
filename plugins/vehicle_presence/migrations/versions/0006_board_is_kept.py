"""PostgreSQL notes changes of what the board shows, so that it is read again only then."""

from core.db.ddl import note_changes_of, note_no_changes_of

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = (
    "vehicle_presence_absences",
    "vehicle_presence_board_views",
    "vehicle_presence_check_ins",
    "vehicle_presence_doubts",
    "vehicle_presence_stays",
)


def upgrade() -> None:
    """Put the triggers on; the release before goes on with them."""
    note_changes_of(TABLES)


def downgrade() -> None:
    """Take them off."""
    note_no_changes_of(TABLES)
