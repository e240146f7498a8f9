"""Every query about stays. Lists read open rows only, always with a limit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job, JobEvent
from core.workshop.vehicles.models import Vehicle
from plugins.vehicle_presence.board_models import Absence, CheckIn
from plugins.vehicle_presence.models import Doubt, Stay

PAGE = 60
BoardRow = Row[*tuple[Any, ...]]
FINISHED = ("ready", "delivered", "invoiced", "cancelled")
LAST_EVENT = (
    select(JobEvent.at)
    .where(JobEvent.tenant_id == Job.tenant_id, JobEvent.job_id == Job.id)
    .order_by(JobEvent.id.desc())
    .limit(literal_column("1"))
    .correlate(Job)
    .scalar_subquery()
)
"""When something was last noted in a job's history: a photo, a task, a check-in, an absence."""

_BOARD_COLUMNS = (
    Stay.id,
    Stay.job_id,
    Stay.arrived_at,
    Job.sequence_number,
    Job.plate,
    Job.plate_normalised,
    Job.plate_country,
    Job.status,
    Job.status_changed_at,
    Job.current_task,
    Job.estimated_completion,
    Customer.name.label("customer_name"),
    Vehicle.make,
    Vehicle.model,
    Vehicle.colour,
)


def _board() -> Any:
    return (
        select(*_BOARD_COLUMNS)
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
        .where(Stay.tenant_id == bindparam("tenant"), Stay.left_at.is_(None))
        .order_by(Stay.arrived_at, Stay.id)
        .limit(PAGE + 1)
    )


_FINISHED_ON_SITE = _board().where(Job.status.in_(FINISHED))


async def finished_but_inside(session: AsyncSession) -> Sequence[BoardRow]:
    """Vehicles on site whose work is done: the ones to look at first."""
    values = {"tenant": session.info["tenant_id"]}
    return (await session.execute(_FINISHED_ON_SITE, values)).all()


async def count_on_site(session: AsyncSession) -> int:
    """How many vehicles are inside."""
    found = await session.scalar(
        select(func.count()).select_from(Stay).where(Stay.left_at.is_(None))
    )
    return found or 0


async def moves_since(session: AsyncSession, moment: datetime) -> tuple[int, int]:
    """(arrivals, departures) since `moment`."""
    arrivals = await session.scalar(
        select(func.count()).select_from(Stay).where(Stay.arrived_at >= moment)
    )
    departures = await session.scalar(
        select(func.count()).select_from(Stay).where(Stay.left_at >= moment)
    )
    return arrivals or 0, departures or 0


async def stay_by_id(session: AsyncSession, stay_id: UUID) -> Stay | None:
    """The stay with that id."""
    return await session.scalar(select(Stay).where(Stay.id == stay_id))


async def open_stay(session: AsyncSession, job_id: UUID, *, lock: bool = False) -> Stay | None:
    """The job's stay that has not ended."""
    statement = select(Stay).where(Stay.job_id == job_id, Stay.left_at.is_(None))
    return await session.scalar(statement.with_for_update() if lock else statement)


async def latest_stay(session: AsyncSession, job_id: UUID, *, lock: bool = False) -> Stay | None:
    """The job's newest stay, open or ended."""
    statement = select(Stay).where(Stay.job_id == job_id).order_by(Stay.id.desc()).limit(1)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def stays_of(session: AsyncSession, job_id: UUID) -> list[Stay]:
    """All stays of a job, newest first."""
    found = await session.scalars(
        select(Stay).where(Stay.job_id == job_id).order_by(Stay.id.desc()).limit(PAGE)
    )
    return list(found)


async def stays_of_customer(session: AsyncSession, customer_id: UUID) -> list[Stay]:
    """All stays of a customer's vehicles, newest first."""
    found = await session.scalars(
        select(Stay)
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .where(Job.customer_id == customer_id)
        .order_by(Stay.id.desc())
        .limit(1000)
    )
    return list(found)


async def erase_words_about(session: AsyncSession, customer_id: UUID) -> None:
    """Empty what people wrote about a customer's stays: notes of absences, answers of check-ins."""
    theirs = (
        select(Stay.id)
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .where(Job.customer_id == customer_id)
        .scalar_subquery()
    )
    quietly = {"synchronize_session": False}
    await session.execute(
        update(Absence).where(Absence.stay_id.in_(theirs)).values(note=""),
        execution_options=quietly,
    )
    await session.execute(
        update(CheckIn).where(CheckIn.stay_id.in_(theirs)).values(answers={}),
        execution_options=quietly,
    )


async def jobs_inside(session: AsyncSession, job_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Which of these jobs' vehicles are in, and since when."""
    rows = await session.execute(
        select(Stay.job_id, Stay.arrived_at).where(Stay.job_id.in_(job_ids), Stay.left_at.is_(None))
    )
    return {row[0]: row[1] for row in rows}


async def open_doubts(session: AsyncSession) -> Sequence[BoardRow]:
    """Vehicles that a person should decide about."""
    statement = (
        select(*_BOARD_COLUMNS, Doubt.id.label("doubt_id"), Doubt.reason, Doubt.evidence)
        .join(Stay, and_(Stay.tenant_id == Doubt.tenant_id, Stay.id == Doubt.stay_id))
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
        .where(Doubt.settled_at.is_(None), Stay.left_at.is_(None))
        .order_by(Stay.arrived_at, Stay.id)
        .limit(PAGE)
    )
    return (await session.execute(statement)).all()


async def doubt_by_id(session: AsyncSession, doubt_id: UUID) -> Doubt | None:
    """The doubt with that id."""
    return await session.scalar(select(Doubt).where(Doubt.id == doubt_id))


async def note_seen(session: AsyncSession, stay_id: UUID, moment: datetime) -> None:
    """Somebody saw the vehicle inside at that moment."""
    await session.execute(update(Stay).where(Stay.id == stay_id).values(seen_at=moment))
