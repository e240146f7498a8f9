"""The outbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped


class OutboxEntry(TenantScoped):
    """Something that must happen after commit, at least once.

    Written in the same transaction as its cause. `key` makes it happen once per cause:
    a second entry with the same key is not added. What fails is tried again for about two days;
    `lost_attempts` are those of which no end was noted (their worker was killed, or still works).
    After too many of either it is dead (`dead_at`): it stays, and support sees it and may have it
    tried again. What was done is forgotten after half a year.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        Index(
            "ix_outbox_due",
            "due_at",
            "tenant_id",
            postgresql_where=text("done_at is null and dead_at is null"),
        ),
        Index(
            "ix_outbox_done",
            "tenant_id",
            "done_at",
            postgresql_where=text("done_at is not null"),
        ),
    )

    key: Mapped[str]
    effect: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    lost_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
