"""Photos of a job."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key


class Photo(Timestamped, TenantScoped):
    """A photo of a job. The original stays private; what is served are its renditions.

    `state` is `received` (checked and stored), `ready` (renditions made) or `failed` (the
    worker could not render it). `renditions` maps a size name to `{key, width, height}`.
    The same bytes twice in one job are one photo (`sha256`).
    """

    __tablename__ = "photos"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "job_id", "sha256"),
        Index("ix_photos_job", "tenant_id", "job_id", "id"),
        CheckConstraint("state in ('received', 'ready', 'failed')", name="state"),
    )

    job_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(server_default="received")
    format: Mapped[str]
    size_bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str]
    original_key: Mapped[str]
    renditions: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    display_name: Mapped[str]
    taken_at: Mapped[datetime | None]
    source: Mapped[str]
    view: Mapped[str | None]
    seen_by_staff_at: Mapped[datetime | None]
    shared_with_customer: Mapped[bool] = mapped_column(server_default=text("false"))
    shared_at: Mapped[datetime | None]
