"""Files that have not arrived whole yet."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped


class Upload(Timestamped, TenantScoped):
    """A file that arrives in pieces.

    `owner` says on whose behalf, in the words of whoever takes the file; nobody else may go on
    with it. `parts` are `[storage key, bytes]` in order: the last piece is never among them, for
    with it the file is handed over at once. `finished_at` says that this has happened.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("received >= 0 and received <= length", name="received"),
        Index("ix_uploads_owner", "tenant_id", "owner"),
        Index("ix_uploads_expiry", "tenant_id", "expires_at"),
    )

    owner: Mapped[str]
    length: Mapped[int]
    received: Mapped[int] = mapped_column(server_default=text("0"))
    details: Mapped[dict[str, str]] = mapped_column(server_default=text("'{}'"))
    parts: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    @property
    def folder(self) -> str:
        """Where the storage keeps its pieces."""
        return folder_of(self.id)


def folder_of(upload_id: UUID) -> str:
    """Where the storage keeps the pieces of an upload."""
    return f"uploads/{upload_id}"
