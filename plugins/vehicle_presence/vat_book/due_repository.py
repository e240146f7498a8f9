"""Every query about rows that wait for their invoice reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from plugins.vehicle_presence.vat_book.models import VatBook, VatDue
from plugins.vehicle_presence.vat_book.repository import PAGE

AGAIN = timedelta(days=7)
"""How long after a reminder an overdue row is reminded of once more."""


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that wait, with until when each does, and where the chain ended at that moment."""

    days: dict[int, date]
    position: int
    head: str


async def waiting_now(session: AsyncSession, location_id: UUID, limit: int) -> Waiting:
    """The first `limit` rows of a location that wait, in order, and the end of its chain: asked
    at once, so that nobody writes in between."""
    found = await session.execute(
        select(VatBook.position, VatBook.head, VatDue.number, VatDue.due_on)
        .outerjoin(
            VatDue,
            and_(VatDue.tenant_id == VatBook.tenant_id, VatDue.location_id == VatBook.location_id),
        )
        .where(VatBook.location_id == location_id)
        .order_by(VatDue.number)
        .limit(limit)
    )
    rows = found.all()
    if not rows:
        return Waiting({}, 0, "")
    days = {row.number: row.due_on for row in rows if row.number is not None}
    return Waiting(days, rows[0].position, rows[0].head)


async def note_reminded(session: AsyncSession, location_id: UUID, until: date, today: date) -> int:
    """Rows that are due by `until` are reminded of today, where nobody was reminded of them yet,
    and overdue ones again where that was a week ago; how many."""
    found = await session.scalars(
        update(VatDue)
        .where(
            VatDue.location_id == location_id,
            VatDue.due_on <= until,
            or_(
                VatDue.reminded_on.is_(None),
                and_(VatDue.due_on < today, VatDue.reminded_on <= today - AGAIN),
            ),
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
