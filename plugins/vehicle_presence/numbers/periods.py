"""The periods that one may look at, each cut into a dozen or a month of columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.clock import now
from core.i18n import gettext as _
from core.tenancy.context import current_tenant

DEFAULT = "quarter"
_LENGTHS: Mapping[str, tuple[int, int]] = {"month": (30, 1), "quarter": (91, 7), "year": (364, 28)}
"""Nights in all, and nights per column."""


@dataclass(frozen=True, slots=True)
class Column:
    """Some nights in a row."""

    first: date
    last: date

    @property
    def nights(self) -> list[date]:
        """Each of them."""
        return [
            self.first + timedelta(days=day) for day in range((self.last - self.first).days + 1)
        ]


@dataclass(frozen=True, slots=True)
class Period:
    """The nights until the last one that is over, in columns, oldest first."""

    name: str
    columns: tuple[Column, ...]
    moment: datetime

    @property
    def first(self) -> date:
        """The oldest night."""
        return self.columns[0].first

    @property
    def last(self) -> date:
        """The last night."""
        return self.columns[-1].last

    @property
    def begins(self) -> datetime:
        """When the oldest night's day begins on the garage's clock."""
        return datetime.combine(self.first, time(), current_tenant().zone)


def period_of(name: str | None) -> Period:
    """The period of that name; the usual one for a name that there is not."""
    known = name if name is not None and name in _LENGTHS else DEFAULT
    length, step = _LENGTHS[known]
    moment = now()
    today = moment.astimezone(current_tenant().zone).date()
    starts = [today - timedelta(days=back) for back in range(length, 0, -step)]
    columns = tuple(Column(start, start + timedelta(days=step - 1)) for start in starts)
    return Period(known, columns, moment)


def period_labels() -> dict[str, str]:
    """What the periods are called."""
    return {"month": _("30 days"), "quarter": _("13 weeks"), "year": _("52 weeks")}
