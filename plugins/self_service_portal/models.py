"""Drafts of what customers are about to send."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key
from plugins.self_service_portal import (  # noqa: F401 - their tables are migrated too
    look_models,
    mail_models,
    talk_models,
    time_wish_models,
)


class Draft(Timestamped, TenantScoped):
    """A request for an estimate while it is being filled in, kept from the first answer.

    `secret_hash` is the hash of the browser's cookie. `answers` maps step names to what was
    answered. `job_id` is set when it was sent: a second click finds it there.
    """

    __tablename__ = "self_service_portal_drafts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "secret_hash"),
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        Index("ix_self_service_portal_drafts_expiry", "tenant_id", "expires_at"),
    )

    secret_hash: Mapped[str]
    language: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    job_id: Mapped[UUID | None]
    expires_at: Mapped[datetime]


class DraftPhoto(Timestamped, TenantScoped):
    """A photo of a draft: checked, stored, not yet part of any job.

    `position` is its place in the person's order. `thumb` is `{key, width, height}` once the
    worker has drawn it.
    """

    __tablename__ = "self_service_portal_draft_photos"
    __table_args__ = (
        UniqueConstraint("tenant_id", "draft_id", "sha256"),
        tenant_foreign_key("draft_id", "self_service_portal_drafts", ondelete="CASCADE"),
    )

    draft_id: Mapped[UUID]
    sha256: Mapped[str]
    key: Mapped[str]
    name: Mapped[str]
    facts: Mapped[dict[str, Any]]
    size_bytes: Mapped[int]
    view: Mapped[str | None]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    thumb: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class VisitPhoto(Timestamped, TenantScoped):
    """Which photo of a job came in which visit (:func:`.identity.visit_of`), so that its sender can
    take it back; forgotten when the visit is over."""

    __tablename__ = "self_service_portal_visit_photos"
    __table_args__ = (
        UniqueConstraint("tenant_id", "photo_id"),
        tenant_foreign_key("photo_id", "photos", ondelete="CASCADE"),
        Index("ix_self_service_portal_visit_photos_created", "tenant_id", "created_at"),
    )

    photo_id: Mapped[UUID]
    visit_hash: Mapped[str]
