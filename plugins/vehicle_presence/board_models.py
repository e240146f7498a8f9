"""What belongs to a stay beside its two moments, and how people look at the board."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key


class Absence(Timestamped, TenantScoped):
    """A vehicle that left for a while (test drive, sublet) and belongs to the garage all the same.

    It lies within a stay and changes nothing about it: no new visit, no exit. It is out while
    `back_at` is empty. `reason_texts` is what the reason was called when it left, per language,
    whatever the garage's list says later. `ended_by_exit` says that the clock ended both.
    """

    __tablename__ = "vehicle_presence_absences"
    __table_args__ = (
        tenant_foreign_key("stay_id", "vehicle_presence_stays", ondelete="CASCADE"),
        CheckConstraint("back_at is null or back_at >= out_at", name="times_in_order"),
        Index(
            "uq_vehicle_presence_absences_out",
            "tenant_id",
            "stay_id",
            unique=True,
            postgresql_where=text("back_at is null"),
        ),
        Index("ix_vehicle_presence_absences_stay", "tenant_id", "stay_id", text("id DESC")),
    )

    stay_id: Mapped[UUID]
    reason_texts: Mapped[dict[str, str]]
    note: Mapped[str] = mapped_column(server_default="")
    out_at: Mapped[datetime]
    out_noted_by: Mapped[str]
    expected_back: Mapped[datetime | None]
    back_at: Mapped[datetime | None]
    back_noted_by: Mapped[str | None]
    ended_by_exit: Mapped[bool] = mapped_column(server_default=text("false"))


class AbsenceReason(TenantScoped):
    """A reason of the garage's own list, in its languages."""

    __tablename__ = "vehicle_presence_absence_reasons"
    __table_args__ = (
        Index("ix_vehicle_presence_absence_reasons_order", "tenant_id", "position", "id"),
    )

    position: Mapped[int]
    texts: Mapped[dict[str, str]]


class CheckIn(Timestamped, TenantScoped):
    """What was noted about a vehicle when it was taken in: one row per stay.

    `answers` holds what the garage asked for: `mileage` (km), `damage` (text), `no_damage`,
    `keys` (how many) and `keys_place`.
    """

    __tablename__ = "vehicle_presence_check_ins"
    __table_args__ = (
        tenant_foreign_key("stay_id", "vehicle_presence_stays", ondelete="CASCADE"),
        Index("uq_vehicle_presence_check_ins_stay", "tenant_id", "stay_id", unique=True),
    )

    stay_id: Mapped[UUID]
    answers: Mapped[dict[str, Any]]
    noted_by: Mapped[str]


class BoardView(Timestamped, TenantScoped):
    """A saved look at the board: a name for filters, of one person, or of the garage where
    `staff_id` is empty. `removed_at` keeps it for *Undo*."""

    __tablename__ = "vehicle_presence_board_views"
    __table_args__ = (
        tenant_foreign_key("staff_id", "staff_members", ondelete="CASCADE"),
        Index(
            "uq_vehicle_presence_board_views_own",
            "tenant_id",
            "staff_id",
            "name",
            unique=True,
            postgresql_where=text("staff_id is not null and removed_at is null"),
        ),
        Index(
            "uq_vehicle_presence_board_views_all",
            "tenant_id",
            "name",
            unique=True,
            postgresql_where=text("staff_id is null and removed_at is null"),
        ),
    )

    staff_id: Mapped[UUID | None]
    name: Mapped[str]
    query: Mapped[str]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    removed_at: Mapped[datetime | None]
