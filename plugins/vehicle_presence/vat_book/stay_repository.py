"""Every query about stays, as far as a register asks for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.vehicles.models import Vehicle
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.vat_book.models import ENTRY, VatLine
from plugins.vehicle_presence.vat_book.repository import BATCH


async def numbers_of_stays(session: AsyncSession, stay_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Which row of the register each stay has; stays without one are left out."""
    found = await session.execute(
        select(VatLine.stay_id, VatLine.number).where(
            VatLine.kind == ENTRY, VatLine.stay_id.in_(stay_ids)
        )
    )
    return {stay_id: number for stay_id, number in found if stay_id is not None}


@dataclass(frozen=True, slots=True)
class VehicleFacts:
    """What a row of the register says of a vehicle and its client."""

    plate: str
    plate_normalised: str
    plate_country: str
    vin: str | None
    vat_number: str | None
    invoice_reference: str | None


async def facts_of(session: AsyncSession, job_ids: Sequence[UUID]) -> dict[UUID, VehicleFacts]:
    """What is known now of the vehicles and clients of these jobs."""
    found = await session.execute(
        select(
            Job.id,
            Job.plate,
            Job.plate_normalised,
            Job.plate_country,
            Vehicle.vin,
            Customer.vat_number,
            Job.invoice_reference,
        )
        .join(Vehicle, (Vehicle.tenant_id == Job.tenant_id) & (Vehicle.id == Job.vehicle_id))
        .join(Customer, (Customer.tenant_id == Job.tenant_id) & (Customer.id == Job.customer_id))
        .where(Job.id.in_(job_ids))
    )
    return {row[0]: VehicleFacts(*row[1:]) for row in found}


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


_STAY = (
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


async def stays_by_id(session: AsyncSession, stay_ids: Sequence[UUID]) -> list[StayFacts]:
    """Stays that a statement has just changed, afresh."""
    found = await session.execute(select(*_STAY).where(Stay.id.in_(stay_ids)))
    return [StayFacts(**row) for row in found.mappings()]


async def unentered_stays(session: AsyncSession, location_id: UUID) -> list[StayFacts]:
    """Vehicles on site that have no row in the register, in the order in which they came."""
    entered = (
        select(VatLine.id)
        .where(
            VatLine.tenant_id == Stay.tenant_id,
            VatLine.kind == ENTRY,
            VatLine.stay_id == Stay.id,
        )
        .exists()
    )
    found = await session.execute(
        select(*_STAY)
        .where(Stay.location_id == location_id, Stay.left_at.is_(None), ~entered)
        .order_by(Stay.arrived_at, Stay.id)
        .limit(BATCH)
    )
    return [StayFacts(**row) for row in found.mappings()]


async def entries_of_stays(session: AsyncSession, stay_ids: Sequence[UUID]) -> list[VatLine]:
    """The entries of these stays, struck ones too."""
    found = await session.scalars(
        select(VatLine)
        .where(VatLine.kind == ENTRY, VatLine.stay_id.in_(stay_ids))
        .order_by(VatLine.location_id, VatLine.position)
    )
    return list(found)
