"""Every query about appointments and holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Date,
    DateTime,
    Row,
    and_,
    cast,
    delete,
    func,
    literal,
    literal_column,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.locations.models import Closure, Location
from core.workshop.planning.models import Appointment, SlotHold

MANY = 20_000
PAGE = 200
EXPORTED = 500
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


@dataclass(frozen=True, slots=True)
class Occupied:
    """What stands in the way: (start, end, lane) of what is booked or held, and the closures of
    the location as (first day, last day). `held` is how many of the first are holds. Where there
    was more than :data:`MANY` of it, all of it is known only before `known_until`."""

    taken: tuple[tuple[datetime, datetime, int], ...]
    closures: tuple[tuple[date, date], ...]
    held: int
    known_until: datetime | None = None


async def occupied(
    session: AsyncSession,
    location_id: UUID,
    kind: str,
    start: datetime,
    end: datetime,
    *,
    but_for: UUID | None = None,
    holder: str | None = None,
) -> Occupied:
    """What overlaps the half-open time, in one round trip: booked appointments but for one, live
    holds but for those of `holder` (an owner's hash), and closures."""
    tenant_id = session.info["tenant_id"]
    booked = select(
        literal("booked"), Appointment.starts_at, Appointment.ends_at, Appointment.lane
    ).where(
        Appointment.tenant_id == tenant_id,
        Appointment.location_id == location_id,
        Appointment.kind == kind,
        Appointment.status == "booked",
        Appointment.starts_at < end,
        Appointment.ends_at > start,
    )
    if but_for is not None:
        booked = booked.where(Appointment.id != but_for)
    held = select(literal("held"), SlotHold.starts_at, SlotHold.ends_at, SlotHold.lane).where(
        SlotHold.tenant_id == tenant_id,
        SlotHold.location_id == location_id,
        SlotHold.kind == kind,
        SlotHold.expires_at > now(),
        SlotHold.starts_at < end,
        SlotHold.ends_at > start,
    )
    if holder is not None:
        held = held.where(SlotHold.owner_hash != holder)
    closed = select(
        literal("closed"), _day(Closure.first_day), _day(Closure.last_day), literal(0)
    ).where(
        Closure.tenant_id == tenant_id,
        Closure.location_id == location_id,
        Closure.last_day >= start.date(),
        Closure.first_day <= end.date(),
    )
    by_start = union_all(closed, booked, held).order_by(literal_column("2"))
    rows = (await session.execute(by_start.limit(MANY))).all()
    return Occupied(
        tuple((row[1], row[2], row[3]) for row in rows if row[0] != "closed"),
        tuple(
            (row[1].astimezone(UTC).date(), row[2].astimezone(UTC).date())
            for row in rows
            if row[0] == "closed"
        ),
        sum(row[0] == "held" for row in rows),
        rows[-1][1] if len(rows) == MANY else None,
    )


async def begun_by_day(
    session: AsyncSession, location_id: UUID, start: datetime, end: datetime, timezone: str
) -> dict[tuple[date, str], int]:
    """How many booked appointments begin per (local day, kind) between two moments."""
    day = cast(func.timezone(timezone, Appointment.starts_at), Date)
    rows = await session.execute(
        select(day, Appointment.kind, func.count())
        .where(
            Appointment.location_id == location_id,
            Appointment.status == "booked",
            Appointment.starts_at >= start,
            Appointment.starts_at < end,
        )
        .group_by(day, Appointment.kind)
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def hold_of(
    session: AsyncSession, kind: str, owner_hash: str, *, lock: bool = False
) -> SlotHold | None:
    """The owner's hold of that kind, also one that has expired."""
    statement = select(SlotHold).where(SlotHold.kind == kind, SlotHold.owner_hash == owner_hash)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def keep_newest_holds(session: AsyncSession, visitor_hash: str, most: int) -> None:
    """Let go all but the newest holds of a browser; those that it is changing right now stay."""
    newest_first = await session.scalars(
        select(SlotHold.id)
        .where(SlotHold.visitor_hash == visitor_hash, SlotHold.expires_at > now())
        .order_by(SlotHold.held_since.desc(), SlotHold.id.desc())
        .limit(PAGE)
        .with_for_update(skip_locked=True)
    )
    too_many = list(newest_first)[most:]
    if too_many:
        await session.execute(delete(SlotHold).where(SlotHold.id.in_(too_many)))


async def release_hold(session: AsyncSession, kind: str, owner_hash: str) -> None:
    """Let the owner's hold of that kind go."""
    await session.execute(
        delete(SlotHold).where(SlotHold.kind == kind, SlotHold.owner_hash == owner_hash)
    )


async def delete_expired_holds(session: AsyncSession) -> None:
    """Tidy away what counts no longer."""
    await session.execute(delete(SlotHold).where(SlotHold.expires_at <= now()))


async def of_job(session: AsyncSession, job_id: UUID) -> list[Appointment]:
    """A job's appointments, cancelled ones too, by time."""
    found = await session.scalars(
        select(Appointment)
        .where(Appointment.job_id == job_id)
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(PAGE)
    )
    return list(found)


async def ahead_of_job(session: AsyncSession, job_id: UUID) -> Sequence[Appointment]:
    """A job's booked appointments that have not begun, by time, locked."""
    found = await session.scalars(
        select(Appointment)
        .where(
            Appointment.job_id == job_id,
            Appointment.status == "booked",
            Appointment.starts_at > now(),
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(PAGE)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.all()


async def is_expected(session: AsyncSession, job_id: UUID, *, status: str = "booked") -> bool:
    """Whether a job has an appointment of that status whose time has not come."""
    ahead = select(Appointment.id).where(
        Appointment.job_id == job_id,
        Appointment.status == status,
        Appointment.starts_at > now(),
    )
    return await session.scalar(ahead.limit(1)) is not None


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


async def place_of_job(
    session: AsyncSession, job: Job, kind: str
) -> tuple[Location, Appointment | None]:
    """The location of a job and its next booked appointment of that kind, in one round trip."""
    row = (
        await session.execute(
            select(Location, Appointment)
            .outerjoin(
                Appointment,
                and_(
                    Appointment.tenant_id == Location.tenant_id,
                    Appointment.job_id == job.id,
                    Appointment.kind == kind,
                    Appointment.status == "booked",
                    Appointment.ends_at > now(),
                ),
            )
            .where(Location.id == job.location_id)
            .order_by(Appointment.starts_at)
            .limit(1)
        )
    ).one()
    return row[0], row[1]


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
                Appointment.overbooking_reason,
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


async def export_page(
    session: AsyncSession,
    start: datetime,
    end: datetime,
    *,
    after: tuple[datetime, UUID] | None = None,
) -> Sequence[AppointmentRow]:
    """At most :data:`EXPORTED` appointments between two moments, cancelled ones too, by time;
    those behind the one that began then and had that id."""
    statement = (
        select(
            Appointment.id,
            Appointment.kind,
            Appointment.status,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.overbooking_reason,
            Appointment.cancel_reason,
            Job.sequence_number,
            Job.plate,
            Job.plate_normalised,
            Job.plate_country,
            Job.damage,
            Job.courtesy_car_wished,
            Customer.name.label("customer_name"),
            Customer.email.label("customer_email"),
            Customer.phone.label("customer_phone"),
        )
        .join(Job, and_(Job.tenant_id == Appointment.tenant_id, Job.id == Appointment.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .where(Appointment.starts_at >= start, Appointment.starts_at < end)
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(EXPORTED)
    )
    if after is not None:
        statement = statement.where(tuple_(Appointment.starts_at, Appointment.id) > after)
    rows: Sequence[AppointmentRow] = (await session.execute(statement)).all()
    return rows


def _day(column: Any) -> Any:
    """A date as its midnight in UTC, so that it stands in one column with moments."""
    return func.timezone("UTC", cast(column, DateTime))
