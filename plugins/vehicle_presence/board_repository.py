"""The board's queries: open stays only, always a limit, nothing per row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job, JobEvent, JobTask
from core.workshop.locations.models import Location
from core.workshop.vehicles.models import Vehicle
from core.workshop.vehicles.plates import normalise_plate
from plugins.vehicle_presence.bands import BandEdges
from plugins.vehicle_presence.board_models import Absence, CheckIn
from plugins.vehicle_presence.filters import GROUPS, Filters
from plugins.vehicle_presence.models import Stay

PAGE = 60
BoardRow = Row[*tuple[Any, ...]]

_TASK = (
    select(JobTask.labels)
    .where(
        JobTask.tenant_id == Job.tenant_id,
        JobTask.job_id == Job.id,
        JobTask.key == Job.current_task,
    )
    .order_by(JobTask.position)
    .limit(1)
    .scalar_subquery()
)
_LAST_EVENT = (
    select(JobEvent.at)
    .where(JobEvent.tenant_id == Job.tenant_id, JobEvent.job_id == Job.id)
    .order_by(JobEvent.id.desc())
    .limit(1)
    .scalar_subquery()
)
_COLUMNS = (
    Stay.id,
    Stay.job_id,
    Stay.arrived_at,
    Stay.location_id,
    Location.name.label("location_name"),
    Job.sequence_number,
    Job.plate,
    Job.plate_normalised,
    Job.plate_country,
    Job.status,
    Job.estimated_completion,
    func.greatest(_LAST_EVENT, Job.updated_at).label("last_activity"),
    func.coalesce(_TASK, literal({}, JobTask.labels.type)).label("task_labels"),
    Customer.name.label("customer_name"),
    Vehicle.make,
    Vehicle.model,
    Vehicle.colour,
    Absence.out_at,
    Absence.reason_texts,
    Absence.expected_back,
    CheckIn.id.label("check_in_id"),
)


def _board() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
        .join(Location, and_(Location.tenant_id == Stay.tenant_id, Location.id == Stay.location_id))
        .outerjoin(
            Absence,
            and_(
                Absence.tenant_id == Stay.tenant_id,
                Absence.stay_id == Stay.id,
                Absence.back_at.is_(None),
            ),
        )
        .outerjoin(CheckIn, and_(CheckIn.tenant_id == Stay.tenant_id, CheckIn.stay_id == Stay.id))
        .where(Stay.tenant_id == bindparam("tenant"), Stay.left_at.is_(None))
        .order_by(Stay.arrived_at, Stay.id)
        .limit(PAGE + 1)
    )


_ALL = _board()
_AFTER = tuple_(Stay.arrived_at, Stay.id) > tuple_(bindparam("after_at"), bindparam("after_id"))
_FINISHED = Job.status.in_(GROUPS["finished"])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters with what they mean today."""

    filters: Filters
    edges: BandEdges
    today: date


async def on_site(
    session: AsyncSession, wanted: Wanted, after: tuple[datetime, UUID] | None = None
) -> Sequence[BoardRow]:
    """A page of vehicles on site, longest first; one more than :data:`PAGE` if there is more."""
    statement = _filtered(_ALL, wanted)
    values: dict[str, object] = {"tenant": session.info["tenant_id"]}
    if after is not None:
        statement = statement.where(_AFTER)
        values |= {"after_at": after[0], "after_id": after[1]}
    rows: Sequence[BoardRow] = (await session.execute(statement, values)).all()
    return rows


async def finished_but_inside(session: AsyncSession, wanted: Wanted) -> Sequence[BoardRow]:
    """Vehicles on site whose work is over, longest first, one more than :data:`PAGE` at most."""
    statement = _filtered(_ALL.where(_FINISHED), wanted)
    values = {"tenant": session.info["tenant_id"]}
    rows: Sequence[BoardRow] = (await session.execute(statement, values)).all()
    return rows


MOST_COUNTED = 1_000
"""Past it the board says "1000+": whoever has as many does not need the number."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many vehicles are at one location, and of those how many in which band or out."""

    location_id: UUID
    location_name: str
    total: int
    ageing: int
    long: int
    out: int

    @property
    def fresh(self) -> int:
        """Neither ageing nor there for long."""
        return self.total - self.ageing - self.long


async def counts(session: AsyncSession, edges: BandEdges) -> list[Count]:
    """Per location that has a vehicle inside, in order.

    Counts the :data:`MOST_COUNTED` that came last and one more, so that a garage which forgot
    thousands waits no longer for its board than one that forgot none.
    """
    newest = (
        select(Stay.tenant_id, Stay.id, Stay.location_id, Stay.arrived_at)
        .where(Stay.tenant_id == session.info["tenant_id"], Stay.left_at.is_(None))
        .order_by(Stay.arrived_at.desc(), Stay.id.desc())
        .limit(MOST_COUNTED + 1)
        .subquery("newest")
    )
    is_long = newest.c.arrived_at < edges.long_before
    is_ageing = and_(newest.c.arrived_at < edges.ageing_before, ~is_long)
    rows = await session.execute(
        select(
            newest.c.location_id,
            Location.name,
            func.count(),
            func.count().filter(is_ageing),
            func.count().filter(is_long),
            func.count(Absence.id),
        )
        .select_from(newest)
        .join(
            Location,
            and_(Location.tenant_id == newest.c.tenant_id, Location.id == newest.c.location_id),
        )
        .outerjoin(
            Absence,
            and_(
                Absence.tenant_id == newest.c.tenant_id,
                Absence.stay_id == newest.c.id,
                Absence.back_at.is_(None),
            ),
        )
        .group_by(newest.c.location_id, Location.name, Location.position)
        .order_by(Location.position, Location.name)
        .limit(PAGE)
    )
    return [Count(*row) for row in rows]


def _filtered(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    filters = wanted.filters
    if filters.q:
        statement = statement.where(_matches(filters.q))
    if filters.band:
        statement = statement.where(*wanted.edges.bounds(Stay.arrived_at, filters.band))
    if filters.status:
        statement = statement.where(Job.status.in_(GROUPS[filters.status]))
    if filters.location_id:
        statement = statement.where(Stay.location_id == filters.location_id)
    if filters.absent:
        is_here = Absence.id.is_(None)
        statement = statement.where(is_here if filters.absent == "here" else ~is_here)
    if filters.overdue:
        statement = statement.where(Job.estimated_completion < wanted.today, ~_FINISHED)
    return statement


def _matches(text: str) -> Any:
    """Plate, job number, customer or model contain what was typed."""
    lower = text.lower()
    ways = [
        func.lower(column).contains(lower, autoescape=True)
        for column in (Customer.name, Vehicle.make, Vehicle.model)
    ]
    plate, digits = normalise_plate(text), text.lstrip("#")
    if plate:
        ways.append(Job.plate_normalised.contains(plate, autoescape=True))
    if digits.isdecimal() and len(digits) < 10:
        ways.append(Job.sequence_number == int(digits))
    return or_(*ways)
