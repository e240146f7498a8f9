"""Every query about stays. Lists read open rows only, always with a limit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.workshop.jobs.models import Job, JobEvent
from core.workshop.vehicles.models import Vehicle
from plugins.vehicle_presence.board_models import Absence, CheckIn
from plugins.vehicle_presence.models import Doubt, Stay

PAGE = 60
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

_FINISHED_INSIDE = (
    select(Stay.id)
    .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
    .where(Stay.left_at.is_(None), Job.status.in_(FINISHED))
    .limit(PAGE + 1)
)
_ASKED_ABOUT = (
    select(Stay.id)
    .join(Doubt, and_(Doubt.tenant_id == Stay.tenant_id, Doubt.stay_id == Stay.id))
    .where(Doubt.settled_at.is_(None), Stay.left_at.is_(None))
    .limit(PAGE + 1)
)


async def some_finished_but_inside(session: AsyncSession) -> int:
    """How many vehicles are on site although their work is done; more than :data:`PAGE` are not
    counted further."""
    return len((await session.scalars(_FINISHED_INSIDE)).all())


async def some_doubts(session: AsyncSession) -> int:
    """About how many vehicles the clean-up asks, counted as far."""
    return len((await session.scalars(_ASKED_ABOUT)).all())


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


async def stay_by_id(session: AsyncSession, stay_id: UUID, *, lock: bool = False) -> Stay | None:
    """The stay with that id."""
    statement = select(Stay).where(Stay.id == stay_id)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def open_stay(session: AsyncSession, job_id: UUID, *, lock: bool = False) -> Stay | None:
    """The job's stay that has not ended."""
    statement = select(Stay).where(Stay.job_id == job_id, Stay.left_at.is_(None))
    return await session.scalar(statement.with_for_update() if lock else statement)


