"""What a location can offer at this moment: its rules, less what is booked, held and closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.locations.models import Location
from core.workshop.planning import repository
from core.workshop.planning.models import Appointment
from core.workshop.planning.rules import closed_days, opening_hours, rules_for
from core.workshop.planning.slots import Bookings, DayOfSlots, Slot, free_slots


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be had, and how many slots somebody else is being kept."""

    days: list[DayOfSlots]
    held: int

    def has(self, slot: Slot) -> bool:
        """Whether exactly that slot can be had."""
        return any(slot in day.slots for day in self.days)


async def offer(
    session: AsyncSession,
    location: Location,
    kind: str,
    *,
    moving: Appointment | None = None,
    holder: str | None = None,
) -> Offer:
    """The free slots of a kind, and how many are held; one query.

    An appointment that is to be moved is not in its own way, and is not offered the time that
    it has. What is held for somebody is free for nobody but `holder` (an owner's hash).
    """
    rules = rules_for(location, kind)
    zone = ZoneInfo(location.timezone)
    moment = now()
    today = moment.astimezone(zone).date()
    horizon = moment + timedelta(days=rules.horizon_days + 2)
    occupied = await repository.occupied(
        session,
        location.id,
        kind,
        moment - timedelta(days=2),
        horizon,
        but_for=moving.id if moving else None,
        holder=holder,
    )
    days = free_slots(
        rules=rules,
        hours=opening_hours(location),
        closed=closed_days(location, occupied.closures, today, horizon.date()),
        bookings=Bookings.of((start, end) for start, end, _ in occupied.taken),
        zone=zone,
        now=moment,
    )
    if occupied.known_until is not None:
        known = occupied.known_until.astimezone(zone).date()
        days = [day for day in days if day.day < known]
    return Offer(days if moving is None else _at_other_times(days, moving.starts_at), occupied.held)


def slot_at(starts_at: datetime, duration: timedelta) -> Slot:
    """The slot of that length that begins then."""
    start = starts_at.astimezone(UTC)
    return Slot(start, start + duration)


async def free_lane(
    session: AsyncSession,
    location_id: UUID,
    kind: str,
    slot: Slot,
    *,
    moving: Appointment | None = None,
    holder: str | None = None,
) -> int:
    """The first of the parallel places that nobody has in that time."""
    with session.no_autoflush:
        occupied = await repository.occupied(
            session,
            location_id,
            kind,
            slot.starts_at,
            slot.ends_at,
            but_for=moving.id if moving else None,
            holder=holder,
        )
    used = {lane for _, _, lane in occupied.taken}
    return next(lane for lane in range(1, len(used) + 2) if lane not in used)


def _at_other_times(days: Sequence[DayOfSlots], starts_at: datetime) -> list[DayOfSlots]:
    kept = (
        DayOfSlots(day.day, tuple(slot for slot in day.slots if slot.starts_at != starts_at))
        for day in days
    )
    return [day for day in kept if day.slots]
