"""Knowing a vehicle again."""

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen
from core.errors import NotFound
from core.workshop.customers.services import find_or_add as find_or_add_customer
from core.workshop.vehicles import repository
from core.workshop.vehicles.models import Vehicle
from core.workshop.vehicles.services import (
    VehicleFacts,
    VinBelongsToAnother,
    change_details,
    change_plate,
    find_or_add,
)
from tests.factories import a_contact, a_plate
from tests.garages import Garage

VIN = "WVWZZZ1JZ3W386752"


async def new_owner(session: AsyncSession) -> UUID:
    return (await find_or_add_customer(session, a_contact())).id


async def save(session: AsyncSession, vehicle_id: UUID, vin: str | None) -> Vehicle:
    return await change_details(
        session,
        vehicle_id,
        make="Volvo",
        model=None,
        colour="red",
        vin=vin,
        first_registration=date(2020, 5, 1),
    )


async def test_a_vehicle_is_known_again_by_its_plate_in_any_typing(garage: Garage) -> None:
    async with garage.unit() as session:
        owner = await new_owner(session)
        first = await find_or_add(session, owner, VehicleFacts("1-ABC-123", make="Volvo"))
        again = await find_or_add(session, owner, VehicleFacts("1abc 123", colour="red"))
    assert again.id == first.id
    assert (again.make, again.colour) == ("Volvo", "red")


async def test_a_plate_alone_never_finds_the_vehicle_of_another_customer(garage: Garage) -> None:
    async with garage.unit() as session:
        facts = VehicleFacts(a_plate())
        one = await find_or_add(session, await new_owner(session), facts)
        other = await find_or_add(session, await new_owner(session), facts)
    assert one.id != other.id


async def test_a_vehicle_is_known_again_by_its_vin_under_another_plate(garage: Garage) -> None:
    async with garage.unit() as session:
        first = await find_or_add(
            session, await new_owner(session), VehicleFacts("1-ABC-123", vin=VIN)
        )
        again = await find_or_add(
            session, await new_owner(session), VehicleFacts("2-XYZ-999", vin=VIN.lower())
        )
    assert again.id == first.id
    assert again.plate == "2-XYZ-999"


async def test_a_vehicle_keeps_the_plates_that_it_carried(garage: Garage) -> None:
    async with garage.unit() as session:
        with frozen(datetime(2026, 3, 1, 12, tzinfo=UTC)):
            vehicle = await find_or_add(
                session, await new_owner(session), VehicleFacts("1-ABC-123")
            )
        with frozen(datetime(2026, 5, 1, 12, tzinfo=UTC)):
            await change_plate(session, vehicle, "AA-123-AA", "FR")
        now, before = await repository.plates_of(session, vehicle.id)
    assert (now.plate_normalised, now.plate_country, now.until) == ("AA123AA", "FR", None)
    assert (before.plate, before.since, before.until) == (
        "1-ABC-123",
        date(2026, 3, 1),
        date(2026, 5, 1),
    )


async def test_the_day_of_a_new_plate_is_the_garages_and_not_greenwichs(garage: Garage) -> None:
    just_after_midnight = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    async with garage.unit() as session:
        with frozen(just_after_midnight):
            vehicle = await find_or_add(session, await new_owner(session), VehicleFacts(a_plate()))
        (plate,) = await repository.plates_of(session, vehicle.id)
    assert plate.since == date(2026, 7, 1)


async def test_the_same_plate_typed_otherwise_is_no_new_plate(garage: Garage) -> None:
    async with garage.unit() as session:
        vehicle = await find_or_add(session, await new_owner(session), VehicleFacts("1-ABC-123"))
        await change_plate(session, vehicle, "1abc123", "BE")
        plates = await repository.plates_of(session, vehicle.id)
    assert len(plates) == 1


async def test_two_vehicles_cannot_have_one_vin(garage: Garage) -> None:
    async with garage.unit() as session:
        owner = await new_owner(session)
        await find_or_add(session, owner, VehicleFacts(a_plate(), vin=VIN))
        other = await find_or_add(session, owner, VehicleFacts(a_plate()))
        with pytest.raises(VinBelongsToAnother) as refused:
            await save(session, other.id, f" {VIN.lower()} ")
    assert refused.value.field == "vin"


async def test_the_vin_of_a_vehicle_can_be_saved_again(garage: Garage) -> None:
    async with garage.unit() as session:
        vehicle = await find_or_add(
            session, await new_owner(session), VehicleFacts(a_plate(), vin=VIN)
        )
        saved = await save(session, vehicle.id, VIN)
    assert (saved.vin, saved.colour, saved.model) == (VIN, "red", None)


@pytest.mark.parametrize("nothing", [None, "", " - ", "ÄÖ"])
async def test_vehicles_without_a_vin_do_not_collide(garage: Garage, nothing: str | None) -> None:
    async with garage.unit() as session:
        owner = await new_owner(session)
        added = [
            await find_or_add(session, owner, VehicleFacts(a_plate(), vin=nothing))
            for _ in range(2)
        ]
        saved = [await save(session, vehicle.id, nothing) for vehicle in added]
    assert [vehicle.vin for vehicle in saved] == [None, None]


async def test_one_vin_added_twice_at_once_is_one_vehicle(garage: Garage) -> None:
    async def add() -> UUID:
        async with garage.unit() as session:
            owner = await new_owner(session)
            vehicle = await find_or_add(session, owner, VehicleFacts(a_plate(), vin=VIN))
            await asyncio.sleep(0.05)
            return vehicle.id

    found = await asyncio.gather(*(add() for _ in range(6)))
    async with garage.unit() as session:
        stored = await session.scalar(select(func.count()).select_from(Vehicle))
    assert (len(set(found)), stored) == (1, 1)


async def test_one_vin_saved_twice_at_once_is_refused_once(garage: Garage) -> None:
    async with garage.unit() as session:
        owner = await new_owner(session)
        added = [(await find_or_add(session, owner, VehicleFacts(a_plate()))).id for _ in range(2)]

    async def take(vehicle_id: UUID) -> None:
        async with garage.unit() as session:
            await save(session, vehicle_id, VIN)
            await asyncio.sleep(0.05)

    results = await asyncio.gather(*map(take, added), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == [
        "NoneType",
        "VinBelongsToAnother",
    ]


async def test_a_vehicle_of_another_garage_is_not_found(
    garage: Garage, other_garage: Garage
) -> None:
    async with other_garage.unit() as session:
        foreign = await find_or_add(
            session, await new_owner(session), VehicleFacts(a_plate(), vin=VIN)
        )
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await save(session, foreign.id, VIN)
        own = await find_or_add(session, await new_owner(session), VehicleFacts(a_plate(), vin=VIN))
    assert own.id != foreign.id
