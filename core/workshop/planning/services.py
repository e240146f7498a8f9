"""The verbs of appointments: offering, booking, moving and cancelling slots."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.hooks.manager import hooks
from core.workshop.audit.services import Actor, record
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import note_event
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from core.workshop.planning import repository
from core.workshop.planning.models import Appointment
from core.workshop.planning.slots import (
    AppointmentRules,
    Bookings,
    ClosedDays,
    DayOfSlots,
    OpeningHours,
    Slot,
    free_slots,
    next_free,
    public_holidays,
)

DEFAULT_RULES: dict[str, AppointmentRules] = {
    "estimate": AppointmentRules(),
    "drop_off": AppointmentRules(
        duration=timedelta(minutes=15), capacity=2, minimum_notice=timedelta(hours=24)
    ),
    "pick_up": AppointmentRules(duration=timedelta(minutes=15), capacity=2),
}
_CONTENDED = {"23P01", "40P01"}
"""Exclusion violation, and the deadlock that it can be reported as."""


class SlotAlreadyTaken(Refused):
    """Somebody was faster, or the slot is not offered. `alternatives` are the next free ones."""

    def __init__(self, alternatives: Sequence[Slot]) -> None:
        super().__init__(
            "This time has just been taken. Please choose one of the other times.", field="slot"
        )
        self.alternatives = tuple(alternatives)


class TooLateToCancel(Refused):
    """The appointment is too near, or already over."""

    def __init__(self) -> None:
        super().__init__(
            "It is too late to change this appointment online. Please call the garage."
        )


def rules_for(location: Location, kind: str) -> AppointmentRules:
    """The location's rules for a kind of appointment, defaults where it says nothing."""
    default = DEFAULT_RULES[kind]
    own = location.appointment_rules.get(kind, {})

    def minutes(name: str, fallback: timedelta) -> timedelta:
        return timedelta(minutes=own[name]) if name in own else fallback

    def hours(name: str, fallback: timedelta) -> timedelta:
        return timedelta(hours=own[name]) if name in own else fallback

    return AppointmentRules(
        duration=minutes("duration_minutes", default.duration),
        step=minutes("step_minutes", default.step),
        capacity=own.get("capacity", default.capacity),
        minimum_notice=hours("minimum_notice_hours", default.minimum_notice),
        horizon_days=own.get("horizon_days", default.horizon_days),
        buffer=minutes("buffer_minutes", default.buffer),
        cancellation_notice=hours("cancellation_notice_hours", default.cancellation_notice),
    )


async def free_days(
    session: AsyncSession, location: Location, kind: str, *, moving: Appointment | None = None
) -> list[DayOfSlots]:
    """The days on which a slot of that kind can be had, with their slots.

    An appointment that is to be moved is not in its own way, and is not offered the time that
    it has.
    """
    rules = rules_for(location, kind)
    zone = ZoneInfo(location.timezone)
    moment = now()
    today = moment.astimezone(zone).date()
    horizon = moment + timedelta(days=rules.horizon_days + 2)
    taken = await repository.taken_between(
        session,
        location.id,
        kind,
        moment - timedelta(days=1),
        horizon,
        but_for=moving.id if moving else None,
    )
    closures = await locations.closures_from(session, location.id, today)
    days = free_slots(
        rules=rules,
        hours=_opening_hours(location),
        closed=ClosedDays(
            public_holidays(location.country, today.year, horizon.year),
            tuple((closure.first_day, closure.last_day) for closure in closures),
        ),
        bookings=Bookings.of((start, end) for start, end, _ in taken),
        zone=zone,
        now=moment,
    )
    return days if moving is None else _at_other_times(days, moving.starts_at)


async def book(
    session: AsyncSession, job_id: UUID, kind: str, starts_at: datetime, actor: Actor
) -> tuple[Appointment, str]:
    """Take a slot for a job; returns the appointment and the secret of its personal link.

    The same job asking again for the slot it has gets that appointment (a double click), with
    a new secret.

    Raises:
        NotFound: there is no such job.
        SlotAlreadyTaken: somebody was faster, or this time is not offered.
    """
    job = await jobs.by_id(session, job_id)
    location = await locations.by_id(session, job.location_id)
    await repository.lock_book(session, location.id, kind)
    secret = secrets.token_urlsafe(24)
    own = await repository.booked_of_job(session, job_id, kind)
    if own is not None and own.starts_at == starts_at:
        own.link_hash = link_hash(secret)
        await session.flush()
        return own, secret
    appointment = Appointment(
        location_id=location.id,
        job_id=job_id,
        kind=kind,
        booked_by=actor.kind,
        link_hash=link_hash(secret),
    )
    await _place(session, location, appointment, starts_at)
    note_event(
        session,
        job_id,
        "appointment_booked",
        actor,
        details={"kind": kind, "starts_at": starts_at.isoformat()},
    )
    await session.flush()
    await hooks().ask_async("appointment_booked", session=session, appointment_id=appointment.id)
    return appointment, secret


