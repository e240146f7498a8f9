"""Looking into a garage's VAT book."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.clock import frozen, now
from core.workshop.locations import repository as locations
from plugins.vehicle_presence.services import mark_off_site, record_arrival
from plugins.vehicle_presence.vat_book import repository
from plugins.vehicle_presence.vat_book.anchors import Kept
from plugins.vehicle_presence.vat_book.models import VatDue, VatLine
from plugins.vehicle_presence.vat_book.register import Row, rows_of
from plugins.vehicle_presence.vat_book.verification import Finding, check
from tests.factories import a_job, a_plate
from tests.garages import STAFF, Garage


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


async def checked(
    garage: Garage, location_id: UUID | None = None, *, kept: Sequence[Kept] = ()
) -> Finding:
    """What a check of the book finds, held against files that were kept."""
    async with garage.unit() as session:
        place = location_id or (await locations.first(session)).id
        book = await repository.book_of(session, place)
        assert book is not None
        return await check(session, book, kept)


async def sound(garage: Garage, location_id: UUID | None = None) -> None:
    """Nothing is wrong in the book."""
    finding = await checked(garage, location_id)
    assert finding.is_sound, finding


async def first_location(garage: Garage) -> UUID:
    """The location that the portal books for."""
    async with garage.unit() as session:
        return (await locations.first(session)).id


async def a_departure(
    garage: Garage,
    *,
    arrived: datetime | None = None,
    left: datetime | None = None,
    stays: bool = False,
    **details: Any,
) -> UUID:
    """A vehicle that came and (unless it `stays`) left, both in the running month where nothing
    else is said; the name of its row."""
    hour = timedelta(hours=1)
    if arrived is None:
        local = now().astimezone(garage.tenant.zone)
        month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        arrived = max(now() - 2 * hour, month)
        hour = min(hour, (now() - arrived) / 2)
    async with garage.unit() as session:
        job = await a_job(session, plate=details.pop("plate", None) or a_plate(), **details)
        with frozen(arrived):
            stay = await record_arrival(session, job.id, STAFF)
        if not stays:
            with frozen(left or arrived + hour):
                await mark_off_site(session, job.id, STAFF)
        entry = await session.scalar(
            select(VatLine.id).where(VatLine.stay_id == stay.id, VatLine.kind == "entry")
        )
    assert entry is not None
    return entry
