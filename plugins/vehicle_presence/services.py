"""The verbs of presence. Those of departures are in `departures`, and can be had here too."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.hooks.contributions import VehicleMoment
from core.hooks.manager import hooks
from core.workshop.audit.services import Actor, record
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.history import note_event
from core.workshop.vehicles.plates import display_plate
from plugins.vehicle_presence import repository, telling
from plugins.vehicle_presence.departures import (
    change_off_site_date,
    locked_stay_of,
    mark_many_off_site,
    mark_off_site,
    time_to_undo,
    undo_off_site,
    wants_reason,
)
from plugins.vehicle_presence.errors import TooLateToUndo, VehicleInElsewhere
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.settings import NAME, settings, settings_of
from plugins.vehicle_presence.vat_book import services as vat_book
from plugins.vehicle_presence.vat_book import stay_repository

__all__ = [
    "NAME",
    "change_off_site_date",
    "mark_many_off_site",
    "mark_off_site",
    "record_arrival",
    "settings",
    "settings_of",
    "still_here",
    "undo_arrival",
    "undo_off_site",
    "wants_reason",
]


async def record_arrival(
    session: AsyncSession, job_id: UUID, actor: Actor, *, at: datetime | None = None
) -> Stay:
    """Check *vehicle in*. Pressed twice, or by two people at once, it is one arrival; the vehicle
    was seen at the later press.

    One visit is one stay, however many jobs the vehicle is here for.

    Raises:
        NotFound: there is no such job.
        VehicleInElsewhere: it is in for another job.
    """
    await repository.lock_vehicles(session, [job_id])
    job = await jobs.by_id(session, job_id)
    inside = await repository.open_stays_of_vehicle(session, job_id)
    own = [stay for stay, _number in inside if stay.job_id == job_id]
    if own:
        own[0].seen_at = now()
        return own[0]
    if inside:
        other, number = inside[0]
        plate = display_plate(job.plate_normalised, job.plate_country, job.plate)
        raise VehicleInElsewhere(plate, other.job_id, number)
    stay = Stay(
        job_id=job.id,
        location_id=job.location_id,
        plate=job.plate,
        arrived_at=at or now(),
        arrived_noted_by=actor.name,
        created_at=now(),
    )
    try:
        async with session.begin_nested():
            session.add(stay)
    except IntegrityError:
        same = await repository.open_stay(session, job_id)
        if same is None:
            raise
        return same
    note_event(session, job_id, "vehicle_arrived", actor, at=stay.arrived_at)
    record(session, actor, "presence.arrived", f"job:{job_id}")
    await hooks().ask_async("vehicle_arrived", session=session, job_id=job_id, at=stay.arrived_at)
    await vat_book.note_entry(session, stay, actor)
    return stay


async def undo_arrival(session: AsyncSession, stay_id: UUID, job_id: UUID, actor: Actor) -> None:
    """Uncheck *vehicle in* right after it was checked by mistake: the stay never was. Taken back
    twice, or by two people at once, it is taken back once.

    Raises:
        NotFound: there is no such job.
        TooLateToUndo: the time is over, or the vehicle has left; press the clock instead.
    """
    stay = await locked_stay_of(session, job_id)
    if stay is None or stay.id != stay_id:
        if (await stay_repository.never_were(session, [stay_id])).get(stay_id) == job_id:
            return
        raise TooLateToUndo(was_arrival=True)
    if stay.left_at is not None or now() - stay.created_at > time_to_undo():
        raise TooLateToUndo(was_arrival=True)
    await session.delete(stay)
    await session.flush()
    note_event(session, job_id, "arrival_undone", actor)
    record(session, actor, "presence.arrival_undone", f"job:{job_id}")
    await telling.arrivals_undone(session, [VehicleMoment(job_id, stay.arrived_at)])
    await vat_book.undo_entry(session, stay, actor)


async def still_here(session: AsyncSession, doubt_id: UUID, actor: Actor) -> None:
    """A person looked: the vehicle is there. The clean-up asks again after its pause.

    Raises:
        NotFound: there is no such doubt.
    """
    doubt = await repository.doubt_by_id(session, doubt_id)
    if doubt is None:
        raise NotFound("doubt")
    await repository.lock_stays(session, [doubt.stay_id])
    doubt.settled_at = now()
    doubt.settled_by = actor.name
    doubt.ask_again_at = now() + timedelta(days=settings().ask_after_days)
    await repository.note_seen(session, doubt.stay_id, now())
    record(session, actor, "presence.still_here", f"stay:{doubt.stay_id}")
