"""Telling those who wait that there is a time: when one is given back, and each morning, as
opening hours, capacity, closures and the calendar itself open others."""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from core.workshop.notifications.services import send_mail
from core.workshop.planning import services as planning
from core.workshop.planning.holds import hash_of
from core.workshop.planning.models import Appointment
from core.workshop.planning.rules import rules_for
from plugins.self_service_portal import link_tokens
from plugins.self_service_portal import time_wish_repository as repository
from plugins.self_service_portal.time_wish_models import TimeWish
from plugins.self_service_portal.time_wishes import earliest_that_suits, suits

TIME_IS_FREE = "self_service_portal.time_is_free"
PURPOSE = "wish"
TOLD_AT_ONCE = 3
"""How many hear of one slot: the first in the list, who are then as fast as they are."""
AGAIN_AFTER = timedelta(days=3)
"""How long nobody is written to again."""
Waiting = list[TimeWish]


async def tell_of_freed(session: AsyncSession, appointment: Appointment, freed: datetime) -> None:
    """Mail the first ones whom the time suits that an appointment gave back.

    A time that is too near to be offered is none to tell of.
    """
    location = await locations.by_id(session, appointment.location_id)
    if freed < now() + rules_for(location, appointment.kind).minimum_notice:
        return
    local = freed.astimezone(location.zone)
    everybody = (await _by_location(session, appointment.kind)).get(location.id, [])
    for wish in [each for each in everybody if suits(each, local)][:TOLD_AT_ONCE]:
        await _tell(session, wish)
    await session.flush()


async def look_for_times(session: AsyncSession, kind: str) -> None:
    """Mail those for whom there was none at the last look, and now is one: of each time no more
    than it makes sense to tell."""
    for location_id, waiting in (await _by_location(session, kind)).items():
        await _look_at(session, await locations.by_id(session, location_id), kind, waiting)
    await session.flush()


async def _look_at(session: AsyncSession, location: Location, kind: str, waiting: Waiting) -> None:
    days = await planning.free_days(session, location, kind)
    times = [
        (slot.starts_at, slot.starts_at.astimezone(location.zone))
        for day in days
        for slot in day.slots
    ]
    told: Counter[datetime] = Counter()
    for wish in waiting:
        if earliest_that_suits(wish, days, location.zone) is None:
            wish.none_free_at = now()
            continue
        fits = (at for at, local in times if told[at] < TOLD_AT_ONCE and suits(wish, local))
        time = next(fits, None) if wish.none_free_at is not None else None
        if time is not None:
            told[time] += 1
            await _tell(session, wish)


async def _by_location(session: AsyncSession, kind: str) -> dict[UUID, Waiting]:
    """Who may be written to, by where they want to come; customers book at the first location
    what belongs to no job yet."""
    first = (await locations.first(session)).id
    found: dict[UUID, Waiting] = {}
    for wish, place in await repository.to_tell(session, kind, now() - AGAIN_AFTER):
        found.setdefault(place or first, []).append(wish)
    return found


async def _tell(session: AsyncSession, wish: TimeWish) -> None:
    """The link is the same each time, so that the one in an older mail goes on working."""
    secret = link_tokens.sign(PURPOSE, wish.id)
    wish.secret_hash, wish.told_at, wish.none_free_at = hash_of(secret), now(), None
    await send_mail(
        session,
        TIME_IS_FREE,
        wish.email or "",
        wish.language,
        {"wish_id": str(wish.id), "token": secret},
        key=f"{TIME_IS_FREE}:{wish.id}:{wish.told_at.isoformat()}",
    )
