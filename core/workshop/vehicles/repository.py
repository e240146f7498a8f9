"""Every query about vehicles."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.workshop.vehicles.models import Vehicle, VehiclePlate

MANY = 100

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def by_id(session: AsyncSession, vehicle_id: UUID) -> Vehicle:
    """The vehicle with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(Vehicle).where(Vehicle.id == vehicle_id))
    if found is None:
        raise NotFound("vehicle")
    return found


async def lock_vin(session: AsyncSession, vin: str) -> None:
    """Let only one unit of work at a time decide whose VIN this is."""
    await session.execute(_LOCK, {"key": f"{session.info['tenant_id']}:vin:{vin}"})


async def by_vin(session: AsyncSession, vin: str) -> Vehicle | None:
    """The vehicle with that normalised VIN."""
    return await session.scalar(select(Vehicle).where(Vehicle.vin == vin))


async def of_customer_by_plate(
    session: AsyncSession, customer_id: UUID, plate_normalised: str
) -> Vehicle | None:
    """The customer's vehicle that carries the plate now."""
    return await session.scalar(
        select(Vehicle)
        .where(Vehicle.customer_id == customer_id, Vehicle.plate_normalised == plate_normalised)
        .order_by(Vehicle.id.desc())
        .limit(1)
    )


async def plates_of(session: AsyncSession, vehicle_id: UUID) -> list[VehiclePlate]:
    """The plates that a vehicle carried, newest first."""
    found = await session.scalars(
        select(VehiclePlate)
        .where(VehiclePlate.vehicle_id == vehicle_id)
        .order_by(VehiclePlate.since.desc(), VehiclePlate.id.desc())
        .limit(MANY)
    )
    return list(found)
