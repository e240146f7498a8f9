"""Counting in a garage's working days, so that nothing of the demo happens on a Sunday."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.workshop.planning.slots import public_holidays

MINUTES_OF_A_DAY = 8 * 60
_BREAK_AFTER = 4 * 60
_OPENS, _OPENS_AGAIN = time(8), time(13)
_DAYS_BACK, _DAYS_AHEAD = 90, 45


class WorkingTime:
    """A garage's hours, Monday to Friday 8-12 and 13-17 without public holidays, counted from
    the last working minute that has begun: 0.0 is that minute, -1.5 a working day and a half
    before it."""

    def __init__(self, moment: datetime, zone: ZoneInfo, country: str) -> None:
        self.moment = moment
        self._zone = zone
        self._today = moment.astimezone(zone).date()
        first = self._today - timedelta(days=_DAYS_BACK)
        last = self._today + timedelta(days=_DAYS_AHEAD)
        closed = public_holidays(country, first.year, last.year)
        every = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        self._days = [day for day in every if day.isoweekday() <= 5 and day not in closed]
        self._origin = self._last_minute_begun()

    def at(self, days: float) -> datetime:
        """The moment so many working days from now, in UTC."""
        return self._minute(self._origin + round(days * MINUTES_OF_A_DAY))

    def today(self, days: float) -> datetime:
        """Like :meth:`at` for a moment less than a day ago; if that would be yesterday or
        before, outside of working hours today: the demo always has something that just
        happened."""
        moment = self.at(days)
        midnight = self._local(self._today, time())
        if moment >= midnight:
            return moment
        return midnight + (self.moment - midnight) * (1 + days)

    def day(self, offset: int, clock: time) -> datetime:
        """A local time of the working day `offset` from today, or from the next one if today
        is none."""
        first = next(index for index, day in enumerate(self._days) if day >= self._today)
        return self._local(self._days[first + offset], clock)

    def local_date(self, moment: datetime) -> date:
        """The garage's own date at a moment."""
        return moment.astimezone(self._zone).date()

    def _last_minute_begun(self) -> int:
        passed = sum(day <= self._today for day in self._days) * MINUTES_OF_A_DAY
        while self._minute(passed) > self.moment:
            passed -= 1
        return passed

    def _minute(self, number: int) -> datetime:
        day, minute = divmod(number, MINUTES_OF_A_DAY)
        opens = _OPENS if minute < _BREAK_AFTER else _OPENS_AGAIN
        start = self._local(self._days[day], opens)
        return start + timedelta(minutes=minute % _BREAK_AFTER)

    def _local(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self._zone).astimezone(UTC)
