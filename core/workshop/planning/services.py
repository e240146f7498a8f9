"""The verbs of appointments: offering, booking, moving and cancelling slots."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import ChangedAtOnce, Refused
from core.hooks.manager import hooks
from core.workshop.audit.services import Actor, record
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.history import note_event
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from core.workshop.planning import repository
from core.workshop.planning.links import give_link
from core.workshop.planning.models import Appointment
from core.workshop.planning.offers import free_lane, offer, slot_at
from core.workshop.planning.rules import rules_for
from core.workshop.planning.slots import DayOfSlots, Slot, next_free

GRACE = timedelta(minutes=30)
"""A slip is seen at once, on the page after booking or in its mail, and until then nobody at the
garage has planned on the time: so long it may be corrected, however near it is."""
_OVERLAPS = "23P01"
"""Exclusion violation; two that were quick are told of it by :class:`ChangedAtOnce` too."""


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


class ReasonNeeded(Refused):
    """The desk gives a time that is not offered, and does not say why."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("This time is beyond your capacity. Please say why.", field="reason")


class BookedAlready(Refused):
    """The job has an appointment of that kind that is still to come: it is to be moved."""

    def __init__(self, appointment: Appointment) -> None:
        super().__init__("This job has such an appointment already. Move it instead.")
        self.appointment = appointment


class NotBooked(Refused):
    """The desk moves what was cancelled."""

    def __init__(self) -> None:
        super().__init__("This appointment was cancelled. Please book a new one.")


