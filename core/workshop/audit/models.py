"""The garage's own audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped


class AuditEntry(TenantScoped):
    """One thing that somebody did. The application may add entries, never change them.

    `actor_kind` is `staff`, `customer`, `support` or `system`; `subject` names the thing as
    `kind:id`; `details` holds what it was before and after.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_newest", "tenant_id", text("id DESC")),
        Index("ix_audit_entries_subject", "tenant_id", "subject"),
    )

    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_kind: Mapped[str]
    actor_name: Mapped[str]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
