"""Appointments, and slots that are kept for a while."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key

KINDS = ("estimate", "drop_off", "pick_up")


class Appointment(Timestamped, TenantScoped):
    """A slot that is taken. `lane` is the 1-based place among the parallel ones.

    The exclusion constraint stands behind the advisory lock of the service: no two booked
    appointments of a kind overlap in one lane of a location. `link_hash` is the hash of the
    secret in the customer's personal link; `sequence` is iCalendar's SEQUENCE (RFC 5545).
    `overbooking_reason` says why the desk gave a time that was not offered any more.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        tenant_foreign_key("location_id", "locations"),
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        CheckConstraint("kind in ('estimate', 'drop_off', 'pick_up')", name="kind"),
        CheckConstraint("ends_at > starts_at", name="times_in_order"),
        CheckConstraint("status in ('booked', 'cancelled')", name="status"),
        ExcludeConstraint(
            (text("tenant_id"), "="),
            (text("location_id"), "="),
            (text("kind"), "="),
            (text("lane"), "="),
            (func.tstzrange(text("starts_at"), text("ends_at")), "&&"),
            where=text("status = 'booked'"),
            name="ex_appointments_lane",
        ),
        Index("ix_appointments_day", "tenant_id", "location_id", "starts_at"),
        Index("ix_appointments_job", "tenant_id", "job_id"),
        Index(
            "uq_appointments_link",
            "tenant_id",
            "link_hash",
            unique=True,
            postgresql_where=text("link_hash is not null"),
        ),
    )

    location_id: Mapped[UUID]
    job_id: Mapped[UUID]
    kind: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    lane: Mapped[int]
    status: Mapped[str] = mapped_column(server_default="booked")
    booked_by: Mapped[str] = mapped_column(server_default="customer")
    link_hash: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    cancel_reason: Mapped[str | None]
    overbooking_reason: Mapped[str | None]


class SlotHold(Timestamped, TenantScoped):
    """A slot that is kept for somebody who is still filling in a form.

    `owner_hash` is the hash of what the slot is for (a draft, a job), which has one at most per
    kind; `visitor_hash` the hash of the browser's cookie. What has expired counts no longer,
    whether or not it was tidied away.
    """

    __tablename__ = "slot_holds"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "owner_hash"),
        tenant_foreign_key("location_id", "locations", ondelete="CASCADE"),
        CheckConstraint("kind in ('estimate', 'drop_off', 'pick_up')", name="kind"),
        CheckConstraint("ends_at > starts_at", name="times_in_order"),
        Index("ix_slot_holds_book", "tenant_id", "location_id", "kind", "starts_at"),
        Index("ix_slot_holds_visitor", "tenant_id", "visitor_hash"),
        Index("ix_slot_holds_expiry", "tenant_id", "expires_at"),
    )

    location_id: Mapped[UUID]
    kind: Mapped[str]
    lane: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    owner_hash: Mapped[str]
    visitor_hash: Mapped[str]
    held_since: Mapped[datetime]
    expires_at: Mapped[datetime]