async def lock_stays(session: AsyncSession, stay_ids: Sequence[UUID]) -> dict[UUID, Stay]:
    """These stays as they are now, locked. Whoever changes several locks them here, all of them,
    behind their vehicles and before any register: so no two can wait for each other."""
    found = await session.scalars(
        select(Stay)
        .where(Stay.id.in_(stay_ids))
        .order_by(Stay.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {stay.id: stay for stay in found}


async def open_stays_of(session: AsyncSession, job_ids: Sequence[UUID]) -> list[Stay]:
    """The stays of these jobs that have not ended, locked in that order."""
    found = await session.scalars(
        select(Stay.id).where(Stay.job_id.in_(job_ids), Stay.left_at.is_(None))
    )
    locked = await lock_stays(session, list(found))
    return [stay for stay in locked.values() if stay.left_at is None]


async def latest_stay(session: AsyncSession, job_id: UUID, *, lock: bool = False) -> Stay | None:
    """The job's stay that goes on; without one, the newest of those that ended."""
    statement = (
        select(Stay)
        .where(Stay.job_id == job_id)
        .order_by(Stay.left_at.is_(None).desc(), Stay.id.desc())
        .limit(1)
    )
    return await session.scalar(statement.with_for_update() if lock else statement)


async def lock_vehicles(session: AsyncSession, job_ids: Sequence[UUID]) -> None:
    """Let only one unit of work at a time say of the vehicles of these jobs that they came."""
    theirs = select(Job.vehicle_id).where(Job.id.in_(job_ids)).scalar_subquery()
    await session.execute(
        select(Vehicle.id)
        .where(Vehicle.id.in_(theirs))
        .order_by(Vehicle.id)
        .with_for_update(key_share=True)
    )


async def open_stays_of_vehicle(
    session: AsyncSession, job_id: UUID, *, lock: bool = False
) -> list[tuple[Stay, int]]:
    """Every open stay of the job's vehicle, whichever job it is for, with that job's number."""
    mine = aliased(Job)
    statement = (
        select(Stay, Job.sequence_number)
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .join(mine, and_(mine.tenant_id == Job.tenant_id, mine.vehicle_id == Job.vehicle_id))
        .where(mine.id == job_id, Stay.left_at.is_(None))
        .order_by(Stay.id)
        .limit(PAGE)
    )
    found = await session.execute(statement.with_for_update(of=Stay) if lock else statement)
    return [(stay, number) for stay, number in found]


async def open_stay_elsewhere(session: AsyncSession, job_id: UUID) -> tuple[Stay, int] | None:
    """The vehicle's open stay for another job than this one, with that job's number."""
    found = await open_stays_of_vehicle(session, job_id)
    return next((each for each in found if each[0].job_id != job_id), None)


async def same_plate_inside(session: AsyncSession, job_id: UUID) -> tuple[UUID, int] | None:
    """A job of another vehicle, as far as is known, that has the same plate and is in: its id and
    number. Without a chassis number two customers' vehicles are two, though it may be one car."""
    mine = aliased(Job)
    found = await session.execute(
        select(Job.id, Job.sequence_number)
        .join(Stay, and_(Stay.tenant_id == Job.tenant_id, Stay.job_id == Job.id))
        .join(
            mine,
            and_(
                mine.tenant_id == Job.tenant_id,
                mine.plate_normalised == Job.plate_normalised,
                mine.plate_country == Job.plate_country,
            ),
        )
        .where(
            mine.id == job_id,
            mine.plate_normalised != "",
            Job.vehicle_id != mine.vehicle_id,
            Stay.left_at.is_(None),
        )
        .limit(1)
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


def overlaps_another(begin: Any = Stay.arrived_at, end: Any = Stay.left_at) -> ColumnElement[bool]:
    """Condition on stays: one that lasted from `begin` to `end` (None: it goes on) would overlap
    another stay of the same vehicle, whichever job that is for. Stays that touch do not."""
    mine, its, other = aliased(Job), aliased(Job), aliased(Stay)
    condition = exists().where(
        mine.tenant_id == Stay.tenant_id,
        mine.id == Stay.job_id,
        its.tenant_id == mine.tenant_id,
        its.vehicle_id == mine.vehicle_id,
        other.tenant_id == its.tenant_id,
        other.job_id == its.id,
        other.id != Stay.id,
        or_(other.left_at.is_(None), other.left_at > begin),
    )
    return condition if end is None else condition.where(other.arrived_at < end)


def at_its_jobs_place() -> ColumnElement[bool]:
    """Condition on stays: their jobs belong to the locations in whose books they are."""
    return exists().where(
        Job.tenant_id == Stay.tenant_id,
        Job.id == Stay.job_id,
        Job.location_id == Stay.location_id,
    )


async def can_go_on(session: AsyncSession, stay_id: UUID) -> bool:
    """Whether that stay, if it had not ended, would overlap no other one of its vehicle, and be
    where its job is."""
    found = await session.scalar(
        select(Stay.id).where(
            Stay.id == stay_id, ~overlaps_another(Stay.arrived_at, None), at_its_jobs_place()
        )
    )
    return found is not None


async def stay_overlaps(
    session: AsyncSession, stay_id: UUID, begin: datetime, end: datetime | None
) -> bool:
    """Whether that stay, if it lasted from `begin` to `end` (None: it goes on), would overlap
    another one of the same vehicle."""
    found = await session.scalar(
        select(Stay.id).where(Stay.id == stay_id, overlaps_another(begin, end))
    )
    return found is not None


async def other_stay_around(session: AsyncSession, stay: Stay, moment: datetime) -> bool:
    """Whether another stay of the same vehicle reaches into the time from `moment` until this
    one's end."""
    return await stay_overlaps(session, stay.id, moment, stay.left_at)


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


async def jobs_of(session: AsyncSession, stay_ids: Sequence[UUID]) -> list[UUID]:
    """The jobs that these stays are for."""
    return list(await session.scalars(select(Stay.job_id).where(Stay.id.in_(stay_ids))))


async def jobs_inside(session: AsyncSession, job_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Which of these jobs' vehicles are in, and since when."""
    rows = await session.execute(
        select(Stay.job_id, Stay.arrived_at).where(Stay.job_id.in_(job_ids), Stay.left_at.is_(None))
    )
    return {row[0]: row[1] for row in rows}


async def doubt_by_id(session: AsyncSession, doubt_id: UUID) -> Doubt | None:
    """The doubt with that id."""
    return await session.scalar(select(Doubt).where(Doubt.id == doubt_id))


async def settle_doubt(
    session: AsyncSession, stay_id: UUID, who: str, moment: datetime, ask_again_at: datetime
) -> None:
    """Whatever the clean-up asked about a stay is answered: it is there."""
    await session.execute(
        update(Doubt)
        .where(Doubt.stay_id == stay_id, Doubt.settled_at.is_(None))
        .values(settled_at=moment, settled_by=who, ask_again_at=ask_again_at)
    )


async def note_seen(session: AsyncSession, stay_id: UUID, moment: datetime) -> None:
    """Somebody saw the vehicle inside at that moment."""
    await session.execute(update(Stay).where(Stay.id == stay_id).values(seen_at=moment))
