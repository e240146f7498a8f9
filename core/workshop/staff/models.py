"""Staff members, their one-time links and their login sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key

ROLES = ("owner", "planner", "technician", "accountant")


class StaffMember(Timestamped, TenantScoped):
    """Somebody who logs in at a garage. `email` is kept in lower case."""

    __tablename__ = "staff_members"
    __table_args__ = (
        UniqueConstraint("tenant_id", "email"),
        CheckConstraint("role in ('owner', 'planner', 'technician', 'accountant')", name="role"),
    )

    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="en")
    password_hash: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


class StaffLink(TenantScoped):
    """A one-time link in a mail: `purpose` is `invitation` or `password_reset`."""

    __tablename__ = "staff_links"
    __table_args__ = (
        tenant_foreign_key("staff_id", "staff_members", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "token_hash"),
    )

    staff_id: Mapped[UUID]
    purpose: Mapped[str]
    token_hash: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginSession(TenantScoped):
    """A browser that is logged in at this garage; only a hash of its cookie is kept.

    Either a staff member's own, or support acting inside the garage: then `support_name`
    and `support_reason` are set and `expires_at` is near.
    """

    __tablename__ = "login_sessions"
    __table_args__ = (
        tenant_foreign_key("staff_id", "staff_members", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "token_hash"),
        Index("ix_login_sessions_expiry", "tenant_id", "expires_at"),
        CheckConstraint("(staff_id is null) <> (support_name is null)", name="staff_or_support"),
    )

    token_hash: Mapped[str]
    staff_id: Mapped[UUID | None]
    support_name: Mapped[str | None]
    support_reason: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
