"""Every query about locations."""

from datetime import date
from uuid import UUID

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

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


async def first_with_closures(
    session: AsyncSession, first_day: date, last_day: date
) -> tuple[Location, list[Closure]]:
    """The location that the portal books for, and its closures between two days, first ones
    first: in one query.

    Raises:
        NotFound: the garage has none, which opening a garage prevents.
    """
    its_own = select(Location.id).order_by(Location.position, Location.id).limit(1)
    rows = await session.execute(
        select(Location, Closure)
        .outerjoin(
            Closure,
            and_(
                Closure.tenant_id == Location.tenant_id,
                Closure.location_id == Location.id,
                Closure.last_day >= first_day,
                Closure.first_day <= last_day,
            ),
        )
        .where(Location.id == its_own.scalar_subquery())
        .order_by(Closure.first_day)
        .limit(MANY)
    )
    found = list(rows)
    if not found:
        raise NotFound("location")
    return found[0][0], [closure for _location, closure in found if closure is not None]


async def name_among_several(session: AsyncSession, location_id: UUID) -> str:
    """What the location is called; empty where the garage has no other one, as then nobody asks."""
    another = aliased(Location)
    found = await session.scalar(
        select(Location.name).where(
            Location.id == location_id,
            exists().where(another.tenant_id == Location.tenant_id, another.id != Location.id),
        )
    )
    return found or ""


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
