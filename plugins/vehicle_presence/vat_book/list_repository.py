"""Every query about lists that are made of a register: its rows by day, and who was in."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from plugins.vehicle_presence.vat_book.models import ENTRY, EXIT, VatLine

_strike, _entry, _exit = aliased(VatLine), aliased(VatLine), aliased(VatLine)


def _holds(line: type[VatLine]) -> ColumnElement[bool]:
    """Whether nobody struck the line."""
    return ~exists().where(
        _strike.tenant_id == line.tenant_id,
        _strike.location_id == line.location_id,
        _strike.strikes == line.position,
    )


async def numbers_left_of_before(
    session: AsyncSession,
    location_id: UUID,
    first_day: date,
    last_day: date,
    *,
    after: int = 0,
    limit: int,
) -> tuple[list[int], int]:
    """Rows whose vehicle left between two days, both included, and had not come between them; and
    how many more there are."""
    came_then = exists().where(
        _entry.tenant_id == VatLine.tenant_id,
        _entry.location_id == VatLine.location_id,
        _entry.number == VatLine.number,
        _entry.kind == ENTRY,
        _entry.day >= first_day,
        _entry.day <= last_day,
    )
    found = await session.execute(
        select(VatLine.number, func.count().over())
        .where(
            VatLine.location_id == location_id,
            VatLine.kind == EXIT,
            VatLine.day >= first_day,
            VatLine.day <= last_day,
            VatLine.number > after,
            _holds(VatLine),
            ~came_then,
        )
        .order_by(VatLine.number)
        .limit(limit)
    )
    rows = found.all()
    return [number for number, _total in rows], (rows[0][1] - len(rows) if rows else 0)


async def numbers_inside(
    session: AsyncSession, location_id: UUID, day: date, *, after: int = 0, limit: int
) -> Sequence[int]:
    """Rows whose vehicle had come by that day and had not left before it, as the register says
    now: both the day of arrival and the day of departure are days on site."""
    left_before = exists().where(
        _exit.tenant_id == VatLine.tenant_id,
        _exit.location_id == VatLine.location_id,
        _exit.number == VatLine.number,
        _exit.kind == EXIT,
        _exit.day < day,
        _holds(_exit),
    )
    found = await session.scalars(
        select(VatLine.number)
        .where(
            VatLine.location_id == location_id,
            VatLine.kind == ENTRY,
            VatLine.day <= day,
            VatLine.number > after,
            _holds(VatLine),
            ~left_before,
        )
        .order_by(VatLine.number)
        .limit(limit)
    )
    return found.all()
