"""The plugin's one table."""

from sqlalchemy.orm import Mapped

from core.db.base import TenantScoped


class Note(TenantScoped):
    """Something that was noted."""

    __tablename__ = "polite_notes"

    text: Mapped[str]
