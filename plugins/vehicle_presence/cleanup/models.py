"""What a garage wishes of the clean-up, and how far its nights have come."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key

MODES = ("propose", "automatic")
LONGEST_NIGHT = timedelta(hours=12)
"""A run that did not come to its end by then broke off: the next night begins anew."""


class RuleChoice(Timestamped, TenantScoped):
    """What a garage changed about a rule; one that it left alone has no row."""

    __tablename__ = "vehicle_presence_rules"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("mode in ('propose', 'automatic')", name="mode"),
        CheckConstraint("days between 0 and 365", name="days"),
    )

    name: Mapped[str]
    is_on: Mapped[bool]
    days: Mapped[int]
    mode: Mapped[str]


class CleanupRun(TenantScoped):
    """One look at all vehicles of a garage, of a `night` or (without one) by hand.

    It goes on behind the stay `after_at`, `after_id`, in whichever process; `held` counts those
    that somebody was working on, for whose sake there is another of `rounds`. One that `broke_off`
    ended with the last exit that it noted.
    """

    __tablename__ = "vehicle_presence_cleanup_runs"
    __table_args__ = (UniqueConstraint("tenant_id", "night"),)

    night: Mapped[date | None]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    broke_off: Mapped[bool] = mapped_column(server_default=text("false"))
    after_at: Mapped[datetime | None]
    after_id: Mapped[UUID | None]
    rounds: Mapped[int] = mapped_column(server_default=text("0"))
    held: Mapped[int] = mapped_column(server_default=text("0"))
    marked: Mapped[int] = mapped_column(server_default=text("0"))
    asked: Mapped[int] = mapped_column(server_default=text("0"))

    @property
    def until(self) -> datetime:
        """Nothing that is noted later was noted by this run."""
        return self.ended_at or self.began_at + LONGEST_NIGHT


class DigestChoice(TenantScoped):
    """Whether somebody wants a mail in the morning after a night with results."""

    __tablename__ = "vehicle_presence_digest_choices"
    __table_args__ = (
        tenant_foreign_key("staff_id", "staff_members", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "staff_id"),
    )

    staff_id: Mapped[UUID]
    is_wanted: Mapped[bool]
