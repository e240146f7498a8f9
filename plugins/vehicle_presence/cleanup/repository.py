"""What the clean-up's pages and its mail show; always with a limit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.staff.models import StaffMember
from core.workshop.vehicles.models import Vehicle
from plugins.vehicle_presence.cleanup.exits import of_run
from plugins.vehicle_presence.cleanup.models import CleanupRun, DigestChoice
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.repository import lock_stays

PAGE = 50
NIGHTS = 7
SHOWN_EXITS = 100
AnyRow = Row[*tuple[Any, ...]]
READERS = ("owner", "planner")
"""Roles that the morning mail is for."""

_VEHICLE = (
    Stay.id.label("stay_id"),
    Stay.job_id,
    Stay.location_id,
    Stay.arrived_at,
    Job.sequence_number,
    Job.plate,
    Job.plate_normalised,
    Job.plate_country,
    Job.status,
    Customer.name.label("customer_name"),
    Vehicle.make,
    Vehicle.model,
    Vehicle.colour,
)


def _with_vehicle(statement: Any) -> Any:
    return (
        statement.join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
    )


async def proposals(
    session: AsyncSession, after: UUID | None = None, limit: int = PAGE + 1
) -> Sequence[AnyRow]:
    """What waits for a person, the longest asked first; one more than :data:`PAGE` if there is
    more."""
    statement = (
        _with_vehicle(
            select(
                *_VEHICLE, Doubt.id.label("doubt_id"), Doubt.reason, Doubt.left_at, Doubt.evidence
            ).join(Stay, and_(Stay.tenant_id == Doubt.tenant_id, Stay.id == Doubt.stay_id))
        )
        .where(Doubt.settled_at.is_(None), Stay.left_at.is_(None))
        .order_by(Doubt.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Doubt.id > after)
    rows: Sequence[AnyRow] = (await session.execute(statement)).all()
    return rows


async def vehicles_of(session: AsyncSession, stay_ids: Sequence[UUID]) -> dict[UUID, AnyRow]:
    """Which vehicles these stays are of."""
    statement = _with_vehicle(select(*_VEHICLE)).where(Stay.id.in_(stay_ids))
    return {row.stay_id: row for row in await session.execute(statement)}


async def count_proposals(session: AsyncSession) -> int:
    """How many vehicles wait for a person."""
    found = await session.scalar(
        select(func.count())
        .select_from(Doubt)
        .join(Stay, and_(Stay.tenant_id == Doubt.tenant_id, Stay.id == Doubt.stay_id))
        .where(Doubt.settled_at.is_(None), Stay.left_at.is_(None))
    )
    return found or 0


async def lock_proposals(
    session: AsyncSession, doubt_ids: Sequence[UUID]
) -> Sequence[tuple[Doubt, Stay]]:
    """Those that still wait, with their stays, locked: the stays first, as everybody does."""
    stay_ids = await session.scalars(select(Doubt.stay_id).where(Doubt.id.in_(doubt_ids)))
    await lock_stays(session, list(stay_ids))
    rows = await session.execute(
        select(Doubt, Stay)
        .join(Stay, and_(Stay.tenant_id == Doubt.tenant_id, Stay.id == Doubt.stay_id))
        .where(Doubt.id.in_(doubt_ids), Doubt.settled_at.is_(None), Stay.left_at.is_(None))
        .order_by(Stay.id)
        .with_for_update()
    )
    return [(row[0], row[1]) for row in rows]


async def run_by_id(session: AsyncSession, run_id: UUID) -> CleanupRun | None:
    """That look of the clean-up."""
    return await session.scalar(select(CleanupRun).where(CleanupRun.id == run_id))


async def recent_runs(session: AsyncSession) -> list[CleanupRun]:
    """The newest looks of the clean-up after which vehicles were gone."""
    found = await session.scalars(
        select(CleanupRun).where(CleanupRun.marked > 0).order_by(CleanupRun.id.desc()).limit(NIGHTS)
    )
    return list(found)


async def last_run(session: AsyncSession) -> CleanupRun | None:
    """The newest look that came to its end, and did not break off."""
    return await session.scalar(
        select(CleanupRun)
        .where(CleanupRun.ended_at.is_not(None), ~CleanupRun.broke_off)
        .order_by(CleanupRun.id.desc())
        .limit(1)
    )


_EXITS = _with_vehicle(select(*_VEHICLE, Stay.left_at, Stay.evidence, Stay.left_noted_at))


async def exits_of(session: AsyncSession, run: CleanupRun, limit: int) -> Sequence[AnyRow]:
    """What a run has noted and nobody took back or corrected."""
    statement = _EXITS.where(*of_run(run)).order_by(Stay.left_noted_at, Stay.id).limit(limit)
    rows: Sequence[AnyRow] = (await session.execute(statement)).all()
    return rows


async def exits_since(session: AsyncSession, moment: datetime) -> Sequence[AnyRow]:
    """The newest exits that the clean-up has noted since `moment`, and that stand."""
    statement = (
        _EXITS.where(Stay.closed_by == "sweep", Stay.left_noted_at >= moment)
        .order_by(Stay.left_noted_at.desc(), Stay.id)
        .limit(SHOWN_EXITS)
    )
    rows: Sequence[AnyRow] = (await session.execute(statement)).all()
    return rows


async def count_exits(session: AsyncSession, run: CleanupRun) -> int:
    """How many of a run's exits stand."""
    found = await session.scalar(select(func.count()).select_from(Stay).where(*of_run(run)))
    return found or 0


async def readers(session: AsyncSession) -> list[StaffMember]:
    """Who gets the morning mail: owners unless they said no, planners who said yes."""
    wanted = func.coalesce(DigestChoice.is_wanted, StaffMember.role == "owner")
    found = await session.scalars(
        select(StaffMember)
        .outerjoin(
            DigestChoice,
            and_(
                DigestChoice.tenant_id == StaffMember.tenant_id,
                DigestChoice.staff_id == StaffMember.id,
            ),
        )
        .where(StaffMember.is_active, StaffMember.role.in_(READERS), wanted)
        .order_by(StaffMember.id)
        .limit(PAGE)
    )
    return list(found)


async def choice_of(session: AsyncSession, staff_id: UUID) -> DigestChoice | None:
    """What somebody said about the morning mail."""
    return await session.scalar(select(DigestChoice).where(DigestChoice.staff_id == staff_id))
