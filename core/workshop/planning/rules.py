"""What a location says about its appointments, with the shop's defaults where it says nothing."""

from datetime import date, time, timedelta

from core.workshop.locations.models import Location
from core.workshop.planning.slots import (
    AppointmentRules,
    ClosedDays,
    OpeningHours,
    public_holidays,
)

DEFAULT_RULES: dict[str, AppointmentRules] = {
    "estimate": AppointmentRules(),
    "drop_off": AppointmentRules(
        duration=timedelta(minutes=15), capacity=2, minimum_notice=timedelta(hours=24)
    ),
    "pick_up": AppointmentRules(duration=timedelta(minutes=15), capacity=2),
}


def rules_for(location: Location, kind: str) -> AppointmentRules:
    """The location's rules for a kind of appointment, defaults where it says nothing."""
    default = DEFAULT_RULES[kind]
    own = location.appointment_rules.get(kind, {})

    def minutes(name: str, fallback: timedelta) -> timedelta:
        return timedelta(minutes=own[name]) if name in own else fallback

    def hours(name: str, fallback: timedelta) -> timedelta:
        return timedelta(hours=own[name]) if name in own else fallback

    return AppointmentRules(
        duration=minutes("duration_minutes", default.duration),
        step=minutes("step_minutes", default.step),
        capacity=own.get("capacity", default.capacity),
        per_day=own.get("per_day", default.per_day),
        minimum_notice=hours("minimum_notice_hours", default.minimum_notice),
        horizon_days=own.get("horizon_days", default.horizon_days),
        buffer=minutes("buffer_minutes", default.buffer),
        cancellation_notice=hours("cancellation_notice_hours", default.cancellation_notice),
    )


def opening_hours(location: Location) -> OpeningHours:
    """When a location is open, in an ordinary week."""
    return OpeningHours(
        {
            int(weekday): tuple(
                (time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in pairs
            )
            for weekday, pairs in location.opening_hours.items()
        }
    )


def closed_days(
    location: Location, closures: tuple[tuple[date, date], ...], first: date, last: date
) -> ClosedDays:
    """Public holidays between two days, but for those on which the location works, and its
    closures."""
    worked = {date.fromisoformat(day) for day in location.holidays_worked}
    observed = public_holidays(location.country, first.year, last.year) - worked
    return ClosedDays(observed, closures)