class TimeIsPast(Refused):
    """Nobody can come at a time that is over."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("This time is over. Please choose a later one.", field="slot")


async def free_days(
    session: AsyncSession,
    location: Location,
    kind: str,
    *,
    moving: Appointment | None = None,
    holder: str | None = None,
) -> list[DayOfSlots]:
    """The days on which a slot of that kind can be had, with their slots.

    An appointment that is to be moved is not in its own way, and is not offered the time that
    it has. What is held for somebody is free for nobody but `holder` (an owner's hash).
    """
    return (await offer(session, location, kind, moving=moving, holder=holder)).days


async def book(
    session: AsyncSession,
    job_id: UUID,
    kind: str,
    starts_at: datetime,
    actor: Actor,
    *,
    holder: str | None = None,
    overbooking: str | None = None,
    tell_customer: bool = False,
) -> tuple[Appointment, str]:
    """Take a slot for a job; returns the appointment and the secret of its personal link.

    The same job asking again for the slot it has gets that appointment (a double click), with
    its link. What was held for `holder` (an owner's hash) is theirs to take, and held no
    longer. `overbooking` is the reason for which the desk takes a time that is not offered:
    anyone else's is not looked at. `tell_customer`: who booked it is not the customer, who is
    to hear of it.

    Raises:
        NotFound: there is no such job.
        BookedAlready: it has another appointment of that kind.
        SlotAlreadyTaken: somebody was faster, or this time is not offered.
        ReasonNeeded, TimeIsPast: an overbooking without a reason, or of what is over.
    """
    job = await jobs.by_id(session, job_id)
    location = await locations.by_id(session, job.location_id)
    await repository.lock_book(session, location.id, kind)
    own = await repository.booked_of_job(session, job_id, kind)
    if own is not None and own.starts_at == starts_at:
        secret = give_link(own)
        await session.flush()
        if holder is not None:
            await repository.release_hold(session, kind, holder)
        return own, secret
    if own is not None and own.starts_at > now():
        raise BookedAlready(own)
    appointment = Appointment(
        location_id=location.id,
        job_id=job_id,
        kind=kind,
        booked_by=actor.kind,
    )
    reason = _reason_of_desk(overbooking, actor)
    await _place(session, location, appointment, starts_at, holder=holder, overbooking=reason)
    secret = give_link(appointment)
    if appointment.overbooking_reason is not None:
        _note_overbooking(session, appointment, actor)
    if holder is not None:
        await repository.release_hold(session, kind, holder)
    note_event(
        session,
        job_id,
        "appointment_booked",
        actor,
        details={"kind": kind, "starts_at": starts_at.isoformat()},
    )
    await session.flush()
    await hooks().ask_async(
        "appointment_booked",
        session=session,
        appointment_id=appointment.id,
        tell_customer=tell_customer,
    )
    return appointment, secret


async def move(
    session: AsyncSession,
    appointment: Appointment,
    starts_at: datetime,
    actor: Actor,
    *,
    holder: str | None = None,
    overbooking: str | None = None,
    tell_customer: bool = False,
) -> Appointment:
    """Give an appointment another time; its old slot is free again at once.

    Moved to the time that it has (a double click), it stays as it is. `overbooking` and
    `tell_customer` are as in :func:`book`.

    Raises:
        SlotAlreadyTaken: somebody was faster, or this time is not offered.
        TooLateToCancel: a customer asks too late.
        NotBooked: the desk moves what was cancelled.
        ReasonNeeded, TimeIsPast: an overbooking without a reason, or of what is over.
    """
    location = await locations.by_id(session, appointment.location_id)
    await repository.lock_book(session, location.id, appointment.kind)
    if appointment.status == "booked" and appointment.starts_at == starts_at:
        return appointment
    _check_still_changeable(location, appointment, actor)
    before = appointment.starts_at
    appointment.sequence += 1
    await _place(
        session,
        location,
        appointment,
        starts_at,
        moving=appointment,
        holder=holder,
        overbooking=_reason_of_desk(overbooking, actor),
    )
    if appointment.overbooking_reason is not None:
        _note_overbooking(session, appointment, actor)
    if holder is not None:
        await repository.release_hold(session, appointment.kind, holder)
    note_event(
        session,
        appointment.job_id,
        "appointment_moved",
        actor,
        details={
            "kind": appointment.kind,
            "before": before.isoformat(),
            "starts_at": starts_at.isoformat(),
        },
    )
    await session.flush()
    await hooks().ask_async(
        "appointment_moved",
        session=session,
        appointment_id=appointment.id,
        before=before,
        by=actor.kind,
        tell_customer=tell_customer,
    )
    return appointment


async def cancel(
    session: AsyncSession,
    appointment: Appointment,
    actor: Actor,
    *,
    reason: str | None = None,
    tell_customer: bool = False,
) -> Appointment:
    """Give a slot back. Cancelled twice, it is cancelled once. `tell_customer` is as in
    :func:`book`.

    Raises:
        TooLateToCancel: a customer asks too late.
    """
    if appointment.status == "cancelled":
        return appointment
    location = await locations.by_id(session, appointment.location_id)
    _check_still_changeable(location, appointment, actor)
    appointment.status = "cancelled"
    appointment.cancelled_at = now()
    appointment.cancelled_by = actor.kind
    appointment.cancel_reason = reason
    appointment.sequence += 1
    note_event(
        session,
        appointment.job_id,
        "appointment_cancelled",
        actor,
        details={
            "kind": appointment.kind,
            "starts_at": appointment.starts_at.isoformat(),
            "reason": reason,
        },
    )
    record(session, actor, "appointment.cancelled", f"job:{appointment.job_id}", reason=reason)
    await session.flush()
    await hooks().ask_async(
        "appointment_cancelled",
        session=session,
        appointment_id=appointment.id,
        tell_customer=tell_customer,
    )
    return appointment


async def cancel_those_of_job(session: AsyncSession, job_id: UUID, actor: Actor) -> None:
    """A job was cancelled: nobody comes any more, and the customer is told."""
    for appointment in await repository.ahead_of_job(session, job_id):
        await cancel(session, appointment, actor, tell_customer=True)


def can_be_changed(location: Location, appointment: Appointment) -> bool:
    """Whether the customer may still cancel or move it online: in time, or just booked."""
    moment = now()
    if appointment.status != "booked" or moment >= appointment.starts_at:
        return False
    notice = rules_for(location, appointment.kind).cancellation_notice
    return moment <= appointment.starts_at - notice or moment <= appointment.created_at + GRACE


async def _place(
    session: AsyncSession,
    location: Location,
    appointment: Appointment,
    starts_at: datetime,
    *,
    moving: Appointment | None = None,
    holder: str | None = None,
    overbooking: str | None = None,
) -> None:
    rules = rules_for(location, appointment.kind)
    offered = await offer(session, location, appointment.kind, moving=moving, holder=holder)
    wanted = slot_at(starts_at, rules.duration)
    appointment.overbooking_reason = None
    if not offered.has(wanted):
        if overbooking is None:
            raise SlotAlreadyTaken(next_free(offered.days, starts_at))
        _check_overbooking(overbooking, wanted)
        appointment.overbooking_reason = overbooking
    appointment.starts_at = wanted.starts_at
    appointment.ends_at = wanted.ends_at
    appointment.lane = await free_lane(
        session, location.id, appointment.kind, wanted, moving=moving, holder=holder
    )
    try:
        async with session.begin_nested():
            session.add(appointment)
    except ChangedAtOnce:
        raise SlotAlreadyTaken(next_free(offered.days, starts_at)) from None
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == _OVERLAPS:
            raise SlotAlreadyTaken(next_free(offered.days, starts_at)) from None
        raise


def _reason_of_desk(overbooking: str | None, actor: Actor) -> str | None:
    is_desk = actor.kind in {"staff", "support"}
    return overbooking.strip() if overbooking is not None and is_desk else None


def _check_overbooking(reason: str, wanted: Slot) -> None:
    if wanted.starts_at <= now():
        raise TimeIsPast
    if not reason:
        raise ReasonNeeded


def _note_overbooking(session: AsyncSession, appointment: Appointment, actor: Actor) -> None:
    record(
        session,
        actor,
        "appointment.overbooked",
        f"job:{appointment.job_id}",
        reason=appointment.overbooking_reason,
        details={"kind": appointment.kind, "starts_at": appointment.starts_at.isoformat()},
    )


def _check_still_changeable(location: Location, appointment: Appointment, actor: Actor) -> None:
    if actor.kind == "customer":
        if not can_be_changed(location, appointment):
            raise TooLateToCancel
    elif appointment.status != "booked":
        raise NotBooked
