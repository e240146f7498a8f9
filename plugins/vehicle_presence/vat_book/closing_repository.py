"""Every query about closed months and files that were handed out."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from plugins.vehicle_presence.vat_book.models import VatClosing, VatExport
from plugins.vehicle_presence.vat_book.repository import MANY


async def closings(session: AsyncSession, location_id: UUID) -> list[VatClosing]:
    """All closed months of a location, the first one first."""
    found = await session.scalars(
        select(VatClosing)
        .where(VatClosing.location_id == location_id)
        .order_by(VatClosing.month)
        .limit(MANY)
    )
    return list(found)


async def closing_by_id(session: AsyncSession, closing_id: UUID) -> VatClosing | None:
    """The closing with that id."""
    return await session.scalar(select(VatClosing).where(VatClosing.id == closing_id))


async def last_closing(session: AsyncSession, location_id: UUID) -> VatClosing | None:
    """The newest closed month of a location."""
    return await session.scalar(
        select(VatClosing)
        .where(VatClosing.location_id == location_id)
        .order_by(VatClosing.month.desc())
        .limit(1)
    )


async def export_by_hash(session: AsyncSession, sha256: str) -> VatExport | None:
    """The handed out file with that hash."""
    return await session.scalar(
        select(VatExport).where(VatExport.sha256 == sha256).order_by(VatExport.id).limit(1)
    )
