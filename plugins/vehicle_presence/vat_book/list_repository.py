"""Every query about lists that are made of a register: its rows by day, and who was in."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from plugins.vehicle_presence.vat_book.models import ENTRY, EXIT, VatLine
from plugins.vehicle_presence.vat_book.repository import until_position

_strike, _entry, _exit = aliased(VatLine), aliased(VatLine), aliased(VatLine)


def _holds(line: type[VatLine], until: int | None) -> ColumnElement[bool]:
    """Whether nobody had struck the line when the chain ended at `until`."""
    return ~exists().where(
        _strike.tenant_id == line.tenant_id,
        _strike.location_id == line.location_id,
        _strike.strikes == line.position,
        until_position(until, _strike),
    )


async def numbers_left_of_before(
    session: AsyncSession,
    location_id: UUID,
    first_day: date,
    last_day: date,
    *,
    after: int = 0,
    limit: int,
    until: int | None = None,
) -> tuple[list[int], int]:
    """Rows whose vehicle left between two days, both included, and had not come between them, as
    the chain says up to a position; and how many more there are."""
    came_then = exists().where(
        _entry.tenant_id == VatLine.tenant_id,
        _entry.location_id == VatLine.location_id,
        _entry.number == VatLine.number,
        _entry.kind == ENTRY,
        _entry.day >= first_day,
        _entry.day <= last_day,
        until_position(until, _entry),
    )
    found = await session.execute(
        select(VatLine.number, func.count().over())
        .where(
            VatLine.location_id == location_id,
            VatLine.kind == EXIT,
            VatLine.day >= first_day,
            VatLine.day <= last_day,
            VatLine.number > after,
            until_position(until),
            _holds(VatLine, until),
            ~came_then,
        )
        .order_by(VatLine.number)
        .limit(limit)
    )
    rows = found.all()
    return [number for number, _total in rows], (rows[0][1] - len(rows) if rows else 0)


async def numbers_inside(
    session: AsyncSession,
    location_id: UUID,
    day: date,
    *,
    after: int = 0,
    limit: int,
    until: int | None = None,
) -> Sequence[int]:
    """Rows whose vehicle had come by that day and had not left before it, as the chain says up to
    a position: both the day of arrival and the day of departure are days on site."""
    left_before = exists().where(
        _exit.tenant_id == VatLine.tenant_id,
        _exit.location_id == VatLine.location_id,
        _exit.number == VatLine.number,
        _exit.kind == EXIT,
        _exit.day < day,
        until_position(until, _exit),
        _holds(_exit, until),
    )
    found = await session.scalars(
        select(VatLine.number)
        .where(
            VatLine.location_id == location_id,
            VatLine.kind == ENTRY,
            VatLine.day <= day,
            VatLine.number > after,
            until_position(until),
            _holds(VatLine, until),
            ~left_before,
        )
        .order_by(VatLine.number)
        .limit(limit)
    )
    return found.all()
