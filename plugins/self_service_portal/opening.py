"""Where the garage is, when it is open, and when it is closed soon."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.i18n import current_language
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Closure, Location
from core.workshop.planning.slots import holiday_names

SOON = timedelta(days=30)
MOST_CLOSED = 6
_MONDAY = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week in a row with the same hours; `first` and `last` are any such days, for
    their names. Without `hours` the garage is closed."""

    first: date
    last: date
    hours: tuple[tuple[str, str], ...]
    has_today: bool


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Days on which the garage is closed, both included. Only public holidays say why: what staff
    write about a closure is their own business."""

    first: date
    last: date
    holiday: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a visitor wants to know before coming."""

    location: Location
    week: tuple[Weekdays, ...]
    closed: tuple[ClosedDays, ...]


async def opening_of(session: AsyncSession) -> Opening:
    """The garage's first place of business, by one query."""
    first = now().date() - timedelta(days=1)
    location, closures = await locations.first_with_closures(session, first, first + SOON)
    today = now().astimezone(ZoneInfo(location.timezone)).date()
    return Opening(location, _week(location, today), _closed(location, closures, today))


def _week(location: Location, today: date) -> tuple[Weekdays, ...]:
    rows: list[Weekdays] = []
    for number in range(1, 8):
        hours = tuple((a, b) for a, b in location.opening_hours.get(str(number), ()))
        day = _MONDAY + timedelta(days=number - 1)
        is_today = number == today.isoweekday()
        if rows and rows[-1].hours == hours:
            before = rows.pop()
            rows.append(Weekdays(before.first, day, hours, before.has_today or is_today))
        else:
            rows.append(Weekdays(day, day, hours, is_today))
    return tuple(rows)


def _closed(location: Location, closures: Sequence[Closure], today: date) -> tuple[ClosedDays, ...]:
    """Closures and public holidays from today on; a holiday on a day that the garage is closed
    anyway is no news."""
    found = [
        ClosedDays(closure.first_day, closure.last_day)
        for closure in closures
        if closure.last_day >= today
    ]
    for day, name in _holidays(location.country, today, current_language()):
        is_known = any(each.first <= day <= each.last for each in found)
        opens = str(day.isoweekday()) in location.opening_hours
        if opens and not is_known and day.isoformat() not in location.holidays_worked:
            found.append(ClosedDays(day, day, name))
    return tuple(sorted(found, key=lambda each: each.first)[:MOST_CLOSED])


@lru_cache(maxsize=256)
def _holidays(country: str, today: date, language: str) -> tuple[tuple[date, str], ...]:
    return tuple(holiday_names(country, today, today + SOON, language).items())
