"""The verbs of repair jobs: opening, changing, moving on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from core.clock import now
from core.errors import NotFound, Refused
from core.hooks.manager import hooks
from core.workshop.audit.services import Actor, record
from core.workshop.customers import services as customers
from core.workshop.jobs import repository
from core.workshop.jobs.flows import copy_tasks
from core.workshop.jobs.history import note_event
from core.workshop.jobs.models import Job, JobTask
from core.workshop.jobs.numbers import new_public_number, normalise_public_number
from core.workshop.jobs.stages import current_task, status_after_tasks
from core.workshop.locations import repository as locations
from core.workshop.notifications.live import JOBS, announce
from core.workshop.planning import services as planning
from core.workshop.vehicles import services as vehicles
from core.workshop.vehicles.plates import normalise_plate

MOST_KILOMETRES = 3_000_000
STATUSES = ("new", "planned", "in_progress", "ready", "delivered", "invoiced", "cancelled")
EDITABLE = (
    "location_id",
    "damage",
    "comments",
    "starts_on",
    "ends_on",
    "mileage_at_estimate",
    "mileage_at_repair",
    "estimated_completion",
    "book_out_date",
    "claim_capacity",
    "insurer",
    "expert",
    "claim_number",
    "courtesy_car_wished",
    "invoice_reference",
)


class JobChangedMeanwhile(Refused):
    """Somebody else saved the job after this page was opened."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this job in the meantime. What you typed is still here:"
            " compare it with the job and save again."
        )


