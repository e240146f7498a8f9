"""What was mailed to customers, and what one of them must still confirm."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from core.db.base import TenantScoped, tenant_foreign_key


class StageMail(TenantScoped):
    """The customer of a job was told of a stage; the row keeps it from being told twice."""

    __tablename__ = "self_service_portal_stage_mails"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "job_id", "stage"),
    )

    job_id: Mapped[UUID]
    stage: Mapped[str]
    sent_at: Mapped[datetime]


class Confirmation(TenantScoped):
    """An appointment that counts only once the link in its mail was confirmed.

    Until `expires_at` its slot is kept. Then either `confirmed_at` or `freed_at` is set, and
    neither changes any more.
    """

    __tablename__ = "self_service_portal_confirmations"
    __table_args__ = (
        tenant_foreign_key("appointment_id", "appointments", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "appointment_id"),
        Index(
            "ix_self_service_portal_confirmations_open",
            "tenant_id",
            "expires_at",
            postgresql_where=text("confirmed_at is null and freed_at is null"),
        ),
    )

    appointment_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    freed_at: Mapped[datetime | None]
