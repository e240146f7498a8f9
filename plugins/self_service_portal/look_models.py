"""What the owner decided about the portal, and what customers consented to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key


class PortalLook(Timestamped, TenantScoped):
    """The garage's look as JSON; its shape is :class:`plugins.self_service_portal.look.Look`.

    One row per garage. `revision` rises with every change; `former` is what *Undo* brings back.
    """

    __tablename__ = "self_service_portal_looks"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    revision: Mapped[int] = mapped_column(server_default=text("0"))
    content: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    former: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class Consent(TenantScoped):
    """What a customer agreed to with a request: the exact wording, and when. Rows are added and
    never changed."""

    __tablename__ = "self_service_portal_consents"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        Index("ix_self_service_portal_consents_job", "tenant_id", "job_id"),
    )

    job_id: Mapped[UUID]
    language: Mapped[str]
    wording: Mapped[str]
    given_at: Mapped[datetime]
