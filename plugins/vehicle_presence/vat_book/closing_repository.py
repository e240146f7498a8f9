"""Every query about closed months and files that were handed out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from plugins.vehicle_presence.vat_book.models import VatBook, VatClosing, VatExport
from plugins.vehicle_presence.vat_book.repository import MANY

_CLOSED = (
    select(VatBook.location_id, VatBook.zone, VatBook.closed_until)
    .where(VatBook.tenant_id == bindparam("tenant"), VatBook.closed_until.is_not(None))
    .limit(MANY)
)


@dataclass(frozen=True, slots=True)
class ClosedMonths:
    """Of every register of a garage that has closed months: its zone, and their last day."""

    ends: Mapping[UUID, tuple[ZoneInfo, date]]

    def hold(self, location_id: UUID, moment: datetime) -> bool:
        """Whether that moment lies in a closed month of that location's register."""
        end = self.ends.get(location_id)
        return end is not None and moment.astimezone(end[0]).date() <= end[1]


async def closed_months(session: AsyncSession) -> ClosedMonths:
    """The closed months of all registers, by one statement; none is locked."""
    rows = await session.execute(_CLOSED, {"tenant": session.info["tenant_id"]})
    return ClosedMonths({row.location_id: (ZoneInfo(row.zone), row.closed_until) for row in rows})


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
