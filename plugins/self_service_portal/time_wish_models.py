"""Wishes of customers for whom no time was free."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key


class TimeWish(Timestamped, TenantScoped):
    """Somebody who waits for a time, or for a call.

    `owner_hash` says for which draft or job: each has one open wish per kind. `weekdays` are ISO
    numbers and `halves` of `morning` and `afternoon`; none of either means any. `answers` are
    the draft's, so that the customer need not begin again. `secret_hash` is the hash of the
    secret in the mails that say that a time is free, the last one at `told_at`. `none_free_at` is
    when it was last seen that no time suits; where one did from the beginning, that one is no news.
    """

    __tablename__ = "self_service_portal_time_wishes"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        CheckConstraint("kind in ('estimate', 'drop_off')", name="kind"),
        Index(
            "uq_self_service_portal_time_wishes_open",
            "tenant_id",
            "kind",
            "owner_hash",
            unique=True,
            postgresql_where=text("done_at is null"),
        ),
        Index(
            "uq_self_service_portal_time_wishes_secret",
            "tenant_id",
            "secret_hash",
            unique=True,
            postgresql_where=text("secret_hash is not null"),
        ),
        Index("ix_self_service_portal_time_wishes_listed", "tenant_id", "done_at", "id"),
    )

    kind: Mapped[str]
    owner_hash: Mapped[str]
    job_id: Mapped[UUID | None]
    draft_id: Mapped[UUID | None]
    answers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    language: Mapped[str]
    weekdays: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    halves: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    consent_at: Mapped[datetime]
    secret_hash: Mapped[str | None]
    told_at: Mapped[datetime | None]
    none_free_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
