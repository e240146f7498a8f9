"""Which times can be offered: opening hours, holidays, closures, notice and capacity.

Pure arithmetic without database, so that it can be tested to the minute. Local times are taken
in the location's zone; a slot is kept only if it exists on that day's clock (in spring an hour
is missing) and lasts as long as it says (in autumn an hour comes twice; its first run counts).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

NOON = 12
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AppointmentRules:
    """How appointments of one kind are given out.

    `capacity` is how many may be at the same time, `per_day` how many on one local day (None:
    as many as there are slots).
    """

    duration: timedelta = timedelta(minutes=30)
    step: timedelta = timedelta(minutes=30)
    capacity: int = 1
    per_day: int | None = None
    minimum_notice: timedelta = timedelta(hours=2)
    horizon_days: int = 45
    buffer: timedelta = timedelta()
    cancellation_notice: timedelta = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """ISO weekday (1-7) → pairs of local opening and closing time."""

    by_weekday: Mapping[int, tuple[tuple[time, time], ...]]


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Public holidays and closures of the location (both ends included)."""

    public_holidays: frozenset[date] = frozenset()
    closures: tuple[tuple[date, date], ...] = ()

    def covers(self, day: date) -> bool:
        """Whether the location is closed that day."""
        return day in self.public_holidays or any(
            first <= day <= last for first, last in self.closures
        )


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time that can be taken, in UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class DayOfSlots:
    """A day of the location's calendar with its free slots, at least one."""

    day: date
    slots: tuple[Slot, ...]

    def halves(self, zone: ZoneInfo) -> list[tuple[str, tuple[Slot, ...]]]:
        """`("morning", slots)` and `("afternoon", slots)` on the clock of `zone`, none empty."""
        morning = tuple(slot for slot in self.slots if slot.starts_at.astimezone(zone).hour < NOON)
        afternoon = self.slots[len(morning) :]
        return [pair for pair in (("morning", morning), ("afternoon", afternoon)) if pair[1]]


@dataclass(frozen=True, slots=True)
class Bookings:
    """Taken times, sorted once so that each slot is counted in logarithmic time."""

    starts: tuple[datetime, ...] = field(default=())
    ends: tuple[datetime, ...] = field(default=())

    @classmethod
    def of(cls, taken: Iterable[tuple[datetime, datetime]]) -> "Bookings":
        """From (start, end) pairs in UTC."""
        pairs = list(taken)
        return cls(
            tuple(sorted(start for start, _ in pairs)), tuple(sorted(end for _, end in pairs))
        )

    def overlapping(self, start: datetime, end: datetime) -> int:
        """How many overlap the half-open time: begun before its end, less ended by its start."""
        return bisect_left(self.starts, end) - bisect_right(self.ends, start)

    def begun(self, start: datetime, end: datetime) -> int:
        """How many begin in the half-open time."""
        return bisect_left(self.starts, end) - bisect_left(self.starts, start)


@lru_cache(maxsize=256)
def public_holidays(country: str, first_year: int, last_year: int) -> frozenset[date]:
    """Official public holidays of a country (package `holidays`); empty where unknown."""
    if country not in holidays.list_supported_countries():
        return frozenset()
    years = range(first_year, last_year + 1)
    return frozenset(holidays.country_holidays(country, years=years).keys())


def holiday_names(country: str, first: date, last: date, language: str) -> dict[date, str]:
    """The public holidays between two days, in order, with what they are called."""
    if country not in holidays.list_supported_countries():
        return {}
    years = range(first.year, last.year + 1)
    spoken = "en_US" if language == "en" else language
    found = holidays.country_holidays(country, years=years, language=spoken)
    return {day: name for day, name in sorted(found.items()) if first <= day <= last}


def free_slots(
    *,
    rules: AppointmentRules,
    hours: OpeningHours,
    closed: ClosedDays,
    bookings: Bookings,
    zone: ZoneInfo,
    now: datetime,
) -> list[DayOfSlots]:
    """All free slots from `now` plus the notice until the horizon, by local day."""
    today = now.astimezone(zone).date()
    earliest = now + rules.minimum_notice
    days = []
    for offset in range(rules.horizon_days + 1):
        day = today + timedelta(days=offset)
        if closed.covers(day) or is_full(day, rules, bookings, zone):
            continue
        slots = tuple(
            slot
            for slot in slots_of_day(day, rules, hours, zone)
            if slot.starts_at >= earliest and has_room(slot, rules, bookings)
        )
        if slots:
            days.append(DayOfSlots(day, slots))
    return days


def slots_of_day(
    day: date, rules: AppointmentRules, hours: OpeningHours, zone: ZoneInfo
) -> Sequence[Slot]:
    """All slots of a day, free or not."""
    found = []
    for opens, closes in hours.by_weekday.get(day.isoweekday(), ()):
        start = datetime.combine(day, opens)
        end_of_hours = datetime.combine(day, closes)
        while start + rules.duration <= end_of_hours:
            slot = _on_the_clock(start, start + rules.duration, zone, rules.duration)
            if slot is not None:
                found.append(slot)
            start += rules.step
    return found


def has_room(slot: Slot, rules: AppointmentRules, bookings: Bookings) -> bool:
    """Whether fewer than `capacity` bookings overlap the slot with its buffer."""
    taken = bookings.overlapping(slot.starts_at - rules.buffer, slot.ends_at + rules.buffer)
    return taken < rules.capacity


def is_full(day: date, rules: AppointmentRules, bookings: Bookings, zone: ZoneInfo) -> bool:
    """Whether as many begin on that local day as may begin on one day."""
    return rules.per_day is not None and bookings.begun(*bounds(day, zone)) >= rules.per_day


def places_on(
    day: date, rules: AppointmentRules, hours: OpeningHours, closed: ClosedDays, zone: ZoneInfo
) -> int:
    """How many appointments that day can hold: those that fit one after the other into its
    opening hours, as often as they may be parallel, and no more than the rules allow a day."""
    if closed.covers(day):
        return 0
    in_a_row, free_from = 0, datetime.min.replace(tzinfo=UTC)
    for slot in slots_of_day(day, rules, hours, zone):
        if slot.starts_at >= free_from:
            in_a_row, free_from = in_a_row + 1, slot.ends_at + rules.buffer
    places = in_a_row * rules.capacity
    return places if rules.per_day is None else min(places, rules.per_day)


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A local day as a half-open time in UTC: 23, 24 or 25 hours."""
    first, last = (
        datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + _ONE_DAY)
    )
    return first, last


def next_free(days: Sequence[DayOfSlots], after: datetime, count: int = 3) -> list[Slot]:
    """The next free slots from `after` on, earlier ones filling up where too few are later."""
    everything = [slot for day in days for slot in day.slots]
    later = [slot for slot in everything if slot.starts_at >= after][:count]
    earlier = [slot for slot in everything if slot.starts_at < after]
    missing = count - len(later)
    return sorted(later + (earlier[-missing:] if missing else []))


def _on_the_clock(
    start: datetime, end: datetime, zone: ZoneInfo, duration: timedelta
) -> Slot | None:
    starts_at = start.replace(tzinfo=zone).astimezone(UTC)
    ends_at = end.replace(tzinfo=zone).astimezone(UTC)
    exists = starts_at.astimezone(zone).replace(tzinfo=None) == start
    return Slot(starts_at, ends_at) if exists and ends_at - starts_at == duration else None