class UnknownStatus(Refused):
    """No such status."""

    def __init__(self) -> None:
        super().__init__("Please choose one of the statuses in the list.", field="status")


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is needed to open a job; `source` is `desk` or `portal`."""

    contact: customers.Contact
    vehicle: vehicles.VehicleFacts
    damage: str = ""
    damage_zones: tuple[str, ...] = ()
    flow_id: UUID | None = None
    location_id: UUID | None = None
    """Where the work is done; None for the first location, which customers book."""
    source: str = "desk"
    details: Mapping[str, Any] = field(default_factory=dict)


async def open_job(session: AsyncSession, new: NewJob, actor: Actor) -> Job:
    """Open a job with its number, its customer, its vehicle and its tasks.

    Raises:
        Refused: the plate has no letter or digit in it.
        NotFound: there is no such flow or location.
    """
    if not normalise_plate(new.vehicle.plate):
        raise Refused("Please type the registration plate.", field="plate")
    if new.location_id is None:
        location = await locations.first(session)
    else:
        location = await locations.by_id(session, new.location_id)
    if new.flow_id is None:
        flow = await repository.default_flow(session)
    else:
        flow = await repository.flow_by_id(session, new.flow_id)
    customer = await customers.find_or_add(session, new.contact)
    vehicle = await vehicles.find_or_add(session, customer.id, new.vehicle)
    job = Job(
        sequence_number=await repository.next_number(session, "job"),
        public_number=new_public_number(),
        location_id=location.id,
        customer_id=customer.id,
        vehicle_id=vehicle.id,
        flow_id=flow.id,
        plate=new.vehicle.plate.strip(),
        plate_normalised=normalise_plate(new.vehicle.plate),
        plate_country=new.vehicle.plate_country,
        damage=new.damage.strip(),
        damage_zones=list(new.damage_zones),
        source=new.source,
        **{name: value for name, value in new.details.items() if name in EDITABLE},
    )
    session.add(job)
    await session.flush()
    tasks = await copy_tasks(session, job.id, flow.id)
    first = current_task(tasks)
    job.current_task = first.key if first else None
    await session.flush()
    note_event(session, job.id, "job_created", actor)
    await hooks().ask_async("job_created", session=session, job_id=job.id)
    return job


async def find_for_customer(session: AsyncSession, plate: str, number: str) -> Job | None:
    """The job behind what a customer typed, in any typing; None for every kind of miss."""
    return await repository.by_plate_and_number(
        session, normalise_plate(plate), normalise_public_number(number)
    )


async def change_job(
    session: AsyncSession, job_id: UUID, values: Mapping[str, Any], version: int, actor: Actor
) -> Job:
    """Save fields of the job card. `version` is the one that the person saw.

    Raises:
        NotFound: not here.
        JobChangedMeanwhile: somebody saved in between; nothing is changed.
        Refused: a plugin wants the job to stay at its location.
    """
    job = await repository.by_id(session, job_id)
    if job.version != version:
        raise JobChangedMeanwhile
    place = job.location_id
    changed = {}
    for name, value in values.items():
        if name in EDITABLE and getattr(job, name) != value:
            changed[name] = [_plain(getattr(job, name)), _plain(value)]
            setattr(job, name, value)
    try:
        await session.flush()
    except StaleDataError:
        raise JobChangedMeanwhile from None
    if changed:
        announce(session, JOBS)
        record(session, actor, "job.changed", f"job:{job_id}", details=changed)
    if job.location_id != place:
        await hooks().ask_async(
            "job_location_changed",
            session=session,
            job_id=job_id,
            before=place,
            after=job.location_id,
        )
    return job


async def set_status(session: AsyncSession, job_id: UUID, status: str, actor: Actor) -> Job:
    """Move the job to a status by hand.

    Raises:
        NotFound: not here.
        UnknownStatus: there is no such status.
    """
    if status not in STATUSES:
        raise UnknownStatus
    job = await repository.locked(session, job_id)
    await _move(session, job, status, actor)
    return job


async def note_mileage_at_repair(
    session: AsyncSession, job_id: UUID, kilometres: int, actor: Actor
) -> Job:
    """Write down what the odometer shows when the vehicle is taken in; a later reading wins.

    Raises:
        NotFound: not here.
        Refused: no odometer shows that.
    """
    if not 0 <= kilometres <= MOST_KILOMETRES:
        raise Refused("Please check the mileage: it is a number of kilometres.", field="mileage")
    job = await repository.locked(session, job_id)
    if job.mileage_at_repair != kilometres:
        changed = {"mileage_at_repair": [job.mileage_at_repair, kilometres]}
        job.mileage_at_repair = kilometres
        await session.flush()
        announce(session, JOBS)
        record(session, actor, "job.changed", f"job:{job_id}", details=changed)
    return job


async def tell_client_informed(session: AsyncSession, job_id: UUID, actor: Actor) -> Job:
    """Note that the client was informed, now."""
    job = await repository.locked(session, job_id)
    job.client_informed_at = now()
    note_event(session, job_id, "client_informed", actor)
    await session.flush()
    return job


async def set_task_state(
    session: AsyncSession, job_id: UUID, task_id: UUID, state: str, actor: Actor
) -> JobTask:
    """Start, hold, finish or skip a task; tasks are ordered but may be skipped.

    Raises:
        NotFound: no such task in this job.
        Refused: no such state.
    """
    if state not in {"not_started", "in_progress", "on_hold", "finished", "skipped"}:
        raise Refused("Please choose one of the buttons of the task.")
    job = await repository.locked(session, job_id)
    tasks = await repository.tasks_of(session, job_id)
    task = next((each for each in tasks if each.id == task_id), None)
    if task is None:
        raise NotFound("task")
    if task.state == state:
        return task
    task.state = state
    if state == "in_progress":
        task.started_at = task.started_at or now()
    task.finished_at = now() if state == "finished" else None
    following = current_task(tasks)
    job.current_task = following.key if following else None
    note_event(session, job_id, f"task_{state}", actor, details={"task": task.key})
    await session.flush()
    await _move(session, job, status_after_tasks(job.status, tasks), actor)
    if state == "finished":
        await hooks().ask_async("task_finished", session=session, job_id=job_id, task_key=task.key)
    return task


async def _move(session: AsyncSession, job: Job, status: str, actor: Actor) -> None:
    before = job.status
    if before == status:
        return
    job.status = status
    job.status_changed_at = now()
    note_event(
        session, job.id, "status_changed", actor, details={"before": before, "after": status}
    )
    record(
        session, actor, "job.status", f"job:{job.id}", details={"before": before, "after": status}
    )
    await session.flush()
    if status == "cancelled":
        await planning.cancel_those_of_job(session, job.id, actor)
    await hooks().ask_async(
        "job_status_changed", session=session, job_id=job.id, before=before, after=status
    )


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
