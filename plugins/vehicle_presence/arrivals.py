"""What is said of an arrival afterwards: when it really was, and for which job it stays."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.hooks.contributions import VehicleHandedOver, VehicleMoment
from core.workshop.audit.services import Actor, record
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.history import note_event
from core.workshop.locations import repository as locations
from plugins.vehicle_presence import absence_repository, departures, repository, telling
from plugins.vehicle_presence.errors import (
    ArrivedAfterAbsence,
    ArrivedAfterDeparture,
    ArrivedDuringOtherStay,
    ArrivedInFuture,
    VehicleInAtOtherPlace,
    VehicleNotInside,
)
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.settings import settings
from plugins.vehicle_presence.vat_book import services as vat_book
from plugins.vehicle_presence.vat_book.errors import AwayThen, OtherVisitThen


async def change_arrival(
    session: AsyncSession,
    job_id: UUID,
    at: datetime,
    actor: Actor,
    *,
    reason: str = "",
    may_correct: bool = False,
) -> Stay:
    """Somebody pressed late: say when the vehicle really came. Where the register has another day,
    it is corrected with the reason, in the same unit of work.

    Raises:
        NotFound: there is no such job, or its vehicle never came.
        ArrivedAfterDeparture, ArrivedInFuture, ArrivedAfterAbsence, ArrivedDuringOtherStay: `at`
            is impossible.
        ReasonMissing: the register is corrected, and nobody said why.
        MonthClosed: so it is, in a closed month: the actor needs the right to correct the VAT book
            (`may_correct`).
    """
    await repository.lock_vehicles(session, [job_id])
    stay = await repository.latest_stay(session, job_id, lock=True)
    if stay is None:
        raise NotFound("no arrival to change")
    await _check_moment(session, stay, at)
    if at != stay.arrived_at:
        await move(session, stay, at, actor)
        await vat_book.change_entry(session, stay, actor, reason=reason, may_correct=may_correct)
    return stay


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The job that a vehicle is in for, where that is another one."""

    job_id: UUID
    number: int


async def elsewhere(session: AsyncSession, job_id: UUID) -> Elsewhere | None:
    """For which other job the vehicle of this one is in."""
    found = await repository.open_stay_elsewhere(session, job_id)
    return None if found is None else Elsewhere(found[0].job_id, found[1])


async def require_same_place(session: AsyncSession, job_id: UUID, location_id: UUID) -> None:
    """A job may move to that location: its vehicle is in there, or not in at all.

    Raises:
        VehicleInAtOtherPlace: it is in elsewhere.
    """
    await repository.lock_vehicles(session, [job_id])
    stay = await repository.open_stay(session, job_id)
    if stay is not None and stay.location_id != location_id:
        raise VehicleInAtOtherPlace((await locations.by_id(session, stay.location_id)).name)


async def locked_stay(session: AsyncSession, stay_id: UUID | None) -> Stay | None:
    """A stay by its id, locked behind its vehicle, for those who are about to correct its row in
    the register: these two are always locked first."""
    if stay_id is None:
        return None
    await repository.lock_vehicles(session, await repository.jobs_of(session, [stay_id]))
    return await repository.stay_by_id(session, stay_id, lock=True)


def moment_on(stay: Stay, day: date, zone: ZoneInfo, end: datetime | None) -> datetime:
    """When the vehicle came if that was on that day: at the hour that was noted, or as much
    earlier as it must have been."""
    local = stay.arrived_at.astimezone(zone)
    return min(datetime.combine(day, local.time(), zone), end or now())


async def check_span(
    session: AsyncSession, stay: Stay, begin: datetime, end: datetime | None
) -> None:
    """The register is corrected: whether the stay can have lasted from `begin` to `end`.

    Raises:
        OtherVisitThen: another visit of the vehicle was then.
        AwayThen: it would have been away for a while before it came, or after it left.
    """
    other_begin, other_end = begin != stay.arrived_at, end != stay.left_at
    if not (other_begin or other_end):
        return
    away = await absence_repository.of_stays(session, [stay.id])
    if other_begin and any(begin > each.out_at for each in away):
        raise AwayThen("day")
    if other_end and end is not None and departures.was_away_after(end, away):
        raise AwayThen("left")
    is_longer = begin < stay.arrived_at or (
        stay.left_at is not None and (end is None or end > stay.left_at)
    )
    if is_longer and await repository.stay_overlaps(session, stay.id, begin, end):
        raise OtherVisitThen("day" if other_begin else "left")


