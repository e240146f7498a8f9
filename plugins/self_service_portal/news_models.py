"""What customers did online, for the garage's people."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, tenant_foreign_key


class News(TenantScoped):
    """Something that a customer did about a job.

    What is about an appointment has its times as they were then (`starts_at`, and `before` where it
    was moved), and waits on the first page of the desk until `seen_at`. Messages, answers to
    estimates and photos have such a state of their own: they have a line here only where the garage
    is mailed. `is_to_be_mailed` is true until the mail that tells of it is written.
    """

    __tablename__ = "self_service_portal_news"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        tenant_foreign_key("appointment_id", "appointments", ondelete="CASCADE"),
        CheckConstraint(
            "kind in ('booked', 'moved', 'cancelled', 'approved', 'declined', 'message', 'photos')",
            name="kind",
        ),
        Index("ix_self_service_portal_news_job", "tenant_id", "job_id"),
        Index("ix_self_service_portal_news_appointment", "tenant_id", "appointment_id"),
        Index(
            "ix_self_service_portal_news_unseen",
            "tenant_id",
            "at",
            postgresql_where=text("seen_at is null and appointment_id is not null"),
        ),
        Index(
            "ix_self_service_portal_news_unmailed",
            "tenant_id",
            "at",
            postgresql_where=text("is_to_be_mailed"),
        ),
    )

    job_id: Mapped[UUID]
    appointment_id: Mapped[UUID | None]
    kind: Mapped[str]
    at: Mapped[datetime]
    starts_at: Mapped[datetime | None]
    before: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None]
    is_to_be_mailed: Mapped[bool] = mapped_column(server_default=text("false"))
