"""Every query about rows that wait for their invoice reference."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, select, update
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


async def due_days(
    session: AsyncSession, location_id: UUID, numbers: Sequence[int]
) -> dict[int, date]:
    """Until when each of these rows waits."""
    found = await session.execute(
        select(VatDue.number, VatDue.due_on).where(
            VatDue.location_id == location_id, VatDue.number.in_(numbers)
        )
    )
    return {number: due_on for number, due_on in found}  # noqa: C416 - rows are no pairs to mypy


async def note_reminded(session: AsyncSession, location_id: UUID, until: date, today: date) -> int:
    """Rows that are due by `until`, and nobody was reminded of, are reminded of today; how many."""
    found = await session.scalars(
        update(VatDue)
        .where(
            VatDue.location_id == location_id,
            VatDue.due_on <= until,
            VatDue.reminded_on.is_(None),
        )
        .values(reminded_on=today)
        .returning(VatDue.number)
        .execution_options(synchronize_session=False)
    )
    return len(found.all())


async def reminded(
    session: AsyncSession, location_id: UUID, on: date, limit: int
) -> tuple[list[VatDue], int]:
    """Rows that were reminded of on a day and still wait, the first deadline first; and how many
    more there are."""
    found = await session.execute(
        select(VatDue, func.count().over())
        .where(VatDue.location_id == location_id, VatDue.reminded_on == on)
        .order_by(VatDue.due_on, VatDue.number)
        .limit(limit)
    )
    rows = found.all()
    return [due for due, _total in rows], (rows[0][1] - len(rows) if rows else 0)


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
