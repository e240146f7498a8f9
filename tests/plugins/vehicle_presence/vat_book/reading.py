"""Looking into a garage's VAT book."""

from uuid import UUID

from sqlalchemy import select

from core.workshop.locations import repository as locations
from plugins.vehicle_presence.vat_book import repository
from plugins.vehicle_presence.vat_book.models import VatDue, VatLine
from plugins.vehicle_presence.vat_book.register import Row, rows_of
from plugins.vehicle_presence.vat_book.verification import Finding, check
from tests.garages import Garage


async def lines(garage: Garage, location_id: UUID | None = None) -> list[VatLine]:
    """All lines of a location (the first one), in order."""
    async with garage.unit() as session:
        place = location_id or (await locations.first(session)).id
        found = await session.scalars(
            select(VatLine).where(VatLine.location_id == place).order_by(VatLine.position)
        )
        return list(found)


async def register(garage: Garage, location_id: UUID | None = None) -> list[Row]:
    """All rows of a location (the first one)."""
    return rows_of(await lines(garage, location_id))


async def dues(garage: Garage) -> list[VatDue]:
    """Rows that wait for their invoice reference."""
    async with garage.unit() as session:
        return list(await session.scalars(select(VatDue).order_by(VatDue.number)))


async def checked(garage: Garage, location_id: UUID | None = None) -> Finding:
    """What a check of the book finds."""
    async with garage.unit() as session:
        place = location_id or (await locations.first(session)).id
        book = await repository.book_of(session, place)
        assert book is not None
        return await check(session, book)


async def sound(garage: Garage) -> None:
    """Nothing is wrong in the book."""
    finding = await checked(garage)
    assert finding.is_sound, finding
