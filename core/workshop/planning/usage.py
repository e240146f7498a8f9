"""How full the days are, for those who plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from core.workshop.planning import repository
from core.workshop.planning.models import KINDS
from core.workshop.planning.rules import closed_days, opening_hours, rules_for
from core.workshop.planning.slots import bounds, places_on


@dataclass(frozen=True, slots=True)
class Usage:
    """How many appointments of a kind a day has, of how many it can hold."""

    kind: str
    used: int
    places: int

    @property
    def is_full(self) -> bool:
        """Whether nobody else fits in."""
        return self.used >= self.places

    @property
    def is_overbooked(self) -> bool:
        """Whether more were taken than fit in."""
        return self.used > self.places


async def usage_of(
    session: AsyncSession, location: Location, first: date, count: int
) -> Mapping[date, Sequence[Usage]]:
    """Per day of the location's calendar, `count` of them: each kind that has places or
    appointments. Two queries."""
    zone = ZoneInfo(location.timezone)
    days = [first + timedelta(days=offset) for offset in range(count)]
    start, end = bounds(days[0], zone)[0], bounds(days[-1], zone)[1]
    used = await repository.begun_by_day(session, location.id, start, end, location.timezone)
    closures = await locations.closures_from(session, location.id, first)
    pairs = tuple((closure.first_day, closure.last_day) for closure in closures)
    closed = closed_days(location, pairs, days[0], days[-1])
    hours = opening_hours(location)
    return {
        day: [
            usage
            for kind in KINDS
            if (
                usage := Usage(
                    kind,
                    used.get((day, kind), 0),
                    places_on(day, rules_for(location, kind), hours, closed, zone),
                )
            ).used
            or usage.places
        ]
        for day in days
    }
