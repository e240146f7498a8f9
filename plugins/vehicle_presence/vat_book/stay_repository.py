"""Every query about stays, as far as a register asks for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.vehicles.models import Vehicle
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.vat_book.models import ENTRY, INVOICE, NO_INVOICE, VatBook, VatLine

_invoice, _strike = aliased(VatLine), aliased(VatLine)
_IS_SETTLED = exists().where(
    _invoice.tenant_id == VatLine.tenant_id,
    _invoice.location_id == VatLine.location_id,
    _invoice.number == VatLine.number,
    _invoice.kind.in_((INVOICE, NO_INVOICE)),
    ~exists().where(
        _strike.tenant_id == _invoice.tenant_id,
        _strike.location_id == _invoice.location_id,
        _strike.strikes == _invoice.position,
    ),
)
_ENTERED = select(VatLine.stay_id, VatLine.number, _IS_SETTLED.label("is_settled")).where(
    VatLine.tenant_id == bindparam("tenant"),
    VatLine.kind == ENTRY,
    VatLine.stay_id == any_(bindparam("stay_ids", type_=ARRAY(Uuid))),
)


@dataclass(frozen=True, slots=True)
class Entered:
    """The row of a stay: its number, and whether its invoice is known."""

    number: int
    is_settled: bool = False


async def entered(session: AsyncSession, stay_ids: Sequence[UUID]) -> dict[UUID, Entered]:
    """The rows of these stays, as short as an exit asks for them; stays without one are left
    out."""
    values = {"tenant": session.info["tenant_id"], "stay_ids": list(stay_ids)}
    found = await session.execute(_ENTERED, values)
    return {row.stay_id: Entered(row.number, row.is_settled) for row in found}


async def numbers_of_stays(session: AsyncSession, stay_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Which row of the register each stay has; stays without one are left out."""
    found = await session.execute(
        select(VatLine.stay_id, VatLine.number).where(
            VatLine.kind == ENTRY, VatLine.stay_id.in_(stay_ids)
        )
    )
    return {stay_id: number for stay_id, number in found if stay_id is not None}


async def never_were(session: AsyncSession, stay_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Those of these stays whose arrival was taken back, with their jobs: the register alone still
    knows them."""
    is_there = exists().where(Stay.tenant_id == VatLine.tenant_id, Stay.id == VatLine.stay_id)
    found = await session.execute(
        select(VatLine.stay_id, VatLine.job_id).where(
            VatLine.kind == ENTRY, VatLine.stay_id.in_(stay_ids), ~is_there
        )
    )
    return {stay_id: job_id for stay_id, job_id in found if stay_id and job_id}


@dataclass(frozen=True, slots=True)
class VehicleFacts:
    """What a row of the register says of a vehicle and its client."""

    plate: str
    plate_normalised: str
    plate_country: str
    vin: str | None
    vat_number: str | None
    invoice_reference: str | None


_OF_VEHICLE = (
    Job.plate,
    Job.plate_normalised,
    Job.plate_country,
    Vehicle.vin,
    Customer.vat_number,
    Job.invoice_reference,
)
_FACTS = (
    select(Job.id, *_OF_VEHICLE)
    .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
    .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
    .where(
        Job.tenant_id == bindparam("tenant"),
        Job.id == any_(bindparam("job_ids", type_=ARRAY(Uuid))),
    )
)


async def facts_of(session: AsyncSession, job_ids: Sequence[UUID]) -> dict[UUID, VehicleFacts]:
    """What is known now of the vehicles and clients of these jobs."""
    values = {"tenant": session.info["tenant_id"], "job_ids": list(job_ids)}
    found = await session.execute(_FACTS, values)
    return {row[0]: VehicleFacts(*row[1:]) for row in found}


@dataclass(frozen=True, slots=True)
class OnCard:
    """The job that a row's stay is for now, and what its card says of vehicle and client."""

    job_id: UUID
    facts: VehicleFacts


async def on_cards(session: AsyncSession, entry_ids: Sequence[UUID]) -> dict[int, OnCard]:
    """The cards behind these entries of one register, by the numbers of their rows: of the job
    that has the stay now, or had it when there was one."""
    found = await session.execute(
        select(VatLine.number, Job.id, *_OF_VEHICLE)
        .outerjoin(Stay, and_(Stay.tenant_id == VatLine.tenant_id, Stay.id == VatLine.stay_id))
        .join(
            Job,
            and_(
                Job.tenant_id == VatLine.tenant_id,
                Job.id == func.coalesce(Stay.job_id, VatLine.job_id),
            ),
        )
        .join(Vehicle, and_(Vehicle.tenant_id == Job.tenant_id, Vehicle.id == Job.vehicle_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .where(VatLine.id.in_(entry_ids))
    )
    return {row[0]: OnCard(row[1], VehicleFacts(*row[2:])) for row in found}


@dataclass(frozen=True, slots=True)
class StayFacts:
    """A stay, as far as a register asks for it."""

    id: UUID
    job_id: UUID
    location_id: UUID
    arrived_at: datetime
    left_at: datetime | None
    closed_by: str | None
    evidence: dict[str, Any]


STAY = (
    Stay.id,
    Stay.job_id,
    Stay.location_id,
    Stay.arrived_at,
    Stay.left_at,
    Stay.closed_by,
    Stay.evidence,
)


def facts_of_stay(stay: Stay) -> StayFacts:
    """A stay that is at hand."""
    return StayFacts(
        stay.id,
        stay.job_id,
        stay.location_id,
        stay.arrived_at,
        stay.left_at,
        stay.closed_by,
        stay.evidence or {},
    )


def left_in_closed_month() -> ColumnElement[bool]:
    """Condition on stays: they ended on a day whose month is closed in their register."""
    return exists().where(
        VatBook.tenant_id == Stay.tenant_id,
        VatBook.location_id == Stay.location_id,
        VatBook.closed_until >= cast(func.timezone(VatBook.zone, Stay.left_at), Date),
    )


_has_entry = exists().where(
    VatLine.tenant_id == Stay.tenant_id, VatLine.kind == ENTRY, VatLine.stay_id == Stay.id
)
_UNENTERED = (
    select(*STAY)
    .where(
        Stay.tenant_id == bindparam("tenant"),
        Stay.location_id == bindparam("location"),
        Stay.left_at.is_(None),
        ~_has_entry,
    )
    .order_by(Stay.arrived_at, Stay.id)
    .limit(bindparam("most"))
)


async def unentered_stays(session: AsyncSession, location_id: UUID, most: int) -> list[StayFacts]:
    """Vehicles on site that have no row in the register, in the order in which they came."""
    values = {"tenant": session.info["tenant_id"], "location": location_id, "most": most}
    found = await session.execute(_UNENTERED, values)
    return [StayFacts(**row) for row in found.mappings()]


async def entries_of_stays(session: AsyncSession, stay_ids: Sequence[UUID]) -> list[VatLine]:
    """The entries of these stays, struck ones too."""
    found = await session.scalars(
        select(VatLine)
        .where(VatLine.kind == ENTRY, VatLine.stay_id.in_(stay_ids))
        .order_by(VatLine.location_id, VatLine.position)
    )
    return list(found)
