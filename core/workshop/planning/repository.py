"""Every query about appointments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.planning.models import Appointment

MANY = 5000
PAGE = 200
AppointmentRow = Row[*tuple[Any, ...]]

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def lock_book(session: AsyncSession, location_id: UUID, kind: str) -> None:
    """Let only one unit of work at a time give out slots of a kind at a location. Behind it
    stands the exclusion constraint, which alone collapses when hundreds want one slot."""
    tenant_id = session.info["tenant_id"]
    await session.execute(_LOCK, {"key": f"{tenant_id}:{location_id}:{kind}"})


async def by_id(session: AsyncSession, appointment_id: UUID, *, lock: bool = False) -> Appointment:
    """The appointment with that id.

    Raises:
        NotFound: not here.
    """
    statement = select(Appointment).where(Appointment.id == appointment_id)
    found = await session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound("appointment")
    return found


async def by_link(
    session: AsyncSession, link_hash: str, *, lock: bool = False
) -> Appointment | None:
    """The appointment whose personal link has that hash."""
    statement = select(Appointment).where(Appointment.link_hash == link_hash)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def taken_between(
    session: AsyncSession,
    location_id: UUID,
    kind: str,
    start: datetime,
    end: datetime,
    *,
    but_for: UUID | None = None,
) -> list[tuple[datetime, datetime, int]]:
    """(start, end, lane) of booked appointments that overlap the half-open time, one of them
    left out."""
    statement = (
        select(Appointment.starts_at, Appointment.ends_at, Appointment.lane)
        .where(
            Appointment.location_id == location_id,
            Appointment.kind == kind,
            Appointment.status == "booked",
            Appointment.starts_at < end,
            Appointment.ends_at > start,
        )
        .order_by(Appointment.starts_at)
        .limit(MANY)
    )
    if but_for is not None:
        statement = statement.where(Appointment.id != but_for)
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def of_job(session: AsyncSession, job_id: UUID) -> list[Appointment]:
    """A job's appointments, cancelled ones too, by time."""
    found = await session.scalars(
        select(Appointment)
        .where(Appointment.job_id == job_id)
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(PAGE)
    )
    return list(found)


async def booked_of_job(session: AsyncSession, job_id: UUID, kind: str) -> Appointment | None:
    """The job's next booked appointment of that kind."""
    return await session.scalar(
        select(Appointment)
        .where(
            Appointment.job_id == job_id,
            Appointment.kind == kind,
            Appointment.status == "booked",
            Appointment.ends_at > now(),
        )
        .order_by(Appointment.starts_at)
        .limit(1)
    )


async def agenda(session: AsyncSession, start: datetime, end: datetime) -> Sequence[AppointmentRow]:
    """Booked appointments between two moments with their jobs and customers, by time."""
    rows: Sequence[AppointmentRow] = (
        await session.execute(
            select(
                Appointment.id,
                Appointment.kind,
                Appointment.starts_at,
                Appointment.ends_at,
                Appointment.job_id,
                Job.sequence_number,
                Job.plate,
                Job.plate_normalised,
                Job.plate_country,
                Job.damage,
                Job.courtesy_car_wished,
                Customer.name.label("customer_name"),
                Customer.phone.label("customer_phone"),
            )
            .join(Job, and_(Job.tenant_id == Appointment.tenant_id, Job.id == Appointment.job_id))
            .join(
                Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id)
            )
            .where(
                Appointment.status == "booked",
                Appointment.starts_at >= start,
                Appointment.starts_at < end,
            )
            .order_by(Appointment.starts_at, Appointment.id)
            .limit(PAGE)
        )
    ).all()
    return rows