async def never_was(
    session: AsyncSession, stay: Stay, actor: Actor, number: int, reason: str
) -> dict[str, object]:
    """Row `number` of the register was struck: its stay is removed, with its absences and what was
    answered at check-in, and whoever was told of it is told. Returns when it had been."""
    arrived_at, left_at, job_id = stay.arrived_at, stay.left_at, stay.job_id
    await session.delete(stay)
    await session.flush()
    details = {"number": number, "reason": reason}
    note_event(session, job_id, "arrival_struck", actor, details=details)
    if left_at is not None:
        await telling.departures_undone(session, [VehicleMoment(job_id, left_at)])
    await telling.arrivals_undone(session, [VehicleMoment(job_id, arrived_at)])
    return {
        "arrived_at": arrived_at.isoformat(),
        "left_at": None if left_at is None else left_at.isoformat(),
    }


async def go_on_for(session: AsyncSession, job_id: UUID, actor: Actor) -> tuple[Stay, UUID]:
    """The vehicle is in for another job: from now on it stays for this one. Nothing comes or
    goes, so neither does a row of the register. Returns the stay and the job it was for.

    Raises:
        NotFound: there is no such job.
        VehicleNotInside: it is not in at all.
        VehicleInAtOtherPlace: it is in at another location than this job's, and in the book there.
    """
    await repository.lock_vehicles(session, [job_id])
    job = await jobs.by_id(session, job_id)
    inside = await repository.open_stays_of_vehicle(session, job_id, lock=True)
    if not inside:
        raise VehicleNotInside
    own = [stay for stay, _number in inside if stay.job_id == job_id]
    if own:
        return own[0], job_id
    stay, number = inside[0]
    if stay.location_id != job.location_id:
        raise VehicleInAtOtherPlace((await locations.by_id(session, stay.location_id)).name)
    before = stay.job_id
    stay.job_id = job_id
    stay.seen_at = now()
    await session.flush()
    again = now() + timedelta(days=settings().ask_after_days)
    await repository.settle_doubt(session, stay.id, actor.name, now(), again)
    note_event(session, before, "stay_left", actor, details={"job": job.sequence_number})
    note_event(session, job_id, "stay_taken", actor, details={"job": number})
    details = {"from": number, "to": job.sequence_number}
    record(session, actor, "presence.handed_over", f"job:{job_id}", details=details)
    await telling.handed_over(session, [VehicleHandedOver(before, job_id, stay.seen_at)])
    return stay, before


async def _check_moment(session: AsyncSession, stay: Stay, at: datetime) -> None:
    if stay.left_at is not None and at > stay.left_at:
        raise ArrivedAfterDeparture
    if at > now() + timedelta(minutes=1):
        raise ArrivedInFuture
    away = [each.out_at for each in await absence_repository.of_stays(session, [stay.id])]
    if away and at > min(away):
        raise ArrivedAfterAbsence
    if at < stay.arrived_at and await repository.other_stay_around(session, stay, at):
        raise ArrivedDuringOtherStay


async def move(session: AsyncSession, stay: Stay, at: datetime, actor: Actor) -> None:
    """A vehicle came at another moment: the job's history, the log and other plugins are told."""
    before = telling.times_of(stay)
    details = {"before": stay.arrived_at.isoformat(), "after": at.isoformat()}
    stay.arrived_at = at
    stay.arrived_noted_by = actor.name
    await session.flush()
    note_event(session, stay.job_id, "arrival_changed", actor, details=details)
    record(session, actor, "presence.arrival_changed", f"job:{stay.job_id}", details=details)
    await telling.times_changed(session, stay, before)
