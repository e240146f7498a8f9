"""Opening a place of business and saying when it is open."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.workshop.customers.vat_numbers import InvalidVatNumber, normalise_vat_number
from core.workshop.locations import repository
from core.workshop.locations.models import Closure, Location

DEFAULT_OPENING_HOURS: dict[str, Any] = {
    str(weekday): [["08:00", "12:00"], ["13:00", "17:00"]] for weekday in range(1, 6)
}


async def create_location(session: AsyncSession, *, name: str, **details: Any) -> Location:
    """A new location, open Monday to Friday 8-12 and 13-17 until told otherwise."""
    location = Location(
        name=name,
        position=len(await repository.everywhere(session)) + 1,
        opening_hours=DEFAULT_OPENING_HOURS,
        **details,
    )
    session.add(location)
    await session.flush()
    return location


async def add_location(session: AsyncSession, name: str, *, like: Location) -> Location:
    """A further location: in the same country, open and booked as the one that is given.

    Raises:
        Refused: there is one of that name.
    """
    await _refuse_double(session, name)
    location = await create_location(
        session, name=name, country=like.country, timezone=like.timezone
    )
    location.opening_hours = like.opening_hours
    location.appointment_rules = like.appointment_rules
    return location


async def rename_location(session: AsyncSession, location: Location, name: str) -> None:
    """Call a location something else.

    Raises:
        Refused: there is another of that name.
    """
    await _refuse_double(session, name, but=location)
    location.name = name


async def _refuse_double(session: AsyncSession, name: str, *, but: Location | None = None) -> None:
    known = [each for each in await repository.everywhere(session) if each is not but]
    if name.casefold() in {each.name.casefold() for each in known}:
        raise Refused("There is a location of this name already.", field="name")


def change_hours(location: Location, hours: Mapping[str, Sequence[Sequence[str]]]) -> None:
    """Say when a location is open: ISO weekday → pairs of `HH:MM`.

    Raises:
        Refused: a pair ends before it begins, or two of a day overlap.
    """
    for pairs in hours.values():
        edges = [edge for pair in pairs for edge in pair]
        if edges != sorted(edges) or len(set(edges)) != len(edges):
            raise Refused("Closing time must be after opening time, and hours must not overlap.")
    location.opening_hours = {day: [list(pair) for pair in pairs] for day, pairs in hours.items()}


def change_papers(
    location: Location, *, street: str, postal_code: str, city: str, vat_number: str
) -> bool:
    """Say which address and VAT number stand on what a location prints. A VAT number that
    cannot exist is kept as it was typed; False says so."""
    location.street, location.postal_code, location.city = street, postal_code, city
    typed = " ".join(vat_number.upper().split())
    try:
        location.vat_number = normalise_vat_number(typed, location.country) if typed else None
    except InvalidVatNumber:
        location.vat_number = typed
        return False
    return True


async def close_on(
    session: AsyncSession, location_id: UUID, first_day: date, last_day: date, reason: str
) -> Closure:
    """Close a location for some days, both included; bookings that exist are left alone.

    Raises:
        Refused: the days are in the wrong order.
    """
    if last_day < first_day:
        raise Refused("The last day cannot be before the first.", field="last_day")
    closure = Closure(
        location_id=location_id, first_day=first_day, last_day=last_day, reason=reason.strip()
    )
    session.add(closure)
    await session.flush()
    return closure
