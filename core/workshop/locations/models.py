"""Locations and the days on which they are closed."""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key


class Location(Timestamped, TenantScoped):
    """A place of business. The first by `position` is the one that the portal books for.

    `opening_hours` maps ISO weekdays `"1"`-`"7"` to lists of `["08:00", "12:00"]` in local
    time. `appointment_rules` maps an appointment kind to `{duration_minutes, step_minutes,
    capacity, per_day, minimum_notice_hours, horizon_days, buffer_minutes,
    cancellation_notice_hours}`; missing keys and kinds fall back to the defaults of the planning
    slice. `holidays_worked` are the public holidays, as ISO dates, on which it is open.
    """

    __tablename__ = "locations"

    name: Mapped[str]
    position: Mapped[int] = mapped_column(server_default=text("1"))
    street: Mapped[str] = mapped_column(server_default="")
    postal_code: Mapped[str] = mapped_column(server_default="")
    city: Mapped[str] = mapped_column(server_default="")
    country: Mapped[str] = mapped_column(server_default="BE")
    timezone: Mapped[str] = mapped_column(server_default="Europe/Brussels")
    phone: Mapped[str | None]
    email: Mapped[str | None]
    vat_number: Mapped[str | None]
    opening_hours: Mapped[dict[str, Any]]
    appointment_rules: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    holidays_worked: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))

    @property
    def zone(self) -> ZoneInfo:
        """On whose clock it opens, and its appointments are."""
        return ZoneInfo(self.timezone)


class Closure(TenantScoped):
    """Days on which a location is closed beside public holidays; both ends included."""

    __tablename__ = "closures"
    __table_args__ = (
        tenant_foreign_key("location_id", "locations", ondelete="CASCADE"),
        CheckConstraint("last_day >= first_day", name="days_in_order"),
    )

    location_id: Mapped[UUID]
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str] = mapped_column(server_default="")
