"""Knowing a vehicle again, by its VIN where there is one."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.tenancy.context import current_tenant
from core.workshop.vehicles import repository
from core.workshop.vehicles.models import Vehicle, VehiclePlate
from core.workshop.vehicles.plates import normalise_plate
from core.workshop.vehicles.vins import normalise_vin


class VinBelongsToAnother(Refused):
    """Two vehicles cannot have one chassis number."""

    def __init__(self) -> None:
        super().__init__(
            "Another vehicle in your files has this chassis number. Please check it.", field="vin"
        )


@dataclass(frozen=True, slots=True)
class VehicleFacts:
    """What is known of a vehicle; the plate as it was typed."""

    plate: str
    plate_country: str = "BE"
    vin: str | None = None
    make: str | None = None
    model: str | None = None
    colour: str | None = None
    first_registration: date | None = None


async def find_or_add(session: AsyncSession, customer_id: UUID, facts: VehicleFacts) -> Vehicle:
    """The vehicle with this VIN, else this customer's with this plate, else a new one.

    A plate alone never finds another customer's vehicle: Belgian plates follow their owner.
    """
    vin = _vin(facts.vin)
    known = await _with_vin(session, vin) if vin else None
    if known is None:
        known = await repository.of_customer_by_plate(
            session, customer_id, normalise_plate(facts.plate)
        )
    if known is not None:
        await change_plate(session, known, facts.plate, facts.plate_country)
        known.vin = known.vin or vin
        known.make = facts.make or known.make
        known.model = facts.model or known.model
        known.colour = facts.colour or known.colour
        known.first_registration = facts.first_registration or known.first_registration
        await session.flush()
        return known
    vehicle = Vehicle(
        customer_id=customer_id,
        vin=vin,
        plate=facts.plate.strip(),
        plate_normalised=normalise_plate(facts.plate),
        plate_country=facts.plate_country,
        make=facts.make,
        model=facts.model,
        colour=facts.colour,
        first_registration=facts.first_registration,
    )
    session.add(vehicle)
    await session.flush()
    _start_plate(session, vehicle)
    await session.flush()
    return vehicle


async def change_plate(session: AsyncSession, vehicle: Vehicle, plate: str, country: str) -> None:
    """Give a vehicle another plate from today; the one before stays in its history."""
    normalised = normalise_plate(plate)
    if (normalised, country) == (vehicle.plate_normalised, vehicle.plate_country):
        return
    for carried in await repository.plates_of(session, vehicle.id):
        if carried.until is None:
            carried.until = _today()
    vehicle.plate = plate.strip()
    vehicle.plate_normalised = normalised
    vehicle.plate_country = country
    _start_plate(session, vehicle)
    await session.flush()


async def change_details(
    session: AsyncSession,
    vehicle_id: UUID,
    *,
    make: str | None,
    model: str | None,
    colour: str | None,
    vin: str | None,
    first_registration: date | None,
) -> Vehicle:
    """Save what the job card says about its vehicle.

    Raises:
        NotFound: not here.
        VinBelongsToAnother: another vehicle of the garage has this VIN.
    """
    vehicle = await repository.by_id(session, vehicle_id)
    normalised = _vin(vin)
    if normalised and normalised != vehicle.vin:
        other = await _with_vin(session, normalised)
        if other is not None and other.id != vehicle.id:
            raise VinBelongsToAnother
    vehicle.vin = normalised
    vehicle.make = make or None
    vehicle.model = model or None
    vehicle.colour = colour or None
    vehicle.first_registration = first_registration
    await session.flush()
    return vehicle


def _vin(typed: str | None) -> str | None:
    """The VIN in what was typed; a dash is none."""
    return normalise_vin(typed or "") or None


async def _with_vin(session: AsyncSession, vin: str) -> Vehicle | None:
    await repository.lock_vin(session, vin)
    return await repository.by_vin(session, vin)


def _today() -> date:
    return now().astimezone(current_tenant().zone).date()


def _start_plate(session: AsyncSession, vehicle: Vehicle) -> None:
    session.add(
        VehiclePlate(
            vehicle_id=vehicle.id,
            plate=vehicle.plate,
            plate_normalised=vehicle.plate_normalised,
            plate_country=vehicle.plate_country,
            since=_today(),
        )
    )