async def move(
    session: AsyncSession, appointment: Appointment, starts_at: datetime, actor: Actor
) -> Appointment:
    """Give an appointment another time; its old slot is free again at once.

    Moved to the time that it has (a double click), it stays as it is.

    Raises:
        SlotAlreadyTaken: somebody was faster, or this time is not offered.
        TooLateToCancel: a customer asks too late.
    """
    location = await locations.by_id(session, appointment.location_id)
    await repository.lock_book(session, location.id, appointment.kind)
    if appointment.status == "booked" and appointment.starts_at == starts_at:
        return appointment
    _check_still_changeable(location, appointment, actor)
    before = appointment.starts_at
    appointment.sequence += 1
    await _place(session, location, appointment, starts_at, moving=appointment)
    note_event(
        session,
        appointment.job_id,
        "appointment_moved",
        actor,
        details={"before": before.isoformat(), "starts_at": starts_at.isoformat()},
    )
    return appointment


async def cancel(
    session: AsyncSession, appointment: Appointment, actor: Actor, *, reason: str | None = None
) -> Appointment:
    """Give a slot back. Cancelled twice, it is cancelled once.

    Raises:
        TooLateToCancel: a customer asks too late.
    """
    if appointment.status == "cancelled":
        return appointment
    location = await locations.by_id(session, appointment.location_id)
    _check_still_changeable(location, appointment, actor)
    appointment.status = "cancelled"
    appointment.cancelled_at = now()
    appointment.cancel_reason = reason
    appointment.sequence += 1
    note_event(
        session,
        appointment.job_id,
        "appointment_cancelled",
        actor,
        details={"kind": appointment.kind, "starts_at": appointment.starts_at.isoformat()},
    )
    record(session, actor, "appointment.cancelled", f"job:{appointment.job_id}", reason=reason)
    await session.flush()
    await hooks().ask_async("appointment_cancelled", session=session, appointment_id=appointment.id)
    return appointment


def can_be_changed(location: Location, appointment: Appointment) -> bool:
    """Whether the customer may still cancel or move it online."""
    notice = rules_for(location, appointment.kind).cancellation_notice
    return appointment.status == "booked" and now() <= appointment.starts_at - notice


def link_hash(secret: str) -> str:
    """What is stored of a personal link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def _place(
    session: AsyncSession,
    location: Location,
    appointment: Appointment,
    starts_at: datetime,
    *,
    moving: Appointment | None = None,
) -> None:
    rules = rules_for(location, appointment.kind)
    days = await free_days(session, location, appointment.kind, moving=moving)
    wanted = Slot(starts_at.astimezone(UTC), (starts_at + rules.duration).astimezone(UTC))
    if not any(wanted in day.slots for day in days):
        raise SlotAlreadyTaken(next_free(days, starts_at))
    appointment.starts_at = wanted.starts_at
    appointment.ends_at = wanted.ends_at
    appointment.lane = await _free_lane(session, location.id, appointment.kind, wanted, moving)
    try:
        async with session.begin_nested():
            session.add(appointment)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _CONTENDED:
            raise SlotAlreadyTaken(next_free(days, starts_at)) from None
        raise


async def _free_lane(
    session: AsyncSession, location_id: UUID, kind: str, slot: Slot, moving: Appointment | None
) -> int:
    with session.no_autoflush:
        taken = await repository.taken_between(
            session,
            location_id,
            kind,
            slot.starts_at,
            slot.ends_at,
            but_for=moving.id if moving else None,
        )
    used = {lane for _, _, lane in taken}
    return next(lane for lane in range(1, len(used) + 2) if lane not in used)


def _at_other_times(days: Sequence[DayOfSlots], starts_at: datetime) -> list[DayOfSlots]:
    kept = (
        DayOfSlots(day.day, tuple(slot for slot in day.slots if slot.starts_at != starts_at))
        for day in days
    )
    return [day for day in kept if day.slots]


def _check_still_changeable(location: Location, appointment: Appointment, actor: Actor) -> None:
    if appointment.status != "booked":
        raise TooLateToCancel
    if actor.kind == "customer" and not can_be_changed(location, appointment):
        raise TooLateToCancel


def _opening_hours(location: Location) -> OpeningHours:
    return OpeningHours(
        {
            int(weekday): tuple(
                (time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in pairs
            )
            for weekday, pairs in location.opening_hours.items()
        }
    )
