"""Every query about rows that wait for their invoice reference."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from plugins.vehicle_presence.vat_book.models import VatDue
from plugins.vehicle_presence.vat_book.repository import PAGE


async def drop_dues(session: AsyncSession, location_id: UUID, numbers: Sequence[int]) -> None:
    """These rows no longer wait."""
    await session.execute(
        delete(VatDue)
        .where(VatDue.location_id == location_id, VatDue.number.in_(numbers))
        .execution_options(synchronize_session=False)
    )


async def dues(
    session: AsyncSession, location_id: UUID, *, after: int = 0, limit: int = PAGE + 1
) -> list[int]:
    """Rows of a location that wait for an invoice reference."""
    found = await session.scalars(
        select(VatDue.number)
        .where(VatDue.location_id == location_id, VatDue.number > after)
        .order_by(VatDue.number)
        .limit(limit)
    )
    return list(found)


async def count_dues(
    session: AsyncSession, today: date, location_id: UUID | None = None
) -> tuple[int, int, date | None]:
    """(rows that wait, those of them that are overdue, the next deadline), of a location or of
    the whole garage."""
    statement = select(
        func.count(),
        func.count().filter(VatDue.due_on < today),
        func.min(VatDue.due_on).filter(VatDue.due_on >= today),
    ).select_from(VatDue)
    if location_id is not None:
        statement = statement.where(VatDue.location_id == location_id)
    waiting, overdue, following = (await session.execute(statement)).one()
    return waiting, overdue, following
