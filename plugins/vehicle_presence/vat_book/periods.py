"""Which part of which register is looked at, as an address says it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from core.errors import NotFound
from core.web.moments import parse_day
from plugins.vehicle_presence.vat_book.countries import first_of_next_month


@dataclass(frozen=True, slots=True)
class Period:
    """Days of a register, both included."""

    first_day: date
    last_day: date

    @classmethod
    def month_of(cls, day: date) -> "Period":
        """The month in which a day is."""
        first = day.replace(day=1)
        return cls(first, first_of_next_month(first) - timedelta(days=1))

    @property
    def is_month(self) -> bool:
        """Whether it is exactly one month."""
        return self == Period.month_of(self.first_day)

    @property
    def before(self) -> "Period":
        """The month before it begins."""
        return Period.month_of(self.first_day.replace(day=1) - timedelta(days=1))

    @property
    def after(self) -> "Period":
        """The month after it ends."""
        return Period.month_of(first_of_next_month(self.last_day))

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The moments at which it begins, and at which the day after it does."""
        return (
            datetime.combine(self.first_day, time(), zone),
            datetime.combine(self.last_day + timedelta(days=1), time(), zone),
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a register is shown: what came in a period; or all rows that wait for an invoice
    reference, whatever their period; or what was on site on a day, as the register says today."""

    location_id: UUID
    period: Period
    only_waiting: bool = False
    on_day: date | None = None
    after: int = 0

    @property
    def is_period(self) -> bool:
        """Whether it is a part of the register, and no list that was made of it."""
        return not self.only_waiting and self.on_day is None

    def query(self, *, period: Period | None = None, **changes: Any) -> str:
        """The part of an address behind `?` that says this, or another period of it."""
        values = {"location": str(self.location_id)}
        if changes.get("only_waiting", self.only_waiting):
            values["show"] = "waiting"
        elif period is None and "only_waiting" not in changes and self.on_day is not None:
            values |= {"show": "inside", "day": self.on_day.isoformat()}
        else:
            values |= _period_values(period or self.period)
        if changes.get("after"):
            values["after"] = str(changes["after"])
        return urlencode(values)


def selection_of(query: Any, known: list[UUID], today: date) -> Selection:
    """What an address asks for: the first location and the running month where it says nothing.

    Raises:
        NotFound: it names a location that is not here.
    """
    location_id = known[0]
    asked = query.get("location")
    if asked:
        found = [each for each in known if str(each) == asked.lower()]
        if not found:
            raise NotFound("location")
        location_id = found[0]
    after = query.get("after", "")
    on_day = parse_day(query.get("day")) if query.get("show") == "inside" else None
    return Selection(
        location_id,
        Period.month_of(on_day) if on_day else _period(query, today),
        only_waiting=query.get("show") == "waiting",
        on_day=on_day,
        after=int(after) if after.isdecimal() and len(after) < 10 else 0,
    )


def _period(query: Any, today: date) -> Period:
    month = parse_day(f"{query.get('month')}-01")
    if month is not None:
        return Period.month_of(month)
    first_day, last_day = parse_day(query.get("from")), parse_day(query.get("to"))
    if first_day is None or last_day is None:
        return Period.month_of(today)
    return Period(min(first_day, last_day), max(first_day, last_day))


def _period_values(period: Period) -> dict[str, str]:
    if period.is_month:
        return {"month": f"{period.first_day:%Y-%m}"}
    return {"from": period.first_day.isoformat(), "to": period.last_day.isoformat()}
