"""Stays of vehicles on the garage's premises."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key
from plugins.vehicle_presence.vat_book import (
    models as vat_book_models,  # noqa: F401 - its tables are migrated too
)

CLOSED_BY = ("clock", "bulk", "sweep", "confirmed", "correction")


class Stay(Timestamped, TenantScoped):
    """One stay of a vehicle, from arrival until it left.

    *Vehicle in* is nothing else than a stay without `left_at`, so the check mark and the
    off-site date cannot disagree. The unique partial index is the screens' way to what is on
    site now: its size does not depend on history, and it lets a job be in only once.
    `closed_by` says how it ended: a `sweep` was noted by the clean-up by itself, `confirmed` is
    what it proposed to a person; both carry their `evidence`. `seen_at` is when somebody
    last said that the vehicle is here, in whichever way (it came back, a check-in was answered, a
    departure was taken back): no evidence from before can say that it had left.
    """

    __tablename__ = "vehicle_presence_stays"
    __table_args__ = (
        tenant_foreign_key("job_id", "jobs", ondelete="CASCADE"),
        tenant_foreign_key("location_id", "locations"),
        CheckConstraint("left_at is null or left_at >= arrived_at", name="times_in_order"),
        CheckConstraint("(left_at is null) = (closed_by is null)", name="closed_by_somebody"),
        CheckConstraint(
            "closed_by is null"
            " or closed_by in ('clock', 'bulk', 'sweep', 'confirmed', 'correction')",
            name="closed_by",
        ),
        Index(
            "uq_vehicle_presence_stays_open",
            "tenant_id",
            "job_id",
            unique=True,
            postgresql_where=text("left_at is null"),
        ),
        Index(
            "ix_vehicle_presence_stays_on_site",
            "tenant_id",
            "arrived_at",
            "id",
            postgresql_where=text("left_at is null"),
        ),
        Index("ix_vehicle_presence_stays_job", "tenant_id", "job_id", text("id DESC")),
        Index(
            "ix_vehicle_presence_stays_left",
            "tenant_id",
            text("left_at DESC"),
            postgresql_where=text("left_at is not null"),
        ),
        Index(
            "ix_vehicle_presence_stays_noted",
            "tenant_id",
            "left_noted_at",
            postgresql_where=text("left_at is not null"),
        ),
        Index(
            "ix_vehicle_presence_stays_swept",
            "tenant_id",
            "left_noted_at",
            "id",
            postgresql_where=text("closed_by = 'sweep'"),
        ),
    )

    job_id: Mapped[UUID]
    location_id: Mapped[UUID]
    plate: Mapped[str]
    arrived_at: Mapped[datetime]
    arrived_noted_by: Mapped[str]
    left_at: Mapped[datetime | None]
    left_noted_by: Mapped[str | None]
    left_noted_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    evidence: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    seen_at: Mapped[datetime | None]


class Doubt(Timestamped, TenantScoped):
    """A stay that the clean-up finds strange: a person decides. `left_at` is the exit that its
    `evidence` proposes, if there is any.

    One open row per stay; `settled_at` is set when somebody said that the vehicle is still
    there (then it is left alone until `ask_again_at`) or noted when it left.
    """

    __tablename__ = "vehicle_presence_doubts"
    __table_args__ = (
        tenant_foreign_key("stay_id", "vehicle_presence_stays", ondelete="CASCADE"),
        Index("uq_vehicle_presence_doubts_stay", "tenant_id", "stay_id", unique=True),
        Index(
            "ix_vehicle_presence_doubts_open",
            "tenant_id",
            "id",
            postgresql_where=text("settled_at is null"),
        ),
    )

    stay_id: Mapped[UUID]
    reason: Mapped[str]
    left_at: Mapped[datetime | None]
    evidence: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]
    ask_again_at: Mapped[datetime | None]
