"""Every query about locations."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.workshop.locations.models import Closure, Location

MANY = 500


async def first(session: AsyncSession) -> Location:
    """The location that the portal books for.

    Raises:
        NotFound: the garage has none, which opening a garage prevents.
    """
    found = await session.scalar(select(Location).order_by(Location.position, Location.id).limit(1))
    if found is None:
        raise NotFound("location")
    return found


async def by_id(session: AsyncSession, location_id: UUID) -> Location:
    """The location with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(Location).where(Location.id == location_id))
    if found is None:
        raise NotFound("location")
    return found


async def everywhere(session: AsyncSession) -> list[Location]:
    """All locations, in order."""
    found = await session.scalars(
        select(Location).order_by(Location.position, Location.id).limit(MANY)
    )
    return list(found)


async def closures_from(session: AsyncSession, location_id: UUID, day: date) -> list[Closure]:
    """Closures of a location that end on `day` or later, first ones first."""
    found = await session.scalars(
        select(Closure)
        .where(Closure.location_id == location_id, Closure.last_day >= day)
        .order_by(Closure.first_day)
        .limit(MANY)
    )
    return list(found)


async def closure(session: AsyncSession, closure_id: UUID) -> Closure:
    """The closure with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(Closure).where(Closure.id == closure_id))
    if found is None:
        raise NotFound("closure")
    return found
