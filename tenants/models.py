"""Garages, their host names, their switched-on plugins, and the vendor's support staff."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import PlatformTable, Timestamped


class Tenant(Timestamped, PlatformTable):
    """A garage. A closed one exists for nobody but support, and its name is not given again."""

    __tablename__ = "tenants"

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    languages: Mapped[list[Any]]
    country: Mapped[str] = mapped_column(server_default="BE")
    timezone: Mapped[str] = mapped_column(server_default="Europe/Brussels")
    phone: Mapped[str | None]
    email: Mapped[str | None]
    address: Mapped[str | None]
    brand_colour: Mapped[str] = mapped_column(server_default="#0b5cab")
    closed_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime | None]


class TenantDomain(PlatformTable):
    """A further host name under which a garage answers, in lower case, without port.

    The main one, if there is one, stands in mails and codes and is told to search engines.
    """

    __tablename__ = "tenant_domains"
    __table_args__ = (
        Index("ux_tenant_domains_main", "tenant_id", unique=True, postgresql_where=text("is_main")),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), index=True)
    host: Mapped[str] = mapped_column(unique=True)
    is_main: Mapped[bool] = mapped_column(server_default=text("false"))


class PluginActivation(Timestamped, PlatformTable):
    """That a plugin is, or was, on for a garage, with its settings there."""

    __tablename__ = "plugin_activations"
    __table_args__ = (UniqueConstraint("tenant_id", "plugin"),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    plugin: Mapped[str]
    is_on: Mapped[bool] = mapped_column(server_default=text("true"))
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class SupportMember(Timestamped, PlatformTable):
    """Somebody of the vendor's help desk: `role` is `support` or `support-lead`."""

    __tablename__ = "support_members"

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="support")
    language: Mapped[str] = mapped_column(server_default="en")
    password_hash: Mapped[str]
    totp_secret: Mapped[str]
    totp_last_step: Mapped[int] = mapped_column(server_default=text("0"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


class SupportSession(PlatformTable):
    """A browser that is logged in at the support console."""

    __tablename__ = "support_sessions"

    token_hash: Mapped[str] = mapped_column(unique=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("support_members.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SupportAuditEntry(PlatformTable):
    """What support did: add-only, with who, when, where and why."""

    __tablename__ = "support_audit_entries"
    __table_args__ = (Index("ix_support_audit_entries_tenant", "tenant_id", text("id DESC")),)

    at: Mapped[datetime] = mapped_column(server_default=func.now())
    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id"))
    actor: Mapped[str]
    action: Mapped[str]
    reason: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
