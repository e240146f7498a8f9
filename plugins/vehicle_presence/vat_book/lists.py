"""Which rows a selection of a register holds, and what stands above them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import format_date, gettext_noop
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from plugins.vehicle_presence.vat_book import due_repository, list_repository, repository
from plugins.vehicle_presence.vat_book.countries import Column, CountryRegister
from plugins.vehicle_presence.vat_book.periods import Period, Selection
from plugins.vehicle_presence.vat_book.register import Row, rows_of

DUE = Column("due", gettext_noop("Due by"), 11)
"""What only the list of missing invoice references has, in its files."""


async def numbers_of(
    session: AsyncSession,
    selection: Selection,
    *,
    after: int = 0,
    limit: int,
    until: int | None = None,
) -> Sequence[int]:
    """The rows of a selection behind a number, in order, as the chain says up to a position. What
    waits for an invoice is a list of its own, which knows now alone."""
    location_id, period = selection.location_id, selection.period
    if selection.only_waiting:
        return await due_repository.dues(session, location_id, after=after, limit=limit)
    if selection.on_day is not None:
        return await list_repository.numbers_inside(
            session, location_id, selection.on_day, after=after, limit=limit, until=until
        )
    return await repository.numbers_entered(
        session,
        location_id,
        period.first_day,
        period.last_day,
        after=after,
        limit=limit,
        until=until,
    )


@dataclass(frozen=True, slots=True)
class PageOfRows:
    """The rows of a page, the number after which the next page begins, and of a period's first
    page what left in it and had come before, with how much more of that there is."""

    rows: list[Row]
    next_after: int | None
    earlier: list[Row]
    more_earlier: int


async def page_of(session: AsyncSession, selection: Selection) -> PageOfRows:
    """The page of a selection that begins behind its `after`."""
    numbers = await numbers_of(session, selection, after=selection.after, limit=repository.PAGE + 1)
    shown = list(numbers[: repository.PAGE])
    earlier: list[int] = []
    more = 0
    if selection.is_period and not selection.after:
        earlier, more = await list_repository.numbers_left_of_before(
            session,
            selection.location_id,
            selection.period.first_day,
            selection.period.last_day,
            limit=repository.PAGE,
        )
    wanted = [*shown, *earlier]
    lines = await repository.lines_of(session, selection.location_id, wanted) if wanted else []
    rows = {row.number: row for row in rows_of(lines)}
    return PageOfRows(
        [rows[number] for number in shown],
        shown[-1] if len(numbers) > len(shown) else None,
        [rows[number] for number in earlier],
        more,
    )


def columns_of(register: CountryRegister, selection: Selection) -> tuple[Column, ...]:
    """The columns of its files."""
    return (*register.columns, DUE) if selection.only_waiting else register.columns


def heading_of(selection: Selection, today: date) -> str:
    """What it is, as paper says it: a month, a period, or a list that was made on a day."""
    zone = current_tenant().zone
    if selection.only_waiting:
        return _("Invoice missing, as of %(day)s", day=format_date(today, zone))
    if selection.on_day is not None:
        return _("On site on %(day)s", day=format_date(selection.on_day, zone))
    return period_text(selection.period)


def period_text(period: Period) -> str:
    """A month by its name, another period by its days."""
    zone = current_tenant().zone
    if period.is_month:
        return format_date(period.first_day, zone, "MMMM yyyy")
    return f"{format_date(period.first_day, zone)} – {format_date(period.last_day, zone)}"


def nothing_in(selection: Selection) -> str:
    """What a file without rows says."""
    if selection.only_waiting:
        return _("No invoice reference is missing.")
    if selection.on_day is not None:
        return _("No vehicle was on site on that day.")
    return _("No vehicle came in this period.")


def days_of(selection: Selection, today: date) -> Period:
    """The days that it is about; of a list, the day that it stands for."""
    if selection.only_waiting:
        return Period(today, today)
    if selection.on_day is not None:
        return Period(selection.on_day, selection.on_day)
    return selection.period


def name_of(selection: Selection, today: date) -> str:
    """The part of a file's name that says which rows it holds."""
    days = days_of(selection, today)
    if selection.only_waiting:
        return f"invoice-missing-{days.first_day}"
    if selection.on_day is not None:
        return f"on-site-{days.first_day}"
    return f"{days.first_day:%Y-%m}" if days.is_month else f"{days.first_day}-{days.last_day}"
